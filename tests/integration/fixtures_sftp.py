"""An OpenSSH server for each test, and a channel to the recipient's folder on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import Trusting, clearance_for, nonce_of, stage
from serving.sshd import Sshd, sshd

from geogate.destinations.channel import Channel, ChannelSettings, channel_for
from geogate.destinations.stored import Place as Lying
from geogate.destinations.stored import place_at
from geogate.model.parties import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.model.dataset import FileDigest
    from geogate.model.release import Clearance, Delivery

SEVERAL = {
    "a.gpkg": b"roads",
    "b.csv": b"",
    "sub/c.parquet": b"0123456789abcdef" * 200_000,
    "Stra\u00dfe (1).csv": b"x",
}


@dataclass(slots=True, kw_only=True)
class Inbox:
    """The recipient's folder on a server; ``host_keys`` are those that are registered, at first the server's own."""

    server: Sshd
    staging: Path
    host_keys: tuple[str, ...] = ()
    country: str = "NO"
    writes_until: datetime | None = datetime(2030, 1, 2, tzinfo=UTC)
    patience_s: float = 20
    path: str = ""

    @property
    def uri(self) -> str:
        return f"sftp://{self.server.account}{self.path or self.server.root}/"

    @property
    def registered(self) -> Place:
        keys = self.host_keys or (self.server.host_key,)
        return Place(uri=self.uri, owner="", country=self.country, host_keys=keys)

    @property
    def settings(self) -> ChannelSettings:
        broker = Trusting(nonce_of(self.uri), writes_until=self.writes_until)
        return ChannelSettings(sftp_keys=self.server.keys, broker=broker, patience_s=self.patience_s)

    @property
    def channel(self) -> Channel:
        return channel_for(self.uri, settings=self.settings, registered=self.registered)

    @property
    def lying(self) -> Lying:
        return place_at(self.uri, settings=self.settings, registered=self.registered)

    def staged(self, contents: dict[str, bytes]) -> list[tuple[FileDigest, Path]]:
        return stage(self.staging, contents)

    def clearance(self, contents: dict[str, bytes], **changes: Any) -> Clearance:
        return clearance_for(self.staged(contents), **({"destination": self.uri} | changes))

    def put(self, contents: dict[str, bytes], **changes: Any) -> tuple[Delivery, ...]:
        return self.channel.put(self.staged(contents), clearance=self.clearance(contents, **changes))

    def delivered(self, contents: dict[str, bytes], **changes: Any) -> list[bool]:
        found = self.channel.delivered(clearance=self.clearance(contents, **changes))
        return [each is not None for each in found]


@pytest.fixture
def ssh_server() -> Iterator[Sshd]:
    """A server that is stopped at the end."""
    with sshd() as server:
        yield server


@pytest.fixture
def inbox(ssh_server: Sshd, tmp_path: Path) -> Inbox:
    """The folder of a recipient, whose server's key is registered."""
    return Inbox(server=ssh_server, staging=tmp_path / "staged-for-sftp")
