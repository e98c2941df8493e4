"""What an XML document is, by its first element and the namespaces that stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, feature_namespaces

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers.recognise_glimpse import NO_DATA, RASTER, VECTOR, Known

if TYPE_CHECKING:
    from typing import Any

    from geogate.readers.recognise_glimpse import Glimpse

GML: Final = ("http://www.opengis.net/gml", "http://www.opengis.net/gml/3.2", "http://www.opengis.net/gml/3.3")
_KML: Final = ("http://www.opengis.net/kml/", "http://earth.google.com/kml/")
_GPX: Final = "http://www.topografix.com/GPX/"
_ROOTS: Final[dict[str, Known]] = {
    "osm": Known("OpenStreetMap data (XML)", VECTOR),
    "osmChange": Known("OpenStreetMap data (XML)", VECTOR),
    "VRTDataset": Known("a virtual dataset that points to other files", "send those files themselves"),
    "OGRVRTDataSource": Known("a virtual dataset that points to other files", "send those files themselves"),
    "GDAL_WMS": Known("a description of a service", "send the data itself"),
    "PAMDataset": Known("metadata of a raster that is not there", RASTER),
    "svg": Known("a drawing (SVG)", VECTOR),
    "html": Known("a web page", NO_DATA),
    "rss": Known("a feed", VECTOR),
    "feed": Known("a feed", VECTOR),
    "TrainingCenterDatabase": Known("a training log (TCX)", "convert it to GPX or CSV"),
    "CityModel": Known("a city model (CityGML)", VECTOR),
    "AIXMBasicMessage": Known("aeronautical data (AIXM)", VECTOR),
    "qgis": Known("a project that points to other files", "send those files themselves"),
    "plist": Known("a property list", NO_DATA),
    "LandXML": Known("LandXML", VECTOR),
}
_OTHER: Final = Known("XML of another kind", VECTOR)
_UNSAFE: Final = UnreadableError(
    "the XML is damaged, or has a document type, entities or references",
    remedy="export it again as plain XML without a document type",
)


class _Found(Exception):  # noqa: N818 - ends the parser early, and is no error
    """The first element was met."""


class _First(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.namespaces: set[str] = set()
        self.root = ("", "")

    def startPrefixMapping(self, _prefix: str | None, uri: str | None) -> None:  # noqa: N802 - SAX's name
        self.namespaces.add(uri or "")

    def startElementNS(self, name: tuple[str | None, str], _qname: str | None, _attrs: Any) -> None:  # noqa: N802
        self.root = (name[0] or "", name[1])
        raise _Found


def kind_of_xml(seen: Glimpse) -> Format | Known:
    """Name what an XML document is.

    Raises: UnreadableError when it is damaged at its beginning, or has a document type.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import make_parser

    if seen.text[:14].lower().startswith((b"<!doctype html", b"<html")):
        return _ROOTS["html"]
    first = _First()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, 1)
    parser.setContentHandler(first)
    try:
        parser.feed(seen.head)
    except _Found:
        return _kind(*first.root, namespaces=first.namespaces)
    except (SAXException, DefusedXmlException, ValueError, LookupError):
        pass
    raise UnreadableError(_UNSAFE.summary, remedy=_UNSAFE.remedy)


def _kind(namespace: str, name: str, *, namespaces: set[str]) -> Format | Known:
    if name == "kml" and (not namespace or namespace.startswith(_KML)):
        return Format.KML
    if name == "gpx" and (not namespace or namespace.startswith(_GPX)):
        return Format.GPX
    if name in _ROOTS:
        return _ROOTS[name]
    if namespaces & set(GML):
        return Format.GML
    return _OTHER
