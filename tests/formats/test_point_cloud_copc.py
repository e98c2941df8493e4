"""COPC: a cloud with an octree; its points are read as those of any LAZ, and leave without the octree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import laspy
import numpy as np
import pyproj
import pytest
from clouding import write_copc
from gating.place import destination, rule

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format
from geogate.model.verdict import Decision
from geogate.readers import open_dataset
from geogate.readers.point_cloud import PointCloudSource
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate
    from numpy.typing import NDArray

UTM = pyproj.CRS.from_epsg(25832)
DENSITY = rule("density", "expect_point_density_no_higher_than", points_per_m2=10, operator="<=")


def node(points: int, *, seed: int) -> NDArray[np.float64]:
    """Draw points on a square of 100 metres."""
    drawn = np.random.default_rng(seed).random((points, 3)) * [100, 100, 50] + [600_000, 5_750_000, 100]
    return np.round(drawn, 2)


NODES = [node(500, seed=1), node(300, seed=2), node(200, seed=3)]
EVERY = np.concatenate(NODES)


def source(path: Path) -> PointCloudSource:
    (opened,) = open_dataset([path])
    assert isinstance(opened, PointCloudSource)
    return opened


def xyz(path: Path) -> NDArray[np.float64]:
    """Read all points as geogate does."""
    (layer,) = source(path).layers
    batches = list(source(path).batches(layer, crs=UTM))
    xy = np.concatenate([batch.geometries.xy for batch in batches])
    z = np.concatenate([batch.attributes.column("z").to_numpy() for batch in batches])
    return np.column_stack([xy, z])


def queried(path: Path) -> NDArray[np.float64]:
    """Read all points as programs do that use the octree."""
    with laspy.CopcReader.open(path) as reader:
        points = reader.query()
        return np.column_stack([np.asarray(points.x), np.asarray(points.y), np.asarray(points.z)])


def sealed(path: Path) -> Path:
    into = path.parent / "sealed"
    into.mkdir()
    (layer,) = source(path).layers
    (written,) = encode([(source(path), {layer.name: UTM})], into=into, shapefile_as=Format.GEOPACKAGE)
    return written


@pytest.fixture
def copc(tmp_path: Path) -> Path:
    """A cloud of three nodes."""
    return write_copc(tmp_path / "cloud.copc.laz", NODES, crs=UTM)


def test_all_points_of_all_nodes_are_read(copc: Path) -> None:
    assert source(copc).format is Format.LAS
    assert len(queried(copc)) == len(EVERY)
    assert np.allclose(xyz(copc), EVERY, atol=1e-6)


def test_the_octree_is_named_and_does_not_leave(copc: Path) -> None:
    assert {part.what for part in source(copc).contents if part.fate is Fate.REMOVED} >= {"indexes"}
    written = sealed(copc)
    assert b"copc" not in written.read_bytes()
    assert np.allclose(xyz(written), EVERY, atol=1e-6)
    assert {part.fate for part in source(written).contents} == {Fate.JUDGED}


def test_points_that_only_the_octree_knows_do_not_leave(tmp_path: Path) -> None:
    path = write_copc(tmp_path / "cloud.copc.laz", NODES, crs=UTM, hidden=node(50, seed=4))
    assert len(queried(path)) == len(EVERY) + 50
    assert len(xyz(path)) == len(EVERY)
    assert len(xyz(sealed(path))) == len(EVERY)


def test_a_copc_goes_through_the_gate_and_its_bytes_do_not_leave_as_they_are(gate: Gate) -> None:
    path = write_copc(gate.staged / "cloud.copc.laz", NODES, crs=UTM)
    for encoding, decision in (("canonical", Decision.CLEAR), ("verbatim", Decision.DENY)):
        gate.policies.write_policy([DENSITY, destination()], kinds=["point-cloud"], encoding=encoding)
        assert gate.submit(path).verdict.decision is decision


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_copc_that_was_cut_is_refused(copc: Path, share: float) -> None:
    data = copc.read_bytes()
    copc.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError):
        xyz(copc)
