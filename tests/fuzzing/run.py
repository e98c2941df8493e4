"""Fuzz everything for a while: inputs by coverage in processes of their own, damaged seeds through the gate's sandbox.

Crashers are kept; the last line says how many inputs there were, and how many ended as none may.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fuzzing.gated import gated  # noqa: E402 - found by the line above
from fuzzing.mutate import mutated  # noqa: E402
from fuzzing.seeds import FAMILIES, seeds  # noqa: E402
from fuzzing.trial import BAD, MOST_S, End, write  # noqa: E402

if TYPE_CHECKING:
    from fuzzing.trial import Trial

WORDS: Final = "words"
GATE: Final = "gate"
GATE_SHARE: Final = 0.4
"""Of the time; the families share the rest."""

_EXECUTED: Final = re.compile(r"(?:stat::number_of_executed_units: |^#)(\d+)", re.MULTILINE)
_LEAST_S: Final = 3.0
_START_S: Final = 180.0
"""What a process may take before its first input."""


@dataclass(slots=True, kw_only=True)
class Row:
    """What came of one target."""

    target: str
    inputs: int = 0
    ends: Counter[End] = field(default_factory=Counter)


def by_coverage(family: str, seconds: float, *, kept: Path) -> Row:
    """Fuzz a family of formats until the time is over; a process that dies is begun again."""
    row = Row(target=family)
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-") as corpus:
        while (left := until - time.monotonic()) > _LEAST_S or not row.inputs:
            crashers = kept / family
            crashers.mkdir(parents=True, exist_ok=True)
            before = set(crashers.iterdir())
            said, code = _process(family, crashers, corpus, max(int(left), 1))
            counts = [int(count) for count in _EXECUTED.findall(said)]
            row.inputs += max(counts, default=0)
            new = [path for path in set(crashers.iterdir()) - before if path.suffix != ".txt"]
            row.ends.update(_end_of(path) for path in new)
            if code and not new:
                row.ends[End.CRASH] += 1
                (crashers / f"lost-{time.time_ns()}.txt").write_text(said)
                break
    return row


def _process(family: str, crashers: Path, corpus: str, seconds: int) -> tuple[str, int]:
    """Run one process to its end; its code is not 0 where it died."""
    options = [f"-max_total_time={seconds}", f"-timeout={MOST_S}", f"-artifact_prefix={crashers}/", "-rss_limit_mb=0"]
    command = [sys.executable, str(HERE / "coverage.py"), family, str(crashers), corpus, *options]
    try:
        done = subprocess.run(
            [*command, "-print_final_stats=1", "-max_len=200000"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=seconds + MOST_S + _START_S,
            check=False,
        )
    except subprocess.TimeoutExpired as over:
        return (over.stderr or b"").decode(errors="replace"), 1
    return done.stderr.decode(errors="replace"), done.returncode


def _end_of(path: Path) -> End:
    """Say what a kept input means: a library that dies by a signal is what the sandbox is for, an exception is not."""
    if path.name.startswith("timeout-"):
        return End.HANG
    try:
        again = subprocess.run(
            [sys.executable, str(HERE / "inside.py"), str(path)], capture_output=True, timeout=3 * MOST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return End.HANG
    if again.returncode < 0:
        return End.CONTAINED
    return End.CRASH


def through_the_gate(seconds: float, *, seed: int, kept: Path, most: int | None = None) -> Row:
    """Submit damaged seeds until the time is over, or there were so many."""
    row = Row(target=GATE)
    chance = random.Random(seed)
    every = list(seeds().values())
    with gated() as gate:
        until = time.monotonic() + seconds
        while time.monotonic() < until and (most is None or row.inputs < most):
            one = chance.choice(every)
            files = mutated(one, chance.choice(every), chance)
            trial = gate.tried(files)
            row.inputs += 1
            row.ends[trial.end] += 1
            if trial.end in BAD or trial.end is End.CONTAINED:
                keep(files, trial, kept / GATE / trial.end)
    return row


def keep(files: dict[str, bytes], trial: Trial, folder: Path) -> None:
    """Keep the files of an input, and what was seen of it."""
    into = folder / hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    shutil.rmtree(into, ignore_errors=True)
    write(files, into)
    into.with_suffix(".txt").write_text(trial.seen)


def show(rows: list[Row]) -> int:
    """Print the table and the last line; 0 where nothing ended as nothing may."""
    print(f"{'target':<12}{'inputs':>9}" + "".join(f"{end:>11}" for end in End))
    for row in rows:
        print(f"{row.target:<12}{row.inputs:>9,}" + "".join(f"{row.ends[end]:>11,}" for end in End))
    inputs = sum(row.inputs for row in rows)
    crashes, hangs, clears = (sum(row.ends[end] for row in rows) for end in (End.CRASH, End.HANG, End.CLEAR))
    print(f"{inputs:,} inputs, {crashes} crashes, {hangs} hangs, {clears} clears")
    return 1 if crashes + hangs + clears else 0


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long in all")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="of the damage done to seeds")
    parser.add_argument("--crashers", type=Path, help="the folder for inputs that end badly")
    parser.add_argument("--targets", nargs="*", default=[*FAMILIES, WORDS, GATE], help="only these")
    asked = parser.parse_args()
    kept = asked.crashers or Path(tempfile.mkdtemp(prefix="geogate-fuzz-"))
    kept.mkdir(parents=True, exist_ok=True)
    print(f"seed {asked.seed}, inputs that end badly go to {kept}", flush=True)
    targets = [target for target in asked.targets if target != GATE]
    whole = asked.minutes * 60
    for_gate = whole * (GATE_SHARE if targets else 1) * (GATE in asked.targets)
    rows = []
    for target in targets:
        rows.append(by_coverage(target, (whole - for_gate) / len(targets), kept=kept))
        print(f"{target}: {rows[-1].inputs:,} inputs", flush=True)
    if for_gate:
        rows.append(through_the_gate(for_gate, seed=asked.seed, kept=kept))
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
