"""Verdicts for people, for programs and for code-scanning tools; the same content in each."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from geogate.model.dataset import Fate
from geogate.model.document import canonical_json
from geogate.model.finding import Effect
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from geogate.model.finding import Finding
    from geogate.model.verdict import Check, Verdict

EXIT = {Decision.CLEAR: 0, Decision.HOLD: 10, Decision.DENY: 11}
COLOUR = {Decision.CLEAR: "bold green", Decision.HOLD: "bold yellow", Decision.DENY: "bold red"}
SEVERAL = 2
EFFECT_COLOUR = {Effect.DENY: "red", Effect.HOLD: "yellow", Effect.NOTE: "cyan"}
SENTENCE = {
    Decision.CLEAR: "may leave",
    Decision.HOLD: "waits for people to review it",
    Decision.DENY: "must not leave",
}


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as a JSON document, with the decision that follows from it."""
    document: dict[str, Any] = json.loads(canonical_json(verdict))
    return {"decision": verdict.decision.value, **document}


def print_json(document: Any) -> None:
    """Print a document to standard output, in ASCII: names from files could steer a terminal."""
    json.dump(document, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def print_verdict(verdict: Verdict, *, title: str, form: str, request: Mapping[str, object] | None = None) -> None:
    """Print a verdict to standard output as ``text``, ``json`` or ``sarif``; JSON also says about its ``request``."""
    if form == "json":
        print_json(verdict_document(verdict) | ({} if request is None else {"request": dict(request)}))
    elif form == "sarif":
        print_json(_sarif(verdict))
    else:
        _print_text(verdict, title=title)


def plain(text: str) -> str:
    """Make text from files harmless for a terminal: control and formatting characters are written out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def console() -> Console:
    """Open standard output for tables and, where it is a terminal, colours."""
    from rich.console import Console

    out = Console(highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = 120
    return out


def _print_text(verdict: Verdict, *, title: str) -> None:
    from rich.text import Text

    out = console()
    decision = verdict.decision
    head = Text.assemble(
        (decision.value.upper(), COLOUR[decision]), "  ", (plain(title), "bold"), f" {SENTENCE[decision]}"
    )
    out.print(head)
    out.print(f"to {plain(verdict.recipient)} at {plain(verdict.destination)}", style="dim")
    for finding in sorted(verdict.findings, key=lambda f: list(Effect).index(f.effect)):
        out.print()
        _print_finding(finding, out)
    _print_checks([check for check in verdict.checks if check.satisfied], out)
    _print_parts(verdict, out)
    for rule, layer in verdict.unanswered:
        out.print(f"no answer: {plain(rule)} on {plain(layer)}", style="red")
    out.print()
    _print_policies(verdict, out)
    basis = verdict.basis
    what = f"data {verdict.subject[:12]}, {verdict.subject_size:,} bytes"
    judged = f"policy {basis.policy}" if len(basis.policies) < SEVERAL else "these policies together"
    out.print(f"{judged} {basis.policy_digest[:12]}, {what}", style="dim")


def _print_finding(finding: Finding, out: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    waived = plain(finding.waived)
    out.print(
        Text.assemble((finding.effect.value, EFFECT_COLOUR[finding.effect]), "  ", (finding.rule, "bold"))
        + Text(f" on {plain(finding.layer) or 'the whole dataset'}" + (f", waived by {waived}" if waived else ""))
    )
    lines = [(plain(finding.summary), "")]
    if finding.limit:
        unit = f" {finding.unit}" if finding.unit else ""
        lines.append((plain(f"measured {finding.measured}{unit}, wanted {finding.operator} {finding.limit}{unit}"), ""))
    width = max((len(f"{count.value:,}") for count in finding.counts), default=0)
    lines += [(f"{count.value:>{width},}  {plain(count.what)}", "dim") for count in finding.counts]
    lines += [(f"basis: {plain(basis.section)}", "dim") for basis in finding.legal_basis]
    lines.append((f"to fix: {plain(finding.remedy)}", "bold"))
    for line, style in lines:
        out.print(Padding(Text(line, style=style), (0, 0, 0, 6)))


def _print_checks(checks: list[Check], out: Console) -> None:
    if not checks:
        return
    from rich.table import Table

    table = Table(title="Satisfied", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("layer", "rule", "observed"):
        table.add_column(column, header_style="dim", overflow="fold")
    for check in checks:
        table.add_row(plain(check.layer), plain(check.rule), plain(check.observed))
    out.print()
    out.print(table)


def _print_parts(verdict: Verdict, out: Console) -> None:
    """Say what the files are made of, and what becomes of it."""
    for fate in Fate:
        named = dict.fromkeys((*verdict.parts, *verdict.removed))
        parts = [f"{part.what} ({part.count:,})" for part in named if part.fate is fate]
        if parts:
            out.print(f"{fate}: {', '.join(parts)}", style="dim")
    if verdict.isolation:
        out.print(f"read in isolation: {', '.join(verdict.isolation)}", style="dim")


def _print_policies(verdict: Verdict, out: Console) -> None:
    """Say which policies and rules judged and which did not, and what was declared."""
    for use in verdict.basis.policies:
        out.print(f"policy {use.name} {use.digest[:12]} {plain(use.why)}", style="dim")
    for passed in verdict.basis.passed_over:
        out.print(f"not asked: {passed.rule}, {plain(passed.why)}", style="dim")
    said = ", ".join(f"{name} {_plain_value(getattr(verdict.declaration, name))}" for name in verdict.declaration.said)
    if said:
        out.print(f"declared: {said}", style="dim")


def _plain_value(value: object) -> str:
    return plain(" ".join(map(str, value)) if isinstance(value, tuple) else str(value))


def _sarif(verdict: Verdict) -> dict[str, Any]:
    levels = {Effect.DENY: "error", Effect.HOLD: "warning", Effect.NOTE: "note"}
    rules = sorted({str(finding.rule) for finding in verdict.findings} | {str(rule) for rule in verdict.rules})
    results = [
        {
            "ruleId": finding.rule,
            "level": "note" if finding.waived else levels[finding.effect],
            "message": {"text": f"{finding.summary}. To fix: {finding.remedy}"},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.layer or "the whole dataset"}]}],
        }
        for finding in verdict.findings
    ]
    driver = {"name": "geogate", "rules": [{"id": rule} for rule in rules]}
    run = {"tool": {"driver": driver}, "results": results, "properties": {"decision": verdict.decision.value}}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
