"""Where staged exports lie: in a folder, or below an ``s3://`` prefix; names and release files, never the data."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from geogate.airflow.report import plain
from geogate.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE_FILE = "release.yaml"
LARGEST_RELEASE_FILE = 100_000
"""Bytes of a release file; more is a mistake."""


class Listing(Protocol):
    """A place with one sub-folder for each export."""

    def names(self) -> list[str]:
        """Name everything that lies there, in order.

        Raises: InputError, ServiceError.
        """
        ...

    def entries(self, export: str) -> set[str]:
        """Name the files and folders of an export, its release file included.

        Raises: InputError when it is no folder.
        """
        ...

    def release(self, export: str) -> bytes:
        """Read the release file of an export.

        Raises: InputError when it is missing or too large, ServiceError.
        """
        ...

    def locate(self, export: str, entry: str) -> str:
        """Say where an entry of an export lies, as the gate takes it."""
        ...


def listing_of(path: str) -> Listing:
    """Open the place that a path or an ``s3://`` prefix names.

    Raises: InputError, ServiceError.
    """
    if path.startswith("s3://"):
        from geogate.destinations.objects import sizes_below

        uri = path if path.endswith("/") else f"{path}/"
        return PrefixListing(uri=uri, sizes=sizes_below(uri))
    return FolderListing(folder=Path(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderListing:
    """A folder on this machine; no link is followed."""

    folder: Path

    def names(self) -> list[str]:
        """See ``Listing``."""
        return _names(self.folder)

    def entries(self, export: str) -> set[str]:
        """See ``Listing``."""
        if not _is(self.folder / export, stat.S_ISDIR):
            raise _outside()
        return set(_names(self.folder / export))

    def release(self, export: str) -> bytes:
        """See ``Listing``."""
        file = self.folder / export / RELEASE_FILE
        if not _is(file, stat.S_ISREG):
            raise _missing()
        if file.lstat().st_size > LARGEST_RELEASE_FILE:
            raise _too_large()
        try:
            return file.read_bytes()
        except OSError as error:
            raise InputError(f"{RELEASE_FILE} cannot be read: {error.strerror}") from None

    def locate(self, export: str, entry: str) -> str:
        """See ``Listing``."""
        return str(self.folder / export / entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixListing:
    """A prefix in a bucket, as it was listed once: the sizes of its objects by their keys below the prefix."""

    uri: str
    sizes: Mapping[str, int]

    def names(self) -> list[str]:
        """See ``Listing``."""
        return sorted({key.partition("/")[0] for key in self.sizes} - {""})

    def entries(self, export: str) -> set[str]:
        """See ``Listing``."""
        below = [key.removeprefix(f"{export}/") for key in self.sizes if key.startswith(f"{export}/")]
        if export in self.sizes or not below:
            raise _outside()
        files = {key for key in below if key and "/" not in key}
        folders = {key.partition("/")[0] for key in below if "/" in key}
        if files & folders or "" in folders:
            raise InputError("has a key that is a file and a folder at once, or a folder without a name")
        return files | folders

    def release(self, export: str) -> bytes:
        """See ``Listing``."""
        from geogate.destinations.objects import fetch

        size = self.sizes.get(f"{export}/{RELEASE_FILE}")
        if size is None:
            raise _missing()
        if size > LARGEST_RELEASE_FILE:
            raise _too_large()
        with TemporaryDirectory(prefix="geogate-") as folder:
            (fetched,) = fetch(f"{self.uri}{export}/{RELEASE_FILE}", into=Path(folder))
            return fetched.read_bytes()

    def locate(self, export: str, entry: str) -> str:
        """See ``Listing``."""
        key = f"{export}/{entry}"
        return f"{self.uri}{key}" if key in self.sizes else f"{self.uri}{key}/"


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise InputError(f"the folder {plain(folder.name)!r} cannot be listed: {error.strerror}") from None


def _is(path: Path, kind: Any) -> bool:
    """Say whether a path itself, and not what a link leads to, is of a kind."""
    try:
        return bool(kind(path.lstat().st_mode))
    except OSError:
        return False


def _outside() -> InputError:
    return InputError("stands outside of any export", hint=f"put it into a folder with its {RELEASE_FILE}")


def _missing() -> InputError:
    return InputError(f"has no {RELEASE_FILE}", hint="it says recipient, destination and purpose")


def _too_large() -> InputError:
    return InputError(f"{RELEASE_FILE} has more than {LARGEST_RELEASE_FILE:,} bytes")
