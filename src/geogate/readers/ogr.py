"""GeoPackage, FlatGeobuf, Shapefile and file geodatabases through pyogrio, after a check of their structure."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from geogate.libraries.gdal import configure_gdal
from geogate.libraries.strict import strictly
from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Fate, FilePart, Format
from geogate.readers.columns import plain, plain_type, require_distinct
from geogate.readers.file_geodatabase import check_catalogue, check_files, parts_of
from geogate.readers.flatgeobuf import check_flatgeobuf, flatgeobuf_parts
from geogate.readers.geopackage import check_geopackage
from geogate.readers.geopackage_contents import geopackage_parts
from geogate.readers.shapefile import check_shapefile, shapefile_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa
    import pyproj

BATCH_ROWS = 65_536
DRIVERS = MappingProxyType(
    {
        Format.GEOPACKAGE: "GPKG",
        Format.FLATGEOBUF: "FlatGeobuf",
        Format.SHAPEFILE: "ESRI Shapefile",
        Format.FILE_GEODATABASE: "OpenFileGDB",
    }
)
UNDEFINED = ("undefined geographic srs", "undefined cartesian srs", "undefined srs", "unknown")
"""Names that GDAL gives to the reference systems of a GeoPackage that say that there is none."""

UNDEFINED_DATUM = "unknown"


def _options(kind: Format) -> Mapping[str, Any]:
    # Immutable: SQLite makes no journal beside the file and trusts no other process with it.
    return {"LIST_ALL_TABLES": "NO", "IMMUTABLE": "YES"} if kind is Format.GEOPACKAGE else {}


def _crs(text: str | None, *, layer: str) -> pyproj.CRS | None:
    import pyproj

    if not text:
        return None
    try:
        crs = pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError:
        raise UnreadableError(
            "the layer's CRS is not one that PROJ understands",
            remedy="assign a CRS with an EPSG code, then export again",
            layer=layer,
        ) from None
    return None if _says_nothing(crs) else crs


def _says_nothing(crs: pyproj.CRS) -> bool:
    """Tell whether a reference system only stands for one that nobody knows.

    Its name alone does not say so: whoever reads the file believes a projection or a datum, whatever it is called.
    """
    if crs.name.lower() not in UNDEFINED:
        return False
    if crs.is_geographic and not (crs.is_bound or crs.is_derived or crs.datum is None):
        return crs.datum.name.lower() == UNDEFINED_DATUM
    return not (crs.is_geographic or crs.is_projected)


@contextmanager
def _folder(files: tuple[Path, ...]) -> Iterator[Path]:
    """Show GDAL a folder with the suffix of a file geodatabase that has its files and nothing else."""
    with TemporaryDirectory(prefix="geogate-") as folder:
        alias = type(files[0])(folder) / "data.gdb"
        alias.mkdir()
        for file in files:
            (alias / file.name).symlink_to(file.absolute())
        yield alias


SUFFIXES = MappingProxyType({Format.GEOPACKAGE: ".gpkg", Format.FLATGEOBUF: ".fgb", Format.SHAPEFILE: ".shp"})


@contextmanager
def _alone(path: Path, sidecars: tuple[Path, ...], suffix: str) -> Iterator[Path]:
    """Show GDAL a folder that has the file under the format's own suffix, its sidecars, and nothing else.

    It would otherwise judge by the name, and look at whatever lies beside the file.
    """
    with TemporaryDirectory(prefix="geogate-") as folder:
        alias = type(path)(folder) / f"{path.stem}{suffix}"
        alias.symlink_to(path.absolute())
        for sidecar in sidecars:
            alias.with_suffix(sidecar.suffix.lower()).symlink_to(sidecar.absolute())
        yield alias


@dataclass(frozen=True)
class OgrSource:
    """One file, and its sidecars where it has some, that GDAL reads."""

    path: Path
    format: Format
    sidecars: tuple[Path, ...] = ()

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        if self.format is Format.FILE_GEODATABASE:
            return parts_of(self.sidecars, sum(layer.rows or 0 for layer in self.layers))
        return (FilePart(what="layers", fate=Fate.JUDGED, count=len(self.layers)), *self._besides())

    def _besides(self) -> tuple[FilePart, ...]:
        """Name what the format has names for; whether other bytes are those of the rows is for the gate to find out."""
        match self.format:
            case Format.GEOPACKAGE:
                return geopackage_parts(self.path)
            case Format.SHAPEFILE:
                return shapefile_parts(self.path, self.sidecars)
            case _:
                return flatgeobuf_parts(self.path)

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """All layers of the file, in the file's order.

        Raises: UnreadableError.
        """
        import pyogrio

        tables = self._check()
        configure_gdal()
        with self._alias() as path:
            if tables is None:
                with strictly("opened"):
                    tables = tuple(str(name) for name, _ in pyogrio.list_layers(path))
            if self.format is Format.FILE_GEODATABASE:
                check_catalogue(path, tables, check_files(self.path, self.sidecars))
            return tuple(self._layer(path, name) for name in tables)

    def _alias(self) -> AbstractContextManager[Path]:
        if self.format is Format.FILE_GEODATABASE:
            return _folder((self.path, *self.sidecars))
        return _alone(self.path, self.sidecars, SUFFIXES[self.format])

    def _check(self) -> tuple[str, ...] | None:
        """Check the structure, and name the layers of a GeoPackage: GDAL cannot list them without opening a journal."""
        match self.format:
            case Format.GEOPACKAGE:
                return check_geopackage(self.path)
            case Format.SHAPEFILE:
                check_shapefile(self.path, self.sidecars)
            case Format.FILE_GEODATABASE:
                check_files(self.path, self.sidecars)
            case _:
                check_flatgeobuf(self.path)
        return None

    def _layer(self, path: Path, name: str) -> LayerSchema:
        import pyogrio

        with strictly("opened", layer=name):
            info = pyogrio.read_info(path, layer=name, force_feature_count=True, **_options(self.format))
            with self._stream(path, name) as (meta, stream):
                schema = stream.schema
        if info["driver"] != DRIVERS[self.format]:
            raise UnreadableError("the file fits more than one format", remedy="export the file again", layer=name)
        if info["geometry_type"] is None:
            raise UnreadableError(
                "the layer has no geometries",
                remedy="drop tables without geometries, or send them elsewhere",
                layer=name,
            )
        geometry = _geometry_name(meta)
        require_distinct(schema, layer=name)
        others = [pa_field(field) for field in schema if field.name != geometry]
        return LayerSchema(
            name=name,
            crs=_crs(info["crs"], layer=name),
            geometry_column=geometry,
            geometry_type=str(info["geometry_type"]),
            attributes=schema_of(others),
            rows=int(info["features"]),
        )

    def _stream(self, path: Path, name: str) -> Any:
        from pyogrio.raw import open_arrow

        # FlatGeobuf keeps each date-time with a zone of its own, which only text can.
        as_text = self.format is Format.FLATGEOBUF
        return open_arrow(
            path,
            layer=name,
            use_pyarrow=True,
            batch_size=BATCH_ROWS,
            datetime_as_string=as_text,
            **_options(self.format),
        )

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows of a layer and compare their number with what the file claims.

        Raises: UnreadableError.
        """
        configure_gdal()
        first = 0
        with ExitStack() as stack:
            path = stack.enter_context(self._alias())
            with strictly("opened", layer=layer.name):
                _, stream = stack.enter_context(self._stream(path, layer.name))
            while True:
                with strictly("read to its end", layer=layer.name):
                    batch = next(stream, None)
                    if batch is None:
                        break
                    rows = _rows(batch, layer)
                yield LayerBatch(wkb=rows[0], attributes=rows[1], crs=crs, first_row=first)
                first += batch.num_rows
            with strictly("closed", layer=layer.name):
                stack.close()
        if first != layer.rows:
            raise UnreadableError(
                f"{first} rows were read where the file claims {layer.rows}",
                remedy="export the file again; it is damaged or was cut short",
                layer=layer.name,
            )


def _geometry_name(meta: Mapping[str, Any]) -> str:
    return str(meta["geometry_name"] or "wkb_geometry")


def pa_field(field: pa.Field) -> pa.Field:
    """Return a column of a plain type without GDAL's notes."""
    import pyarrow as pa

    return pa.field(field.name, plain_type(field.type))


def schema_of(fields: list[pa.Field]) -> pa.Schema:
    """Return the schema of some columns."""
    import pyarrow as pa

    return pa.schema(fields)


def _rows(batch: pa.RecordBatch, layer: LayerSchema) -> tuple[Any, pa.RecordBatch]:
    """Split a batch; what crossed from C is validated, text as UTF-8 too."""
    import pyarrow as pa

    batch.validate(full=True)
    wkb = plain(batch.column(layer.geometry_column)).cast(pa.binary())
    columns = [plain(batch.column(name)) for name in layer.attributes.names]
    return wkb, pa.record_batch(columns, schema=layer.attributes) if columns else batch.select([])
