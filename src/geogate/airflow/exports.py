"""The list of staged exports: one sub-folder each, with a ``release.yaml`` and the files that are to go.

An export with a fault keeps its place in the list, so that its own gate fails and the others go on.
"""

from __future__ import annotations

import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geogate.airflow.report import plain
from geogate.model.errors import GeogateError, InputError

if TYPE_CHECKING:
    from geogate.airflow.release_file import ReleaseShape

LARGEST_RELEASE_FILE = 100_000
"""Bytes of a ``release.yaml``; more is a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedExport:
    """One export as arguments of a GateOperator, without the policy, which never comes with the data."""

    export: str
    dataset: tuple[str, ...] = ()
    recipient: str = ""
    destination: str = ""
    purpose: str = ""
    assume_crs: str = ""
    problem: str = ""


def staged_exports(path: str) -> list[dict[str, Any]]:
    """List the exports in a folder as arguments for ``expand_kwargs``, in the order of their names.

    Names that start with a dot are passed over: nothing of them leaves. Any other stray file is an export with a
    problem.

    Raises: StoppedError when the folder cannot be listed.
    """
    from geogate.airflow.failures import ending_the_task

    with ending_the_task():
        return [_arguments(_export(entry)) for entry in _entries(Path(path)) if not entry.name.startswith(".")]


def _arguments(export: StagedExport) -> dict[str, Any]:
    """Give an export as keyword arguments; a list travels between tasks as plain JSON, a tuple does not."""
    return {**asdict(export), "dataset": list(export.dataset)}


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"the folder {folder.name!r} of staged exports cannot be listed: {error.strerror}") from None


def _export(folder: Path) -> StagedExport:
    name = plain(folder.name)
    try:
        return _described(folder, _release(folder))
    except GeogateError as error:
        return StagedExport(export=name, problem=f"staged export {name!r}: {plain(str(error))}")


def _release(folder: Path) -> ReleaseShape:
    from geogate.airflow.release_file import RELEASE_FILE, read_release

    if not _is(folder, stat.S_ISDIR):
        raise InputError("stands outside of any export", hint=f"put it into a folder with its {RELEASE_FILE}")
    file = folder / RELEASE_FILE
    if not _is(file, stat.S_ISREG):
        raise InputError(f"has no {RELEASE_FILE}", hint="it says recipient, destination and purpose")
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_RELEASE_FILE + 1)
    except OSError as error:
        raise InputError(f"{RELEASE_FILE} cannot be read: {error.strerror}") from None
    if len(data) > LARGEST_RELEASE_FILE:
        raise InputError(f"{RELEASE_FILE} has more than {LARGEST_RELEASE_FILE:,} bytes")
    return read_release(data, file=RELEASE_FILE)


def _described(folder: Path, release: ReleaseShape) -> StagedExport:
    from geogate.airflow.release_file import RELEASE_FILE

    present = {entry.name for entry in _entries(folder)} - {RELEASE_FILE}
    wanted = sorted(present) if release.files is None else release.files
    missing = sorted(set(wanted) - present)
    if missing:
        raise InputError(f"{missing[0]!r} is not there", hint=f"{RELEASE_FILE} names it")
    if not wanted:
        raise InputError(f"has no files besides its {RELEASE_FILE}")
    return StagedExport(
        export=plain(folder.name),
        dataset=tuple(str(folder / name) for name in wanted),
        recipient=release.recipient,
        destination=release.destination,
        purpose=release.purpose,
        assume_crs=release.assume_crs,
    )


def _is(path: Path, kind: Any) -> bool:
    """Say whether a path itself, and not what a link leads to, is of a kind."""
    try:
        return bool(kind(path.lstat().st_mode))
    except OSError:
        return False
