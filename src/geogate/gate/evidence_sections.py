"""What the page of an evidence pack says, in sections: plain values and words, before anybody draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.model.finding import Effect
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from geogate.gate.heads import SignedHead
    from geogate.gate.obligations import Owed
    from geogate.model.finding import Finding
    from geogate.model.lifecycle import State
    from geogate.model.release import Clearance, Entry, Receipt, ReleaseRequest, Vote
    from geogate.model.verdict import Verdict

MOST: Final = 200
"""Rows of a section; more stand in the pack's documents only."""

CHECK: Final = (
    "Everything in this archive is listed in manifest.json, which the gate signed. Check it with the gate's public "
    "key, which you must have from another source: geogate evidence-verify PACK --key KEY, or, without geogate, "
    "python verify.py PACK KEY with a verify.py that you trust."
)
HEADS: Final = (
    "The entries are proven to be in the whole ledger as it was signed; compare its root with heads that are kept "
    "out of the gate's reach."
)
DECIDED: Final = {
    Decision.CLEAR: "The machine cleared it: every rule was answered on every layer, and nothing stood against it.",
    Decision.HOLD: "The machine held it for people to decide.",
    Decision.DENY: "The machine denied it.",
}
EFFECTS: Final = {Effect.DENY: "denies", Effect.HOLD: "holds", Effect.NOTE: "notes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page: sentences, then rows of which the first cell names the rest."""

    heading: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page: a title, a sentence that says it all, and sections."""

    title: str
    summary: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of a release, as the ledger has it.

    ``proven`` are the request's entries, and those of the waivers that its verdict rests on.
    """

    request: ReleaseRequest
    state: State
    votes: tuple[Vote, ...]
    clearance: Clearance | None
    envelope: str
    receipt: Receipt | None
    obligations: tuple[Owed, ...]
    measurements: str
    policies: tuple[tuple[str, bytes], ...]
    missing_policies: tuple[str, ...]
    signed: SignedHead
    made_at: datetime
    made_by: str
    proven: tuple[Entry, ...]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, where there is one."""
        return self.request.verdict


def page_of(found: Evidence) -> Page:
    """Put together what the page says."""
    request = found.request
    sections = (
        _what(found),
        *_judged(found),
        *_people(found),
        *_delivered(found),
        *_due(found),
        _history(found),
        _proof(found),
    )
    summary = f"Request {request.id} to {request.recipient} is {found.state.value}."
    if found.verdict is not None:
        summary = f"{summary} {DECIDED[found.verdict.decision]}"
    if found.receipt is not None:
        summary = f"{summary} It was delivered on {_time(found.receipt.sent_at)}."
    return Page(title=f"Evidence on release {request.id}", summary=summary, sections=sections)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _most(rows: Sequence[tuple[str, ...]], where: str) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    left = len(rows) - MOST
    return tuple(rows[:MOST]), (f"{left:,} more stand in {where}.",) if left > 0 else ()


def _what(found: Evidence) -> Section:
    request = found.request
    rows = [
        ("Requested by", request.requester),
        ("Requested at", _time(request.created_at)),
        ("Recipient", request.recipient),
        ("Destination", request.destination),
        ("Purpose", request.purpose or "none stated"),
        ("Policy", request.policy),
    ]
    if request.continues:
        rows.append(("Continues", request.continues))
    if request.assume_crs:
        rows.append(("Stated reference system", request.assume_crs))
    if request.dataset:
        rows += [("Dataset", request.dataset.name), ("SHA-256 of the dataset", request.dataset.digest)]
    if request.artefact:
        rows.append(("SHA-256 of what was judged", request.artefact.digest))
        rows += [
            (f"File {file.name}", f"{file.size:,} bytes, SHA-256 {file.sha256}") for file in request.artefact.files
        ]
    shown, more = _most(rows, "request.json")
    return Section(heading="What was to be released", rows=shown, lines=more)


def _judged(found: Evidence) -> Iterator[Section]:
    verdict = found.verdict
    if verdict is None:
        yield Section(heading="Verdict", lines=("There is no verdict yet.",))
        return
    basis = verdict.basis
    findings, more = _most([_finding(each) for each in verdict.findings], "verdict.json")
    size = ", ".join(
        _counted(len(every), what)
        for every, what in ((verdict.rules, "rule"), (verdict.layers, "layer"), (verdict.findings, "finding"))
    )
    yield Section(
        heading="Verdict",
        lines=(f"{DECIDED[verdict.decision]} It was judged at {_time(verdict.judged_at)}: {size}.", *more),
        columns=("Rule", "Layer", "Effect", "What was found", "Measured", "Legal basis") if findings else (),
        rows=findings,
    )
    checks, more = _most(
        [(c.rule, c.layer, "satisfied" if c.satisfied else "not satisfied", c.observed) for c in verdict.checks],
        "verdict.json",
    )
    yield Section(
        heading="What each rule measured", lines=more, columns=("Rule", "Layer", "Answer", "Observed"), rows=checks
    )
    rows = [(f"Policy {use.name}", f"SHA-256 {use.digest}; {use.why}") for use in basis.policies]
    rows = rows or [(f"Policy {basis.policy}", f"SHA-256 {basis.policy_digest}")]
    rows.append(("Recipients", f"SHA-256 {basis.recipients_digest}"))
    rows += [(f"Zone list {name}", f"SHA-256 {digest}") for name, digest in basis.zones]
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in basis.versions)))
    if found.missing_policies:
        names = ", ".join(found.missing_policies)
        rows.append(("Not in this pack", f"the text of {names}, which changed since; its history has it by the digest"))
    yield Section(heading="By which rules", rows=tuple(rows))


def _finding(finding: Finding) -> tuple[str, ...]:
    measured = " ".join(filter(None, (finding.measured, finding.operator, finding.limit, finding.unit)))
    counts = ", ".join(f"{count.what}: {count.value:,}" for count in finding.counts)
    basis = "; ".join(f"{each.section} ({each.source}, as of {each.as_of})" for each in finding.legal_basis)
    effect = f"waived by {finding.waived}" if finding.waived else EFFECTS[finding.effect]
    return (finding.rule, finding.layer, effect, finding.summary, ", ".join(filter(None, (measured, counts))), basis)


def _people(found: Evidence) -> Iterator[Section]:
    if not found.votes:
        return
    rows = tuple(
        (vote.reviewer, vote.choice.value, _time(vote.at), vote.comment, f"artefact {vote.ballot.artefact[:16]}")
        for vote in found.votes
    )
    columns = ("Reviewer", "Vote", "At", "Comment", "About")
    yield Section(heading="Votes of reviewers", columns=columns, rows=rows)


def _delivered(found: Evidence) -> Iterator[Section]:
    clearance, receipt = found.clearance, found.receipt
    if clearance is not None:
        yield Section(
            heading="Clearance",
            rows=(
                ("Number", clearance.nonce),
                ("Valid", f"from {_time(clearance.issued_at)} until {_time(clearance.expires_at)}, once"),
                ("For", f"{clearance.recipient} at {clearance.destination}"),
                ("Signature", "in clearance.json, by the gate's key; geogate verify checks it with the files"),
            ),
        )
    if receipt is not None:
        rows = [(each.uri, f"{each.size:,} bytes, SHA-256 {each.sha256}", each.version) for each in receipt.deliveries]
        shown, more = _most(rows, "receipt.json")
        columns = ("Delivered as", "What", "Version in the store")
        yield Section(heading=f"Delivered on {_time(receipt.sent_at)}", lines=more, columns=columns, rows=shown)


def _due(found: Evidence) -> Iterator[Section]:
    if not found.obligations:
        return
    rows = tuple(
        (str(owed.arisen.due), owed.arisen.what, owed.state, owed.arisen.legal_basis, owed.done)
        for owed in found.obligations
    )
    yield Section(heading="Obligations", columns=("Due", "What", "State", "Legal basis", "Discharged"), rows=rows)


def _history(found: Evidence) -> Section:
    rows = [
        (str(entry.seq), f"{entry.at[:19]} UTC", entry.kind, entry.actor, entry.hash[:16]) for entry in found.proven
    ]
    shown, more = _most(rows, "ledger.json")
    columns = ("Entry", "At", "Kind", "By", "Hash")
    return Section(heading="Entries of the ledger", lines=more, columns=columns, rows=shown)


def _proof(found: Evidence) -> Section:
    head = found.signed.head
    return Section(
        heading="How to check this",
        lines=(CHECK, HEADS),
        rows=(
            ("Ledger", f"{head.size:,} entries, root {head.root}"),
            ("Signed", f"{_time(head.at)} with key {found.signed.key}"),
            ("Pack made", f"{_time(found.made_at)} by {found.made_by}"),
        ),
    )
