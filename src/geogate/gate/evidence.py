"""The evidence pack of a release: one archive that says what was judged and decided, and proves it by itself.

It never holds geometry, zones, or where anything is: of the measurements it has the digest, and what they were compared
with. Only who asks for them with a reason, which the ledger keeps, gets the measurements, with the bounds of layers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from securesystemslib.dsse import Envelope

from geogate.gate import evidence_check
from geogate.gate.authority import require
from geogate.gate.evidence_page import html, pdf
from geogate.gate.evidence_sections import Evidence, page_of
from geogate.gate.heads import current_head
from geogate.gate.keys import signing_key, trusted_keys
from geogate.gate.obligations import ARISEN, DONE, owed_of
from geogate.gate.place import place_of
from geogate.gate.proofs import document, proof_of, readable
from geogate.gate.views import View, note_view
from geogate.gate.waivers_ledger import KINDS as WAIVER_KINDS
from geogate.ledger.steps import Voted, step_of
from geogate.model.authority import Action
from geogate.model.document import canonical_json
from geogate.model.errors import GeogateError, InputError, RefusedError, ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.house import House
    from geogate.gate.keyfile import SigningKey
    from geogate.ledger.ledger import Ledger
    from geogate.model.names import RequestId
    from geogate.model.release import Entry, ReleaseRequest
    from geogate.model.verdict import Verdict

TYPE: Final = "geogate evidence 1"
SHORTEST_REASON: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A pack that was written: how many members it has, and its digest."""

    members: int
    size: int
    sha256: str


def write_pack(
    request: RequestId, output: Path, *, measured_because: str = "", keys: Sequence[Path] = (), house: House
) -> Packed:
    """Write the evidence pack of a request to a new file.

    With ``measured_because``, a reason that the ledger keeps, the measurements are in it, with the bounds of layers.
    ``keys`` are earlier public keys, for a clearance that one of them signed.

    Raises: UsageError for a file that is there, and whatever ``make_pack`` raises.
    """
    if output.exists():
        raise UsageError("the file is there already", hint="name a new one")
    content = make_pack(request, measured_because=measured_because, keys=keys, house=house)
    try:
        with output.open("xb") as stream:
            stream.write(content)
    except OSError as error:
        raise ServiceError(f"the pack cannot be written ({error.strerror})", hint="name another file") from error
    members = len(evidence_check.unpack(content))
    return Packed(members=members, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def make_pack(request: RequestId, *, measured_because: str = "", keys: Sequence[Path] = (), house: House) -> bytes:
    """Make the evidence pack of a request; that somebody took it is an entry, made before there is a pack.

    Raises: ForbiddenError, UsageError for an unknown request or a reason that is too short; DamagedError when the
        ledger is not what was signed; RefusedError where the pack would not be believed; ServiceError.
    """
    require(Action.EVIDENCE, house=house)
    if measured_because and len(measured_because.strip()) < SHORTEST_REASON:
        raise UsageError(f"the reason has {SHORTEST_REASON} characters or more", hint="say what they are needed for")
    key = signing_key(house.settings)
    what = "the evidence pack with the measurements" if measured_because else "the evidence pack"
    note_view(View.DOWNLOADED, request, what=what, reason=measured_because, house=house)
    content = evidence_check.pack(_members(request, key, measured=bool(measured_because), house=house))
    own = [key.public, *trusted_keys(house.settings)]
    _require_sound(content, [*(each.pem().encode() for each in own), *_read(keys)])
    return content


def verify_pack(path: Path, keys: Sequence[Path]) -> tuple[str, ...]:
    """Check a pack with public keys alone, and say what it proves.

    Raises: RefusedError when something in it is not what was signed; InputError when a file cannot be read.
    """
    content, *known = _read([path, *keys])
    try:
        return evidence_check.verify(content, known)
    except evidence_check.EvidenceError as error:
        raise RefusedError(f"not proven: {error}") from error


def _read(paths: Sequence[Path]) -> list[bytes]:
    try:
        return [path.read_bytes() for path in paths]
    except OSError as error:
        raise InputError(f"a file cannot be read ({error.strerror})") from error


def _members(request: RequestId, key: SigningKey, *, measured: bool, house: House) -> dict[str, bytes]:
    signed = current_head(house=house)
    with house.ledger() as ledger:
        known = ledger.request(request)
        entries = tuple(entry for entry in _proven(known, ledger=ledger) if entry.seq <= signed.head.size)
        votes = tuple(step.vote for step in map(step_of, entries) if isinstance(step, Voted))
        kept = ledger.clearance_of(request)
        obligations = sorted(
            (*ledger.notes_of(request, kinds=(ARISEN,)), *ledger.notes(kinds=(DONE,))), key=lambda entry: entry.seq
        )
        texts, missing = _policies(known.verdict, house=house)
        evidence = Evidence(
            request=known,
            state=known.state,
            votes=votes,
            clearance=kept[0] if kept else None,
            envelope=kept[1] if kept else "",
            receipt=ledger.receipt(request),
            obligations=owed_of(obligations, request=request, today=house.today()),
            measurements=ledger.measurements(request) if known.verdict else "",
            policies=texts,
            missing_policies=missing,
            signed=signed,
            made_at=house.clock(),
            made_by=house.actor,
            proven=entries,
        )
        proof = document(proof_of(entries, signed, ledger=ledger, house=house))
    members = _documents(evidence, measured=measured) | {"ledger.json": proof.encode()}
    return members | {evidence_check.MANIFEST: _manifest(members, evidence, key)}


def _proven(known: ReleaseRequest, *, ledger: Ledger) -> tuple[Entry, ...]:
    """Give the request's entries, and those of the waivers by which its verdict let something pass."""
    waived = {finding.waived for finding in known.verdict.findings if finding.waived} if known.verdict else set()
    of_request = readable(ledger.entries_of(known.id), ledger=ledger)
    waivers = [entry for entry in ledger.notes(kinds=WAIVER_KINDS) if _waiver_of(entry) in waived] if waived else []
    return tuple(sorted((*of_request, *waivers), key=lambda entry: entry.seq))


def _waiver_of(entry: Entry) -> str:
    body = json.loads(entry.body)
    return str(body["waiver"]["id"] if "waiver" in body else body["id"])


def _documents(found: Evidence, *, measured: bool) -> dict[str, bytes]:
    texts: dict[str, str] = {
        "request.json": canonical_json(_opened(found.proven)),
        "votes.json": canonical_json(found.votes),
        "obligations.json": canonical_json([owed.document() for owed in found.obligations]),
    }
    if found.verdict is not None:
        texts["verdict.json"] = canonical_json(found.verdict)
        texts["measurements.json"] = canonical_json(_measurements(found.verdict, found.measurements))
        if measured:
            texts["measured.json"] = found.measurements
    if found.clearance is not None:
        texts["clearance.json"] = found.envelope
    if found.receipt is not None:
        texts["receipt.json"] = canonical_json(found.receipt)
    page = page_of(found)
    return {
        **{name: text.encode() for name, text in texts.items()},
        **{f"policies/{name}.yaml": text for name, text in found.policies},
        "index.html": html(page),
        "page.pdf": pdf(page),
        "verify.py": Path(evidence_check.__file__).read_bytes(),
    }


def _opened(entries: Sequence[Entry]) -> Any:
    return next(json.loads(entry.body)["request"] for entry in entries if entry.kind == "open")


def _measurements(verdict: Verdict, kept: str) -> dict[str, Any]:
    """Say what was measured against what, without where anything is; ``digest`` is of what the ledger keeps."""
    return {
        "digest": hashlib.sha256(kept.encode()).hexdigest(),
        "layers": [asdict(layer) for layer in verdict.layers],
        "answers": [asdict(check) for check in verdict.checks],
        "limits": [
            {name: getattr(f, name) for name in ("rule", "layer", "measured", "operator", "limit", "unit")}
            | {"counts": {count.what: count.value for count in f.counts}}
            for f in verdict.findings
        ],
    }


def _policies(verdict: Verdict | None, *, house: House) -> tuple[tuple[tuple[str, bytes], ...], tuple[str, ...]]:
    """Find the texts of the policies by their digests: at the protected place, or in a copy that the gate kept."""
    if verdict is None:
        return (), ()
    basis = verdict.basis
    wanted = [(str(use.name), use.digest) for use in basis.policies] or [(str(basis.policy), basis.policy_digest)]
    kept = sorted((house.settings.home / "policies").glob("*"))
    roots = [*_place(house), *(folder for folder in kept if folder.is_dir())]
    found: dict[str, bytes] = {}
    for name, digest in wanted:
        for root in roots:
            path = root / f"{name}.yaml"
            content = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(content).hexdigest() == digest:
                found[name] = content
                break
    return tuple(found.items()), tuple(name for name, _ in wanted if name not in found)


def _place(house: House) -> tuple[Path, ...]:
    try:
        return (place_of(house).root,)
    except GeogateError:
        return ()  # what is not there any more is named as missing


def _manifest(members: dict[str, bytes], found: Evidence, key: SigningKey) -> bytes:
    statement = {
        "type": TYPE,
        "request": found.request.id,
        "made_at": found.made_at,
        "made_by": found.made_by,
        "members": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    envelope = Envelope(canonical_json(statement).encode(), evidence_check.MANIFEST_TYPE, {})
    envelope.sign(key.signer)
    return canonical_json(envelope.to_dict()).encode()


def _require_sound(content: bytes, keys: Sequence[bytes]) -> None:
    """Hand out no pack that would not be believed.

    Raises: RefusedError.
    """
    try:
        evidence_check.verify(content, keys)
    except evidence_check.EvidenceError as error:
        hint = "for a clearance that an earlier key signed, give that with --key; else run geogate ledger verify"
        raise RefusedError(f"the pack would not be proven: {error}", hint=hint) from error
