"""Check what is in the protected place, or about to be put there, without judging anything by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.gate.house import House
from geogate.gate.place import place_of
from geogate.model.errors import GeogateError
from geogate.policy.parse import parse_policy
from geogate.rules.registry import parameter_models, registered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geogate.model.parties import RecipientBook
    from geogate.policy.adopted import Adopted


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is to be said of one file: a summary, or a problem with a hint."""

    name: str
    summary: str = ""
    problem: str = ""
    hint: str = ""


def check_policy(path: Path) -> Checked:
    """Check one policy file wherever it lies; zone lists that it names are not looked for."""

    def read() -> str:
        try:
            text = path.read_bytes()
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        policy = parse_policy(text, file=path.name, rules=parameter_models())
        return f"{len(policy.rules)} rules, as of {policy.as_of}, {policy.digest[:12]}"

    return _checked(path.name, read)


def check_place(house: House | None = None) -> list[Checked]:
    """Check every policy with the zone lists that it needs, and the recipients."""
    house = house or House.from_environment()
    place = place_of(house)
    names = place.policies()

    def policy(name: str) -> str:
        found = place.policy(name)
        lists = place.zone_lists(replace(found, rules=found.asked), today=house.today())
        for use in found.asked:
            # As when it judges: a list that cannot protect with the distance of a rule is refused.
            registered()[use.expectation].measures(use.params, lists)
        zones = ", ".join(f"{key} ({len(zone_list.zones)} zones)" for key, zone_list in lists.items())
        return f"{len(found.rules)} rules, as of {found.as_of}, {found.digest[:12]}" + (f"; {zones}" if zones else "")

    checked = [_checked(f"{name}.yaml", lambda name=name: policy(name)) for name in names]  # type: ignore[misc]
    checked += [_checked("recipients.yaml", lambda: _recipients(place.recipients()))]
    if (place.root / "adopted.yaml").exists():
        checked += [_checked("adopted.yaml", lambda: _adopted(place.adopted()))]
    return checked


def _adopted(adopted: Adopted | None) -> str:
    return f"adopted for every release: {', '.join(adopted.policies)}" if adopted else "none"


def _recipients(book: RecipientBook) -> str:
    unbound = sum(not recipient.policies for recipient in book.recipients)
    counted = f"{len(book.recipients)} recipients"
    return f"{counted}, {unbound} of them served under any policy" if unbound else counted


def _checked(name: str, read: Callable[[], str]) -> Checked:
    try:
        return Checked(name=name, summary=read())
    except GeogateError as error:
        return Checked(name=name, problem=error.summary, hint=error.hint)
