"""What kinds of files a place takes, asked when a release is judged: an answer at sending would come too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from geogate.model.dataset import FileDigest


def require_acceptable(destination: str, files: Iterable[tuple[FileDigest, Path]]) -> None:
    """See that every file of an artefact can go to a destination in its normal form.

    Raises: UsageError naming a file that cannot, InputError when one cannot be read.
    """
    if not destination.startswith("ogcapi:"):
        return
    from geogate.destinations.ogc_api_features import MOST_BYTES, require_fit

    for digest, path in files:
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise InputError(f"the sealed file {digest.name!r} cannot be read: {error.strerror}") from error
        require_fit(content, name=digest.name)
