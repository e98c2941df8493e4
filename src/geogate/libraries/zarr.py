"""What a Zarr store of version 2 says of its arrays, as far as GDAL does not tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST: Final = 1 << 20
_REMEDY: Final = "write the store again: `to_zarr(..., zarr_format=2)`"


def require_version_2(main: Path) -> None:
    """Refuse a store of another version than the second by its main file; that of the third comes before all others.

    Raises: UnreadableError.
    """
    if main.name == "zarr.json":
        raise UnreadableError("version 3 of Zarr is not read", remedy=_REMEDY)


def arrays_in(root: Path) -> list[Path]:
    """List the folders of a store's arrays; the root is none, because an array in it says nowhere where it lies."""
    return sorted(path.parent for path in root.rglob(".zarray") if path.parent != root)


def axes_of(folder: Path) -> int:
    """Count the axes of an array.

    Source: Zarr storage specification, version 2, arrays: metadata.

    Raises: UnreadableError.
    """
    try:
        with (folder / ".zarray").open("rb") as file:
            said = json.loads(file.read(_LARGEST))
        return len([int(length) for length in said["shape"]])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise UnreadableError("an array of the Zarr store does not say its shape", remedy=_REMEDY) from None
