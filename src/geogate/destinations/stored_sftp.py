"""What lies in a folder of an SFTP server, as the gate's own account there sees it; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.destinations.errors import GoneError, MisconfiguredError
from geogate.destinations.place_posture import PlacePosture
from geogate.destinations.sftp_files import is_file, is_folder
from geogate.destinations.sftp_session import Server, on_server
from geogate.destinations.stored import Stored
from geogate.destinations.stored_folder import others_may
from geogate.model.parties import SERVER
from geogate.policy.place_sftp import account_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.destinations.channel import ChannelSettings
    from geogate.destinations.sftp_files import Files
    from geogate.model.names import Sha256
    from geogate.model.parties import Place as Registered

DEEPEST: Final = 32
MOST_LISTED: Final = 1_000_000
"""Names, and folders within folders, of a listing that could have an end."""


def server_of(uri: str, *, settings: ChannelSettings, registered: Registered | None) -> tuple[Server, str]:
    """Give the server of a place in its normal form, and the path there, without a slash at its end."""
    text, _, path = uri.removeprefix("sftp://").partition("/")
    account = account_of(text)
    if account is None:
        raise MisconfiguredError("the destination names no account on a server")
    host_keys = registered.host_keys if registered else ()
    server = Server(account=account, host_keys=host_keys, keys=settings.sftp_keys, patience_s=settings.patience_s)
    return server, "/" + path.removesuffix("/")


class StoredOnServer:
    """One folder; see ``Place``."""

    def __init__(self, uri: str, *, settings: ChannelSettings, registered: Registered | None) -> None:
        self._uri = uri
        self._server, self._path = server_of(uri, settings=settings, registered=registered)
        self._country = registered.country if registered else ""

    def posture(self) -> PlacePosture:
        """Say which key the server has, whose the folder is, and who may look in; the country is as registered."""

        async def ask(there: Files) -> dict[str, str | None]:
            found = await there.folder(self._path)
            return {
                "host key": there.host_key or None,
                "open to others": None if found.permissions is None else others_may(found.permissions),
                "owner": None if found.uid is None else str(found.uid),
            }

        traits = on_server(self._known(), ask) | {"country": self._country or None, "region": SERVER}
        return PlacePosture(place=self._uri, traits=tuple(sorted(traits.items())))

    def stored(self) -> Iterator[Stored]:
        """List every file, and everything else that is no folder."""

        async def look(there: Files) -> list[Stored]:
            await there.folder(self._path)
            found: list[Stored] = []
            await _list(there, self._path, "", found)
            return found

        yield from on_server(self._known(), look)

    def digest(self, found: Stored) -> Sha256:
        """Read all bytes."""

        async def read(there: Files) -> Sha256:
            said = await there.sha256(f"{self._path.rstrip('/')}/{found.name}", size=found.size)
            if said is None:
                raise GoneError(found.name)
            return said

        return on_server(self._known(), read)

    def fetch(self, found: Stored, into: Path) -> None:
        """Copy all bytes into a new file."""

        async def copy(there: Files) -> None:
            with into.open("xb") as file:
                async for chunk in there.chunks(f"{self._path.rstrip('/')}/{found.name}"):
                    file.write(chunk)

        on_server(self._known(), copy)

    def _known(self) -> Server:
        if not self._server.host_keys:
            hint = "register the place with its host keys in recipients.yaml"
            raise MisconfiguredError("no host key is registered for the server of this place", hint=hint)
        return self._server


async def _list(there: Files, folder: str, prefix: str, found: list[Stored]) -> None:
    """List a folder and those in it; one that goes away meanwhile has nothing in it."""
    if prefix.count("/") > DEEPEST:
        raise MisconfiguredError("the server's folders lie too deep within each other to be listed")
    for name, attrs in await there.listed(folder, most=MOST_LISTED - len(found)):
        if is_folder(attrs):
            await _list(there, f"{folder.rstrip('/')}/{name}", f"{prefix}{name}/", found)
            continue
        mark = f"{attrs.mtime} {attrs.uid} {attrs.permissions}"
        found.append(Stored(name=prefix + name, size=attrs.size or 0, version="", mark=mark, odd=not is_file(attrs)))
