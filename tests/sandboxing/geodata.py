"""Work with geodata as the gate does it; every function runs in a child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geogate.sandbox import Inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a child has read."""

    layers: tuple[str, ...]
    rows: int
    measured: str
    kernels: bool


def measure(inside: Inside, *, kernels: bool = False) -> Read:
    """Open all files, and measure all layers."""
    from geogate.engines.local import LocalPass
    from geogate.measures.inventory import LayerInventory
    from geogate.measures.lattice import CoordinateLattice
    from geogate.measures.tools import Tools
    from geogate.model.document import canonical_json
    from geogate.readers import open_source

    names, rows, measured = [], 0, []
    for path in sorted(path for path in inside.folder.rglob("*") if path.is_file()):
        source = open_source(path, ())
        for layer in source.layers:
            assert layer.crs is not None
            run = LocalPass(source, layer, layer.crs, inside.progress, tools=Tools(kernels=kernels), workers=2)
            facts = run([LayerInventory(), CoordinateLattice()])
            names.append(layer.name)
            rows += facts.rows
            measured.append(canonical_json(dict(facts.values)))
    compiled = False
    if kernels:
        from geogate.kernels.jit import KERNELS
        from geogate.kernels.state import ready

        # Loaded from what is kept, and not compiled again.
        hits = sum(sum(each.stats.cache_hits.values()) for each in KERNELS)
        misses = sum(sum(each.stats.cache_misses.values()) for each in KERNELS)
        compiled = ready() and hits > 0 and misses == 0
    return Read(layers=tuple(names), rows=rows, measured="\n".join(measured), kernels=compiled)


def encode(inside: Inside) -> list[str]:
    """Write all files anew."""
    from geogate.model.dataset import Format
    from geogate.readers import open_source
    from geogate.seal.canonical import encode as write

    assert inside.output is not None
    sources = [open_source(path, ()) for path in inside.folder.iterdir()]
    parts = [(each, {layer.name: layer.crs for layer in each.layers if layer.crs is not None}) for each in sources]
    written = write(parts, into=inside.output, shapefile_as=Format.GEOPACKAGE, workers=2)
    return [path.name for path in written]


def rasters(inside: Inside) -> list[int]:
    """Read what is no vector, with the libraries for that."""
    found = []
    for path in sorted(inside.folder.iterdir()):
        if path.suffix == ".tif":
            import rasterio

            with rasterio.open(path) as opened:
                found.append(int(opened.read(1).size))
        elif path.suffix in {".las", ".laz"}:
            import laspy

            found.append(len(laspy.read(path).x))
        else:
            from PIL import Image

            with Image.open(path) as image:
                image.load()
                found.append(image.size[0])
    return found


def project(inside: Inside) -> float:
    """Ask the database of projections, opened anew."""
    del inside
    import pyproj

    x, _ = pyproj.Transformer.from_crs(4326, 2056, always_xy=True).transform(8.0, 47.0)
    return float(x)


def remote(inside: Inside) -> str:
    """Ask GDAL for a file on a server."""
    del inside
    import pyogrio

    pyogrio.read_info("/vsicurl/http://127.0.0.1:9/x.geojson")
    return ""
