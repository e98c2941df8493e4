"""The page about places behind HTTPS: what it shows is what geogate reads."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from docs.markdown import ROOT, blocks

from geogate.destinations.https_access import access_to
from geogate.destinations.https_uri import Server
from geogate.policy.recipients import parse_recipients

if TYPE_CHECKING:
    from pathlib import Path

RECIPIENT = "recipients:\n  - id: a\n    name: A\n    country: DE\n    owners: []\n"


def test_the_registration_and_the_file_of_servers_can_be_read(tmp_path: Path) -> None:
    registration, servers = (each.text for each in blocks(ROOT / "docs/https.md") if each.language == "yaml")
    book = parse_recipients((RECIPIENT + indent(registration, "    ")).encode(), file="recipients.yaml")
    (place,) = book.recipients[0].destinations
    assert (place.country, len(place.certificate_keys)) == ("DE", 1)
    file = tmp_path / "https.yaml"
    file.write_text(servers)
    file.chmod(0o600)
    assert access_to(Server("data.partner.example", 443), file).token_file is not None
    assert access_to(Server("maps.partner.example", 8443), file).user == "geogate"
    assert access_to(Server("inside.example", 443), file).ca_file is not None
