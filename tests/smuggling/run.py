"""Run the whole corpus: each smuggling case must be stopped, clean data must not be; the last line says how many."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from gating.gate import Gate  # noqa: E402 - found by the line above
from smuggling import clean  # noqa: E402
from smuggling.attempt import Attempt, End, attempt, prepare  # noqa: E402
from smuggling.corpus import cases  # noqa: E402

from geogate.gate.home import initialise  # noqa: E402
from geogate.model.verdict import Decision  # noqa: E402

if TYPE_CHECKING:
    from smuggling.case import Case

MOST_WRONG = 0.02
"""The share of clean datasets that may be held or denied wrongly is below this."""


def gate_in(root: Path) -> Gate:
    """Make a gate with a home, the corpus's policies and zones, and an empty outbox."""
    gate = Gate(root=root)
    gate.policies.build()
    prepare(gate.policies)
    clean.prepare(gate.policies)
    gate.outbox.mkdir()
    list(initialise(gate.house().settings))
    return gate


def smuggle(pattern: str, *, verbose: bool, gate: Gate) -> list[Attempt]:
    """Try all cases whose name has the pattern."""
    ended = []
    for key, case in cases().items():
        if pattern not in key:
            continue
        done = _attempt(key, case, gate)
        ended.append(done)
        print(f"{'  ' if done.stopped else '! '}{key:<60} {done.end}", flush=True)
        _show(done.findings, when=verbose or not done.stopped)
    return ended


def _attempt(key: str, case: Case, gate: Gate) -> Attempt:
    try:
        return attempt(key, case, gate=gate)
    except Exception as error:  # noqa: BLE001 - the others are tried too, and this one counts as not stopped
        return Attempt(case=key, end=End.CRASHED, findings=(f"{type(error).__name__}: {error}",))


def let_go(pattern: str, *, verbose: bool, gate: Gate) -> list[clean.Judged]:
    """Screen all clean datasets whose name has the pattern."""
    ended = []
    for name, dataset in clean.datasets().items():
        key = f"clean/{name}"
        if pattern not in key:
            continue
        done = _judge(dataset, gate)
        ended.append(done)
        print(f"{'! ' if done.wrongly_held else '  '}{key:<60} {_words(done)}", flush=True)
        _show(done.findings, when=verbose or done.wrongly_held)
    return ended


def _judge(dataset: clean.Clean, gate: Gate) -> clean.Judged:
    try:
        return clean.judge(dataset, gate=gate)
    except Exception as error:  # noqa: BLE001 - the others are tried too, and this one counts as wrong
        return clean.Judged(clean=dataset, decision=Decision.DENY, findings=(f"{type(error).__name__}: {error}",))


def _words(done: clean.Judged) -> str:
    if done.decision is None:
        return f"skipped: {', '.join(done.findings)}"
    if done.wrongly_held:
        return f"{done.decision} WRONGLY"
    if done.clean.held_because:
        return f"{done.decision}, a hold would be right: {done.clean.held_because}"
    return f"{done.decision}"


def _show(findings: tuple[str, ...], *, when: bool) -> None:
    if when:
        print("".join(f"      {finding}\n" for finding in findings), end="", flush=True)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="", help="only cases and clean datasets whose name has this")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the findings of every case")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="geogate-hostile-") as folder:
        gate = gate_in(Path(folder))
        ended = smuggle(asked.pattern, verbose=asked.verbose, gate=gate)
        judged = let_go(asked.pattern, verbose=asked.verbose, gate=gate)
    stopped = sum(each.stopped for each in ended)
    wrong = [each.clean.name for each in judged if each.wrongly_held]
    clear = sum(each.counts for each in judged)
    print(f"wrongly held: {', '.join(wrong) or 'none'}")
    print(f"stopped {stopped} of {len(ended)}, wrongly held {len(wrong)} of {clear}")
    return 0 if stopped == len(ended) and len(wrong) < max(MOST_WRONG * clear, 1 if asked.pattern else 0) else 1


if __name__ == "__main__":
    sys.exit(main())
