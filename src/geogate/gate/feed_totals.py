"""What a recipient got in all, number by number against its limit: to what the next batch of a feed is added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from geogate.gate.feed_exposure import Earlier
from geogate.gate.feed_run import wish_of
from geogate.gate.question import ask
from geogate.model.names import Sha256
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.model.feed import Feed
    from geogate.model.finding import Effect

_NONE: Final = Sha256("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A running total of a recipient, by the rule that limits it; ``effect`` is what the rule does beyond the limit."""

    rule: str
    measured: int
    operator: str
    limit: int
    unit: str
    effect: Effect


def totals(feed: Feed, *, house: House) -> tuple[Total, ...]:
    """Read what the recipient of a feed got, as a batch that is judged now would be added to it.

    Raises: UsageError, PolicyError, RefusedError where it is not known what was in a release; ServiceError.
    """
    question = ask(wish_of(feed, called=feed.template), house=house)
    recipient, window = question.recipient.id, feed.window
    earlier = Earlier.of(question.policy, question.zone_lists, recipient=recipient, window=window, house=house)
    history = () if question.recall is None else question.recall(lambda: _NONE)
    known = replace(question.circumstances(0), history=history, earlier=earlier(lambda: _NONE))
    found = []
    for use in question.policy.rules:
        rule = registered()[use.expectation]
        ids = [measure.id for measure in rule.measures(use.params, question.zone_lists)]
        so_far = rule.so_far(use.params, ids, known)
        if so_far is not None:
            total = Total(
                rule=str(use.id),
                measured=so_far.measured,
                operator=so_far.operator,
                limit=so_far.limit,
                unit=so_far.unit,
                effect=use.effect,
            )
            found.append(total)
    return tuple(found)
