"""Signed clearances: what verifies, and a refusal in its own words for each thing that can be wrong with one."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from integration.ledger_cases import LIFETIME, NOW, artefact, clearance
from securesystemslib.dsse import Envelope

from geogate.gate.keyfile import KeyFileError
from geogate.gate.signing import PAYLOAD_TYPE, PublicKey, SigningKey, sign, verify, verify_offline
from geogate.model.dataset import FileDigest, content_digest
from geogate.model.document import canonical_json
from geogate.model.errors import InputError, RefusedError
from geogate.model.names import Sha256
from geogate.model.release import Clearance

if TYPE_CHECKING:
    from pathlib import Path

KEY = SigningKey.generate()
OTHER = SigningKey.generate()
TICK = timedelta(microseconds=1)


def signed(payload: bytes, *, key: SigningKey = KEY, kind: str = PAYLOAD_TYPE) -> str:
    """Sign any payload as the gate would sign a statement."""
    envelope = Envelope(payload, kind, {})
    envelope.sign(key.signer)
    return json.dumps(envelope.to_dict())


def payload_of(envelope: str) -> bytes:
    return base64.b64decode(json.loads(envelope)["payload"])


def statement() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(payload_of(sign(clearance(), KEY)))
    return document


def resigned(document: Any) -> str:
    return signed(canonical_json(document).encode())


def refusal(envelope: str, match: str, *, keys: tuple[PublicKey, ...] = (KEY.public,), at: datetime = NOW) -> None:
    with pytest.raises(RefusedError, match=match):
        verify(envelope, keys, at=at)


def test_what_was_signed_verifies_as_it_was() -> None:
    assert verify(sign(clearance(), KEY), [KEY.public], at=NOW) == clearance()
    assert verify(sign(clearance(), KEY), [OTHER.public, KEY.public], at=NOW) == clearance()


def test_the_payload_is_an_in_toto_statement_about_the_files() -> None:
    document = statement()
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "urn:geogate:clearance:v1"
    assert document["subject"] == [{"name": "airports.parquet", "digest": {"sha256": "b" * 64}}]
    assert set(document["predicate"]) == set(Clearance.__dataclass_fields__)
    assert json.loads(sign(clearance(), KEY))["payloadType"] == "application/vnd.in-toto+json"


def test_the_signature_is_that_of_the_dsse_standard() -> None:
    document = json.loads(sign(clearance(), KEY))
    payload = base64.b64decode(document["payload"])
    kind = document["payloadType"].encode()
    signed_bytes = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    KEY.signer._private_key.public_key().verify(base64.b64decode(document["signatures"][0]["sig"]), signed_bytes)


@pytest.mark.parametrize("at", [NOW, NOW + LIFETIME - TICK])
def test_a_clearance_is_valid_from_its_first_to_its_last_microsecond(at: datetime) -> None:
    assert verify(sign(clearance(), KEY), [KEY.public], at=at) == clearance()


def test_a_clearance_is_not_valid_before_and_after() -> None:
    envelope = sign(clearance(), KEY)
    refusal(envelope, "not valid yet", at=NOW - TICK)
    refusal(envelope, "has expired", at=NOW + LIFETIME)
    refusal(envelope, "has expired", at=NOW + LIFETIME + TICK)


def test_without_a_time_all_else_is_verified() -> None:
    assert verify(sign(clearance(), KEY), [KEY.public], at=None) == clearance()
    with pytest.raises(RefusedError, match="unknown key"):
        verify(sign(clearance(), OTHER), [KEY.public], at=None)


def test_another_key_is_unknown() -> None:
    refusal(sign(clearance(), OTHER), "unknown key")
    refusal(sign(clearance(), KEY), "unknown key", keys=())


def test_a_signature_under_the_name_of_a_known_key_is_checked() -> None:
    document = json.loads(sign(clearance(), OTHER))
    document["signatures"][0]["keyid"] = KEY.public.id
    refusal(json.dumps(document), "the signature is not that of the clearance")


@pytest.mark.parametrize(
    "other", [{"destination": "s3://elsewhere/"}, {"expires_at": NOW + 2 * LIFETIME}, {"destination_owner": "1" * 12}]
)
def test_an_edited_clearance_does_not_fit_its_signature(other: dict[str, Any]) -> None:
    document = json.loads(sign(clearance(), KEY))
    document["payload"] = json.loads(sign(replace(clearance(), **other), KEY))["payload"]
    refusal(json.dumps(document), "the signature is not that of the clearance")


def test_every_changed_byte_of_the_envelope_is_refused() -> None:
    envelope = sign(clearance(), KEY).encode()
    for index in range(0, len(envelope), 3):
        changed = bytearray(envelope)
        changed[index] ^= 1
        with pytest.raises(RefusedError):
            verify(changed.decode(), [KEY.public], at=NOW)


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", "null", "1", "NaN", '{"payload":NaN}', "[" * 100_000, '{"a":' * 100_000, "{}" * 2, "\ud800"],
)
def test_what_is_no_envelope_cannot_be_read(text: str) -> None:
    refusal(text, "envelope cannot be read")


@pytest.mark.parametrize(
    "change",
    [
        {"payload": 1},
        {"payload": "%%%"},
        {"payload": "e30"},
        {"payload": "e31="},
        {"signatures": []},
        {"signatures": {}},
        {"signatures": None},
        {"signatures": ["x"]},
        {"signatures": [{"keyid": "x"}]},
        {"signatures": [{"keyid": "x", "sig": ""}, {"keyid": "y", "sig": ""}]},
        {"signatures": [{"keyid": 1, "sig": ""}]},
        {"signatures": [{"keyid": "x", "sig": None}]},
        {"signatures": [{"keyid": "x", "sig": "_-8="}]},
        {"signatures": [{"keyid": "x", "sig": "", "cert": ""}]},
        {"extra": 1},
    ],
)
def test_an_envelope_has_one_form(change: dict[str, Any]) -> None:
    refusal(json.dumps(json.loads(sign(clearance(), KEY)) | change), "envelope cannot be read")


def test_two_signatures_are_one_too_many() -> None:
    envelope = Envelope(payload_of(sign(clearance(), KEY)), PAYLOAD_TYPE, {})
    envelope.sign(OTHER.signer)
    envelope.sign(KEY.signer)
    refusal(json.dumps(envelope.to_dict()), "envelope cannot be read")


@pytest.mark.parametrize("sig", ["", "AAAA"])
def test_a_signature_of_another_length_is_none(sig: str) -> None:
    document = json.loads(sign(clearance(), KEY))
    document["signatures"][0]["sig"] = sig
    refusal(json.dumps(document), "the signature is not that of the clearance")


@pytest.mark.parametrize("kind", ["application/json", "", None, 1])
def test_another_type_of_payload_is_refused(kind: object) -> None:
    refusal(json.dumps(json.loads(sign(clearance(), KEY)) | {"payloadType": kind}), "another type of payload")


def test_another_type_of_payload_is_refused_though_it_is_signed() -> None:
    refusal(signed(payload_of(sign(clearance(), KEY)), kind="text/plain"), "another type of payload")


def test_a_key_that_stands_twice_is_refused_outside_and_inside() -> None:
    envelope = sign(clearance(), KEY)
    refusal(envelope.replace('{"payload"', '{"payload":"","payload"'), "envelope names a key twice")
    payload = payload_of(envelope).replace(b'"nonce":', b'"nonce":"' + b"f" * 32 + b'","nonce":')
    refusal(signed(payload), "statement names a key twice")


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"\xff", b'{"a":1}', b"[" * 100_000])
def test_a_payload_that_is_no_statement_cannot_be_read(payload: bytes) -> None:
    refusal(signed(payload), "statement cannot be read")


@pytest.mark.parametrize("name", ["_type", "predicateType"])
def test_another_statement_is_no_clearance(name: str) -> None:
    refusal(resigned(statement() | {name: "https://in-toto.io/Link/v1"}), "the statement is not a clearance")


def _predicates() -> list[Any]:
    whole: dict[str, Any] = statement()["predicate"]
    (file,) = whole["files"]
    return [
        None,
        [],
        {name: value for name, value in whole.items() if name != "nonce"},
        whole | {"more": 1},
        whole | {"files": [{**file, "size": "12"}]},
        whole | {"files": [{**file, "mode": 1}]},
        whole | {"expires_at": "soon"},
        whole | {"expires_at": 1_900_000_000},
        whole | {"expires_at": "2026-03-01T13:00:00Z"},
        whole | {"zones": {}},
        whole | {"nonce": None},
    ]


@pytest.mark.parametrize("predicate", _predicates())
def test_a_predicate_is_exactly_a_clearance(predicate: object) -> None:
    refusal(resigned(statement() | {"predicate": predicate}), "does not hold exactly a clearance")


def test_numbers_that_only_look_equal_are_not_canonical() -> None:
    one_byte = replace(clearance(), files=(replace(artefact().files[0], size=1),))
    payload = payload_of(sign(one_byte, KEY))
    for disguise in (b"1.0", b"true"):
        refusal(signed(payload.replace(b'"size":1}', b'"size":' + disguise + b"}")), "canonical|exactly")


@pytest.mark.parametrize(
    "subject",
    [
        [],
        None,
        [{"name": "other", "digest": {"sha256": "b" * 64}}],
        [{"name": "airports.parquet", "digest": {"sha256": "a" * 64}}],
        [{"name": "airports.parquet", "digest": {"sha256": "b" * 64, "md5": ""}}],
        [{"name": "airports.parquet", "digest": {"sha256": "b" * 64}}] * 2,
    ],
)
def test_the_subjects_are_the_files_of_the_clearance(subject: object) -> None:
    refusal(resigned(statement() | {"subject": subject}), "subjects of the statement are not the clearance's files")


def test_a_payload_has_one_form() -> None:
    payload = payload_of(sign(clearance(), KEY))
    for other in (payload + b"\n", payload.replace(b",", b", "), json.dumps(statement()).encode()):
        refusal(signed(other), "not in canonical form")


def _unsound() -> list[tuple[dict[str, Any], str]]:
    (file,) = artefact().files
    naive = clearance().expires_at.replace(tzinfo=None)

    def files(*names: str) -> dict[str, Any]:
        named = tuple(replace(file, name=name) for name in names)
        return {"files": named, "artefact": content_digest(named)}

    return [
        (files(), "relative name"),
        (files("a", "a"), "relative name"),
        (files("a", "./a"), "relative name"),
        (files(""), "relative name"),
        (files("/etc/passwd"), "relative name"),
        (files("a/../../b"), "relative name"),
        ({"artefact": Sha256("a" * 64)}, "digest of the artefact"),
        ({"files": (replace(file, sha256=Sha256("B" * 64)),), "artefact": Sha256("B" * 64)}, "digest of the artefact"),
        ({"issued_at": naive}, "in UTC"),
        ({"expires_at": naive}, "in UTC"),
        ({"expires_at": NOW}, "expires before it is issued"),
    ]


@pytest.mark.parametrize(("other", "match"), _unsound())
def test_what_does_not_fit_together_is_neither_signed_nor_believed(other: dict[str, Any], match: str) -> None:
    wrong = replace(clearance(), **other)
    with pytest.raises(RefusedError, match=match):
        sign(wrong, KEY)
    subject = [{"name": file.name, "digest": {"sha256": file.sha256}} for file in wrong.files]
    document = statement() | {"predicate": json.loads(canonical_json(wrong)), "subject": subject}
    refusal(resigned(document), match)


def _delivered(folder: Path) -> tuple[Clearance, dict[str, Path]]:
    files = {"a.csv": b"lon,lat\n1,2\n", "sub/b.csv": b""}
    digests = []
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        sha = Sha256(hashlib.sha256(content).hexdigest())
        digests.append(FileDigest(name=name, size=len(content), sha256=sha))
    bound = replace(clearance(), files=tuple(digests), artefact=content_digest(tuple(digests)))
    return bound, {name: folder / name for name in files}


def test_local_files_are_those_of_the_clearance(tmp_path: Path) -> None:
    bound, files = _delivered(tmp_path)
    assert verify_offline(sign(bound, KEY), [KEY.public], files=files, at=NOW) == bound


def test_local_files_that_differ_are_refused_and_messages_hold_no_path(tmp_path: Path) -> None:
    bound, files = _delivered(tmp_path)
    envelope = sign(bound, KEY)

    def refused(given: dict[str, Path], match: str) -> None:
        with pytest.raises((RefusedError, InputError), match=match) as error:
            verify_offline(envelope, [KEY.public], files=given, at=NOW)
        assert str(tmp_path) not in str(error.value)

    refused({"a.csv": files["a.csv"]}, "more files: sub/b.csv")
    refused({}, "more files: a.csv, sub/b.csv")
    refused({**files, "c.csv": files["a.csv"]}, "a file is not in the clearance")
    refused({"a.csv": files["sub/b.csv"], "sub/b.csv": files["a.csv"]}, "a.csv does not hold the bytes")
    refused({**files, "a.csv": tmp_path / "gone"}, "a.csv cannot be read")
    refused({**files, "a.csv": tmp_path}, "a.csv cannot be read")
    files["a.csv"].write_bytes(b"lon,lat\n1,3\n")
    refused(files, "a.csv does not hold the bytes")


def test_offline_verification_verifies_the_clearance_first(tmp_path: Path) -> None:
    bound, files = _delivered(tmp_path)
    with pytest.raises(RefusedError, match="has expired"):
        verify_offline(sign(bound, KEY), [KEY.public], files=files, at=NOW + LIFETIME)
    with pytest.raises(RefusedError, match="unknown key"):
        verify_offline(sign(bound, OTHER), [KEY.public], files=files, at=NOW)


def test_a_saved_key_signs_as_before_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "clearance.pem"
    before = os.umask(0)
    try:
        KEY.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = SigningKey.load(path)
    assert sign(clearance(), again) == sign(clearance(), KEY)
    assert again.public == KEY.public


def test_a_key_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "clearance.pem"
    KEY.save(path)
    with pytest.raises(KeyFileError, match="already"):
        OTHER.save(path)
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="already"):
        OTHER.save(tmp_path / "link.pem")
    with pytest.raises(KeyFileError, match="cannot be made"):
        OTHER.save(tmp_path / "no" / "key.pem")
    assert SigningKey.load(path).public == KEY.public


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
def test_a_key_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "clearance.pem"
    KEY.save(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="open to others"):
        SigningKey.load(path)


def test_a_file_that_is_no_signing_key_is_refused(tmp_path: Path) -> None:
    def refused(match: str) -> None:
        with pytest.raises(KeyFileError, match=match) as error:
            SigningKey.load(path)
        assert str(tmp_path) not in str(error.value)

    path = tmp_path / "clearance.pem"
    refused("cannot be read")
    path.symlink_to(tmp_path / "other")
    KEY.save(tmp_path / "other")
    refused("cannot be read")
    path.unlink()
    path.mkdir(mode=0o700)
    refused("cannot be read|not an ordinary file")
    path.rmdir()
    os.mkfifo(path, 0o600)
    refused("not an ordinary file")
    path.unlink()
    path.touch(mode=0o600)
    curve = generate_private_key(SECP256R1())
    for content, match in (
        (b"", "PEM form"),
        (b"\x00" * 10_000, "PEM form"),
        (KEY.public.pem().encode(), "PEM form"),
        (curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "not an Ed25519 key"),
    ):
        path.write_bytes(content)
        refused(match)


def test_a_public_key_goes_out_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "clearance.pub.pem"
    path.write_text(KEY.public.pem(), encoding="ascii")
    assert path.read_text(encoding="ascii").startswith("-----BEGIN PUBLIC KEY-----")
    assert verify(sign(clearance(), KEY), [PublicKey.load(path)], at=NOW) == clearance()


def test_a_text_that_is_no_public_key_of_ours_is_refused(tmp_path: Path) -> None:
    curve = generate_private_key(SECP256R1()).public_key()
    for text, match in (
        ("", "PEM form"),
        (KEY.signer.private_bytes.decode(), "PEM form"),
        (curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), "not an Ed25519 key"),
    ):
        with pytest.raises(KeyFileError, match=match):
            PublicKey.from_pem(text)
    with pytest.raises(KeyFileError, match="cannot be read"):
        PublicKey.load(tmp_path / "gone")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(KeyFileError, match="cannot be read"):
        PublicKey.load(tmp_path / "binary")


def test_a_signing_key_does_not_show_itself() -> None:
    assert repr(KEY) == "SigningKey()"
