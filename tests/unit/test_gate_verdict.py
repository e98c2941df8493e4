"""What a reading child does besides answering well becomes a finding, and no layer is left unsearched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely
from gating.files import COARSE, stage
from judging import DIGEST

from geogate.gate.derived import carriers_of
from geogate.gate.examine import Subject, _examine
from geogate.gate.here import Here
from geogate.gate.inspection import Inspection, inspected, readers
from geogate.gate.opening import open_files
from geogate.gate.passes import Means, local_passes
from geogate.gate.question import ask
from geogate.gate.reading import EncodedReport, Order, Trouble
from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.measure import Unmeasured
from geogate.measures.tools import PLAIN
from geogate.model.errors import ServiceError
from geogate.model.isolation import IsolationLevel
from geogate.model.verdict import Decision
from geogate.sandbox import ChildLimitError, LimitKind, NotIsolatedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gating.gate import Gate

    from geogate.model.dataset import Format
    from geogate.sandbox import Ending


def in_silence(_rows: int) -> None:
    """Hear how many rows were read, and say nothing: what is said where a file is read counts as a complaint."""


class Complaining(Here):
    """A child whose libraries say something to nobody in particular."""

    __slots__ = ()

    def finish(self, written: Sequence[str] = ()) -> Ending:
        return replace(Here.finish(self, written), warned=True)


class Dying(Here):
    """A child that crashes after its last answer."""

    __slots__ = ()

    def finish(self, written: Sequence[str] = ()) -> Ending:
        del written
        raise ChildLimitError(LimitKind.SIGNAL)


@dataclass(frozen=True, slots=True)
class Read:
    """A dataset that would clear, opened by a child of some kind."""

    gate: Gate
    path: Path

    def rules(self, kind: type[Here]) -> set[str]:
        """Judge it, and name the rules of the findings."""
        house = self.gate.house()
        question, scratch = ask(self.gate.wish(self.path), house=house), self.gate.root / "scratch"
        scratch.mkdir()
        inspection = Inspection(child=kind(scratch=scratch, output=None, on_rows=in_silence), on_rows=in_silence)
        files = ((str(self.path), self.path.name),)
        inspection.open(Order(files=files, assume_crs="", as_is=False, tools=PLAIN))
        subject = Subject(files={self.path: self.path.name}, digest=lambda: DIGEST, size=1, as_is=False)
        verdict = _examine(inspection, subject, question=question, means=Means()).verdict
        assert (verdict.decision is Decision.CLEAR) == (not verdict.findings)
        return {str(finding.rule) for finding in verdict.findings}


@pytest.mark.parametrize(
    ("kind", "rules"),
    [(Here, set()), (Complaining, {"gate/reader-warned"}), (Dying, {"gate/reader-stopped"})],
)
def test_how_a_child_ends_is_part_of_the_verdict(gate: Gate, kind: type[Here], rules: set[str]) -> None:
    assert Read(gate, stage("CSV", gate.staged, COARSE)).rules(kind) == rules


@pytest.mark.parametrize("written", [(), ("a.parquet",)])
def test_a_complaint_counts_whether_a_child_reads_or_writes(tmp_path: Path, written: Sequence[str]) -> None:
    output = tmp_path / "output"
    output.mkdir()
    for name in written:
        (output / name).write_bytes(b"x")
    inspection = Inspection(child=Complaining(scratch=tmp_path, output=output, on_rows=in_silence), on_rows=in_silence)
    assert [str(finding.rule) for finding in inspection.finish(written)] == ["gate/reader-warned"]


def test_what_could_not_be_judged_is_in_the_verdict_on_the_rest(gate: Gate) -> None:
    stage("CSV", gate.staged, COARSE)
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(8, 50)]).to_parquet(gate.staged / "own.parquet")
    verdict = gate.screen(gate.staged)
    assert [str(finding.rule) for finding in verdict.findings] == ["gate/no-reference"]
    assert verdict.checks


def test_the_trouble_of_a_child_is_an_error_and_no_answer(tmp_path: Path) -> None:
    def full(inside: Here, shapefile_as: Format) -> EncodedReport:
        del inside, shapefile_as
        return EncodedReport(trouble=Trouble(error="ServiceError", summary="the disk is full", hint=""))

    inspection = Inspection(child=Here(scratch=tmp_path, output=None, on_rows=in_silence), on_rows=in_silence)
    with pytest.raises(ServiceError, match="the disk is full"):
        inspection.ask(full, "GPKG", gives=EncodedReport)


def test_nothing_is_read_where_readers_cannot_be_isolated_as_the_policy_demands(tmp_path: Path) -> None:
    path, zygote = stage("CSV", tmp_path, COARSE), readers(PLAIN)
    order = Order(files=((path.name, path.name),), assume_crs="", as_is=False, tools=PLAIN)
    before = set(zygote._unable)
    zygote._unable |= set(IsolationLevel)
    try:
        with (
            pytest.raises(NotIsolatedError),
            inspected(order, {path: path.name}, minimum=IsolationLevel.FILTERED, on_rows=in_silence),
        ):
            pytest.fail("it was read without isolation")
    finally:
        zygote._unable.clear()
        zygote._unable |= before


def test_columns_that_could_not_be_looked_into_are_a_finding(tmp_path: Path) -> None:
    path = stage("CSV", tmp_path, COARSE)
    (layer,) = open_files({path: "data.csv"}, assume_crs="", scratch=tmp_path).layers
    facts = layer.run((), passes=local_passes(Means(), tools=PLAIN))
    assert carriers_of(layer) == ((), ())
    values: dict[Any, Any] = {**facts.values, ColumnContents().id: Unmeasured(reason="a column of an odd type")}
    layer.facts = replace(facts, values=values)
    _, (finding,) = carriers_of(layer)
    assert (finding.rule, finding.summary) == ("gate/columns-not-measured", "a column of an odd type")
