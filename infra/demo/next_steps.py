"""What to try after the run: commands that work as they stand, with what they show and how they end."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.demo.exports import PARTNER
from infra.demo.surroundings import gate_settings

if TYPE_CHECKING:
    from infra.demo.folder import Folder
    from infra.demo.outcomes import Outcome

SETTINGS = "settings.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command, why one would run it, and the exit code with which it ends."""

    why: str
    command: str
    code: int = 0


def write_settings(folder: Folder) -> None:
    """Write the file that puts ``geogate`` and this run's gate into a shell.

    The releaser's role is left out: the server is gone after the run, so that only directories can be sent to.
    """
    lines = [f"export {name}={shlex.quote(value)}" for name, value in gate_settings(folder).items()]
    programs = shlex.quote(str(Path(sys.executable).parent))
    lines.append(f'case ":$PATH:" in *:{programs}:*) ;; *) export PATH={programs}:"$PATH" ;; esac')
    (folder.root / SETTINGS).write_text("\n".join([*lines, ""]), encoding="utf-8")


def next_steps(folder: Folder, found: tuple[Outcome, ...]) -> tuple[Step, ...]:
    """Choose the commands."""
    sent = next(outcome for outcome in found if outcome.clearance)
    denied = next(outcome for outcome in found if outcome.export.decision == "deny")
    received = folder.received / sent.export.name
    file = received / (sent.clearance.files[0].name if sent.clearance else "")
    track = next((folder.outgoing / denied.export.name).glob("*.csv"))
    to = f"-p baseline -r {PARTNER} -t outbox/{PARTNER}/"
    key = folder.home / "keys" / "clearance.pub.pem"
    return (
        Step(why="put geogate and this gate into your shell", command=f". {_shown(folder, folder.root / SETTINGS)}"),
        Step(
            why="the whole verdict on the track, and how to fix it; then put a file of your own in its place",
            command=f"geogate screen {_shown(folder, track)} {to}",
            code=11,
        ),
        Step(
            why="check offline that what arrived is what was cleared",
            command=" ".join(
                (
                    "geogate verify",
                    _shown(folder, received / "clearance.json"),
                    _shown(folder, file),
                    f"--key {_shown(folder, key)}",
                )
            ),
        ),
        Step(why="every request of this run, and where it stands", command="geogate review list --all"),
        Step(why="the last steps in the ledger, who took them and when", command="geogate ledger show --last 12"),
    )


def _shown(folder: Folder, path: Path) -> str:
    return shlex.quote(folder.shown(path))
