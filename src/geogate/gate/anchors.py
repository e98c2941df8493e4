"""Heads that are kept out of the gate's reach, and the ledger compared with all of them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from geogate.gate.heads import SignedHead, current_head, read_head
from geogate.gate.keys import trusted_keys
from geogate.gate.reopened import left_behind
from geogate.ledger.replay import LedgerProblem
from geogate.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geogate.destinations.anchors import Anchored
    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey
    from geogate.ledger.audit import KnownHead, LedgerReport
    from geogate.model.names import Sha256


_HEAD: Final = re.compile(r"head-[0-9]{12}-[0-9a-f]{16}\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchoring:
    """A head that is kept at a place; ``fresh`` says whether it was put there now."""

    place: str
    name: str
    signed: SignedHead
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A ledger that was verified, and with how many kept heads it was compared.

    ``left_behind`` are those over entries that were lost in a restore, which an administrator has settled.
    """

    report: LedgerReport
    heads: int
    left_behind: int = 0


def anchor(place: str = "", *, house: House) -> Anchoring:
    """Sign the head of the ledger as it is now, and keep it at a place where nothing is ever replaced.

    Raises: UsageError without a place; DamagedError as ``current_head``; ServiceError; RefusedError when something
        else is there under its name.
    """
    from geogate.destinations.anchors import put_once, read_all

    place = place or house.settings.ledger_anchor
    if not place:
        raise UsageError("there is no place for the head", hint="give --to, or set GEOGATE_LEDGER_ANCHOR")
    signed = current_head(house=house)
    name = _name_of(signed)
    fresh = put_once(place, name, f"{signed.envelope}\n".encode())
    if not fresh:
        heads, _ = _read(read_all(place), keys=trusted_keys(house.settings))
        if not any((each.head.size, each.head.root) == (signed.head.size, signed.head.root) for each in heads):
            raise RefusedError("something else has the name of the head", hint="choose another place, and find out why")
    _remember(signed, house)
    return Anchoring(place=place, name=name, signed=signed, fresh=fresh)


def _remember(signed: SignedHead, house: House) -> None:
    """Note in the home what was kept elsewhere last; it is there for metrics, and nothing is believed because of it."""
    path = house.settings.home / "heads" / "anchored.json"
    with suppress(OSError):
        path.write_text(json.dumps({"size": signed.head.size, "at": house.clock().isoformat()}), encoding="utf-8")


def last_anchored(house: House) -> tuple[int, datetime | None]:
    """Give how many entries the head covers that this gate kept elsewhere last, and when that was; 0 for never."""
    try:
        said = json.loads((house.settings.home / "heads" / "anchored.json").read_text(encoding="utf-8"))
        return int(said["size"]), datetime.fromisoformat(said["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, None


def compare(
    places: Sequence[str] = (),
    *,
    keys: Sequence[PublicKey] = (),
    anchor: tuple[int, Sha256] | None = None,
    house: House,
) -> Compared:
    """Verify the ledger, and compare it with every head at the places; each has to hold one at least.

    ``keys`` are further public keys by which heads may be signed, such as those of earlier times. Without ``places``
    it is that of the settings, where there is one.

    Raises: InputError when a place cannot be read, RefusedError when it has no heads; ServiceError.
    """
    from geogate.destinations.anchors import read_all

    found: list[KnownHead] = []
    problems: list[LedgerProblem] = []
    trusted = (*trusted_keys(house.settings), *keys) if places or house.settings.ledger_anchor else ()
    for place in places or filter(None, [house.settings.ledger_anchor]):
        heads, unread = _read(read_all(place), keys=trusted)
        if not heads and not unread:
            raise RefusedError("there are no heads at that place", hint="geogate ledger anchor puts them there")
        found += [each.known for each in heads]
        problems += unread
    with house.ledger(even_shut=True) as ledger:
        behind = left_behind(ledger, trusted) if found else frozenset()
        kept = [head for head in found if (head.size, str(head.root)) not in behind]
        report = ledger.verify(anchor=anchor, heads=kept)
    whole = replace(report, problems=(*problems, *report.problems))
    return Compared(report=whole, heads=len(kept), left_behind=len(found) - len(kept))


def heads_at(place: str, *, house: House) -> tuple[list[SignedHead], list[LedgerProblem]]:
    """Read the heads at a place, and what is there and is none that this house trusts.

    Raises: InputError when the place cannot be read; ServiceError.
    """
    from geogate.destinations.anchors import read_all

    return _read(read_all(place), keys=trusted_keys(house.settings))


def _name_of(signed: SignedHead) -> str:
    return f"head-{signed.head.size:012d}-{signed.head.root[:16]}.json"


def _read(anchored: Iterable[Anchored], *, keys: Sequence[PublicKey]) -> tuple[list[SignedHead], list[LedgerProblem]]:
    """Read heads; what is at the place and is none that one of the keys signed is a problem, and never ignored."""
    heads: list[SignedHead] = []
    problems: list[LedgerProblem] = []
    for each in anchored:
        try:
            head = read_head(each.content.decode(), keys=keys)
            if _HEAD.fullmatch(each.name) and each.name != _name_of(head):
                # A later head may lie no more where an earlier one was put in its stead.
                problems.append(
                    LedgerProblem(seq=head.head.size, what=f"{each.name!a} holds another head than it says")
                )
            heads.append(head)
        except (ValueError, RefusedError) as error:
            why = error.summary if isinstance(error, RefusedError) else "it cannot be read"
            problems.append(LedgerProblem(seq=0, what=f"{each.name!a} among the kept heads is none: {why}"))
    return heads, problems
