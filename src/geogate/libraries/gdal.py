"""How GDAL is set up in this process: offline, alone with its file, without threads of its own."""

from __future__ import annotations

from functools import cache
from typing import Final

SETTINGS: Final = {
    # No network: nothing is fetched whatever a file points to.
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "CPL_CURL_ENABLE_VSIMEM": "NO",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "OGR_WFS_LOAD_MULTIPLE_LAYER_DEFN": "NO",
    "PROJ_NETWORK": "OFF",
    # Nothing is written beside the input.
    "GDAL_PAM_ENABLED": "NO",
    "OGR_SQLITE_JOURNAL": "OFF",
    "OGR_SQLITE_SYNCHRONOUS": "OFF",  # staging syncs what it adopts
    "SHAPE_RESTORE_SHX": "NO",
    # The driver of FlatGeobuf gives rows without a geometry broken offsets; GDAL's general code does not.
    "OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES",
    # Warnings of GDAL's own threads would reach nobody.
    "GDAL_NUM_THREADS": "1",
    "OGR_GPKG_NUM_THREADS": "1",
    # The artefact of the same rows has the same bytes on every day.
    "OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z",
}


@cache
def configure_gdal() -> None:
    """Set GDAL up; it holds for the whole process."""
    import pyogrio

    pyogrio.set_gdal_config_options(SETTINGS)
