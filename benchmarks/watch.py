"""Compare what each kernel costs with what it cost when that was recorded; ends with 1 where one got a fifth worse.

Where Valgrind is installed (on x86-64) instructions a row are counted, for one fixed processor, so that any machine
counts the same; that takes some minutes. Elsewhere processor time is taken by that of a fixed loop, which is rough.
Record anew, after a change that is meant, with ``--record``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

RECORD = Path(__file__).with_name("watch.json")
WORSE = 1.2
FIXED_PROCESSOR = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+avx,+avx2,+fma,+popcnt,+bmi,+bmi2,+lzcnt",
    "PYTHONHASHSEED": "0",
}
"""Valgrind knows no newer instructions than these."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, then record or compare."""
    from benchmarks.store import default_folder

    parser = argparse.ArgumentParser(prog="make bench-watch", description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep what is measured as what is expected")
    parser.add_argument("--time", action="store_true", help="take processor time even where Valgrind is installed")
    parser.add_argument("--data", type=Path, default=default_folder(), help="where the data is kept")
    options = parser.parse_args(arguments)
    counted = not options.time and shutil.which("valgrind") is not None and platform.machine() == "x86_64"
    kind = "instructions a row" if counted else "time by a fixed loop"
    costs = count_instructions(options.data) if counted else take_time(options.data)
    recorded: dict[str, dict[str, float]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if options.record:
        RECORD.write_text(json.dumps(recorded | {kind: costs}, indent=1, sort_keys=True) + "\n")
        return 0
    if kind not in recorded:
        print(f"nothing is recorded for {kind}: record it with --record")
        return 1
    return compare(costs, recorded[kind], kind)


def compare(costs: dict[str, float], recorded: dict[str, float], kind: str) -> int:
    """Print each work beside its record; 1 where one is worse, or the works are not those that were recorded."""
    print(f"{'':32} {'recorded':>10} {'now':>10}  ({kind})")
    failed = set(costs) != set(recorded)
    for name in sorted({*costs, *recorded}):
        now, before = costs.get(name), recorded.get(name)
        if now is None or before is None:
            print(f"{name:32} is {'not measured any more' if now is None else 'new'}: record anew with --record")
            continue
        worse = now > WORSE * before
        failed = failed or worse
        print(f"{name:32} {before:10.3g} {now:10.3g}  {now / before:.2f} times{', WORSE' if worse else ''}")
    return int(failed)


def count_instructions(data: Path) -> dict[str, float]:
    """Count under Valgrind, with kernels that are compiled for the fixed processor."""
    surroundings = FIXED_PROCESSOR | {"NUMBA_CACHE_DIR": str(data / "kernels-of-the-watch")}
    _said(["prepare"], data, surroundings)
    with tempfile.TemporaryDirectory(prefix="geogate-watch-") as folder:
        counts = Path(folder)
        valgrind = ["valgrind", "--quiet", "--tool=cachegrind", "--cache-sim=no", "--branch-sim=no"]
        said = _said(["instructions"], data, surroundings, [*valgrind, f"--cachegrind-out-file={counts}/%p"])
        return {
            name: (instructions(counts / f"{work:.0f}") - instructions(counts / f"{nothing:.0f}")) / rows
            for name, (rows, work, nothing) in said.items()
        }


def take_time(data: Path) -> dict[str, float]:
    """Take processor time on this machine's own processor."""
    _said(["prepare"], data, {})
    return {name: ratio for name, (ratio,) in _said(["time"], data, {}).items()}


def instructions(path: Path) -> int:
    """Read the sum of what Cachegrind counted in one process."""
    (line,) = (line for line in path.read_text().splitlines() if line.startswith("summary:"))
    return int(line.split()[1])


def _said(
    arguments: list[str], data: Path, surroundings: dict[str, str], before: list[str] | None = None
) -> dict[str, list[float]]:
    script = str(Path(__file__).with_name("watch_task.py"))
    command = [*(before or []), sys.executable, script, *arguments, str(data)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GEOGATE_", "NUMBA_"))}
    done = subprocess.run(command, check=True, env=clean | surroundings, stdout=subprocess.PIPE, text=True)
    said: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return said


if __name__ == "__main__":
    sys.exit(main())
