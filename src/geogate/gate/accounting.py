"""Every part of what would leave: what readers name, and whether the bytes of the others are what geogate writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.model.dataset import Fate, together

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from geogate.gate.opening import Opened
    from geogate.model.dataset import FilePart


def parts_as_is(opened: Opened, *, files: Iterable[Path], scratch: Path) -> tuple[FilePart, ...]:
    """Account for every byte of files that leave as they are.

    What a reader names already denies, so that nothing is written anew then.

    Raises: ServiceError when the disk fails.
    """
    from geogate.seal.accounting import account_for

    if any(part.fate is not Fate.JUDGED for part in opened.parts):
        return opened.parts
    sources = [(source, opened.crs_of(source)) for source in opened.sources]
    return together([*opened.parts, *account_for(sources, files=files, into=scratch)])
