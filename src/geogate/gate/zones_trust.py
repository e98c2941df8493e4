"""Signatures of zone lists: a detached DSSE envelope beside the manifest, demanded where the place keeps public keys.

``zones/keys/`` with ``*.pub`` files is the demand: while the folder is there, a list without a signature of one of its
keys stops the gate, also when the folder is empty. What is signed is the digest of the manifest and of its data.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError

from geogate.gate.keyfile import KeyFileError, PublicKey, SigningKey
from geogate.model.document import canonical_json
from geogate.readers.zone_files import ZoneListError, load_zone_list

if TYPE_CHECKING:
    from datetime import date

    from geogate.readers.zone_files.kept import KeptZones
    from geogate.zones.zone import ZoneList

KEYS: Final = "keys"
"""The folder of public keys beside the manifests."""

SUFFIX: Final = ".sig"

_PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE: Final = "urn:geogate:zone-list:v1"
_LARGEST: Final = 64 << 10
_SIGN: Final = "review the list, and sign it with 'geogate zones sign'"


def trusted_zone_list(manifest: Path, *, today: date, kept: KeptZones | None = None) -> ZoneList:
    """Load a list as the gate may rely on it: in force, wholly understood, and signed where the place demands it.

    Raises: PolicyError.
    """
    zone_list = load_zone_list(manifest, today=today, kept=kept)
    signer_of(zone_list, manifest)
    return zone_list


def signer_of(zone_list: ZoneList, manifest: Path, *, place: Path | None = None) -> str:
    """Name the key that signed a list, empty where the place demands no signature.

    ``place`` is the folder of lists whose keys count, that of the manifest unless it is only on its way there.

    Raises: ZoneListError where it demands one, and there is none of one of its keys.
    """
    folder = (place or manifest.parent) / KEYS
    if not os.path.lexists(folder):
        return ""
    keys = _keys(folder)
    envelope = _envelope(manifest.with_suffix(SUFFIX))
    if (envelope.payload_type, bytes(envelope.payload)) != (_PAYLOAD_TYPE, _statement(zone_list)):
        raise ZoneListError(manifest.name, "the signature beside it is of another version of the list", hint=_SIGN)
    known = [key for key in keys if key.id in envelope.signatures]
    if not known:
        raise ZoneListError(manifest.name, "the list was signed with a key that the place does not trust", hint=_SIGN)
    try:
        envelope.verify([key.key for key in known], 1)
    except VerificationError:
        raise ZoneListError(manifest.name, "the signature beside it is wrong", hint=_SIGN) from None
    return known[0].id


def sign_zone_list(manifest: Path, *, key: Path, today: date) -> tuple[Path, str]:
    """Sign a list that is in force and wholly readable; return where the signature is, and the id of the key.

    Raises: PolicyError, UsageError.
    """
    signing = SigningKey.load(key)
    envelope = Envelope(_statement(load_zone_list(manifest, today=today)), _PAYLOAD_TYPE, {})
    envelope.sign(signing.signer)
    signature = manifest.with_suffix(SUFFIX)
    _replace(signature, canonical_json(envelope.to_dict()) + "\n")
    return signature, signing.public.id


def make_key(path: Path) -> tuple[Path, str]:
    """Make a new pair: the private key that only its owner reads, and the public one beside it.

    Raises: UsageError when a file is there already.
    """
    public = path.with_suffix(".pub")
    if os.path.lexists(public):
        raise KeyFileError("there is a file at the public key's place already", hint="keep it")
    key = SigningKey.generate()
    key.save(path)
    public.write_text(key.public.pem(), encoding="ascii")
    return public, key.public.id


def _keys(folder: Path) -> list[PublicKey]:
    try:
        keys = [PublicKey.load(path) for path in sorted(folder.glob("*.pub"))]
    except KeyFileError as error:
        raise ZoneListError("zones/keys", error.summary, hint="put a public key there that can be read") from None
    if not keys:
        raise ZoneListError("zones/keys", "there is no public key to verify zone lists with", hint="put one there")
    return keys


def _statement(zone_list: ZoneList) -> bytes:
    subject = {"name": f"{zone_list.name}.yaml", "digest": {"geogateZoneList": zone_list.digest}}
    statement = {"_type": _STATEMENT_TYPE, "subject": [subject], "predicateType": _PREDICATE_TYPE, "predicate": {}}
    return canonical_json(statement).encode()


def _envelope(path: Path) -> Envelope:
    manifest = path.with_suffix(".yaml").name
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ZoneListError(manifest, "the list is not signed, and the place demands it", hint=_SIGN) from None
    except OSError as error:
        raise ZoneListError(path.name, f"the signature cannot be read: {error.strerror}") from None
    try:
        document = json.loads(data[:_LARGEST])
        base64.b64decode(document["payload"], validate=True)
        return Envelope.from_dict(document)
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error, RecursionError):
        raise ZoneListError(path.name, "the signature cannot be read", hint=_SIGN) from None


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            os.fchmod(descriptor, 0o644)
            stream.write(text)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
