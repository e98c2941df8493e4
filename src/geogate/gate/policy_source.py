"""Where policies come from: a folder, an ``s3://`` prefix or a signed bundle, and pinned by digest where one is set.

What is fetched or unpacked is kept in the gate's home under its digest, and looked at again before each use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import shutil
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from securesystemslib.dsse import Envelope

from geogate.gate.keyfile import PublicKey
from geogate.gate.signing import signed_payload
from geogate.model.document import canonical_json
from geogate.model.errors import InputError, PolicyError, RefusedError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.gate.keyfile import SigningKey
    from geogate.gate.settings import Settings

PAYLOAD_TYPE: Final = "application/vnd.geogate.policies+json"
MOST_BYTES: Final = 1 << 30
"""Bytes of all files of a place: more is refused rather than held in memory."""

KEYS: Final = "zones/keys"
FOLDERS: Final = ("", "zones", KEYS, "feeds")
"""The folders of a place whose files count."""


def policy_root(settings: Settings) -> Path:
    """Give the folder with the policies, fetched and verified.

    Raises: PolicyError when it has another digest than it is pinned to, or the bundle is not what the key signed;
        ServiceError when the store does not answer.
    """
    if settings.policies_uri:
        files = _fetched(settings)
    elif settings.policies_key is not None:
        files = _unpacked(settings, settings.policies_key)
    elif settings.policies.is_file():
        raise PolicyError("a bundle needs the public key that signed it", hint="set GEOGATE_POLICIES_KEY")
    elif settings.policies_digest:
        files = _files(settings.policies)
    else:
        return settings.policies
    # What is judged by is a copy of the very bytes that were compared, whatever happens to the place meanwhile.
    if settings.policies_digest and _digest(files) != settings.policies_digest:
        raise PolicyError(
            "the policies are not those that GEOGATE_POLICIES_DIGEST pins",
            hint="have the change reviewed, and set the digest that geogate policy digest prints",
        )
    return _kept(files, settings.home)


def place_digest(root: Path) -> Sha256:
    """Digest all files of a place by their names and bytes.

    Raises: PolicyError when one cannot be read.
    """
    return _digest(_files(root))


def bundle(root: Path, key: SigningKey) -> str:
    """Write all files of a place as one signed document.

    Raises: PolicyError when one cannot be read.
    """
    files = {name: base64.b64encode(data).decode() for name, data in _files(root).items()}
    envelope = Envelope(canonical_json({"files": files}).encode(), PAYLOAD_TYPE, {})
    envelope.sign(key.signer)
    return canonical_json(envelope.to_dict())


def _files(root: Path) -> dict[str, bytes]:
    """Read the files of a place by their names within it; folders of other names and hidden files are left out."""
    found: dict[str, bytes] = {}
    size = 0
    for folder in FOLDERS:
        here = root / folder
        if not here.is_dir():
            continue
        for path in sorted(here.iterdir()):
            if path.name.startswith(".") or path.is_dir():
                continue
            if not path.is_file():
                raise PolicyError(f"{path.name} cannot be read: it is no file, or a link to nothing")
            try:
                data = path.read_bytes()
            except OSError as error:
                raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from error
            size += len(data)
            if size > MOST_BYTES:
                raise PolicyError(f"the policies have more than {MOST_BYTES:,} bytes")
            found[f"{folder}/{path.name}".lstrip("/")] = data
    # An empty folder of keys demands signatures that nobody can give; a copy of files alone would lose it.
    if os.path.lexists(root / KEYS) and not any(name.startswith(f"{KEYS}/") for name in found):
        raise PolicyError("zones/keys is there and has no key", hint="put one there, or remove the folder")
    if not found:
        raise PolicyError("there are no policies at that place", hint="set GEOGATE_POLICIES")
    return found


def _digest(files: Mapping[str, bytes]) -> Sha256:
    pinned = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return Sha256(hashlib.sha256(canonical_json(pinned).encode()).hexdigest())


def _fetched(settings: Settings) -> dict[str, bytes]:
    from geogate.destinations.objects import fetch

    if not settings.policies_uri.endswith("/"):
        raise PolicyError("a prefix of policies ends with /", hint="set GEOGATE_POLICIES to s3://bucket/folder/")
    with TemporaryDirectory(prefix="geogate-") as folder:
        try:
            fetch(settings.policies_uri, into=Path(folder))
        except InputError as error:
            raise PolicyError(f"the policies cannot be fetched: {error.summary}", hint=error.hint) from error
        return _files(Path(folder))


def _unpacked(settings: Settings, key: Path) -> dict[str, bytes]:
    """Read a bundle, which must be signed, whole and of plain names."""
    try:
        if settings.policies.stat().st_size > 2 * MOST_BYTES:
            raise PolicyError("the bundle is too large")
        text = settings.policies.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError("the bundle of policies cannot be read", hint="set GEOGATE_POLICIES to its file") from error
    try:
        payload = signed_payload(text, keys=[PublicKey.load(key)], payload_type=PAYLOAD_TYPE, what="bundle")
        document = json.loads(payload)
        files = {name: base64.b64decode(data, validate=True) for name, data in document["files"].items()}
    except RefusedError as error:
        raise PolicyError(error.summary, hint=error.hint) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error) as error:
        raise PolicyError("the bundle does not hold policies") from error
    for name in files:
        _require_name(name)
    return files


def _require_name(name: str) -> None:
    path = PurePosixPath(name)
    folder = "" if len(path.parts) == 1 else str(path.parent)
    if str(path) != name or path.is_absolute() or ".." in path.parts or folder not in FOLDERS:
        raise PolicyError("the bundle has a file outside of its folders")


def _kept(files: Mapping[str, bytes], home: Path) -> Path:
    """Keep files in the gate's home under their digest; what is there already is compared, and mended if it differs."""
    digest = _digest(files)
    folder = home / "policies" / digest
    if folder.is_dir() and _same(folder, files):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
        new = Path(scratch) / "place"
        for name, data in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            new.replace(folder)
        except OSError as error:
            # Another process of the same gate keeps the same files.
            if not (folder.is_dir() and _same(folder, files)):
                raise PolicyError(f"the policies cannot be kept in the gate's home: {error.strerror}") from error
    return folder


def _same(folder: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return _files(folder) == dict(files)
    except PolicyError:
        return False
