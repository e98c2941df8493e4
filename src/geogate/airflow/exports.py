"""The list of staged exports: one sub-folder each, with a ``release.yaml`` and the files that are to go.

An export with a fault keeps its place in the list, so that its own gate fails and the others go on.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from geogate.airflow.report import plain
from geogate.model.errors import InputError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.airflow.listings import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedExport:
    """One export as arguments of a GateOperator, without the policy, which never comes with the data."""

    export: str
    dataset: tuple[str, ...] = ()
    recipient: str = ""
    destination: str = ""
    purpose: str = ""
    assume_crs: str = ""
    declaration: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def arguments(self) -> dict[str, Any]:
        """Give the export as keyword arguments; a list travels between tasks as plain JSON, a tuple does not."""
        return {**asdict(self), "dataset": list(self.dataset)}


def staged_exports(path: str) -> list[dict[str, Any]]:
    """List the exports in a folder or below an ``s3://`` prefix as arguments for ``expand_kwargs``, by name.

    Names that start with a dot are passed over: nothing of them leaves. Any other stray file is an export with a
    problem.

    Raises: StoppedError when the place cannot be listed, ServiceDownError when its store does not answer.
    """
    from geogate.airflow.failures import ending_the_task
    from geogate.airflow.listings import listing_of

    with ending_the_task():
        return [export.arguments() for export in read_exports(listing_of(path))]


def read_exports(listing: Listing) -> tuple[StagedExport, ...]:
    """Read every export of a place.

    Raises: InputError when the place cannot be listed, ServiceError.
    """
    return tuple(_export(name, listing) for name in listing.names() if not name.startswith("."))


def _export(name: str, listing: Listing) -> StagedExport:
    try:
        return _described(name, listing)
    except (InputError, PolicyError) as error:
        return StagedExport(export=plain(name), problem=f"staged export {plain(name)!r}: {plain(str(error))}")


def _described(name: str, listing: Listing) -> StagedExport:
    """Read what the release file says, and find the files.

    Raises: InputError, PolicyError naming file, line and key, ServiceError.
    """
    from geogate.airflow.listings import RELEASE_FILE
    from geogate.airflow.release_file import read_release

    present = listing.entries(name) - {RELEASE_FILE}
    release = read_release(listing.release(name), file=RELEASE_FILE)
    wanted = sorted(present) if release.files is None else release.files
    if missing := [each for each in wanted if each not in present]:
        raise InputError(f"{plain(missing[0])!r} is not there", hint=f"{RELEASE_FILE} names it")
    if not wanted:
        raise InputError(f"has no files besides its {RELEASE_FILE}")
    return StagedExport(
        export=plain(name),
        dataset=tuple(listing.locate(name, entry) for entry in wanted),
        recipient=release.recipient,
        destination=release.destination,
        purpose=release.purpose,
        assume_crs=release.assume_crs,
        declaration=release.declaration.model_dump(mode="json", exclude_none=True) if release.declaration else {},
    )
