"""The contract of a destination: say where it is, and take what was cleared; it never decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from geogate.destinations.schemes import scheme_of
from geogate.destinations.uri import normalise
from geogate.model.errors import UsageError
from geogate.policy.countries import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geogate.destinations.arrived import Arrived
    from geogate.destinations.leave import Broker
    from geogate.model.dataset import FileDigest
    from geogate.model.names import Nonce
    from geogate.model.parties import Place, Posture
    from geogate.model.release import Clearance, Delivery

MEBIBYTE: Final = 1 << 20
SMALLEST_PART: Final = 5 * MEBIBYTE
LARGEST_PART: Final = 1024 * MEBIBYTE
OWNER: Final = re.compile(r"[0-9]{12}")
ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """What channels need to know besides the destination; endpoints and credentials are boto3's own variables.

    ``releaser_role`` is the ARN of the role that writes to S3, empty where the ambient credentials may.
    ``broker`` is asked before each session that writes; without one there is none. ``country`` is where the
    organisation's own directories are, empty where nobody said so. ``sftp_keys`` is the folder of the gate's own keys
    on SFTP servers, ``None`` where there is none. ``sealed`` gives the sealed copy of a file, for channels that cannot
    compare without it. ``https_file`` says how servers behind HTTPS are reached, see
    ``geogate.destinations.https_access``. ``last_sent`` names something that lies below a place, where anything was
    sent there: whether others can read it is asked of places that cannot say so themselves.

    Units: ``part_size`` in bytes; that much of a file is in memory at a time. ``patience_s`` in seconds, for which one
    answer of a server is awaited: a file goes in pieces, each of which has as long.
    Raises: UsageError when a value is not of its kind.
    """

    releaser_role: str = ""
    country: str = ""
    broker: Broker | None = None
    sftp_keys: Path | None = None
    patience_s: float = 60
    part_size: int = 64 * MEBIBYTE
    https_file: Path | None = None
    sealed: Callable[[FileDigest], Path] | None = None
    last_sent: Callable[[str], Delivery | None] | None = None

    def __post_init__(self) -> None:
        if self.releaser_role and not ROLE.fullmatch(self.releaser_role):
            raise UsageError("the releaser role is not the ARN of a role", hint="arn:aws:iam::<account>:role/<name>")
        if self.country and self.country not in COUNTRIES:
            raise UsageError("the country is not an ISO 3166-1 alpha-2 code", hint="for example DE or GB")
        if not SMALLEST_PART <= self.part_size <= LARGEST_PART:
            raise UsageError("the part size is out of range", hint="5 MiB to 1 GiB")


class Channel(Protocol):
    """A way to one destination."""

    def posture(self) -> Posture:
        """Ask the place itself where it is; what it does not say is ``None``.

        Raises: ServiceError when it cannot be asked.
        """
        ...

    def put(self, files: Sequence[tuple[FileDigest, Path]], *, clearance: Clearance) -> tuple[Delivery, ...]:
        """Put the cleared files at the destination, each once and never over anything else.

        No file is visible before all are prepared. What a sending that died has delivered already is not sent
        again: the same call takes it up. The caller has verified the clearance and claimed it in the ledger.

        Raises: RefusedError when the files are not those that were cleared or something else is already there;
            ServiceError, whose ``retryable`` says whether to try again.
        """
        ...

    def delivered(self, *, clearance: Clearance) -> tuple[Delivery | None, ...]:
        """Say for each file of the clearance, in the order of the names, whether it was delivered under it.

        Sends nothing, and clears away what a sending that died had begun.

        Raises: RefusedError when the clearance is not for this place, ServiceError.
        """
        ...


@runtime_checkable
class Piecemeal(Channel, Protocol):
    """A way to a place where a file arrives in pieces, each under a name that its clearance gives it."""

    def pieces(self, files: Sequence[FileDigest], *, nonce: Nonce) -> Arrived:
        """Count the pieces of files that lie there under a clearance, by its nonce, and change nothing.

        Raises: RefusedError when a sealed file is not there any more, ServiceError.
        """
        ...


def channel_for(destination: str, *, settings: ChannelSettings, registered: Place | None = None) -> Channel:
    """Return the channel to a destination in its normal form; nothing is contacted yet.

    ``registered`` is what the file of recipients says of the place. Of a bucket in S3 it names the account that must
    own it when its posture is asked; ``put`` uses that of the clearance.

    Raises: UsageError when the destination is not in its normal form, or the owner is no account.
    """
    if registered and registered.owner and not OWNER.fullmatch(registered.owner):
        raise UsageError("the owner of a bucket is an account of twelve digits")
    if normalise(destination, home=Path("/")) != destination:
        raise UsageError(f"{destination!a} is not in its normal form")
    return scheme_of(destination).channel(destination, settings=settings, registered=registered)
