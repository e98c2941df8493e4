"""Submit inputs to a gate, whose readers are in their sandbox; no such verdict may clear, for one of two reasons.

Under one policy positions may be no finer than 10,000 km and pixels no smaller than 1,000, under the other a layer
needs a million rows. Only a photo without a place may leave under the first; Pillow and exifread say which.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import exifread
from fuzzing.trial import End, OverTimeError, Trial, within, write
from gating.gate import Gate
from gating.place import destination, inventory, precision, rule
from PIL import Image
from PIL.ExifTags import GPS, IFD

from geogate.gate.home import initialise
from geogate.gate.inspection import readers
from geogate.measures.tools import PLAIN
from geogate.model.dataset import LayerKind
from geogate.model.errors import InputError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.model.verdict import Verdict

COARSE: Final = "coarse"
ROWS: Final = "rows"
POLICIES: Final = (COARSE, ROWS)
_MOST_ROWS: Final = 1_000_000
_EARTH_M: Final = 10_000_000.0
_PIXEL_M: Final = 1_000_000.0
_GONE_S: Final = 20.0
_STOPPED: Final = ("reader-stopped", "reader-warned")


def prepare(root: Path) -> Gate:
    """Make a gate in a folder, with its home, policies and zones."""
    gate = Gate(root=root)
    gate.policies.build()
    gate.outbox.mkdir()
    kinds = [kind.value for kind in LayerKind]
    finest = precision("precision", _EARTH_M, ">=")
    gate.policies.write_policy((finest, pixels(), destination()), name=COARSE, kinds=kinds)
    many = inventory(min_rows=_MOST_ROWS, max_rows=_MOST_ROWS)
    gate.policies.write_policy((many, destination()), name=ROWS, kinds=kinds)
    list(initialise(gate.house().settings))
    return gate


def pixels() -> dict[str, Any]:
    """Give the rule about the size of pixels."""
    return rule("pixels", "expect_ground_sample_distance_no_finer_than", gsd_m=_PIXEL_M, operator=">=")


@dataclass(slots=True)
class Gated:
    """A gate to which inputs are submitted, in a folder that holds nothing else; ``number`` counts them."""

    gate: Gate
    temporary: Path
    number: int = field(default=0, init=False)

    def tried(self, files: Mapping[str, bytes]) -> Trial:
        """Screen or submit the files, and look at what came of it and what was left behind."""
        self.number += 1
        with tempfile.TemporaryDirectory(dir=self.gate.staged) as folder:
            write(files, Path(folder))
            before = self._places()
            try:
                with within():
                    trial = self._judged(Path(folder), files)
            except OverTimeError:
                trial = Trial(end=End.HANG, seen=traceback.format_exc())
            except Exception:  # noqa: BLE001 - to find any is the purpose
                trial = Trial(end=End.CRASH, seen=traceback.format_exc())
        left = self._left(before)
        return Trial(end=End.CRASH, seen=f"left behind: {sorted(left)}") if left else trial

    def _judged(self, folder: Path, files: Mapping[str, bytes]) -> Trial:
        policy = POLICIES[self.number % len(POLICIES)]
        # The dataset is the folder's content, so that a geodatabase keeps its name.
        paths = sorted(folder.iterdir())
        dataset = paths if len(paths) == 1 else [folder]
        try:
            if self.number % 3:
                verdict = self.gate.screen(*dataset, policy=policy, assume_crs="EPSG:4326")
            else:
                verdict = self.gate.submit(*dataset, policy=policy, assume_crs="EPSG:4326").verdict
        except InputError as error:
            return Trial(end=End.REFUSED, seen=f"{type(error).__name__}: {error.summary}")
        return _ended(verdict, files, folder)

    def _left(self, before: set[str]) -> set[str]:
        """Name what is there and was not; the guard of a child has its time to go."""
        until = time.monotonic() + _GONE_S
        while (left := self._places() - before) and time.monotonic() < until:
            time.sleep(0.02)
        return left

    def _places(self) -> set[str]:
        """Name what is there that must not outlive a verdict: files meanwhile, and processes besides the one zygote."""
        return {path.name for path in self.temporary.iterdir()} | {f"process {pid}" for pid in _processes()}


@contextmanager
def gated() -> Iterator[Gated]:
    """Make a gate with a temporary folder of its own."""
    with tempfile.TemporaryDirectory(prefix="fuzz-gate-") as folder:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        root = Path(folder) / "root"
        root.mkdir()
        before = tempfile.tempdir
        tempfile.tempdir = str(temporary)
        try:
            readers(PLAIN).wait()
            yield Gated(prepare(root), temporary)
        finally:
            tempfile.tempdir = before


def _ended(verdict: Verdict, files: Mapping[str, bytes], folder: Path) -> Trial:
    rules = [str(finding.rule) for finding in verdict.findings]
    seen = " ".join(f"{finding.rule}: {finding.summary}" for finding in verdict.findings)
    if str(folder) in seen:
        return Trial(end=End.CRASH, seen="a finding names a path")
    if verdict.decision is Decision.CLEAR:
        placed = any(has_place(data) for data in files.values())
        only_photos = all(_is_photo(data) for data in files.values())
        end = End.READ if only_photos and not placed else End.CLEAR
        return Trial(end=end, seen="clear")
    if any(rule.endswith(_STOPPED) for rule in rules):
        return Trial(end=End.CONTAINED, seen=seen)
    measured = any(layer.rows for layer in verdict.layers)
    return Trial(end=End.READ if measured else End.REFUSED, seen=seen)


def _is_photo(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)):
            return True
    except Exception:  # noqa: BLE001 - whatever Pillow says of what is none
        return False


def has_place(data: bytes) -> bool:
    """Tell whether Pillow or exifread finds a latitude and a longitude in a picture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            place = image.getexif().get_ifd(IFD.GPSInfo)
            if GPS.GPSLatitude in place and GPS.GPSLongitude in place:
                return True
    except Exception:  # noqa: BLE001 - whatever Pillow says of what is none
        pass
    try:
        tags = exifread.process_file(io.BytesIO(data))
    except Exception:  # noqa: BLE001 - the same for exifread
        return False
    return {"GPS GPSLatitude", "GPS GPSLongitude"} <= set(tags)


def _processes() -> set[int]:
    """Number the descendants of this process."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid(), readers(PLAIN).pid}
