"""Whether the kernels are compiled for this machine, and how they come to be: at set-up, never while data is judged.

Asking is cheap and does not import numba. The answer is a stamp beside the compiled code that binds it to Python,
numba, the processor and the sources; numba's own index, which binds each kernel to its processor and its sources again,
is the second line.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import sys
import time
import warnings
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.kernels.folder import PACKAGE, candidates, compiled_files, guard, is_writable, sources, why_untrusted
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAMP: Final = "geogate-kernels.json"

_LIBRARIES: Final = ("numba", "llvmlite", "numpy")

_SHAPING: Final = (
    "NUMBA_OPT",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "NUMBA_ENABLE_AVX",
    "NUMBA_BOUNDSCHECK",
    "NUMBA_LOOP_VECTORIZE",
    "NUMBA_SLP_VECTORIZE",
)
"""Settings of numba that change the code which it makes."""

_FORBIDDING: Final = ("NUMBA_DISABLE_JIT", "NUMBA_CACHE_LOCATOR_CLASSES")
"""Settings of numba with which compiled kernels are not used, or sought elsewhere."""

_PROCESSOR: Final = frozenset(
    {
        *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
        *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Whether compiled kernels can be used, and of what they are made.

    ``reason`` says why they cannot be used and is empty where they can. ``folder`` is where they are kept or would be,
    ``None`` where there is no place for them. ``made_for`` names what they are bound to.
    """

    reason: str
    folder: Path | None
    made_for: dict[str, str]


def ready() -> bool:
    """Say whether the kernels are compiled for this Python, numba, processor and source, and may be loaded."""
    return not state().reason


def state() -> State:
    """Find the compiled kernels, and say why they cannot be used where that is so."""
    made_for = _made_for()
    found = [(folder, _why_not(folder, made_for)) for folder in candidates()]
    usable = [folder for folder, reason in found if not reason]
    writable = [(folder, reason) for folder, reason in found if is_writable(folder)]
    barred = _barred()
    if usable:
        return State(reason=barred, folder=usable[0], made_for=made_for)
    folder, reason = writable[0] if writable else (None, "no folder can keep compiled kernels")
    return State(reason=barred or reason, folder=folder, made_for=made_for)


def compile_all(*, on_module: Callable[[str, float], None] | None = None) -> State:
    """Compile every kernel that is not compiled yet; ``on_module`` hears each module's name and seconds.

    Raises: ServiceError when they cannot be compiled or kept.
    """
    before = state()
    if _barred() or before.folder is None:
        raise ServiceError(
            before.reason, hint="set NUMBA_CACHE_DIR to a folder of your own, and no other numba setting"
        )
    try:
        _compile_into(before.folder, before.made_for, on_module)
    except OSError:
        raise ServiceError(
            "the compiled kernels cannot be kept", hint="make room on the disk, then try again"
        ) from None
    after = state()
    if after.reason:
        raise ServiceError(after.reason, hint="compile again, into a folder of your own named by NUMBA_CACHE_DIR")
    return after


def clear() -> int:
    """Remove the compiled kernels of this user's folders; returns how many files there were."""
    files = [path for folder in candidates() if is_writable(folder) for path in compiled_files(folder)]
    for folder in candidates():
        if is_writable(folder):
            (folder / STAMP).unlink(missing_ok=True)
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _compile_into(folder: Path, made_for: dict[str, str], on_module: Callable[[str, float], None] | None) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    (folder / STAMP).unlink(missing_ok=True)
    mask = os.umask(0o022)
    try:
        guard(folder)
        for name, warm_up in _warm_ups():
            start = time.perf_counter()
            # A kernel that cannot be kept would be compiled again in each pass.
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warm_up()
            if on_module is not None:
                on_module(name, time.perf_counter() - start)
        _write_stamp(folder, made_for)
    finally:
        os.umask(mask)


def _warm_ups() -> Iterator[tuple[str, Callable[[], None]]]:
    for module in pkgutil.iter_modules([str(PACKAGE)]):
        warm_up = getattr(importlib.import_module(f"geogate.kernels.{module.name}"), "warm_up", None)
        if warm_up is not None:
            yield module.name, warm_up


def _write_stamp(folder: Path, made_for: dict[str, str]) -> None:
    stamp = {"made_for": made_for, "files": [path.name for path in compiled_files(folder)]}
    new = folder / f"{STAMP}.{os.getpid()}"
    new.write_text(json.dumps(stamp, indent=1))
    new.replace(folder / STAMP)


def _barred() -> str:
    if sys.byteorder != "little":
        return "kernels are for little-endian machines"
    barring = [name for name in _FORBIDDING if os.environ.get(name, "0") not in {"", "0"}]
    return f"{barring[0]} is set" if barring else ""


def _why_not(folder: Path, made_for: dict[str, str]) -> str:
    if not (folder / STAMP).exists():
        return "the kernels are not compiled"
    untrusted = why_untrusted(folder)
    if untrusted:
        return untrusted
    try:
        stamp = json.loads((folder / STAMP).read_bytes())
        bound, files = dict(stamp["made_for"]), frozenset(stamp["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return "the stamp of the compiled kernels cannot be read"
    for name, value in made_for.items():
        if bound.get(name) != value:
            return f"the kernels are compiled for another {name}"
    if not files or not files <= {path.name for path in compiled_files(folder)}:
        return "compiled kernels are missing"
    return ""


def _made_for() -> dict[str, str]:
    made_for = {"python": f"{sys.implementation.cache_tag} {platform.python_version()}"}
    made_for |= {name: _version(name) for name in _LIBRARIES}
    made_for["processor"] = f"{platform.machine()} {_processor()}"
    settings = [f"{name}={os.environ[name]}" for name in _SHAPING if name in os.environ]
    made_for["numba settings"] = " ".join(settings)
    made_for["source"] = sources()
    return made_for


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"


def _processor() -> str:
    """Digest what the system says of the first processor: its model and its instruction sets."""
    said: list[str] = []
    try:
        with Path("/proc/cpuinfo").open() as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if not line.strip():
                    break
                if name.strip() in _PROCESSOR:
                    said.append(f"{name.strip()}:{value.strip()}")
    except OSError:  # there is none on other systems
        said += [platform.processor(), platform.platform()]
    return sha256("\n".join(said).encode()).hexdigest()[:16]
