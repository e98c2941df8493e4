"""Remedies for people and for programs: the plan, what was done, and the verdicts before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geogate.cli.render import COLOUR, SENTENCE, console, plain, print_json, print_verdict, verdict_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from geogate.gate.remedy import LayerRows, Remedied
    from geogate.model.verdict import Verdict
    from geogate.remedies.proposal import Remedy


def print_remedied(found: Remedied, *, title: str, form: str) -> None:
    """Print what came of it as ``text`` or ``json``; as ``sarif`` the verdict that counts."""
    last = found.before if found.after is None else found.after
    if form == "json":
        print_json(remedied_document(found))
    elif form == "sarif":
        print_verdict(last, title=title, form=form)
    else:
        _print_text(found, title=title)


def remedied_document(found: Remedied) -> dict[str, Any]:
    """Give what came of it as a document; the decision is that of the last verdict."""
    return {
        "decision": found.decision.value,
        "before": verdict_document(found.before),
        "plan": [_remedy(each) for each in found.plan],
        "done": [[_remedy(each) for each in done] for done in found.done],
        "left": [_remedy(each) for each in found.left],
        "rows": [{"layer": each.layer, "before": each.before, "after": each.after} for each in found.rows],
        "written": list(found.written),
        "after": None if found.after is None else verdict_document(found.after),
    }


def _remedy(each: Remedy) -> dict[str, Any]:
    proposal = each.proposal
    return {
        "id": each.id,
        "layer": each.layer,
        "kind": proposal.kind.value,
        "mechanical": proposal.mechanical,
        "by": proposal.by,
        "does": proposal.does,
        "rules": list(each.rules),
        "effect": each.effect.value,
        "counts": {count.what: count.value for count in proposal.counts},
    }


def _print_text(found: Remedied, *, title: str) -> None:
    out = console()
    _head(out, "before", found.before, plain(title))
    if found.plan:
        _table(out, found.plan, title="Plan")
    for number, done in enumerate(found.done[1:], start=2):
        _table(out, done, title=f"Round {number}")
    if found.after is None:
        out.print()
        out.print("nothing was written", style="dim")
        return
    _rows(out, found.rows)
    if found.left:
        _table(out, found.left, title="Left")
    out.print()
    _head(out, "after", found.after, plain(", ".join(found.written)))


def _head(out: Console, when: str, verdict: Verdict, title: str) -> None:
    from rich.text import Text

    decision = verdict.decision
    out.print(
        Text.assemble(
            (f"{when:<7}", "dim"), (decision.value.upper(), COLOUR[decision]), "  ", (title, "bold"),
            f" {SENTENCE[decision]}",
        )
    )  # fmt: skip


def _table(out: Console, remedies: Sequence[Remedy], *, title: str) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("id", "layer", "remedy", "what", "by", "for"):
        table.add_column(column, header_style="dim", overflow="fold")
    for each in remedies:
        proposal = each.proposal
        rules = ", ".join(each.rules)
        cells = (each.id, each.layer or "all", proposal.kind.value, proposal.does, proposal.by, rules)
        table.add_row(*map(plain, cells))
    out.print()
    out.print(table)


def _rows(out: Console, rows: Sequence[LayerRows]) -> None:
    out.print()
    for each in rows:
        after = "gone" if each.after is None else f"{each.after:,} rows"
        out.print(f"{plain(each.layer)}: {each.before:,} rows before, {after} now", style="dim")
