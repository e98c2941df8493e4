"""The table of the life cycle: ends stay ends, and nothing is sent by another way."""

from __future__ import annotations

import pytest

from geogate.model.errors import RefusedError
from geogate.model.lifecycle import TRANSITIONS, State, require_transition

ENDS = (State.DENIED, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.FAILED, State.RECALLED)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("state", State)
def test_nothing_follows_an_end(end: State, state: State) -> None:
    with pytest.raises(RefusedError, match="it can become nothing"):
        require_transition(end, state)


@pytest.mark.parametrize(
    ("state", "before"),
    [
        (State.APPROVED, {State.HELD}),
        (State.CLEARED, {State.SCREENED, State.APPROVED}),
        (State.SENDING, {State.CLEARED}),
        (State.SENT, {State.SENDING}),
    ],
)
def test_there_is_one_way_to_the_outside(state: State, before: set[State]) -> None:
    assert {each for each, after in TRANSITIONS.items() if state in after} == before
