"""Obligations of a policy: what a refusal or a release starts, and by when it is due; pure, dates in UTC."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from geogate.model.document import LATER
from geogate.model.finding import Effect
from geogate.model.names import PolicyName, RuleId  # noqa: TC001  # read at run time by geogate.model.document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.verdict import Verdict


class Trigger(StrEnum):
    """What a request has to come to for an obligation to arise."""

    DENIED = "denied"
    HELD = "held"
    CLEARED = "cleared"
    SENT = "sent"


EFFECTS = {Trigger.DENIED: Effect.DENY, Trigger.HELD: Effect.HOLD}
"""The effect of the findings by which a request came there; others come there without findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When an obligation is due: exactly one of these.

    ``days`` after the day on which it arose. ``yearly`` on a day of the year (``MM-DD``) after the one in which it
    arose: a report about that year. ``keep_years`` is no due date: until then something must be kept.
    """

    days: int | None = field(default=None, metadata=LATER)
    yearly: str | None = field(default=None, metadata=LATER)
    keep_years: int | None = field(default=None, metadata=LATER)

    @property
    def keeps(self) -> bool:
        """Whether something is to be kept rather than done."""
        return self.keep_years is not None

    def day(self, arose: date) -> date:
        """Give the day at whose end it is due, or until whose end is to be kept what it names.

        Raises: ValueError where there is not exactly one.
        """
        said = [each for each in (self.days, self.yearly, self.keep_years) if each is not None]
        if len(said) != 1:
            raise ValueError("an obligation is due in one way")
        if self.days is not None:
            return arose + timedelta(days=self.days)
        if self.yearly is not None:
            month, day = map(int, self.yearly.split("-"))
            # A report that is due on 29 February is due a day earlier in other years.
            return date(arose.year + 1, month, min(day, monthrange(arose.year + 1, month)[1]))
        year = arose.year + (self.keep_years or 0)
        # What is kept from 29 February on is kept a day longer in other years.
        leapt = arose.day > monthrange(year, arose.month)[1]
        return date(year, 3, 1) if leapt else date(year, arose.month, arose.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What a policy demands when a request comes to a state; ``rules`` narrows it to findings of these."""

    policy: PolicyName
    id: str
    on: Trigger
    rules: tuple[RuleId, ...]
    due: Due
    what: str
    legal_basis: str


def arising(obligations: Sequence[Obligation], verdict: Verdict, on: Trigger) -> tuple[Obligation, ...]:
    """Choose the obligations that a state of a request with this verdict gives rise to."""
    effect = EFFECTS.get(on)
    by = {finding.rule for finding in verdict.findings if finding.effect is effect}
    return tuple(each for each in obligations if each.on is on and (not each.rules or by & set(each.rules)))
