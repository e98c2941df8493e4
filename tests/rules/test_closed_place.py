"""The parameters of the rule about the place where bytes land."""

from __future__ import annotations

from typing import Any, Final

import pytest
from pydantic import ValidationError

from geogate.rules.closed_place import ClosedPlaceParams

SWITCHES: Final = ("public_access_block_required", "versioning_required", "object_lock_required")


def params(openings: tuple[str, ...], countries: tuple[str, ...]) -> ClosedPlaceParams:
    said: dict[str, Any] = {"openings_allowed": openings, "copy_countries": countries, "encryption": ()}
    return ClosedPlaceParams.model_validate(said | dict.fromkeys(SWITCHES, False))


def test_countries_of_copies_beside_copies_to_anywhere_are_refused() -> None:
    assert params(("replication",), ()).openings_allowed == ("replication",)
    assert params(("website",), ("DE",)).copy_countries == ("DE",)
    with pytest.raises(ValidationError, match="replication to anywhere"):
        params(("replication",), ("DE",))
