"""How places behind HTTPS are written: ``https://host/path/``, and ``ogcapi://host/.../collections/<id>/``."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import Final

from geogate.policy.place_parts import key_is_plain

LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Source: RFC 1123, section 2.1."""

PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
USUAL_PORT: Final = "443"
LARGEST_PORT: Final = 65535
LONGEST_HOST: Final = 253


def is_https(rest: str) -> bool:
    """Tell whether what follows ``https:`` is in normal form: ``//host/path``, the port only where it is not 443.

    >>> is_https("//partner.example/in/"), is_https("//partner.example:443/in/"), is_https("//u:p@partner.example/")
    (True, False, False)
    """
    authority, slash, path = rest.removeprefix("//").partition("/")
    return rest.startswith("//") and slash == "/" and _is_server(authority) and (not path or key_is_plain(path))


def is_collection(rest: str) -> bool:
    """Tell whether what follows ``ogcapi:`` is a collection in normal form, or a file that goes into one.

    >>> is_collection("//partner.example/api/collections/roads/"), is_collection("//partner.example/api/")
    (True, False)
    """
    parts = rest.split("/")
    return is_https(rest) and "collections" in parts[3:-2]


def _is_server(authority: str) -> bool:
    host, colon, port = authority.partition(":")
    fits = not colon or (PORT.fullmatch(port) is not None and int(port) <= LARGEST_PORT and port != USUAL_PORT)
    return fits and _is_host(host)


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        return False
    if not labels[-1].isdecimal():
        return not labels[-1].startswith("0x")
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False
