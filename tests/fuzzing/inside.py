"""Read and measure an input in this process, as the reading child of the gate would, without a sandbox around it.

``python tests/fuzzing/inside.py FILE`` reads a kept input again, and shows the traceback.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzzing.seeds import seeds
from fuzzing.trial import End, OverTimeError, Trial, within, write
from pyproj import CRS

from geogate.gate.inspection import Inspection, inspected_here
from geogate.gate.reading import Order
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError
from geogate.measures.tools import PLAIN
from geogate.model.dataset import Format
from geogate.model.errors import GeogateError
from geogate.readers import open_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ASSUMED: Final = CRS.from_epsg(4326)
_SHAPEFILE: Final = b"\0\0\x27\x0a"


def look(files: Mapping[str, bytes], *, as_is: bool = False, encode: bool = False) -> Trial:
    """Open the files, measure all layers and what hides in them, and perhaps write them anew.

    ``as_is`` accounts for every byte, as where bytes leave verbatim. Whatever is raised that is none of the product's
    passes through.
    """
    return _watched(files, partial(_looked, as_is=as_is, encode=encode))


def read(files: Mapping[str, bytes]) -> Trial:
    """Open the files and read all rows, and measure nothing."""
    return _watched(files, _read)


def _watched(files: Mapping[str, bytes], act: Callable[[Mapping[Path, str], Path], Trial]) -> Trial:
    """Do something with the files, and look at what it leaves and says."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        staged, other = Path(folder) / "staged", Path(folder) / "other"
        staged.mkdir()
        other.mkdir()
        paths = write(files, staged)
        try:
            said = act(paths, other)
        except (UnreadableError, UnmeasurableError, GeogateError) as error:
            said = Trial(end=End.REFUSED, seen=str(error))
        if {path for path in staged.rglob("*") if path.is_file()} != set(paths):
            return Trial(end=End.CRASH, seen="a reader wrote beside the files, or removed one")
    return Trial(end=End.CRASH, seen="a text names a path") if folder in said.seen else said


def _read(paths: Mapping[Path, str], scratch: Path) -> Trial:
    for source in open_named(paths, scratch=scratch).sources:
        # A file without layers says so, and is denied for it.
        if not all(part.what and (part.count > 0 or not source.layers) for part in source.contents):
            return Trial(end=End.CRASH, seen="a part without a name or a count")
        for layer in source.layers:
            for batch in source.batches(layer, crs=layer.crs or _ASSUMED):
                len(batch.wkb)
    return Trial(end=End.READ)


def tried(files: Mapping[str, bytes], *, as_is: bool = False, encode: bool = False) -> Trial:
    """Look at the files, and turn what is raised into an end."""
    try:
        with within():
            return look(files, as_is=as_is, encode=encode)
    except OverTimeError:
        return Trial(end=End.HANG, seen=traceback.format_exc())
    except Exception:  # noqa: BLE001 - to find any is the purpose
        return Trial(end=End.CRASH, seen=traceback.format_exc())


def files_of(data: bytes) -> dict[str, bytes]:
    """Give a single file those beside it that its format needs."""
    if data.startswith(_SHAPEFILE):
        beside = seeds()["shp"]
        return dict(beside.files) | {beside.main: data}
    return {"input": data}


def _looked(paths: Mapping[Path, str], output: Path, *, as_is: bool, encode: bool) -> Trial:
    names = tuple((name, name) for name in paths.values())
    order = Order(files=names, assume_crs="EPSG:4326", as_is=as_is, tools=PLAIN)
    with inspected_here(order, paths, on_rows=_ignore, output=output) as inspection:
        measured = _measured(inspection)
        if encode and not inspection.findings:
            inspection.encode(Format.GEOPACKAGE, kernels=False, workers=1)
        said = " ".join(finding.summary for finding in inspection.findings)
    return Trial(end=End.READ if measured else End.REFUSED, seen=said)


def _measured(inspection: Inspection) -> int:
    measured = 0
    refused: UnreadableError | None = None
    for layer in inspection.layers:
        try:
            layer.run(())
            measured += 1
        except UnreadableError as error:
            refused = error
    if inspection.layers and refused is None:
        hidden, _ = inspection.hidden()
        for found in hidden:
            found.run(())
    if refused is not None:
        raise refused
    return measured


def _ignore(_rows: int) -> None:
    """Take no notice of progress."""


def main() -> int:
    """Read kept inputs again."""
    ends = []
    for name in sys.argv[1:]:
        data = Path(name).read_bytes()
        trials = [tried(files_of(data), as_is=as_is, encode=not as_is) for as_is in (True, False)]
        ends += [trial.end for trial in trials]
        print(name, *(f"{trial.end}: {trial.seen}" for trial in trials), sep="\n")
    return 1 if {End.CRASH, End.HANG} & set(ends) else 0


if __name__ == "__main__":
    sys.exit(main())
