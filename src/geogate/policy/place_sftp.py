"""Places on SFTP servers: ``sftp://user@host/path/``, the port only where it is not 22, an absolute path."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from geogate.policy.place_parts import is_plain

USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
USUAL_PORT: Final = 22
LARGEST_PORT: Final = 65535
LONGEST_HOST: Final = 253
AMBIGUOUS: Final = frozenset("$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of a server; ``host`` is a name in lower case or an address, without brackets."""

    user: str
    host: str
    port: int

    @property
    def text(self) -> str:
        """How it is written in a place, and how the files of its credentials are called."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}" + ("" if self.port == USUAL_PORT else f":{self.port}")


def is_server_place(rest: str) -> bool:
    """Tell whether what follows ``sftp:`` is in normal form, with or without a slash at the end."""
    text, slash, path = rest.removeprefix("//").partition("/")
    account = account_of(text)
    return (
        rest.startswith("//")
        and slash == "/"
        and account is not None
        and account.text == text
        and (not path or all(map(_is_part, path.removesuffix("/").split("/"))))
    )


def account_of(text: str) -> Account | None:
    """Read ``user@host`` or ``user@host:port``, ``None`` where it is none; the text need not be its normal form."""
    user, at, rest = text.partition("@")
    found = re.fullmatch(r"\[([0-9a-f:.]+)\](?::(.*))?|([^:\[\]]*)(?::(.*))?", rest)
    if not at or not USER.fullmatch(user) or found is None:
        return None
    port = next((each for each in (found[2], found[4]) if each is not None), str(USUAL_PORT))
    host = found[1] or found[3]
    if not PORT.fullmatch(port) or int(port) > LARGEST_PORT or not _is_host(host, six=found[1] is not None):
        return None
    return Account(user=user, host=host, port=int(port))


def is_host_key(text: str) -> bool:
    """Tell whether a text is a public key of a server, whose type is the one that stands before it."""
    kind, _, data = text.partition(" ")
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        return False
    size = int.from_bytes(raw[:4], "big")
    return len(raw) > 4 + size and raw[4 : 4 + size] == kind.encode()


def _is_host(host: str, *, six: bool) -> bool:
    """Tell whether it is a name, or an address in its one form; a name whose last part is a number is neither.

    One in hexadecimal is a number, too: systems read it as an address.
    """
    labels = host.split(".")
    if six or labels[-1].isdigit():
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return str(address) == host and (address.version == 6) == six  # noqa: PLR2004 - the version's own name
    if labels[-1].startswith("0x"):
        return False
    return len(host) <= LONGEST_HOST and all(LABEL.fullmatch(label) for label in labels)


def _is_part(part: str) -> bool:
    return is_plain(part) and not AMBIGUOUS & set(part) and not part.startswith("~")
