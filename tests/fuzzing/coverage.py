"""Fuzz a family of formats on the byte level, led by what code an input reaches; made to be run as a process.

``python tests/fuzzing/coverage.py FAMILY CRASHERS CORPUS [options of libFuzzer]``. An exception is kept with its input
and the run goes on; a death of the process or a hang ends it, with the input in the folder of crashers.
"""

from __future__ import annotations

import hashlib
import random
import resource
import sys
import traceback
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(
    include=["geogate.readers", "geogate.libraries", "geogate.measures.hidden"], enable_loader_override=False
):
    import pyarrow as pa
    from fuzzing import inside
    from fuzzing.mutate import changed, changes, repacked
    from fuzzing.seeds import seeds
    from fuzzing.trial import End

    import geogate.gate.warming
    from geogate.libraries import thrift
    from geogate.measures.hidden import text

if TYPE_CHECKING:
    from collections.abc import Callable

GIB: Final = 1 << 30
WORDS: Final = "words"
"""The family of texts in attributes and of footers, which are no files."""

_TURNS: Final = 16
_TEXTS: Final = (
    "47.3769, 8.5417",
    "N 47\u00b022'37\" E 8\u00b032'30\"",
    "32TMT6539447156",
    "8FVC9G8F+6X",
    "u0qj9x7b2k",
    "https://www.google.com/maps/@47.3769,8.5417,17z",
    "geo:47.3769,8.5417;u=10",
    "POINT (8.5417 47.3769)",
    "0101000000f5db5f3d0a152140b8af03e78cb04740",
    '{"lat": 47.3769, "lon": 8.5417}',
    "891f8d7a0b7ffff",
)


def words(data: bytes) -> None:
    """Look for positions in texts, and read a footer."""
    texts = data.decode("utf-8", errors="replace").split("\n")
    text.text_positions(pa.record_batch({"a": pa.array(texts, pa.string())}))
    text.names(texts)
    try:
        found = thrift.decoded(data)
    except ValueError:
        return
    if thrift.encoded(found) != data:
        raise AssertionError("a footer is not what was read of it")


def file(data: bytes) -> None:
    """Read a file; now and then measure it, too, and account for its bytes or write it anew, which takes longer."""
    turn = zlib.crc32(data) % _TURNS
    files = inside.files_of(data)
    trial = inside.look(files, as_is=turn == 0, encode=turn == 1) if turn <= 1 else inside.read(files)
    if trial.end is End.CRASH:
        raise AssertionError(trial.seen)


def watched(target: Callable[[bytes], None], crashers: Path) -> Callable[[bytes], None]:
    """Keep inputs that raise, one for each place that raises, and go on."""
    known: set[str] = set()

    def one(data: bytes) -> None:
        try:
            target(data)
        except Exception as error:  # noqa: BLE001 - to find any is the purpose
            trace = traceback.extract_tb(error.__traceback__)
            place = f"{type(error).__name__} {trace[-1].filename}:{trace[-1].lineno}"
            if place in known:
                return
            known.add(place)
            stem = crashers / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
            stem.write_bytes(data)
            stem.with_suffix(".txt").write_text(traceback.format_exc())

    return one


def mutator(others: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    """Mutate as libFuzzer does, or as damage does, also within containers."""

    def mutate(data: bytes, most: int, number: int) -> bytes:
        chance = random.Random(number)
        if chance.random() < 0.5:
            mutated: bytes = atheris.Mutate(data, most)
            return mutated
        done, other = changes(chance), chance.choice(others)
        try:
            return repacked(data, done, chance, other)[:most]
        except Exception:  # noqa: BLE001 - what is no container any more is damaged as it is
            return changed(data, done, other=other)[:most]

    return mutate


def limited() -> None:
    """Bind this process, as the sandbox binds a reader."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (GIB, GIB))
    resource.setrlimit(resource.RLIMIT_DATA, (6 * GIB, 6 * GIB))


def main() -> None:
    """Run one family."""
    family, crashers, corpus, *options = sys.argv[1:]
    own = [seed.files[seed.main] for seed in seeds().values() if seed.family == family and "/" not in seed.main]
    inputs = own or ["\n".join(_TEXTS).encode(), *(line.encode() for line in _TEXTS)]
    for data in inputs:
        (Path(corpus) / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    warnings.simplefilter("ignore")
    geogate.gate.warming.warm_up()
    limited()
    target: Any = watched(words if family == WORDS else file, Path(crashers))
    atheris.Setup([sys.argv[0], *options, corpus], target, custom_mutator=mutator(inputs))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
