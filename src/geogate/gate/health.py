"""Whether the gate could judge and send now: one check for each thing that it needs, with what to do where it fails.

What is quick is looked at each time. What takes seconds is looked at again when the last answer is too old; the answer
is kept in the gate's home, so that the processes of a gate share it.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.keys import signing_key, trusted_keys
from geogate.gate.place import place_of
from geogate.model.errors import GeogateError, PolicyError, ServiceError
from geogate.model.isolation import LEVELS, IsolationLevel
from geogate.telemetry.fields import Event
from geogate.telemetry.work import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.gate.place import PolicyPlace

KEPT: Final = timedelta(minutes=10)
"""So old may the answer of a check be that takes seconds; ``geogate doctor`` always looks anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, and what is wrong with it and what to do, both empty where it is well.

    Without something ``grave`` the gate works all the same, only more slowly.
    """

    name: str
    wrong: str = ""
    fix: str = ""
    grave: bool = True

    @property
    def well(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All checks; ``detectors`` says of each kind of detector whether it found what was planted for it."""

    at: datetime
    checks: tuple[Check, ...]
    detectors: Mapping[str, bool]

    @property
    def ready(self) -> bool:
        """Say whether data could be judged and sent."""
        return bool(self.checks) and all(check.well for check in self.checks if check.grave)


def health(*, house: House, anew: bool = False) -> Health:
    """Look at all that the gate needs; ``anew`` looks again at what was kept, too. Never raises for what is wrong."""
    quick = tuple(_checked(name, check, house) for name, check in QUICK.items())
    deep = None if anew else _kept(house)
    if deep is None:
        deep = _deep(house)
        _keep(deep, house)
    found = Health(at=deep.at, checks=(*quick, *deep.checks), detectors=deep.detectors)
    for check in found.checks:
        if not check.well:
            event(Event.HEALTH, check=check.name, outcome="failed")
    return found


def _checked(name: str, check: Callable[[House], None], house: House, *, grave: bool = True) -> Check:
    try:
        check(house)
    except GeogateError as error:
        return Check(name=name, wrong=error.summary, fix=error.hint or "see docs/operation.md", grave=grave)
    except Exception as error:  # noqa: BLE001 - what cannot be looked at is not well, and the other checks go on
        return Check(name=name, wrong=f"it could not be looked at ({type(error).__name__})", fix="report it")
    return Check(name=name, grave=grave)


def _ledger(house: House) -> None:
    """Open the ledger, which takes the writer's turn once."""
    house.ledger().close()


def _staging(house: House) -> None:
    """Write something into the staging area and take it away again."""
    folder = house.settings.staging
    try:
        descriptor, path = tempfile.mkstemp(dir=folder, prefix="health-")
        try:
            os.write(descriptor, b"geogate")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            os.unlink(path)  # noqa: PTH108 - a name from mkstemp
    except OSError as error:
        raise ServiceError(
            f"the staging area cannot be written ({error.strerror})", hint="make room, or run geogate init"
        ) from error


def _keys(house: House) -> None:
    """Read the keys; what is signed now must be what is trusted."""
    own = signing_key(house.settings).public.id
    if own not in {key.id for key in trusted_keys(house.settings)}:
        raise ServiceError(
            "the key that signs is not among those that are trusted", hint="find out which of the two was replaced"
        )


QUICK: Final[Mapping[str, Callable[[House], None]]] = {"ledger": _ledger, "staging": _staging, "keys": _keys}
"""What is looked at each time."""


def _policies(house: House) -> None:
    """Read all that is judged by: every policy with its zone lists, recipients, roles, and what is adopted."""
    place = place_of(house, indexes=house.means().indexes)
    names = place.policies()
    if not names:
        raise PolicyError("there is no policy, so that nothing can be judged", hint="set GEOGATE_POLICIES")
    for name in names:
        place.zone_lists(place.policy(name), today=house.today())
    place.recipients()
    place.adopted()
    place.roles()


def _isolation(house: House) -> None:
    """Start a child at the strongest level that a policy demands."""
    from geogate.sandbox.service import HINT, Zygote

    wanted = min(_demanded(place_of(house)), key=LEVELS.index)
    with Zygote() as zygote:
        works = zygote.available()
    if not any(level.at_least(wanted) for level in works):
        raise ServiceError(f"this machine cannot isolate readers at the level {wanted}", hint=HINT)


def _demanded(place: PolicyPlace) -> Iterable[IsolationLevel]:
    levels = [place.policy(name).isolation for name in place.policies()]
    return levels or [IsolationLevel.FILTERED]


def _kernels(_house: House) -> None:
    """Ask whether compiled kernels would be used."""
    from geogate.kernels import state

    if reason := state.state().reason:
        raise ServiceError(f"{reason}: large data is measured slowly", hint="run geogate kernels --compile")


DEEP: Final[tuple[tuple[str, Callable[[House], None], bool], ...]] = (
    ("policies", _policies, True),
    ("isolation", _isolation, True),
    ("kernels", _kernels, False),
)
"""What takes seconds, and whether the gate does not work without it."""


def _deep(house: House) -> Health:
    checks = [_checked(name, check, house, grave=grave) for name, check, grave in DEEP]
    found: dict[str, bool] = {}

    def alive(house: House) -> None:
        from geogate.gate.detectors import detectors

        found.update(detectors(house))
        silent = ", ".join(name for name, well in found.items() if not well)
        if silent or not found:
            raise ServiceError(
                f"detectors do not find what is planted for them: {silent or 'there are none'}",
                hint="install geogate again, and compile its kernels",
            )

    checks.append(_checked("detectors", alive, house))
    return Health(at=house.clock(), checks=tuple(checks), detectors=found)


def _file(house: House) -> Path:
    return house.settings.home / "health.json"


def _kept(house: House) -> Health | None:
    """Read the last answer; ``None`` where there is none that is young, whole and well."""
    try:
        said = json.loads(_file(house).read_text(encoding="utf-8"))
        at = datetime.fromisoformat(said["at"])
        checks = tuple(Check(**each) for each in said["checks"])
        found = Health(
            at=at, checks=checks, detectors={str(name): well is True for name, well in said["found"].items()}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    whole = [check.name for check in checks] == [*(name for name, _, _ in DEEP), "detectors"]
    # What was wrong is looked at again at once, so that a repair is seen.
    return found if whole and found.ready and timedelta() <= house.clock() - at < KEPT else None


def _keep(found: Health, house: House) -> None:
    said = {
        "at": found.at.isoformat(),
        "checks": [asdict(each) for each in found.checks],
        "found": dict(found.detectors),
    }
    path = _file(house)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with suppress(OSError):  # then it is looked at anew the next time
        new.write_text(json.dumps(said), encoding="utf-8")
        new.replace(path)
