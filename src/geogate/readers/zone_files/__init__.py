"""Zone lists from files: a manifest that pins the data by digest, and the data in one of six formats."""

from geogate.readers.zone_files.errors import ZoneListError
from geogate.readers.zone_files.load import load_zone_list, pin_zone_list
from geogate.readers.zone_files.manifest import ZoneListFacts

__all__ = ["ZoneListError", "ZoneListFacts", "load_zone_list", "pin_zone_list"]
