"""Files of recipients: read whole, or refused with file, line and key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from geogate.model.errors import PolicyError
from geogate.model.parties import Contract, Owner, Place, RecipientBook
from geogate.policy.recipients import parse_recipients

SHIPPED = Path(__file__).parents[2] / "expectations" / "recipients.yaml"

GOOD = """\
recipients:
  - id: partner
    name: Partner AS
    country: NO
    owners:
      - {country: NO, share: 0.6}
      - {country: SE, share: 0.4}
    contract:
      reference: C-1
      ends: 2027-12-31
    destinations:
      - uri: file:outbox/partner/
      - uri: s3://egress-bucket/partner/
        owner: "123456789012"
"""


def parse(text: str) -> RecipientBook:
    return parse_recipients(text.encode(), file="r.yaml")


def refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        parse(text)
    assert str(error.value).startswith(message), str(error.value)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_recipient_is_read_whole_and_norway_is_a_country() -> None:
    (found,) = parse(GOOD).recipients
    assert (found.id, found.name, found.country) == ("partner", "Partner AS", "NO")
    assert found.owners == (Owner(country="NO", share=0.6), Owner(country="SE", share=0.4))
    assert found.contract == Contract(reference="C-1", ends=date(2027, 12, 31))
    assert found.destinations[1] == Place(uri="s3://egress-bucket/partner/", owner="123456789012")


def test_the_shipped_recipients_are_valid_examples() -> None:
    book = parse_recipients(SHIPPED.read_bytes(), file="recipients.yaml")
    assert [recipient.id for recipient in book.recipients] == ["example-partner", "example-overseas"]
    assert all("example" in recipient.name for recipient in book.recipients)


def test_a_recipient_may_have_no_contract_and_no_known_owner() -> None:
    text = changed("    contract:\n      reference: C-1\n      ends: 2027-12-31\n", "").replace(
        "owners:\n      - {country: NO, share: 0.6}\n      - {country: SE, share: 0.4}\n", "owners: []\n"
    )
    (found,) = parse(text).recipients
    assert (found.contract, found.owners) == (None, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    country: NO\n", "", "r.yaml:2: recipients[0].country: the key is missing"),
        ("    country: NO\n", "    country: XX\n", "r.yaml:4: recipients[0].country: there is no country 'XX'"),
        ("    country: NO\n", "    country: no\n", "r.yaml:4: recipients[0].country: String should match"),
        (
            "    country: NO\n",
            "    country: false\n",
            "r.yaml:4: recipients[0].country: Input should be a valid string",
        ),
        ("{country: SE,", "{country: UK,", "r.yaml:7: recipients[0].owners[1].country: there is no country 'UK'"),
        ("share: 0.4", "share: 0.41", "r.yaml:5: recipients[0].owners: the shares come to more than 1"),
        ("share: 0.4", "share: -0.1", "r.yaml:7: recipients[0].owners[1].share: Input should be greater"),
        ("share: 0.4", "share: 1.1", "r.yaml:7: recipients[0].owners[1].share: Input should be less"),
        ("share: 0.4", "share: 40%", "r.yaml:7: recipients[0].owners[1].share: Input should be a valid number"),
        ("    name: Partner AS\n", "    nmae: x\n", "r.yaml:3: recipients[0].nmae: unknown key (did you mean 'name'?)"),
        ("      ends: 2027-12-31\n", "", "r.yaml:8: recipients[0].contract.ends: the key is missing"),
        (
            "ends: 2027-12-31",
            "ends: 2027-02-30",
            "r.yaml:10: recipients[0].contract.ends: there is no day '2027-02-30'",
        ),
        (
            '        owner: "123456789012"\n',
            "",
            "r.yaml:13: recipients[0].destinations[1].owner: a place in s3: needs it",
        ),
        ('"123456789012"', '"12345"', "r.yaml:14: recipients[0].destinations[1].owner: String should match"),
        ('"123456789012"', "123456789012", "r.yaml:14: recipients[0].destinations[1].owner: Input should be a valid"),
        (
            "file:outbox/partner/",
            'file:outbox/partner/\n        owner: "123456789012"',
            "r.yaml:13: recipients[0].destinations[0].owner: a place in file: has no owner",
        ),
        ("file:outbox/partner/", "file:outbox/partner", "r.yaml:12: recipients[0].destinations[0].uri: not a place"),
        ("file:outbox/partner/", "file:../partner/", "r.yaml:12: recipients[0].destinations[0].uri: not a place"),
        ("file:outbox/partner/", "/srv/partner/", "r.yaml:12: recipients[0].destinations[0].uri: not a place"),
        ("s3://egress-bucket", "S3://egress-bucket", "r.yaml:13: recipients[0].destinations[1].uri: not a place"),
        (
            "file:outbox/partner/",
            "s3://egress-bucket/partner/\n        owner: '000000000000'",
            "r.yaml:14: recipients[0].destinations[1].uri: the place stands twice",
        ),
    ],
)
def test_one_wrong_value_refuses_the_file_with_its_line_and_key(old: str, new: str, message: str) -> None:
    refused(changed(old, new), message)


ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEt0c2tDS1JtZ3Zha0d1Y2tYeEF6b1BxU2R0VnVXeE5t"
SERVER = f"""\
      - uri: sftp://gate@partner.example/in/
        country: SE
        host_keys:
          - {ED25519}
"""


def test_a_server_is_registered_with_its_keys_and_the_country_that_somebody_attested() -> None:
    found = parse(GOOD + SERVER).recipients[0].destinations[-1]
    assert found == Place(uri="sftp://gate@partner.example/in/", owner="", country="SE", host_keys=(ED25519,))
    (blobs,) = (
        parse(
            GOOD[: GOOD.index("      - uri: file:")]
            + "      - uri: az://partner1/box/\n        region: swedencentral\n"
        )
        .recipients[0]
        .destinations
    )
    assert blobs == Place(uri="az://partner1/box/", owner="", region="swedencentral")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f"        host_keys:\n          - {ED25519}\n", "", "host_keys: a place in sftp: needs it: the public keys"),
        (ED25519, "SHA256:abcdefghijklmnopqrstuvwxyz", "host_keys[0]: String should match"),
        (ED25519, ED25519.replace("ssh-ed25519 ", "ssh-rsa "), "host_keys[0]: no public key of this type"),
        (ED25519, ED25519[:20], "host_keys[0]: no public key of this type"),
        (ED25519, f"{ED25519} root@host", "host_keys[0]: String should match"),
        ("country: SE", "country: XX", "country: there is no country 'XX'"),
        ("country: SE", "region: europe", "region: a place in sftp: has no region"),
        ("country: SE", "owner: '123456789012'", "owner: a place in sftp: has no owner"),
        ("gate@", "", "uri: not a place in normal form"),
        ("gate@", "gate:word@", "uri: not a place in normal form"),
    ],
)
def test_what_is_wrong_about_a_server_refuses_the_file(old: str, new: str, message: str) -> None:
    assert SERVER.count(old) == 1
    with pytest.raises(PolicyError) as error:
        parse(GOOD + SERVER.replace(old, new))
    assert f"recipients[0].destinations[2].{message}" in str(error.value), str(error.value)


def test_buckets_of_s3_and_directories_have_no_attested_country() -> None:
    refused(
        changed('        owner: "123456789012"\n', '        owner: "123456789012"\n        country: SE\n'),
        "r.yaml:15: recipients[0].destinations[1].country: a place in s3: has no country",
    )


def test_a_recipient_that_stands_twice_is_refused() -> None:
    refused(GOOD + GOOD.partition("\n")[2], "r.yaml:15: recipients[1].id: recipient partner stands twice")


def test_a_file_without_recipients_is_refused() -> None:
    refused("recipients: []", "r.yaml:1: recipients: List should have at least 1 item")


def test_shares_that_come_to_exactly_one_are_accepted_whatever_their_rounding() -> None:
    owners = "\n".join("      - {country: NO, share: 0.1}" for _ in range(10))
    text = changed("      - {country: NO, share: 0.6}\n      - {country: SE, share: 0.4}", owners)
    assert len(parse(text).recipients[0].owners) == 10


@pytest.mark.parametrize("outer", [(), ("b",), ("a", "b")])
def test_a_place_within_another_one_has_its_keys(outer: tuple[str, ...]) -> None:
    def registered(*keys: str) -> str:
        return "        certificate_keys: [" + ", ".join(f'"{key * 64}"' for key in keys) + "]\n" if keys else ""

    inner = f"      - uri: https://partner.example/in/deeper/\n{registered('a')}"
    around = "      - uri: https://partner.example/in/\n"
    refused(GOOD + inner + around + registered(*outer), "r.yaml:")
    refused(GOOD + around + registered(*outer) + inner, "r.yaml:")
    (found,) = parse(GOOD + inner + around + registered("a")).recipients
    assert len(found.destinations) == 4
    beside = "      - uri: https://partner.example/inside/\n"
    assert parse(GOOD + inner + beside + registered(*outer)).recipients
