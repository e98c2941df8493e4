"""The protected place of policies, recipients and zone lists; never the place that the data comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from geogate.destinations.uri import normalise
from geogate.model.errors import PolicyError, UsageError
from geogate.model.names import SLUG, ZoneListName
from geogate.model.parties import Place
from geogate.policy.adopted import parse_adopted
from geogate.policy.feeds import parse_feed
from geogate.policy.parse import parse_policy
from geogate.policy.places import inside, is_described, shared
from geogate.policy.recipients import parse_recipients
from geogate.policy.roles import parse_roles
from geogate.rules.registry import parameter_models, registered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.model.feed import Feed
    from geogate.model.names import Sha256
    from geogate.model.parties import Recipient, RecipientBook
    from geogate.model.release import Clearance
    from geogate.policy.adopted import Adopted
    from geogate.policy.policy import Policy
    from geogate.policy.roles import Roles
    from geogate.zones.zone import ZoneList


NO_POLICIES = frozenset({"recipients", "adopted", "roles"})
"""Names of files beside the policies that are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPlace:
    """A folder with ``<policy>.yaml`` files, ``recipients.yaml``, ``adopted.yaml`` and ``zones/<list>.yaml``.

    ``home`` is what relative ``file:`` places of recipients are relative to. ``indexes`` is a folder for zones that
    were read before; without it they are read each time.
    """

    root: Path
    home: Path
    indexes: Path | None = None

    def policy(self, name: str) -> Policy:
        """Read a policy by its name.

        Raises: UsageError when there is none, PolicyError when it is invalid.
        """
        path = self.root / f"{name}.yaml"
        if not SLUG.fullmatch(name) or name in NO_POLICIES or not path.is_file():
            names = ", ".join(self.policies())
            raise UsageError(
                f"there is no policy {name!r}", hint=f"policies here: {names or 'none'} (GEOGATE_POLICIES)"
            )
        return _policy(_read(path), path.name)

    def policies(self) -> tuple[str, ...]:
        """Name the policies that there are, in order."""
        return tuple(sorted(path.stem for path in self.root.glob("*.yaml") if path.stem not in NO_POLICIES))

    def adopted(self) -> Adopted | None:
        """Read which policies judge every release; ``None`` where the place has no such file.

        Raises: PolicyError when the file is invalid, or names a policy that there is not.
        """
        path = self.root / "adopted.yaml"
        self._require_known_spelling()
        if not os.path.lexists(path):
            return None
        return parse_adopted(_read(path), file=path.name, known=self.policies())

    def roles(self) -> Roles | None:
        """Read who has which role; ``None`` where the place has no such file.

        Raises: PolicyError when the file is invalid.
        """
        path = self.root / "roles.yaml"
        return _roles(_read(path), path.name) if os.path.lexists(path) else None

    def feeds(self) -> tuple[str, ...]:
        """Name the feeds that are declared, in order.

        Raises: PolicyError for a file that would be passed over.
        """
        folder = self.root / "feeds"
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        for name in names:
            if not name.startswith(".") and not (name.endswith(".yaml") and SLUG.fullmatch(name[:-5])):
                raise PolicyError(f"feeds/{name} would be passed over", hint="call it <name>.yaml, or take it away")
        return tuple(name[:-5] for name in names if not name.startswith("."))

    def feed(self, name: str) -> Feed:
        """Read a feed by its name.

        Raises: UsageError when there is none, PolicyError when it is invalid.
        """
        path = self.root / "feeds" / f"{name}.yaml"
        if not SLUG.fullmatch(name) or not path.is_file():
            names = ", ".join(self.feeds())
            raise UsageError(f"there is no feed {name!r}", hint=f"declared: {names or 'none'} (feeds/ beside policies)")
        return parse_feed(_read(path), file=path.name, settle=partial(normalise, home=self.home))

    def _require_known_spelling(self) -> None:
        """Refuse files that somebody may take for policies of the place, and that the gate would pass over.

        Raises: PolicyError.
        """
        for path in sorted(self.root.iterdir()):
            stem, kind = path.stem, path.suffix
            known = stem.casefold() if stem.casefold() in NO_POLICIES else stem
            if kind.casefold() in (".yaml", ".yml") and path.name != f"{known}.yaml":
                raise PolicyError(f"{path.name} would be passed over", hint=f"call it {known}.yaml, or take it away")

    def recipients(self) -> RecipientBook:
        """Read all recipients, with their relative places made absolute.

        Raises: PolicyError when the file is missing or invalid.
        """
        path = self.root / "recipients.yaml"
        if not path.is_file():
            raise PolicyError("recipients.yaml is missing", hint="put it beside the policies (GEOGATE_POLICIES)")
        book = _recipients(_read(path), path.name)
        settled = replace(book, recipients=tuple(map(self._settled, book.recipients)))
        for one, other in shared(settled.recipients):
            raise PolicyError(
                f"recipients.yaml: a place of {one.id} lies in a place of {other.id}, who would get what goes there",
                hint="register folders beside each other; who may read a place is one recipient",
            )
        return settled

    def recipient(self, book: RecipientBook, name: str) -> Recipient:
        """Find one recipient.

        Raises: UsageError when it is not registered.
        """
        for recipient in book.recipients:
            if recipient.id == name:
                return recipient
        known = ", ".join(str(recipient.id) for recipient in book.recipients)
        raise UsageError(f"there is no recipient {name!r}", hint=f"registered: {known or 'none'} (recipients.yaml)")

    def zone_lists(self, policy: Policy, *, today: date) -> Mapping[str, ZoneList]:
        """Read every zone list that a policy's rules name.

        Raises: PolicyError when one is missing, stale, empty, not wholly readable, or not signed where it must be.
        """
        names = {name for rule in policy.rules for name in registered()[rule.expectation].zone_lists(rule.params)}
        found: dict[str, ZoneList] = {}
        for name in sorted(names):
            from geogate.gate.zones_trust import trusted_zone_list
            from geogate.readers.zone_files.kept import KeptZones

            path = self.root / "zones" / f"{name}.yaml"
            if not SLUG.fullmatch(name) or not path.is_file():
                raise PolicyError(
                    f"there is no zone list {name!r}", hint=f"policy {policy.name} needs zones/{name}.yaml"
                )
            found[name] = trusted_zone_list(path, today=today, kept=KeptZones(self.indexes) if self.indexes else None)
        return found

    def _settled(self, recipient: Recipient) -> Recipient:
        places = tuple(replace(place, uri=normalise(place.uri, home=self.home)) for place in recipient.destinations)
        return replace(recipient, destinations=places)


def place_of(house: House, *, indexes: Path | None = None) -> PolicyPlace:
    """Open the protected place of a gate, fetched and verified as its settings say.

    Raises: PolicyError, ServiceError.
    """
    from geogate.gate.policy_source import policy_root

    return PolicyPlace(root=policy_root(house.settings), home=house.settings.home.parent, indexes=indexes)


def registered_place(destination: str, recipient: Recipient) -> Place | None:
    """Find the registered place of a recipient in which a destination lies, the innermost of several."""
    found = (place for place in recipient.destinations if inside(destination, place))
    return max(found, key=lambda place: len(place.uri), default=None)


def owner_of(destination: str, recipient: Recipient) -> str:
    """Name the account that must own the bucket of a destination, empty where none is registered for it."""
    place = registered_place(destination, recipient)
    return place.owner if place else ""


def place_cleared(clearance: Clearance, *, house: House) -> Place | None:
    """Find what is registered of the place that a clearance is for: by itself, as far as it says that.

    Where keys, the country or an account of the place stand in the file of recipients only, they are read as they are
    now; ``None`` where the place is registered no more.

    Raises: PolicyError, ServiceError.
    """
    if is_described(clearance.destination):
        return Place(uri=clearance.destination, owner=clearance.destination_owner)
    book = place_of(house).recipients()
    recipient = next((each for each in book.recipients if each.id == clearance.recipient), None)
    return registered_place(clearance.destination, recipient) if recipient else None


def zone_digests(zone_lists: Mapping[str, ZoneList]) -> tuple[tuple[ZoneListName, Sha256], ...]:
    """Pin zone lists by their digests, in the order of their names."""
    return tuple((ZoneListName(name), zone_lists[name].digest) for name in sorted(zone_lists))


@lru_cache(maxsize=128)
def _policy(data: bytes, name: str) -> Policy:
    """Parse each version of a file once; only what was read from it now says which one it is."""
    return parse_policy(data, file=name, rules=parameter_models())


@lru_cache(maxsize=8)
def _recipients(data: bytes, name: str) -> RecipientBook:
    return parse_recipients(data, file=name)


@lru_cache(maxsize=8)
def _roles(data: bytes, name: str) -> Roles:
    return parse_roles(data, file=name)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from error
