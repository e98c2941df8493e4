"""What the commands about policies print: tables of up to 120 columns for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any

from geogate.cli.render import COLOUR, EFFECT_COLOUR, console, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from geogate.gate.policy_cases import Ran
    from geogate.gate.policy_differ import Difference, Differences
    from geogate.gate.policy_explain import Explained, ExplainedRule, ExplainedVerdict, Source
    from geogate.gate.policy_limits import RuleCoverage
    from geogate.gate.policy_lint import Remark
    from geogate.gate.policy_replay import Replayed

GRAVITY = {"error": "red", "warning": "yellow", "note": "cyan"}
CHANGE = {"added": "green", "removed": "red", "stricter": "green", "looser": "red", "other": "yellow"}


def _table(*columns: str, title: str = "", wide: str = "") -> Any:
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold", ratio=1 if column == wide else None)
    return table


def _line(out: Console, text: str, *, style: str = "", indent: int = 0) -> None:
    from rich.padding import Padding
    from rich.text import Text

    out.print(Padding(Text(plain(text), style=style), (0, 0, 0, indent), expand=False))


def print_remarks(remarks: Sequence[Remark], *, strict: bool) -> bool:
    """Print what is odd about policies; say whether one of the remarks is an error."""
    out = console()
    for remark in remarks:
        _line(out, f"{remark.gravity}: {remark.where}: {remark.text}", style=GRAVITY[remark.gravity])
        if remark.hint:
            _line(out, remark.hint, indent=2)
    wrong = {"error", "warning"} if strict else {"error"}
    return any(remark.gravity in wrong for remark in remarks)


def print_ran(ran: Iterable[Ran], *, name: str, quiet: bool) -> Iterator[Ran]:
    """Print each case as it ends, and how many came out as expected."""
    out = console()
    count = bad = 0
    for each in ran:
        count += 1
        bad += bool(each.wrong)
        if each.wrong or not quiet:
            _print_case(each, out)
        yield each
    style = "bold red" if bad or not count else "bold green"
    _line(out, f"{name}: {count - bad} of {count} cases as expected", style=style)


def _print_case(ran: Ran, out: Console) -> None:
    from rich.text import Text

    mark = ("FAIL", "bold red") if ran.wrong else ("pass", "green")
    decision = ran.verdict.decision
    found = ", ".join(dict.fromkeys(str(each.rule) for each in ran.verdict.findings))
    line = Text.assemble(
        mark,
        "  ",
        (f"{plain(ran.case.name):<60}", ""),
        " ",
        (f"{decision.value:<5}", COLOUR[decision]),
        "  ",
        (found, "dim"),
    )
    out.print(line)
    for why in ran.wrong:
        _line(out, why, style="red", indent=6)
    if ran.wrong:
        _line(out, f"{ran.case.file}:{ran.case.line}", style="dim", indent=6)


def print_coverage(covered: Sequence[RuleCoverage], *, name: str) -> bool:
    """Print for each rule what cases show of it, and what none does; say whether all is shown."""
    out = console()
    table = _table("rule", "finds", "satisfied", "numbers: under, at and over", "missing", title=f"Cases of {name}")
    for each in covered:
        sides = [
            f"{path} {'/'.join(s for s in ('under', 'at', 'over') if s in shown) or '-'}" for path, shown in each.sides
        ]
        table.add_row(each.rule, str(each.fired), str(each.passed), "\n".join(sides), "\n".join(each.gaps))
    out.print()
    out.print(table)
    gaps = sum(len(each.gaps) for each in covered)
    _line(out, f"{name}: {gaps} gaps" if gaps else f"{name}: no gaps", style="red" if gaps else "green")
    return not gaps


def print_explained(policy: Explained) -> None:
    """Print a policy in sentences."""
    out = console()
    _line(out, f"{policy.name}: {policy.title}", style="bold")
    _line(out, policy.about, style="dim")
    _line(out, policy.description)
    _line(out, policy.applies)
    for line in policy.options:
        _line(out, line, style="dim")
    for rule in policy.rules:
        out.print()
        _print_rule(rule, out)


def _print_rule(rule: ExplainedRule, out: Console) -> None:
    _line(out, f"{rule.id}   {rule.consequence}", style="bold")
    _line(out, rule.sentence, indent=4)
    for key, texts in (("applies", rule.applies), ("basis", rule.bases), ("note", rule.notes), ("to fix", rule.remedy)):
        for text in (texts,) if isinstance(texts, str) else texts:
            if text:
                _line(out, f"{key}: {text}", style="dim", indent=4)


def print_verdict_explained(verdict: ExplainedVerdict) -> None:
    """Print why a verdict was reached."""
    out = console()
    _line(out, verdict.head, style=COLOUR[verdict.decision])
    for line in verdict.lines:
        _line(out, line)
    for why in verdict.reasons:
        out.print()
        _line(out, why.head, style=EFFECT_COLOUR[why.effect])
        for line in why.lines:
            _line(out, line, indent=4)
    if verdict.satisfied:
        out.print()
        table = _table("satisfied", "layer", "observed", "demanded")
        for each in verdict.satisfied:
            table.add_row(*map(plain, each))
        out.print(table)


def print_differences(found: Sequence[Differences], *, form: str, places: bool) -> None:
    """Print how two policies differ, or those of two places."""
    if form == "json":
        print_json([each.document() for each in found] if places else found[0].document())
        return
    out = console()
    for each in found:
        _line(out, each.head, style="bold")
        for change in each.changes:
            _print_difference(change, out)
        _line(out, each.summary, style="dim")
    if not found:
        _line(out, "no difference in what is decided", style="dim")


def _print_difference(each: Difference, out: Console) -> None:
    from rich.text import Text

    out.print(Text.assemble((f"{each.change:<9}", CHANGE[each.change]), " ", (plain(each.what), "bold")))
    for line in each.lines:
        _line(out, line, indent=10)


def print_sources(found: Sequence[Source], *, form: str) -> None:
    """Print every number with its source."""
    if form == "json":
        print_json([each.row() for each in found])
        return
    if form == "csv":
        writer = csv.DictWriter(sys.stdout, list(found[0].row()) if found else ["policy"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(each.row() for each in found)
        return
    out = console()
    for name in dict.fromkeys(each.policy for each in found):
        _line(out, name, style="bold")
        mine = [each for each in found if each.policy == name]
        for rule in dict.fromkeys(each.rule for each in mine):
            _print_numbers([each for each in mine if each.rule == rule], out)
        out.print()


def _print_numbers(numbers: Sequence[Source], out: Console) -> None:
    """Print the numbers of a rule, and below them once where they come from."""
    first = numbers[0]
    style = "dim" if first.status == "disabled" else ""
    for index, each in enumerate(numbers):
        about = f"{each.as_of}  {each.confidence:<4}{each.effect:<6}{each.status}" if not index else ""
        rule = each.rule if not index else ""
        _line(out, f"{rule:<34} {each.parameter:<28} {each.shown:<20} {about}".rstrip(), style=style, indent=2)
    _line(out, f"{first.section} - {first.source}", style="dim", indent=6)


def print_replayed(replayed: Iterable[Replayed], *, every: bool, form: str) -> None:
    """Print which verdicts would change, and a summary."""
    from geogate.gate.policy_replay import summary

    found = list(replayed)
    shown = [each for each in found if every or each.changes or each.after is None]
    if form == "json":
        print_json({"summary": dict(summary(found)), "releases": [_replayed_row(each) for each in shown]})
        return
    out = console()
    table = _table("request", "judged", "was", "would be", "because", wide="because")
    for each in shown:
        because = "; ".join(
            part
            for part in (
                each.reason,
                f"now finds: {', '.join(each.added)}" if each.added else "",
                f"no longer finds: {', '.join(each.gone)}" if each.gone else "",
            )
            if part
        )
        table.add_row(
            plain(each.request), f"{each.judged_at:%Y-%m-%d}", each.before.value, each.after or "?", plain(because)
        )
    if shown:
        out.print(table)
        out.print()
    for what, count in summary(found):
        _line(out, f"{count:>8,}  {what}")


def _replayed_row(each: Replayed) -> dict[str, object]:
    return {
        "request": each.request,
        "judged_at": each.judged_at.isoformat(),
        "before": each.before.value,
        "after": None if each.after is None else each.after.value,
        "reason": each.reason,
        "added": list(each.added),
        "gone": list(each.gone),
    }
