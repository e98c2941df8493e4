"""Whom a trusted proxy has signed in; headers of any other peer are no more than what anybody can write."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from geogate.console.people import identified
from geogate.model.authority import Source
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from fastapi import Request

    from geogate.console.settings import Proxy
    from geogate.model.authority import Identity


def vouched(request: Request, proxy: Proxy) -> Identity | None:
    """Give whom the proxy names; nobody where the peer is not the proxy, or a header comes twice."""
    if not _is_proxy(request, proxy):
        return None
    users = request.headers.getlist(proxy.user_header)
    groups = request.headers.getlist(proxy.groups_header)
    if len(users) != 1 or len(groups) > 1:
        return None
    listed = [each.strip() for each in groups[0].split(",") if each.strip()] if groups else []
    try:
        return identified(_text(users[0]), [_text(each) for each in listed], Source.PROXY)
    except (UsageError, UnicodeDecodeError):
        return None


def _text(header: str) -> str:
    """Read a header's bytes as the UTF-8 that they are: read as anything else, a name would be somebody else's.

    Raises: UnicodeDecodeError.
    """
    return header.encode("latin-1").decode()


def _is_proxy(request: Request, proxy: Proxy) -> bool:
    try:
        peer = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return any((mapped or peer) in network for network in proxy.peers)
