"""The demonstration: real exports through the gate in an Airflow run, and what the bucket has to say about it.

Run it as ``make demo``. It ends with 0 only when every export was decided as it must be, for the reasons that it is
there to show, and the bucket holds exactly what was cleared.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # infra has scripts and is not installed


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration and print it."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".demo", help="where everything of the run lies")
    folder = parser.parse_args(arguments).folder.absolute()

    from infra.demo.surroundings import acting_in, clean_environment

    # What is set in the shell for another gate, Airflow or account must not reach into this run.
    with acting_in(clean_environment()):
        return _told(folder)


def _told(folder: Path) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    from geogate.model.errors import GeogateError
    from infra.demo.folder import DemoError, Folder
    from infra.demo.show import Show
    from infra.demo.story import tell
    from infra.deploy import PerimeterError
    from infra.ministack import MinistackError

    show = Show()
    try:
        tell(Folder(root=folder), show=show)
    except (DemoError, GeogateError, PerimeterError, MinistackError, ClientError, BotoCoreError) as error:
        show.failed(f"{type(error).__name__}: {error}")
        return 1
    except KeyboardInterrupt:
        show.failed("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
