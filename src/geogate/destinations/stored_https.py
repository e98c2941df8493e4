"""What lies behind HTTPS: nothing there can be listed, so that only what was sent is asked for, name by name."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from geogate.destinations.errors import GoneError, MisconfiguredError
from geogate.destinations.https import shown_in
from geogate.destinations.https_client import ABSENT, Client
from geogate.destinations.https_posture import place_posture_of
from geogate.destinations.https_uri import escaped, path_of
from geogate.destinations.stored import Stored
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.destinations.https_client import Answer
    from geogate.destinations.place_posture import PlacePosture
    from geogate.destinations.stored import Sought
    from geogate.model.parties import Place


class StoredOverHttps:
    """One folder of one server; see ``Unlisted``."""

    def __init__(self, uri: str, *, settings: ChannelSettings, registered: Place | None) -> None:
        self._uri = uri
        self._path = path_of(uri)
        self._file = settings.https_file
        self._settings = settings
        self._registered = registered

    def posture(self) -> PlacePosture:
        """Ask the server."""
        shown = shown_in(self._uri, self._settings)
        return place_posture_of(self._uri, file=self._file, registered=self._registered, shown=shown)

    def stored(self) -> NoReturn:
        """Say that nothing can be listed.

        Raises: MisconfiguredError.
        """
        raise MisconfiguredError("a place behind HTTPS does not list what lies there")

    def sought(self, each: Iterable[Sought]) -> Iterator[Stored]:
        """Ask for each by its name; the bytes are not read."""
        with self._client() as client:
            for one in each:
                with client.ask("GET", self._path + escaped(one.name)) as answer:
                    if answer.status in ABSENT:
                        continue
                    if answer.status != HTTPStatus.OK:
                        raise answer.refuse("looking for what was sent")
                    size = one.size if answer.size is None else answer.size
                    yield Stored(name=one.name, size=size, version="", mark=_mark(answer))

    def digest(self, found: Stored) -> Sha256:
        """Read all bytes."""
        digest = hashlib.sha256()
        with self._opened(found) as answer:
            for chunk in answer.chunks(found.size):
                digest.update(chunk)
        return Sha256(digest.hexdigest())

    def fetch(self, found: Stored, into: Path) -> None:
        """Read all bytes into a new file."""
        with self._opened(found) as answer, into.open("xb") as file:
            for chunk in answer.chunks(found.size):
                file.write(chunk)

    @contextmanager
    def _opened(self, found: Stored) -> Iterator[Answer]:
        with self._client() as client, client.ask("GET", self._path + escaped(found.name), most=found.size) as answer:
            if answer.status in ABSENT:
                raise GoneError(found.name)
            if answer.status != HTTPStatus.OK:
                raise answer.refuse("reading what was sent")
            yield answer

    def _client(self) -> Client:
        if self._registered is None:
            raise MisconfiguredError("the place is not registered any more")
        return Client.to(self._uri, file=self._file, pins=self._registered.certificate_keys)


def _mark(answer: Answer) -> str:
    """Mark a state of a file; one that the server gives no strong tag is taken for another one each time."""
    tag = answer.header("etag")
    return tag if tag.startswith('"') else secrets.token_hex(8)
