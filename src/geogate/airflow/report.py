"""Verdicts as lines for a task's log: counts and limits, no coordinate and no value of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.model.finding import Effect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.finding import Finding
    from geogate.model.verdict import Verdict

HEADER = ("answer", "rule", "layer", "observed")


def plain(text: str) -> str:
    """Make text from files harmless for a log: control and formatting characters are written out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def verdict_lines(verdict: Verdict) -> tuple[str, ...]:
    """Draw a verdict as a table: what denies first, then what holds, notes, and what is satisfied."""
    effects = list(Effect)
    findings = sorted(verdict.findings, key=lambda finding: effects.index(finding.effect))
    rows = [(f.effect.value, str(f.rule), str(f.layer), _observed(f)) for f in findings]
    rows += [("silence", str(rule), str(layer), "the rule did not answer") for rule, layer in verdict.unanswered]
    rows += [("ok", str(c.rule), str(c.layer), c.observed) for c in verdict.checks if c.satisfied]
    remedies = dict.fromkeys(f"to fix {finding.rule}: {finding.remedy}" for finding in findings)
    return (
        plain(f"{verdict.decision.upper()} for {verdict.recipient}"),
        *_table([HEADER, *rows]),
        *map(plain, remedies),
        f"policy {verdict.basis.policy} {verdict.basis.policy_digest[:12]}, data {verdict.subject[:12]}",
    )


def denying_rules(verdict: Verdict) -> tuple[str, ...]:
    """Name the rules that deny; a rule that did not speak, or contradicts itself, denies too."""
    found = {str(finding.rule) for finding in verdict.findings if finding.effect is Effect.DENY}
    odd = {str(rule) for rule, _ in (*verdict.unanswered, *verdict.contradictions)}
    return tuple(sorted(map(plain, found | odd)))


def holding_rules(verdict: Verdict) -> tuple[str, ...]:
    """Name the rules that hold."""
    return tuple(sorted({plain(finding.rule) for finding in verdict.findings if finding.effect is Effect.HOLD}))


def _observed(finding: Finding) -> str:
    unit = f" {finding.unit}" if finding.unit else ""
    measured = f"; measured {finding.measured}{unit}, wanted {finding.operator} {finding.limit}{unit}"
    counts = "; ".join(f"{count.what}: {count.value:,}" for count in finding.counts)
    return finding.summary + (measured if finding.limit else "") + (f"; {counts}" if counts else "")


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    shown = [tuple(map(plain, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
