"""What the operator set for servers behind HTTPS: credentials and whom to trust, from a file beside no data.

Nothing of it is in a destination, in a policy or in the environment but the name of this one file. Secrets lie in
files of their own, are read when they are used, so that a renewed one counts at once, and are in no message.
"""

from __future__ import annotations

import base64
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, StringConstraints

from geogate.destinations.errors import ForbiddenError
from geogate.destinations.https_uri import Server
from geogate.model.errors import UsageError
from geogate.policy.read import read_model
from geogate.policy.shape import Shape
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from geogate.policy.yaml_text import Text

VARIABLE: Final = "GEOGATE_HTTPS"
LONGEST_SECRET: Final = 16_384
_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH | stat.S_IWGRP
_WRITTEN: Final = stat.S_IWGRP | stat.S_IWOTH

FileName = Annotated[str, StringConstraints(min_length=2, max_length=1000, pattern=r"^/[^\x00]*$")]
User = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-9;-~]+$")]


class ServerShape(Shape):
    """What is known of one server."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=260)] = Field(
        description="Its name, and :port where that is not 443."
    )
    bearer_token_file: FileName | None = Field(default=None, description="A file with a token, on one line.")
    user: User | None = Field(default=None, description="A user, with password_file.")
    password_file: FileName | None = Field(default=None, description="A file with the user's password, on one line.")
    client_certificate_file: FileName | None = Field(default=None, description="Our certificate, in PEM form.")
    client_key_file: FileName | None = Field(default=None, description="Its private key, in PEM form, not encrypted.")
    ca_file: FileName | None = Field(
        default=None, description="Certificates that may vouch for the server, in place of the public ones."
    )


class HttpsShape(Shape):
    """The file that GEOGATE_HTTPS names."""

    servers: Annotated[tuple[ServerShape, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one server is reached; without credentials it is asked as anybody could.

    ``ca_file`` stands in place of the public certificate authorities, ``None`` where these may vouch.
    """

    token_file: Path | None = field(default=None, repr=False)
    user: str = field(default="", repr=False)
    password_file: Path | None = field(default=None, repr=False)
    certificate_file: Path | None = field(default=None, repr=False)
    key_file: Path | None = field(default=None, repr=False)
    ca_file: Path | None = field(default=None, repr=False)

    @property
    def anonymous(self) -> Access:
        """The same without credentials: the same servers are trusted."""
        return Access(ca_file=self.ca_file)

    def authorization(self) -> str:
        """Give the header ``Authorization`` as it is now, empty where there is none; the files are read anew.

        Raises: ForbiddenError when a file cannot be read, or others can read it.
        """
        if self.token_file is not None:
            return f"Bearer {_secret(self.token_file)}"
        if self.password_file is not None:
            pair = f"{self.user}:{_secret(self.password_file)}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return ""

    def authorities(self) -> str | None:
        """Give the file of the authorities that may vouch for the server, ``None`` where the public ones may.

        Raises: ForbiddenError when others can write it: they would say whom the gate believes.
        """
        if self.ca_file is None:
            return None
        if _mode(self.ca_file) & _WRITTEN:
            raise ForbiddenError(f"others may write a ca_file that {VARIABLE} names", hint="chmod go-w")
        return str(self.ca_file)

    def client_certificate(self) -> tuple[str, str] | None:
        """Give the files of our certificate and its key, ``None`` where there are none.

        Raises: ForbiddenError when others can read the key.
        """
        if self.certificate_file is None or self.key_file is None:
            return None
        _require_private(self.key_file)
        return str(self.certificate_file), str(self.key_file)


NOBODY: Final = Access()


def access_to(server: Server, file: Path | None) -> Access:
    """Find what is set for a server; where nothing is, only public authorities vouch for it, and we are nobody.

    Raises: UsageError when the file cannot be read, or others can; PolicyError naming line and key.
    """
    return NOBODY if file is None else _read(file).get(server, NOBODY)


def _read(file: Path) -> dict[Server, Access]:
    try:
        mode = file.stat().st_mode
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"the file of {VARIABLE} cannot be read") from error
    if mode & _OTHERS:
        raise UsageError(
            f"others may read or write the file of {VARIABLE}", hint="chmod 600: it says whom the gate believes"
        )
    text = read_yaml(data, file="https")
    found: dict[Server, Access] = {}
    for index, each in enumerate(read_model(text, HttpsShape).servers):
        path = ("servers", index)
        server = Server.parse(each.host)
        if server is None or server.authority != each.host:
            text.refuse((*path, "host"), "not a host", hint="host or host:port, in small letters, without :443")
        if server in found:
            text.refuse((*path, "host"), "the server stands twice")
        found[server] = _access(each, text, path)
    return found


def _access(each: ServerShape, text: Text, path: tuple[str | int, ...]) -> Access:
    if (each.user is None) != (each.password_file is None):
        text.refuse(path, "user and password_file go together")
    if (each.client_certificate_file is None) != (each.client_key_file is None):
        text.refuse(path, "client_certificate_file and client_key_file go together")
    if each.bearer_token_file and each.user:
        text.refuse(path, "a server takes a token or a password, not both")
    return Access(
        token_file=_path(each.bearer_token_file),
        user=each.user or "",
        password_file=_path(each.password_file),
        certificate_file=_path(each.client_certificate_file),
        key_file=_path(each.client_key_file),
        ca_file=_path(each.ca_file),
    )


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name)


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except OSError as error:
        raise ForbiddenError(f"a file that {VARIABLE} names cannot be read") from error


def _require_private(file: Path) -> None:
    if _mode(file) & _OTHERS:
        raise ForbiddenError(f"others may read a secret that {VARIABLE} names", hint="chmod 600")


def _secret(file: Path) -> str:
    _require_private(file)
    try:
        with file.open("rb") as opened:
            text = opened.read(LONGEST_SECRET + 1).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ForbiddenError(f"a secret that {VARIABLE} names cannot be read") from error
    if not text or len(text) > LONGEST_SECRET or not text.isprintable():
        raise ForbiddenError(f"a secret that {VARIABLE} names is not one line of text")
    return text
