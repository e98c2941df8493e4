"""The steps of a request as they stand in the bodies of entries: one frozen value a kind, no more and no less."""

from dataclasses import dataclass

from geogate.model.dataset import Artefact, Dataset
from geogate.model.document import canonical_json, from_json
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, Sha256
from geogate.model.release import Clearance, Entry, Receipt, ReleaseRequest, Vote
from geogate.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A request was made; it is a draft."""

    request: ReleaseRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The staged bytes were copied; ``artefact`` is ``None`` where nothing could be made of them, which denies."""

    dataset: Dataset
    artefact: Artefact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The machine judged; ``measurements`` is the digest of what it judged by."""

    verdict: Verdict
    measurements: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The request went to a state that needs nothing but a reason."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted:
    """A reviewer voted."""

    vote: Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A clearance was signed."""

    clearance: Clearance
    envelope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Somebody took the clearance to send with it, once."""

    nonce: Nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The store has the bytes."""

    receipt: Receipt


Step = Opened | Sealed | Screened | Moved | Voted | Cleared | Claimed | Received

KINDS: dict[str, type[Step]] = {
    "open": Opened,
    "seal": Sealed,
    "screen": Screened,
    "move": Moved,
    "vote": Voted,
    "clear": Cleared,
    "claim": Claimed,
    "receive": Received,
}
"""Kind of entry to its step; entries of other kinds are notes and change nothing."""

_KIND_OF = {step: kind for kind, step in KINDS.items()}


def kind_of(step: Step) -> str:
    """Name the kind of entry that holds the step."""
    return _KIND_OF[type(step)]


def body_of(step: Step) -> str:
    """Write the step as the body of an entry."""
    return canonical_json(step)


def step_of(entry: Entry) -> Step | None:
    """Read the step that an entry holds; ``None`` for a note.

    Raises: ValueError when the body is not exactly such a step in canonical form.
    """
    kind = KINDS.get(entry.kind)
    if kind is None:
        return None
    step: Step = from_json(kind, entry.body)
    if canonical_json(step) != entry.body:
        raise ValueError(f"the body is not a {entry.kind} in canonical form")
    return step
