"""Verify a clearance and its files offline: the public key, the envelope and the bytes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.gate.keyfile import PublicKey
from geogate.gate.signing import verify, verify_offline
from geogate.model.errors import InputError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from geogate.model.release import Clearance


def verify_files(clearance: Path, files: Sequence[Path], *, key: Path, at: datetime | None) -> Clearance:
    """Check that a clearance is signed with a key and permits exactly these files, byte for byte.

    Files are matched by their names; ``at`` is when the clearance must be valid, ``None`` for a clearance of the past.

    Raises: RefusedError when anything differs, InputError when the document cannot be read.
    """
    envelope = read_clearance(clearance)
    keys = (PublicKey.load(key),)
    names = [file.name for file in verify(envelope, keys, at=at).files]
    return verify_offline(envelope, keys, files=_matched(names, files), at=at)


def read_clearance(path: Path) -> str:
    """Read the signed document of a clearance.

    Raises: InputError.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        hint = "name a signed clearance, a JSON file, or where there is a ledger its id of 32 digits"
        raise InputError(f"the clearance {path.name!a} cannot be read", hint=hint) from error


def _matched(names: Sequence[str], files: Sequence[Path]) -> dict[str, Path]:
    """Pair the clearance's names, which may have folders in them, with local files by their last components."""
    found: dict[str, Path] = {}
    for file in files:
        fitting = [name for name in names if file.as_posix().endswith(f"/{name}") or file.as_posix() == name]
        fitting = fitting or [name for name in names if name.rsplit("/", 1)[-1] == file.name]
        if len(fitting) != 1 or fitting[0] in found:
            raise RefusedError(f"{file.name} is not, or not clearly, one of the files that the clearance names")
        found[fitting[0]] = file
    return found
