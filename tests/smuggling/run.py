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
from smuggling.attempt import Attempt, End, attempt, prepare  # noqa: E402
from smuggling.corpus import cases  # noqa: E402

from geogate.gate.home import initialise  # noqa: E402

if TYPE_CHECKING:
    from smuggling.case import Case


def gate_in(root: Path) -> Gate:
    """Make a gate with a home, the corpus's policy and zone, and an empty outbox."""
    gate = Gate(root=root)
    gate.policies.build()
    prepare(gate.policies)
    gate.outbox.mkdir()
    list(initialise(gate.house().settings))
    return gate


def smuggle(pattern: str, *, verbose: bool) -> list[Attempt]:
    """Try all cases whose name has the pattern."""
    ended = []
    with tempfile.TemporaryDirectory(prefix="geogate-hostile-") as folder:
        gate = gate_in(Path(folder))
        for key, case in cases().items():
            if pattern not in key:
                continue
            done = _attempt(key, case, gate)
            ended.append(done)
            print(f"{'  ' if done.stopped else '! '}{key:<60} {done.end}", flush=True)
            if verbose or not done.stopped:
                print("".join(f"      {finding}\n" for finding in done.findings), end="", flush=True)
    return ended


def _attempt(key: str, case: Case, gate: Gate) -> Attempt:
    try:
        return attempt(key, case, gate=gate)
    except Exception as error:  # noqa: BLE001 - the others are tried too, and this one counts as not stopped
        return Attempt(case=key, end=End.CRASHED, findings=(f"{type(error).__name__}: {error}",))


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="", help="only cases whose name has this")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the findings of every case")
    asked = parser.parse_args()
    ended = smuggle(asked.pattern, verbose=asked.verbose)
    stopped = sum(each.stopped for each in ended)
    print(f"stopped {stopped} of {len(ended)}")
    return 0 if stopped == len(ended) > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
