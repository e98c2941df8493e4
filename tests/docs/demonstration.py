"""One run of the demonstration in a process of its own, and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.append(str(REPOSITORY))  # infra has scripts and is not installed

LONGEST_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """A run that has ended."""

    folder: Path
    code: int
    printed: str
    errors: str

    def part(self, title: str) -> list[str]:
        """Return the lines under a heading, without their indent."""
        lines = self.printed.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith(title))
        rest = lines[start + 1 :]
        ends = [number for number, line in enumerate(rest) if line and not line.startswith(" ")]
        return [line.strip() for line in rest[: ends[0] if ends else None] if line.strip()]

    @property
    def commands(self) -> list[str]:
        """Return the commands that it says to try."""
        return [line for line in self.part("What to try next") if line.startswith(("geogate ", ". "))]


def run_demo(folder: Path) -> Demonstration:
    """Run it from a shell in which another gate, another Airflow and another account are set."""
    foreign = {
        "AIRFLOW_HOME": "/nowhere",
        "AWS_ACCESS_KEY_ID": "another",
        "AWS_PROFILE": "another",
        "GEOGATE_HOME": "/nowhere",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    ended = subprocess.run(
        [sys.executable, "infra/demo/run.py", "--folder", str(folder)],
        cwd=REPOSITORY,
        env=os.environ | foreign,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return Demonstration(folder=folder, code=ended.returncode, printed=ended.stdout, errors=ended.stderr)
