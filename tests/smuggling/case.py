"""A smuggling case: files that hide a secret, with the proof that who knows where to look gets it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smuggling.secret import SECRET, has_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from smuggling.secret import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to hide the secret.

    ``write`` fills an empty folder, which is then submitted as one dataset. ``recover`` reads such a folder, or the one
    in which the gate delivered, and gives the positions that it finds; it may raise anything where there are none.
    ``within_m`` is how near they have to be. ``fine_allowed`` asks for a policy without limits of precision, so that it
    is the zone that must be found.
    """

    name: str
    why: str
    write: Callable[[Path], None]
    recover: Callable[[Path], Iterable[Position]]
    assume_crs: str = ""
    within_m: float = 10.0
    secret: tuple[Position, ...] = SECRET
    fine_allowed: bool = False

    def gives_the_secret(self, folder: Path) -> bool:
        """Tell whether the secret can be had from the files of a folder."""
        try:
            return has_secret(self.recover(folder), secret=self.secret, within_m=self.within_m)
        except Exception:  # noqa: BLE001 - a proof finds nothing in files that are not as it knows them
            return False


def only(folder: Path, pattern: str = "*") -> Path:
    """Give the one file of a folder, at whatever depth, that has a name like that; the first of several."""
    found = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return found[0]
