"""Every part of what would leave: what readers name, and whether the bytes of the others are what geogate writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.model.dataset import Fate, FilePart, together

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from geogate.gate.opening import Opened

PACKED = FilePart(what="containers, with dates and headers of their own", fate=Fate.REMOVED)


def parts_as_is(opened: Opened, *, files: Iterable[Path], scratch: Path) -> tuple[FilePart, ...]:
    """Account for every byte of files that leave as they are.

    What a reader names already denies, and so does a container, so that nothing is written anew then.

    Raises: ServiceError when the disk fails.
    """
    from geogate.seal.accounting import account_for

    staged = tuple(files)
    if any(source.path not in staged for source in opened.sources):
        # Only members are read: nobody can say of every byte of a container what it means.
        return together([*opened.parts, PACKED])
    if any(part.fate is not Fate.JUDGED for part in opened.parts):
        return opened.parts
    sources = [(source, opened.crs_of(source)) for source in opened.sources]
    return together([*opened.parts, *account_for(sources, files=staged, into=scratch)])
