"""What every use case of the gate needs: settings, the clock, fresh nonces and who acts; and nothing global."""

from __future__ import annotations

import getpass
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from geogate.gate.engine import LOCAL, Engine
from geogate.gate.progress import SILENT, Progress
from geogate.gate.settings import Settings
from geogate.model.authority import Identity, Source
from geogate.model.declaration import NOTHING, Declaration
from geogate.model.errors import UsageError
from geogate.model.names import Actor, Nonce, RequestId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from geogate.destinations.channel import Channel, ChannelSettings
    from geogate.destinations.stored import Place as Lying
    from geogate.gate.broker import Broker
    from geogate.gate.passes import Means
    from geogate.ledger.ledger import Ledger
    from geogate.model.authority import Role
    from geogate.model.parties import Place
    from geogate.model.release import Delivery
    from geogate.seal.staging import Staging


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to send: local files, a folder or an ``s3://`` prefix, to one recipient for one purpose.

    ``policy`` may be empty where the place has adopted policies, which judge every release. ``continues`` is the
    request that reviewers returned and this one goes on with. ``called`` and ``requester`` are the name of the dataset
    and who asked, where sealed bytes are judged again.
    """

    dataset: tuple[str, ...]
    policy: str
    recipient: str
    destination: str
    purpose: str = ""
    assume_crs: str = ""
    declaration: Declaration = NOTHING
    continues: str = ""
    called: str = ""
    requester: str = ""


def _user() -> str:
    """Name the user whom the operating system says.

    Raises: UsageError where it knows none, as in containers that run under a bare number.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise UsageError("the operating system does not name the user who acts", hint="name one with --as") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The surroundings of one call: where things are, what time it is, who acts, and which engine measures.

    ``groups`` are those of the actor, as ``source`` says, which vouches for the name too; ``scope`` are the roles that
    a token is for. Only who settles a restored ledger opens it ``even_shut``.
    """

    settings: Settings
    actor: Actor
    clock: Callable[[], datetime]
    engine: Engine = LOCAL
    groups: tuple[str, ...] = ()
    source: Source = Source.LOCAL
    scope: frozenset[Role] | None = None
    even_shut: bool = False

    @property
    def identity(self) -> Identity:
        """Who acts, with the groups that whoever vouches for the name says."""
        return Identity(name=self.actor, groups=self.groups, source=self.source, scope=self.scope)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, *, actor: str = "", engine: Engine = LOCAL
    ) -> House:
        """Take the settings from the environment and the actor from the operating system unless one is named."""
        settings = Settings.from_environment(os.environ if environment is None else environment)
        now = partial(datetime.now, UTC)
        return cls(settings=settings, actor=Actor(actor or _user()), clock=now, engine=engine)

    def today(self) -> date:
        """Return the date in UTC."""
        return self.clock().date()

    def new_request_id(self) -> RequestId:
        """Draw an id that sorts by time and can be read out: the date and 48 random bits."""
        return RequestId(f"{self.clock():%Y%m%d}-{secrets.token_hex(6)}")

    def new_nonce(self) -> Nonce:
        """Draw 128 random bits."""
        return Nonce(secrets.token_hex(16))

    def ledger(self, *, even_shut: bool = False) -> Ledger:
        """Open the ledger, which must exist; one that is shut after a restore only where this is known and allowed.

        Raises: ServiceError, ShutError.
        """
        from geogate.gate.reopened import require_settled
        from geogate.ledger.ledger import Ledger

        ledger = Ledger.open(self.settings.ledger_url, even_shut=even_shut or self.even_shut)
        try:
            if not (even_shut or self.even_shut):
                require_settled(ledger, self.settings)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def staging(self) -> Staging:
        """Open the content-addressed store."""
        from geogate.seal.staging import Staging

        return Staging(self.settings.staging)

    def channel(self, destination: str, *, registered: Place | None, broker: Broker | None = None) -> Channel:
        """Return the channel to a normalised destination, which lies in a ``registered`` place if in any.

        Only with a ``broker`` can it write where a releaser's role is needed.

        Raises: UsageError for a scheme that geogate cannot send to.
        """
        from geogate.destinations.channel import channel_for

        return channel_for(destination, settings=self._channels(broker), registered=registered)

    def lying_at(self, uri: str, *, registered: Place | None) -> Lying:
        """Return what lies at a normalised destination, for the audit.

        Raises: UsageError for a scheme that geogate cannot send to.
        """
        from geogate.destinations.stored import place_at

        return place_at(uri, settings=self._channels(None), registered=registered)

    def _channels(self, broker: Broker | None) -> ChannelSettings:
        from geogate.destinations.channel import ChannelSettings

        settings = self.settings
        return ChannelSettings(
            releaser_role=settings.releaser_role,
            country=settings.country,
            broker=broker,
            sftp_keys=settings.sftp_keys,
            https_file=settings.https,
            sealed=lambda file: self.staging().open(file.sha256),
            last_sent=self._last_sent,
        )

    def _last_sent(self, place: str) -> Delivery | None:
        """Name something that was sent to a place; where there is no ledger yet, nothing was.

        Raises: ServiceError, ShutError.
        """
        from geogate.ledger.engine import is_missing, parse

        if is_missing(parse(self.settings.ledger_url)):
            return None
        with self.ledger() as ledger:
            return ledger.last_sent(place)

    def means(self, progress: Progress = SILENT) -> Means:
        """Say what passes are made with; indexes are kept in a home that exists."""
        from geogate.gate.passes import Means

        home = self.settings.home
        indexes = self.settings.indexes if home.is_dir() else None
        return Means(indexes=indexes, progress=progress, engine=self.engine)

    def scratch(self) -> Path:
        """Return the folder for work in progress, on the same disk as staging."""
        folder = self.settings.home / "scratch"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
