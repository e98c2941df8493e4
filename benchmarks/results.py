"""What was measured, kept as JSON from one run to the next, so that parts can be measured anew."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.answers import Agreement
    from benchmarks.sampling import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Medians over the rounds: seconds in a warm process, those of the first time; and the peak of memory.

    ``note`` has what else a task said: a digest, the size of a file.
    """

    seconds: float
    first: float
    peak_mb: float
    rounds: int
    note: str = ""

    @classmethod
    def of(cls, samples: Samples, note: str = "") -> Self:
        """Take the medians of samples."""
        return cls(
            seconds=samples.median,
            first=samples.median_first,
            peak_mb=samples.memory,
            rounds=len(samples.seconds),
            note=note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One question with what each system took for it; ``agree`` is ``None`` where geogate was asked alone."""

    title: str
    rows: int
    zones: int
    share: float
    threads: int
    systems: dict[str, Taken]
    agree: bool | None
    pairs: int
    digest: str
    notes: tuple[str, ...]

    @classmethod
    def judged(cls, agreement: Agreement | None, **facts: Any) -> Self:
        """Put what was measured beside what was answered."""
        if agreement is None:
            return cls(agree=None, pairs=0, digest="", notes=(), **facts)
        return cls(
            agree=agreement.agree, pairs=agreement.pairs, digest=agreement.digest, notes=agreement.notes, **facts
        )


@dataclass(slots=True, kw_only=True)
class Results:
    """Everything that was measured on this machine: cases by name, and single tasks by name."""

    cases: dict[str, CaseResult] = field(default_factory=dict)
    tasks: dict[str, Taken] = field(default_factory=dict)

    @classmethod
    def loaded(cls, path: Path) -> Self:
        """Read what earlier runs have measured; nothing where there is no such file."""
        if not path.exists():
            return cls()
        found = json.loads(path.read_text())
        cases = {}
        for name, case in found["cases"].items():
            systems = {system: Taken(**taken) for system, taken in case.pop("systems").items()}
            cases[name] = CaseResult(**case | {"systems": systems, "notes": tuple(case["notes"])})
        return cls(cases=cases, tasks={name: Taken(**taken) for name, taken in found["tasks"].items()})

    def save(self, path: Path) -> None:
        """Keep everything."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))
