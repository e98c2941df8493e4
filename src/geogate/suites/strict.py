"""Reading a run's results without trusting them: one answer for each rule, consistent in itself, or no answer at all.

Never used: the ``success`` of a whole result as a decision. It is true for an empty suite, and for a suite that lost
expectations while it was loaded.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from geogate.model.document import from_json
from geogate.model.finding import Outcome, Problem
from geogate.policy.decide import no_answer
from geogate.suites.expectation import RAISED, Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from geogate.model.finding import Finding
    from geogate.model.names import LayerName
    from geogate.policy.policy import PolicyRule


class InconsistentError(Exception):
    """A result that contradicts itself or what was asked; the message names no data."""


def require_consistent(result: Any, *, suite: str) -> None:
    """Make sure that a result is of the suite and that its summary says what its answers say.

    Raises: InconsistentError.
    """
    if result.suite_name != suite:
        raise InconsistentError("the result is of another suite")
    whole = all(each.success is True for each in result.results)
    if result.success is not whole:
        raise InconsistentError("the summary contradicts the results")


def read_result(
    result: Any, *, layer: LayerName, asked: Mapping[str, PolicyRule]
) -> tuple[tuple[Outcome, ...], tuple[Finding, ...]]:
    """Read the outcome of every rule, given by the id of its expectation; a rule without a good answer has none.

    Raises: InconsistentError when the results are not those of the expectations, one to one.
    """
    if Counter(each.expectation_config.id for each in result.results) != Counter(list(asked)):
        raise InconsistentError("the results are not those of the expectations, one to one")
    outcomes: list[Outcome] = []
    findings: list[Finding] = []
    for each in result.results:
        rule = asked[each.expectation_config.id]
        try:
            answer = _answer(each, rule)
        except InconsistentError as error:
            if rule.in_shadow:
                outcomes.append(_unheard(rule, layer, reason=str(error)))
                continue
            findings.append(no_answer(layer, rules=[rule.id], reason=str(error)))
            continue
        outcomes.append(Outcome(rule=rule.id, layer=layer, observed=answer.observed, problems=answer.problems))
    return tuple(outcomes), tuple(findings)


def _unheard(rule: PolicyRule, layer: LayerName, *, reason: str) -> Outcome:
    """Note that a rule in shadow could not answer: it would deny, but decides nothing yet."""
    problem = Problem(summary=f"no answer: {reason}", remedy="repair what the reason names before the shadow ends")
    return Outcome(rule=rule.id, layer=layer, observed="no answer", problems=(problem,))


def _answer(each: Any, rule: PolicyRule) -> Answer:
    raised = [info for info in exceptions_of(each.exception_info) if info.get("raised_exception") is not False]
    if raised:
        raise InconsistentError(_safe(raised))
    _require_asked(each.expectation_config, rule)
    try:
        answer = from_json(Answer, each.result["details"]["answer"])
    except (KeyError, TypeError, ValueError):
        raise InconsistentError("the answer cannot be read") from None
    if each.success is not answer.success or each.result.get("observed_value") != answer.observed:
        raise InconsistentError("the answer contradicts the result")
    if answer.unmeasured:
        raise InconsistentError("; ".join(answer.unmeasured))
    return answer


def _require_asked(config: Any, rule: PolicyRule) -> None:
    kwargs = {key: value for key, value in config.kwargs.items() if key != "batch_id"}
    same = config.type == rule.expectation and kwargs == rule.params.model_dump(mode="json")
    if not same or config.severity.value != rule.severity.value:
        raise InconsistentError("the result is of another rule, or of other parameters")


def exceptions_of(info: Any) -> list[Mapping[str, Any]]:
    """Return the exceptions of a result in either shape: one, or one for each metric that failed."""
    if not isinstance(info, dict) or not info:
        return [{}]
    if "raised_exception" in info:
        return [info]
    return [each if isinstance(each, dict) else {} for each in info.values()]


def _safe(raised: Iterable[Mapping[str, Any]]) -> str:
    """Name the class of the exception where geogate wrote the message; any other text may hold a coordinate."""
    for info in raised:
        message = info.get("exception_message")
        if isinstance(message, str) and re.fullmatch(RAISED.format(r"[A-Za-z_][A-Za-z0-9_]{0,80}"), message):
            return message
    return "it ended with an exception"
