"""Find policies that a command names: files wherever they lie, or names in the protected place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from geogate.gate.house import House
from geogate.gate.place import PolicyPlace, place_of
from geogate.model.errors import PolicyError
from geogate.policy.parse import parse_policy
from geogate.rules.registry import parameter_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.policy.policy import Policy


def policy_named(name: str, house: House | None = None) -> Policy:
    """Read a policy: a file where the name ends in .yaml, otherwise one of the place.

    Raises: PolicyError when it is invalid or cannot be read; UsageError when there is none of that name.
    """
    if not name.endswith(".yaml"):
        return _place(house).policy(name)
    path = Path(name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from error
    return parse_policy(data, file=path.name, rules=parameter_models())


def is_place(name: str) -> bool:
    """Tell whether a name is that of a place of policies: a folder, a bundle or an ``s3://`` prefix."""
    return name.startswith("s3://") or Path(name).is_dir() or (Path(name).is_file() and not name.endswith(".yaml"))


def place_named(name: str, house: House | None = None) -> PolicyPlace:
    """Open another place than the gate's own; a bundle is verified by the key in GEOGATE_POLICIES_KEY.

    Raises: PolicyError when it is not what the key signed; ServiceError when the store does not answer.
    """
    house = house or House.from_environment()
    remote, bundle = name.startswith("s3://"), Path(name).is_file()
    settings = replace(
        house.settings,
        policies=Path(name).absolute(),
        policies_uri=name if remote else "",
        policies_digest="",
        policies_key=house.settings.policies_key if bundle else None,
    )
    return place_of(replace(house, settings=settings))


def policies_named(names: Sequence[str], house: House | None = None) -> tuple[Policy, ...]:
    """Read several policies, or all of the place where none is named.

    Raises: as ``policy_named``.
    """
    return tuple(policy_named(name, house) for name in names or _place(house).policies())


def _place(house: House | None) -> PolicyPlace:
    house = house or House.from_environment()
    return place_of(house)
