"""Zone lists from files: a manifest that pins the data by digest, and the data in one of twelve formats."""

from geogate.readers.zone_files.content_digest import shapes_digest
from geogate.readers.zone_files.errors import ZoneListError
from geogate.readers.zone_files.load import load_zone_list, pin_zone_list, read_manifest
from geogate.readers.zone_files.manifest import HOUSE_CLASSES, Manifest, ZoneListFacts

__all__ = [
    "HOUSE_CLASSES",
    "Manifest",
    "ZoneListError",
    "ZoneListFacts",
    "load_zone_list",
    "pin_zone_list",
    "read_manifest",
    "shapes_digest",
]
