"""A parent to be killed: ``python -m sandboxing.parent LEVEL`` starts a child that never answers."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

from sandboxing import attacks

from geogate.sandbox import IsolationLevel, Limits, Zygote
from geogate.sandbox.view import Order


def main() -> None:
    """Start a child, say so, and wait to be killed."""
    zygote = Zygote(preload=("sandboxing.attacks",))
    output = Path(tempfile.mkdtemp(prefix="output-"))
    source = Path(tempfile.mkdtemp(prefix="source-")) / "a.bin"
    source.write_bytes(b"x")
    order = Order(
        level=IsolationLevel(sys.argv[1]),
        limits=Limits(),
        files=((str(source), "a.bin"),),
        output=str(output),
        read_only=(),
    )
    child = zygote.start(order, output=output)
    child.call(attacks.hold_file, gives=str)
    threading.Thread(target=lambda: child.call(attacks.sleep, gives=str), daemon=True).start()
    time.sleep(0.2)
    print(zygote.pid, flush=True)  # noqa: T201
    time.sleep(1e6)


if __name__ == "__main__":
    main()
