"""Compile the index of a zone list, or open the one that is kept; prints seconds and peak memory as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed


def main() -> None:
    """Get the index as a pass does; the folder is empty where it is to be compiled."""
    from benchmarks.memory import peak_mb
    from benchmarks.systems.ours import zone_list
    from geogate.kernels.state import ready
    from geogate.measures.tools import Tools
    from geogate.measures.zone_indexes import zone_index
    from geogate.zones.compiled import CompiledIndex

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zones", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("within_m", type=float)
    parser.add_argument("few", type=Path, help="a short list that loads what is needed")
    options = parser.parse_args()
    zones = zone_list(options.zones)
    tools = Tools(kernels=ready(), indexes=options.folder)
    # The first list loads the kernels, which is not what is asked.
    zone_index(zone_list(options.few), options.within_m, Tools(kernels=ready()))
    began = time.perf_counter()
    index = zone_index(zones, options.within_m, tools)
    seconds = time.perf_counter() - began
    if isinstance(index, CompiledIndex):
        index.verified()
    verified = time.perf_counter() - began
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    said = {"first": seconds, "seconds": seconds, "spent": verified, "peak_mb": peak_mb()}
    print(json.dumps(said | {"size_mb": size / 1e6, "verified": verified}))


if __name__ == "__main__":
    main()
