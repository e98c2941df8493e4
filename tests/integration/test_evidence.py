"""An evidence pack proves itself with the public key alone, shows people what happened, and never where anything is."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gating.files import MIDDLE, stage
from gating.place import RULES

from geogate.gate import evidence_check
from geogate.gate.evidence import verify_pack, write_pack
from geogate.gate.evidence_check import MANIFEST, EvidenceError, pack, unpack, verify
from geogate.gate.evidence_page import html, pdf, shown
from geogate.gate.evidence_sections import Page, Section
from geogate.gate.keyfile import SigningKey
from geogate.gate.views import View, note_view
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

HOSTILE = '<script>alert(1)</script> & "x" \u202e <b> \u5730'
ALWAYS = {"index.html", "ledger.json", MANIFEST, "measurements.json", "obligations.json", "page.pdf", "request.json"}
ALWAYS |= {"policies/test.yaml", "verdict.json", "verify.py", "votes.json"}


def key_of(gate: Gate) -> bytes:
    return (gate.home / "keys" / "clearance.pub.pem").read_bytes()


def sent(gate: Gate, stem: str = "data") -> RequestId:
    """A release that two people approved, and that was sent, with something due by law."""
    basis = {"section": "a test", "source": "this file", "as_of": date(2026, 1, 1)}
    report = {"id": "report", "on": "cleared", "due": {"days": 14}, "what": "Report it.", "legal_basis": basis}
    gate.policies.write_policy(RULES, obligations=[report])
    request = gate.hold(stage("CSV", gate.staged, MIDDLE, stem=stem), purpose='a "map" <b>')
    gate.approve(request, "anna")
    nonce = gate.approve(request, "bob").clearance
    assert nonce is not None
    gate.send(nonce)
    return request


@pytest.fixture
def made(gate: Gate) -> tuple[Gate, RequestId, bytes]:
    """A gate, a release that was sent, and its pack."""
    request = sent(gate)
    write_pack(request, gate.root / "pack.zip", house=gate.house("audra"))
    return gate, request, (gate.root / "pack.zip").read_bytes()


def test_a_pack_holds_all_that_led_to_a_release_and_proves_it(made: tuple[Gate, RequestId, bytes]) -> None:
    gate, request, content = made
    members = unpack(content)
    assert set(members) == ALWAYS | {"clearance.json", "receipt.json"}
    said = verify(content, [key_of(gate)])
    assert said[0].startswith(f"request {request}: all 13 members")
    assert said[-1] == "the clearance is signed, and the one of the ledger"
    assert [vote["reviewer"] for vote in json.loads(members["votes.json"])] == ["anna", "bob"]
    (due,) = json.loads(members["obligations.json"])
    assert (due["what"], due["state"]) == ("Report it.", "open")
    policy = hashlib.sha256(members["policies/test.yaml"]).hexdigest()
    assert json.loads(members["verdict.json"])["basis"]["policy_digest"] == policy
    gate.require_whole_ledger()


def test_a_changed_byte_in_any_member_is_found(made: tuple[Gate, RequestId, bytes]) -> None:
    gate, _, content = made
    members = unpack(content)
    for name, member in members.items():
        for at in {0, len(member) // 2, len(member) - 1}:
            changed = bytes([*member[:at], member[at] ^ 1, *member[at + 1 :]])
            with pytest.raises(EvidenceError):
                verify(pack(members | {name: changed}), [key_of(gate)])
        with pytest.raises(EvidenceError):
            verify(pack({other: text for other, text in members.items() if other != name}), [key_of(gate)])
    with pytest.raises(EvidenceError, match="was put into the pack"):
        verify(pack(members | {"another.txt": b""}), [key_of(gate)])


def test_a_changed_byte_anywhere_in_the_file_is_found(made: tuple[Gate, RequestId, bytes]) -> None:
    gate, _, content = made
    for at in range(0, len(content), 997):
        with pytest.raises(EvidenceError):
            verify(bytes([*content[:at], content[at] ^ 1, *content[at + 1 :]]), [key_of(gate)])
    for other in (content + b"\0", b"\0" + content, content[:-1], b"", b"PK"):
        with pytest.raises(EvidenceError):
            verify(other, [key_of(gate)])


def test_a_pack_that_the_gate_signed_must_also_say_what_its_ledger_says(made: tuple[Gate, RequestId, bytes]) -> None:
    gate, _, content = made
    members = unpack(content)
    signing = SigningKey.load(gate.home / "keys" / "clearance.pem")

    def resigned(**changed: bytes) -> bytes:
        """Sign another pack with the gate's own key, as somebody who stole it could."""
        from securesystemslib.dsse import Envelope

        whole = members | {name.replace("__", "/").replace("_", "."): text for name, text in changed.items()}
        payload = json.loads(Envelope.from_dict(json.loads(members[MANIFEST])).payload)
        digests = {name: hashlib.sha256(text).hexdigest() for name, text in whole.items() if name != MANIFEST}
        envelope = Envelope(json.dumps(payload | {"members": digests}).encode(), evidence_check.MANIFEST_TYPE, {})
        envelope.sign(signing.signer)
        return pack(whole | {MANIFEST: json.dumps(envelope.to_dict()).encode()})

    assert verify(resigned(index_html=b"x"), [key_of(gate)])  # the page is as believable as the key
    votes = json.loads(members["votes.json"])
    for changed, why in (
        ({"votes_json": json.dumps([votes[0]]).encode()}, "votes.json is not what the ledger says"),
        ({"verdict_json": members["verdict.json"].replace(b"hold", b"note")}, "verdict.json is not what"),
        ({"receipt_json": members["receipt.json"].replace(b"data", b"date")}, "receipt.json is not what"),
        ({"request_json": members["request.json"].replace(b"rita", b"rosa")}, "request.json is not what"),
        ({"measurements_json": b'{"digest":"0"}'}, "measurements.json is not about"),
        ({"measured_json": b"{}"}, "measured.json is not what"),
        ({"policies__test_yaml": b"rules: []"}, "is not the policy by which"),
        ({"policies__other_yaml": b"rules: []"}, "is not the policy by which"),
        ({"clearance_json": members[MANIFEST]}, "the clearance holds something else"),
        ({"ledger_json": members["ledger.json"].replace(b"anna", b"anne")}, "was edited"),
    ):
        with pytest.raises(EvidenceError, match=why):
            verify(resigned(**changed), [key_of(gate)])


def test_another_key_proves_nothing(made: tuple[Gate, RequestId, bytes]) -> None:
    gate, _, content = made
    other = SigningKey.generate().public.pem().encode()
    with pytest.raises(EvidenceError, match="none of the keys signed the manifest"):
        verify(content, [other])
    assert verify(content, [other, key_of(gate)])
    for keys in ([], [b"no key"]):
        with pytest.raises(EvidenceError, match="key"):
            verify(content, keys)


def test_the_verifier_in_the_pack_and_the_command_say_the_same(
    made: tuple[Gate, RequestId, bytes], geogate: Command
) -> None:
    gate, _, content = made
    (gate.root / "verify.py").write_bytes(unpack(content)["verify.py"])
    key = gate.home / "keys" / "clearance.pub.pem"
    alone = [sys.executable, "-I", str(gate.root / "verify.py"), str(gate.root / "pack.zip"), str(key)]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    said = geogate("evidence-verify", "pack.zip", "--key", key)
    assert (done.returncode, done.stdout) == (0, said.out) == (said.code, said.out)
    (gate.root / "pack.zip").write_bytes(content.replace(b"anna", b"anne", 1))
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    said = geogate("evidence-verify", "pack.zip", "--key", key)
    assert (done.returncode, said.code) == (1, 11)
    assert done.stderr.removeprefix("NOT PROVEN: ").strip() in said.err
    done = subprocess.run(alone[:-1], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: verify.py pack.zip key.pem...\n")


def test_the_verifier_needs_no_geogate() -> None:
    source = Path(evidence_check.__file__).read_text(encoding="utf-8")
    code = f"import sys; sys.modules['geogate'] = None; exec({source!r}, {{'__name__': 'x'}})"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0


def test_a_pack_never_says_where_anything_is(made: tuple[Gate, RequestId, bytes]) -> None:
    gate, request, content = made
    with gate.ledger() as ledger:
        measured = ledger.measurements(request)
    for longitude, latitude in MIDDLE:
        for number in (str(longitude), str(latitude)):
            assert all(number.encode() not in text for name, text in unpack(content).items() if name != "page.pdf")
    assert b"min_x" in measured.encode()
    assert all(b"min_x" not in text for text in unpack(content).values())
    reasoned = gate.root / "full.zip"
    with pytest.raises(UsageError, match="10 characters or more"):
        write_pack(request, reasoned, measured_because="why not", house=gate.house())
    write_pack(request, reasoned, measured_because="the authority asked for it", house=gate.house())
    assert unpack(reasoned.read_bytes())["measured.json"].decode() == measured
    assert verify(reasoned.read_bytes(), [key_of(gate)])
    with gate.ledger() as ledger:
        notes = [json.loads(entry.body) for entry in ledger.notes(kinds=(View.DOWNLOADED.value,))]
    assert notes == [
        {"what": "the evidence pack"},
        {"what": "the evidence pack with the measurements", "reason": "the authority asked for it"},
    ]


def test_a_pack_of_a_held_release_does_not_show_votes(gate: Gate) -> None:
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(request, "anna")
    write_pack(request, gate.root / "pack.zip", house=gate.house())
    content = (gate.root / "pack.zip").read_bytes()
    assert b"anna" not in content
    assert verify(content, [key_of(gate)])[-1] == "the release was never cleared"


def test_a_policy_that_changed_is_missing_and_named(gate: Gate) -> None:
    request = sent(gate)
    gate.policies.write_policy(RULES[:2])
    write_pack(request, gate.root / "pack.zip", house=gate.house())
    members = unpack((gate.root / "pack.zip").read_bytes())
    assert "policies/test.yaml" not in members
    assert "the text of test, which changed since" in members["index.html"].decode()
    assert verify(pack(members), [key_of(gate)])


def test_what_is_there_is_never_overwritten_and_what_is_not_there_has_no_pack(gate: Gate) -> None:
    (gate.root / "pack.zip").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        write_pack(RequestId("r1"), gate.root / "pack.zip", house=gate.house())
    with pytest.raises(UsageError, match="no request"):
        write_pack(RequestId("r1"), gate.root / "new.zip", house=gate.house())
    assert not (gate.root / "new.zip").exists()


def test_a_file_that_is_no_pack_is_refused(gate: Gate) -> None:
    path = gate.root / "pack.zip"
    key = gate.home / "keys" / "clearance.pub.pem"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, "{}" * 99)
    contents = [b"x", packed.getvalue(), pack({"../evil": b"x"}), pack({"other.txt": b""})]
    contents += [pack({MANIFEST: text}) for text in (b"[" * 100_000, b'{"payload":1,"payload":2}', b"\xff", b"{}")]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(RefusedError, match="not proven"):
            verify_pack(path, [key])


class Tags(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


PAGE = Page(
    title=f"Evidence {HOSTILE}",
    summary=HOSTILE,
    sections=(
        Section(
            heading=HOSTILE,
            lines=(HOSTILE, "x" * 20_000),
            columns=("a", "b"),
            rows=tuple((HOSTILE, "", "y" * 3000, "z\n" * 500) for _ in range(3)),
        ),
        Section(heading="empty"),
    ),
)


def test_hostile_texts_stand_on_the_page_as_text() -> None:
    found = Tags()
    found.feed(html(PAGE).decode())
    assert not found.tags & {"script", "b", "img", "a", "link", "iframe"}
    assert not {"src", "href", "onclick", "onload"} & set(found.attributes)
    assert shown(HOSTILE) in found.texts
    assert "\u202e" not in html(PAGE).decode()
    assert shown("a\x00\u2066b\n") == "a\\u0000\\u2066b\n"


def test_a_page_as_pdf_is_the_same_each_time_and_as_long_as_it_must_be() -> None:
    first, second = pdf(PAGE), pdf(PAGE)
    assert first == second
    assert first.startswith(b"%PDF-")
    assert first.count(b"/Type /Page\n") > 3


def test_the_same_members_give_the_same_archive() -> None:
    members = {"b.txt": b"2", "a.txt": b"1"}
    assert pack(members) == pack(dict(sorted(members.items())))
    assert unpack(pack(members)) == members


def test_the_command_writes_a_pack(gate: Gate, geogate: Command) -> None:
    request = sent(gate)
    ended = geogate("evidence", request, "--output", "pack.zip", "--as", "audra")
    assert ended.code == 0
    digest = hashlib.sha256((gate.root / "pack.zip").read_bytes()).hexdigest()
    assert ended.out.startswith("pack.zip: 13 members, ")
    assert ended.out.strip().endswith(digest)
    assert geogate("evidence", request, "--output", "pack.zip").code == 2


def test_looking_at_a_release_is_an_entry_of_who_looked(gate: Gate, geogate: Command) -> None:
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    assert geogate("review", "show", request, "--as", "vera").code == 0
    assert geogate("review", "show", "nothing", "--as", "vera").code == 2
    with gate.ledger() as ledger:
        (entry,) = ledger.notes(kinds=(View.VIEWED.value,))
    assert (entry.actor, entry.request, entry.body) == ("vera", request, '{"what":"the release"}')
    gate.require_whole_ledger()


def test_unmasking_needs_a_reason(gate: Gate) -> None:
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    for reason, why in (("", "needs a reason"), (" ", "needs a reason"), ("x" * 2001, "2,000 characters")):
        with pytest.raises(UsageError, match=why):
            note_view(View.UNMASKED, request, what="positions", reason=reason, house=gate.house())
    assert note_view(View.UNMASKED, request, what="positions", reason="a doubt", house=gate.house()).kind == "unmasked"
