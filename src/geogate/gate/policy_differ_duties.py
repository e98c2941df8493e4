"""Compare the obligations of two policies: which came and went, which are due later, kept shorter, or ask of less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.policy.obligations import Due, Obligation
    from geogate.policy.policy import Policy

Change = Literal["added", "removed", "stricter", "looser", "other"]


def changed_obligations(before: Policy, after: Policy) -> Iterator[tuple[Change, str, tuple[str, ...]]]:
    """Give how each obligation changed, its name, and lines for people."""
    old, new = ({each.id: each for each in policy.obligations} for policy in (before, after))
    for name in dict.fromkeys([*old, *new]):
        one, other = old.get(name), new.get(name)
        if one is None or other is None:
            known = other or one
            if known is not None:
                yield "added" if one is None else "removed", name, (f"{known.what} ({_due(known.due)})",)
        elif one != other:
            moves = list(_moves(one, other))
            changes = {change for change, _ in moves}
            yield changes.pop() if len(changes) == 1 else "other", name, tuple(line for _, line in moves)


def _moves(one: Obligation, other: Obligation) -> Iterator[tuple[Change, str]]:
    if one.on is not other.on:
        yield "other", f"on {one.on} to {other.on}"
    if one.due != other.due:
        yield _sooner(one.due, other.due), f"{_due(one.due)} to {_due(other.due)}"
    if set(one.rules) != set(other.rules):
        # Without rules every finding gives rise to it.
        narrower = bool(other.rules) and (not one.rules or set(other.rules) < set(one.rules))
        wider = bool(one.rules) and (not other.rules or set(other.rules) > set(one.rules))
        change: Change = "looser" if narrower else "stricter" if wider else "other"
        yield change, f"of {', '.join(one.rules) or 'all rules'} to {', '.join(other.rules) or 'all rules'}"
    for name in ("what", "legal_basis"):
        if getattr(one, name) != getattr(other, name):
            yield "other", f"text of {name.replace('_', ' ')} changed"


def _sooner(one: Due, other: Due) -> Change:
    if one.days is not None and other.days is not None:
        return "stricter" if other.days < one.days else "looser"
    if one.keep_years is not None and other.keep_years is not None:
        return "stricter" if other.keep_years > one.keep_years else "looser"
    if one.yearly is not None and other.yearly is not None:
        return "stricter" if other.yearly < one.yearly else "looser"
    return "other"


def _due(due: Due) -> str:
    if due.days is not None:
        return f"within {due.days} days"
    return f"kept {due.keep_years} years" if due.keeps else f"each year by {due.yearly}"
