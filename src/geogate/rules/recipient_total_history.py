"""Which uses of rules count over past releases, and what of those they need; joint rules may have them as parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from geogate.rules.joint_breach import JointParams, rule_of
from geogate.rules.recipient_total import RecipientTotalParams, measure_of
from geogate.rules.recipient_total_window import first_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from pydantic import BaseModel

    from geogate.measures.subjects import SubjectCount


def totals_in(params: BaseModel) -> Iterator[RecipientTotalParams]:
    """Give the totals over past releases that a use of a rule asks for: its own, or those of its parts."""
    if isinstance(params, RecipientTotalParams):
        yield params
    elif isinstance(params, JointParams):
        for part in params.breaches:
            yield from totals_in(_params_of(part.type, part.kwargs))


def _params_of(name: str, kwargs: dict[str, Any]) -> BaseModel:
    made: BaseModel = rule_of(name).params.model_validate_json(json.dumps(kwargs, allow_nan=False))
    return made


def remembered(totals: list[RecipientTotalParams]) -> tuple[SubjectCount, ...]:
    """Name the measures whose past values are needed, each once."""
    return tuple({measure.id: measure for measure in map(measure_of, totals)}.values())


def earliest(totals: list[RecipientTotalParams], today: date) -> date:
    """Give the first day of the longest window.

    Raises: ValueError without a total.
    """
    return min(first_day(total.window, today) for total in totals)
