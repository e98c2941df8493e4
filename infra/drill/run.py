"""The fail-open drill: each sabotage of the decision path must turn the tests red.

Run it as ``make drill``, with ``ONLY=ledger`` for those whose id or file has a word. It ends with 0 only when every
sabotage was caught; its last line is ``caught N of N``.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # infra has scripts and is not installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.drill.drill import Outcome
    from infra.drill.sabotage import Sabotage

FAULT = 2
"""The code for a drill that could not tell; 1 is for sabotages that nobody noticed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill and print it."""
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument(
        "--only",
        default="",
        help="the sabotages whose id or file has this word, or one of several with commas between them",
    )
    parser.add_argument("--sample", type=int, default=0, help="so many of them, chosen by lot")
    parser.add_argument("--seed", default="", help="what the lots are drawn from; without it the list itself")
    parser.add_argument("--processes", type=int, default=2, help="how many run at a time")
    parser.add_argument("--narrow", action="store_true", help="ask the tests of each sabotage only, and no others")
    parser.add_argument("--list", action="store_true", help="show the sabotages and apply none")
    asked = parser.parse_args(arguments)

    from infra.drill.sabotage import DrillError

    try:
        chosen = _chosen(only=asked.only, count=asked.sample, seed=asked.seed)
        if asked.list:
            return _listed(chosen)
        return _drilled(chosen, processes=max(1, asked.processes), narrow=asked.narrow)
    except DrillError as error:
        print(f"the drill is at fault: {error}", file=sys.stderr)
        return FAULT


def _chosen(*, only: str, count: int, seed: str) -> tuple[Sabotage, ...]:
    from infra.drill.sabotage import PACKAGE, DrillError, load, sample

    known = load()
    names = {each: f"{each.id} {each.file.relative_to(PACKAGE).as_posix()}" for each in known}
    chosen = tuple(each for each in known if any(word in names[each] for word in only.split(",")))
    if not chosen:
        raise DrillError(f"no sabotage has the word {only!r}")
    return sample(chosen, count, seed=seed) if count else chosen


def _listed(sabotages: Sequence[Sabotage]) -> int:
    for each in sabotages:
        print(f"{each.id:34}  {each.file.relative_to('src/geogate').as_posix():34}  {each.why}")
    print(f"{len(sabotages)} sabotages")
    return 0


def _drilled(sabotages: Sequence[Sabotage], *, processes: int, narrow: bool) -> int:
    from infra.drill.drill import WIDER, Drill

    for each in sabotages:  # what does not apply is a defect at once, and not after an hour
        each.applied_to((REPOSITORY / each.file).read_text(encoding="utf-8"))
    with Drill.over(REPOSITORY, processes=processes, wider=() if narrow else WIDER) as drill:
        seconds = drill.controls(sabotages)
        print(f"controls: green without a sabotage ({seconds:.0f} s of tests), red without geogate", flush=True)
        outcomes = drill.all(sabotages, on_outcome=_show)
    missed = [outcome for outcome in outcomes if not outcome.caught_by]
    for outcome in missed:
        print(f"\n{outcome.fault or 'nobody noticed ' + outcome.sabotage.id}: {outcome.sabotage.why}")
        print(f"  {outcome.sabotage.file.as_posix()}\n  - {outcome.sabotage.before}\n  + {outcome.sabotage.after}")
    print(f"caught {len(outcomes) - len(missed)} of {len(outcomes)}")
    return 1 if missed else 0


def _show(outcome: Outcome) -> None:
    what = "caught" if outcome.caught_by else "FAULT " if outcome.fault else "MISSED"
    by = outcome.caught_by + (" (not among its own tests)" if outcome.wider and outcome.caught_by else "")
    # In one piece: several threads speak.
    print(f"{what}  {outcome.sabotage.id:34} {outcome.seconds:6.1f} s  {by}\n", end="", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that copies and processes end with the drill
    sys.exit(main())
