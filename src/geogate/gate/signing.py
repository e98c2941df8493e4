"""Clearances as signed documents: an in-toto statement in a DSSE envelope, signed with Ed25519.

Anyone verifies them offline with the public key. Whether a clearance was used before, only the ledger knows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError

from geogate.gate.keyfile import PublicKey, SigningKey
from geogate.model.dataset import content_digest
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import InputError, RefusedError
from geogate.model.names import SHA256
from geogate.model.release import Clearance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = ["PREDICATE_TYPE", "PublicKey", "SigningKey", "sign", "signed_payload", "verify", "verify_offline"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:geogate:clearance:v1"

_CHUNK = 1 << 20
_ENVELOPE_KEYS = {"payload", "payloadType", "signatures"}
_SIGNATURE_KEYS = {"keyid", "sig"}
_STATEMENT_KEYS = {"_type", "subject", "predicateType", "predicate"}


class _TwiceError(ValueError):
    """A JSON object names a key twice."""


def sign(clearance: Clearance, key: SigningKey) -> str:
    """Sign a clearance; the text is the JSON of the envelope.

    Raises: RefusedError when the clearance could not be verified afterwards.
    """
    _require_sound(clearance)
    envelope = Envelope(_payload(clearance), PAYLOAD_TYPE, {})
    envelope.sign(key.signer)
    return canonical_json(envelope.to_dict())


def verify(envelope: str, keys: Sequence[PublicKey], *, at: datetime | None) -> Clearance:
    """Give the clearance in an envelope that one of the keys signed and that is valid at a time.

    ``at=None`` leaves the time to the ledger, which compares it when the clearance is claimed; a sending that was
    claimed in time may be finished later.

    Raises: RefusedError, with a message of its own for each thing that can be wrong.
    """
    payload = signed_payload(envelope, keys=keys)
    clearance = _clearance(payload)
    _require_sound(clearance)
    if at is None:
        return clearance
    if at < clearance.issued_at:
        raise RefusedError("the clearance is not valid yet", hint="compare the clocks")
    if at >= clearance.expires_at:
        raise RefusedError("the clearance has expired", hint="submit the dataset again")
    return clearance


def verify_offline(
    envelope: str, keys: Sequence[PublicKey], *, files: Mapping[str, Path], at: datetime | None
) -> Clearance:
    """Verify an envelope, and that local files are exactly those that it clears: names, sizes and bytes.

    ``files`` maps the names in the clearance to where the files lie here.

    Raises: RefusedError; InputError when a file cannot be read.
    """
    clearance = verify(envelope, keys, at=at)
    cleared = {file.name: file for file in clearance.files}
    if missing := sorted(cleared.keys() - files.keys()):
        raise RefusedError(f"the clearance is for more files: {', '.join(missing)}", hint="name all of them")
    if files.keys() - cleared.keys():
        raise RefusedError("a file is not in the clearance", hint=f"it clears {', '.join(sorted(cleared))}")
    for name, file in cleared.items():
        if _size_and_digest(name, files[name]) != (file.size, file.sha256):
            raise RefusedError(f"{name} does not hold the bytes that were cleared")
    return clearance


def _size_and_digest(name: str, path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                digest.update(chunk)
    except OSError as error:
        raise InputError(f"{name} cannot be read", hint="see that the file is there and readable") from error
    return size, digest.hexdigest()


def _subjects(clearance: Clearance) -> list[dict[str, Any]]:
    return [{"name": file.name, "digest": {"sha256": file.sha256}} for file in clearance.files]


def _payload(clearance: Clearance) -> bytes:
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": _subjects(clearance),
        "predicateType": PREDICATE_TYPE,
        "predicate": asdict(clearance),
    }
    return canonical_json(statement).encode()


def _require_sound(clearance: Clearance) -> None:
    """Refuse a clearance whose parts do not fit each other.

    Raises: RefusedError.
    """
    names = [PurePosixPath(file.name) for file in clearance.files]
    proper = all(name.name and not name.is_absolute() and ".." not in name.parts for name in names)
    if not names or len(set(names)) != len(names) or not proper:
        raise RefusedError("a clearance needs files, each with a relative name of its own")
    digests = [file.sha256 for file in clearance.files]
    if not all(SHA256.fullmatch(digest) for digest in digests) or content_digest(clearance.files) != clearance.artefact:
        raise RefusedError("the digest of the artefact is not that of the clearance's files")
    if {clearance.issued_at.utcoffset(), clearance.expires_at.utcoffset()} != {timedelta(0)}:
        raise RefusedError("the times of a clearance are in UTC")
    if clearance.issued_at >= clearance.expires_at:
        raise RefusedError("the clearance expires before it is issued")


def signed_payload(
    text: str, *, keys: Sequence[PublicKey], payload_type: str = PAYLOAD_TYPE, what: str = "clearance"
) -> bytes:
    """Give the bytes in an envelope that one of the keys signed, and no other text of the same meaning.

    Raises: RefusedError; ``what`` is what its message calls the document.
    """
    document = _object(text, what=f"the {what}'s envelope", keys=_ENVELOPE_KEYS)
    if document["payloadType"] != payload_type:
        raise RefusedError(f"the envelope holds another type of payload than a {what}'s")
    try:
        envelope = _envelope(document)
    except (ValueError, TypeError, binascii.Error) as error:
        raise RefusedError(f"the {what}'s envelope cannot be read") from error
    known = [key for key in keys if key.id in envelope.signatures]
    if not known:
        raise RefusedError(f"the {what} was signed with an unknown key", hint="verify with the right public key")
    try:
        envelope.verify([key.key for key in known], 1)
    except VerificationError as error:
        raise RefusedError(f"the signature is not that of the {what}: one of the two was changed") from error
    return bytes(envelope.payload)


def _envelope(document: dict[str, Any]) -> Envelope:
    """Build the envelope from exactly one signature and Base64 in its one standard form."""
    (signature,) = document["signatures"]
    if not isinstance(signature, dict) or signature.keys() != _SIGNATURE_KEYS:
        raise ValueError("a signature has a keyid and a sig")
    if not all(isinstance(value, str) for value in (*signature.values(), document["payload"])):
        raise TypeError("payload, keyid and sig are texts")
    for encoded in (document["payload"], signature["sig"]):
        if base64.b64encode(base64.b64decode(encoded, validate=True)).decode() != encoded:
            raise ValueError("the Base64 is not in its standard form")
    return Envelope.from_dict({**document, "signatures": [dict(signature)]})


def _clearance(payload: bytes) -> Clearance:
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("the statement cannot be read") from error
    statement = _object(text, what="the statement", keys=_STATEMENT_KEYS)
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise RefusedError("the statement is not a clearance")
    try:
        clearance = from_json(Clearance, canonical_json(statement["predicate"]))
    except (ValueError, RecursionError) as error:
        raise RefusedError("the statement does not hold exactly a clearance") from error
    if statement["subject"] != _subjects(clearance):
        raise RefusedError("the subjects of the statement are not the clearance's files")
    if _payload(clearance) != payload:
        raise RefusedError("the statement is not in canonical form")
    return clearance


def _object(text: str, *, what: str, keys: set[str]) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except _TwiceError as error:
        raise RefusedError(f"{what} names a key twice") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{what} cannot be read") from error
    if not isinstance(document, dict) or document.keys() != keys:
        raise RefusedError(f"{what} cannot be read")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _TwiceError("a key stands twice")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
