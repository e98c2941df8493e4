"""``python -m geogate.airflow.check FOLDER``: what the outbound policy says of DAG files, before they are deployed.

It parses them as Airflow does and needs no database. Unlike Airflow's page of import errors, which shows one message a
file, it names every task.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.airflow import surroundings
from geogate.airflow.policy import greens, refusals
from geogate.airflow.surroundings import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

UNREADABLE: Final = 3
REFUSED: Final = 11
"""Exit codes, as of the command line of geogate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in DAG files: how many DAGs, what is refused or warned of, and what cannot be imported."""

    dags: int
    refused: tuple[str, ...]
    warned: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Say how a check ends; no DAG at all is no success."""
        return REFUSED if self.refused else UNREADABLE if self.broken or not self.dags else 0


def check(place: Path) -> Checked:
    """Parse a folder or a file with DAGs, and hold each against the policy as it is configured here."""
    from airflow.dag_processing.dagbag import BundleDagBag

    around = surroundings.AT_START
    root = place if place.is_dir() else place.parent
    # Airflow would stop at the first fault of a DAG: it parses without the policy, which then looks at every task.
    surroundings.AT_START = replace(around, mode=Mode.OFF)  # type: ignore[misc]
    try:
        bag = BundleDagBag(dag_folder=place, bundle_path=root, bundle_name="geogate-check", safe_mode=False)
    finally:
        surroundings.AT_START = around  # type: ignore[misc]
    dags = [bag.dags[name] for name in sorted(bag.dags)]
    return Checked(
        dags=len(dags),
        refused=tuple(f"{dag.dag_id}: {why}" for dag in dags for why in refusals(dag.tasks, internal=around.internal)),
        warned=tuple(f"{dag.dag_id}: {why}" for dag in dags for why in greens(dag.tasks)),
        broken=tuple(f"{file}: {str(error).strip().splitlines()[-1]}" for file, error in bag.import_errors.items()),
    )


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> int:
    """Check, and print a line for each finding."""
    if len(arguments) != 1 or not Path(arguments[0]).exists():
        sys.stderr.write("usage: python -m geogate.airflow.check FOLDER_OR_FILE_WITH_DAGS\n")
        return 2
    found = check(Path(arguments[0]).absolute())
    lines = [f"REFUSED  {each}" for each in found.refused] + [f"warning  {each}" for each in found.warned]
    lines += [f"BROKEN   {each}" for each in found.broken]
    lines.append(f"{found.dags} DAGs, {len(found.refused)} tasks refused, {len(found.broken)} files broken")
    sys.stdout.write("\n".join(lines) + "\n")
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main())
