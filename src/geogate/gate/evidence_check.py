"""Check an evidence pack with nothing but the pack and the gate's public keys: python verify.py pack.zip key.pem...

This file needs Python 3.11 or later and the package cryptography, and no geogate. It lies in each pack as verify.py;
run a copy that you have from somebody whom you trust. It ends with 0 when everything is as it was signed, else with 1.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MANIFEST = "manifest.json"
MANIFEST_TYPE = "application/vnd.geogate.evidence+json"
HEAD_TYPE = "application/vnd.geogate.tree-head+json"
CLEARANCE_TYPE = "application/vnd.in-toto+json"
PROOF = "geogate inclusion proof 1"
ONCE = ("open", "seal", "screen", "clear", "claim", "receive")
NEEDS = {"seal": "open", "screen": "seal", "clear": "screen", "claim": "clear", "receive": "claim"}
FEWEST = 2
HASHED = ("seq", "at", "kind", "request", "actor", "body", "prev")
LARGEST = 1 << 30

_NAME = re.compile(r"(?:policies/)?[a-z0-9][a-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


class EvidenceError(Exception):
    """Something in the pack is not what was signed; the message says what."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """Write members into an archive, in one way only: the same members give the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for name in sorted(members):
            about = zipfile.ZipInfo(name, _FIRST_DAY)
            about.create_system, about.external_attr = 3, 0o644 << 16
            opened.writestr(about, members[name])
    return archive.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """Read the members of an archive that ``pack`` wrote.

    Raises: EvidenceError when it is another one: nothing may lie between, before or behind the members.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            infos = opened.infolist()
            if sum(info.file_size for info in infos) > LARGEST:
                raise EvidenceError("the pack is larger than a pack can be")
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
            if not stored or not all(_NAME.fullmatch(info.filename) for info in infos):
                raise EvidenceError("the pack is not an archive as geogate writes it")
            members = {info.filename: opened.read(info) for info in infos}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise EvidenceError("the pack is damaged, or no archive") from error
    if pack(members) != content:
        raise EvidenceError("the pack is damaged: there are bytes in it that belong to no member")
    return members


def verify(content: bytes, keys: Sequence[bytes]) -> tuple[str, ...]:
    """Check a pack and say what it proves; ``keys`` are public keys in PEM form.

    Raises: EvidenceError.
    """
    trusted = _trusted(keys)
    members = unpack(content)
    try:
        return _verified(members, trusted)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError("a member of the pack is not what it should be") from error


def _verified(members: Mapping[str, bytes], trusted: Sequence[Ed25519PublicKey]) -> tuple[str, ...]:
    manifest = _manifest(members, trusted)
    request = _text(manifest, "request")
    proof = _document(members, "ledger.json")
    head, entries = _proven(proof, trusted)
    bodies = [_body(entry) for entry in entries if entry["request"] == request]
    if not any(kind == "open" for kind, _ in bodies):
        raise EvidenceError("the ledger's entries are not those of the request")
    _require_story(bodies)
    _same_as_entries(members, bodies)
    _require_policies(members)
    cleared = _require_clearance(members, bodies, trusted)
    return (
        f"request {request}: all {len(members)} members of the pack are as signed at {_text(manifest, 'made_at')}",
        f"{len(entries)} entries are in the ledger of {head['size']} entries that was signed at {head['at']}",
        "verdict, votes and receipt are those of the ledger",
        *(["the clearance is signed, and the one of the ledger"] if cleared else ["the release was never cleared"]),
    )


def _trusted(keys: Sequence[bytes]) -> list[Ed25519PublicKey]:
    found = []
    for key in keys:
        try:
            loaded = load_pem_public_key(key)
        except ValueError as error:
            raise EvidenceError("a key is no public key in PEM form") from error
        if not isinstance(loaded, Ed25519PublicKey):
            raise EvidenceError("a key is not an Ed25519 key")
        found.append(loaded)
    if not found:
        raise EvidenceError("a pack is checked with the gate's public key")
    return found


def _signed(text: str, payload_type: str, trusted: Iterable[Ed25519PublicKey], what: str) -> Any:
    """Give what is signed in a DSSE envelope."""
    try:
        envelope = _json(text)
        payload = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(each["sig"], validate=True) for each in envelope["signatures"]]
        said = envelope["payloadType"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvidenceError(f"the envelope of the {what} cannot be read") from error
    if said != payload_type or len(signatures) != 1:
        raise EvidenceError(f"the envelope of the {what} holds something else")
    message = b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)
    for key in trusted:
        try:
            key.verify(signatures[0], message)
        except InvalidSignature:
            continue
        return _json(payload.decode())
    raise EvidenceError(f"none of the keys signed the {what}")


def _json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key stands twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _document(members: Mapping[str, bytes], name: str) -> Any:
    try:
        return _json(members[name].decode())
    except (ValueError, KeyError) as error:
        raise EvidenceError(f"{name} is missing, or cannot be read") from error


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str):
        raise EvidenceError(f"the pack does not say its {name}")
    return value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _manifest(members: Mapping[str, bytes], trusted: Sequence[Ed25519PublicKey]) -> Any:
    """Check that the members are exactly those that were signed."""
    try:
        text = members[MANIFEST].decode()
    except (KeyError, ValueError) as error:
        raise EvidenceError(f"{MANIFEST} is missing, or cannot be read") from error
    manifest = _signed(text, MANIFEST_TYPE, trusted, "manifest")
    listed = manifest.get("members")
    if not isinstance(listed, dict):
        raise EvidenceError("the manifest lists no members")
    for name in sorted({*listed, *members} - {MANIFEST}):
        if name not in members:
            raise EvidenceError(f"{name} is missing")
        if name not in listed:
            raise EvidenceError(f"{name} was put into the pack")
        if hashlib.sha256(members[name]).hexdigest() != listed[name]:
            raise EvidenceError(f"{name} was changed")
    return manifest


def _proven(proof: Any, trusted: Sequence[Ed25519PublicKey]) -> tuple[Any, list[Any]]:
    """Check that the entries are in the ledger that was signed; give its head and those entries."""
    try:
        if proof["type"] != PROOF:
            raise EvidenceError("ledger.json is no proof of a kind that is known")
        head = _signed(proof["head"], HEAD_TYPE, trusted, "ledger's head")
        root, size = bytes.fromhex(head["root"]), head["size"]
        shown: list[Any] = []
        for each in proof["entries"]:
            entry = each["entry"]
            own = hashlib.sha256(_canonical([entry[name] for name in HASHED]).encode()).hexdigest()
            if own != entry["hash"]:
                raise EvidenceError(f"entry {entry['seq']} of the ledger was edited")
            leaf = hashlib.sha256(b"\x00" + bytes.fromhex(own)).digest()
            path = [bytes.fromhex(step) for step in each["path"]]
            if not included(leaf, index=entry["seq"] - 1, size=size, path=path, root=root):
                raise EvidenceError(f"entry {entry['seq']} is not in the ledger that was signed")
            if shown and entry["seq"] <= shown[-1]["seq"]:
                raise EvidenceError(f"entry {entry['seq']} of the ledger is there twice, or not in its place")
            shown.append(entry)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvidenceError("ledger.json cannot be read") from error
    return head, shown


def included(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether a path proves that a tree of this size and root has the leaf at the index: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node % 2 or node == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while not node % 2 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def _body(entry: Any) -> tuple[str, Any]:
    try:
        return entry["kind"], _json(entry["body"])
    except (ValueError, TypeError) as error:
        raise EvidenceError(f"entry {entry['seq']} of the ledger cannot be read") from error


def _last(bodies: Sequence[tuple[str, Any]], kind: str, part: str) -> Any:
    return next((body[part] for name, body in reversed(bodies) if name == kind), None)


def _require_story(bodies: Sequence[tuple[str, Any]]) -> None:
    """Check that no step is there without those that it needs, so that none of these was left out."""
    steps = [kind for kind, _ in bodies if kind in ONCE]
    if steps != [kind for kind in ONCE if kind in steps]:
        raise EvidenceError("the steps of the request are not those of one that went its way")
    for kind, before in NEEDS.items():
        if kind in steps and before not in steps:
            raise EvidenceError(f"the entry of the {kind} is there, and none of the {before} before it")
    if "clear" in steps:
        _require_approvals(bodies)


def _require_approvals(bodies: Sequence[tuple[str, Any]]) -> None:
    """Check that what was held was approved by as many people as had to, and not by who asked for it."""
    verdict, request = _last(bodies, "screen", "verdict"), _last(bodies, "open", "request")
    standing = [each for each in verdict["findings"] if not each.get("waived") or each["rule"].startswith("gate/")]
    effects = {each["effect"] for each in standing}
    votes = [body["vote"] for kind, body in bodies if kind == "vote"]
    approved = {_person(vote["reviewer"]) for vote in votes if vote["choice"] == "approve"}
    enough = len(approved - {_person(request["requester"])}) >= (verdict["basis"].get("reviewers") or FEWEST)
    if "deny" in effects:
        raise EvidenceError("the verdict denies, and there is a clearance")
    if "hold" in effects and not (enough and all(vote["choice"] == "approve" for vote in votes)):
        raise EvidenceError("the release was held, and the votes in the pack do not approve it")


def _person(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _same_as_entries(members: Mapping[str, bytes], bodies: Sequence[tuple[str, Any]]) -> None:
    """Check that what people read is what the ledger's entries say."""
    try:
        said = {
            "request.json": _last(bodies, "open", "request"),
            "verdict.json": _last(bodies, "screen", "verdict"),
            "receipt.json": _last(bodies, "receive", "receipt"),
            "votes.json": [body["vote"] for kind, body in bodies if kind == "vote"],
        }
        measured = _last(bodies, "screen", "measurements")
    except (KeyError, TypeError) as error:
        raise EvidenceError("an entry of the ledger cannot be read") from error
    for name, value in said.items():
        if value is None and name in members:
            raise EvidenceError(f"{name} is about something that the ledger does not know")
        if value is not None and _document(members, name) != value:
            raise EvidenceError(f"{name} is not what the ledger says")
    if "measurements.json" in members:
        _require_measurements(_document(members, "measurements.json"), said["verdict.json"], measured)
    if "measured.json" in members and hashlib.sha256(members["measured.json"]).hexdigest() != measured:
        raise EvidenceError("measured.json is not what the release was judged by")


def _require_measurements(document: Any, verdict: Any, digest: Any) -> None:
    """Check that what was measured against what is what the verdict of the ledger says."""
    limits = [
        {name: each[name] for name in ("rule", "layer", "measured", "operator", "limit", "unit")}
        | {"counts": {count["what"]: count["value"] for count in each["counts"]}}
        for each in verdict["findings"]
    ]
    said = {"digest": digest, "layers": verdict["layers"], "answers": verdict["checks"], "limits": limits}
    if document != said:
        raise EvidenceError("measurements.json is not about the measurements of the ledger")


def _require_policies(members: Mapping[str, bytes]) -> None:
    """Check that the policies are those by which the verdict was reached."""
    names = [name for name in members if name.startswith("policies/")]
    if "verdict.json" not in members:
        if names:
            raise EvidenceError("there are policies and no verdict")
        return
    basis = _document(members, "verdict.json")["basis"]
    uses = basis.get("policies") or [{"name": basis["policy"], "digest": basis["policy_digest"]}]
    digests = {f"policies/{use['name']}.yaml": use["digest"] for use in uses}
    for name in names:
        if hashlib.sha256(members[name]).hexdigest() != digests.get(name):
            raise EvidenceError(f"{name} is not the policy by which the verdict was reached")


def _require_clearance(
    members: Mapping[str, bytes], bodies: Sequence[tuple[str, Any]], trusted: Sequence[Ed25519PublicKey]
) -> bool:
    cleared = _last(bodies, "clear", "clearance")
    if cleared is None:
        if "clearance.json" in members:
            raise EvidenceError("clearance.json is about something that the ledger does not know")
        return False
    text = members.get("clearance.json", b"").decode(errors="replace")
    statement = _signed(text, CLEARANCE_TYPE, trusted, "clearance")
    if not isinstance(statement, dict) or statement.get("predicate") != cleared:
        raise EvidenceError("clearance.json is not the clearance of the ledger")
    if text != _last(bodies, "clear", "envelope"):
        raise EvidenceError("clearance.json is not the clearance of the ledger")
    return True


def main(arguments: Sequence[str]) -> int:
    """Check the pack that the first argument names with the keys that the others name."""
    if len(arguments) < 2:  # noqa: PLR2004 - a pack and a key
        sys.stderr.write("usage: verify.py pack.zip key.pem...\n")
        return 2
    try:
        content, *keys = (Path(name).read_bytes() for name in arguments)
        lines = verify(content, keys)
    except OSError as error:
        sys.stderr.write(f"a file cannot be read: {error.strerror}\n")
        return 2
    except EvidenceError as error:
        sys.stderr.write(f"NOT PROVEN: {error}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
