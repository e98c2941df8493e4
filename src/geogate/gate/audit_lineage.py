"""What an audit found as OpenLineage facets: one assertion a kind for each place, without the name of an object."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.audit_findings import NOTES, Kind

if TYPE_CHECKING:
    from geogate.gate.audit_report import Report

PRODUCER: Final = "urn:geogate:audit"
SCHEMA: Final = "https://openlineage.io/spec/facets/1-0-1/DataQualityAssertionsDatasetFacet.json"
OBJECTS: Final = (Kind.UNCLEARED, Kind.ALTERED, Kind.MISSING, Kind.STILL_THERE, Kind.LEFT_OVER)
PLACES: Final = (*OBJECTS, Kind.DRIFT, Kind.UNREADABLE)


def facets(report: Report) -> dict[str, Any]:
    """Give the facet of each store that something was found at, and that of all releases together.

    Source: OpenLineage, data quality assertions facet of datasets.
    """
    found: dict[str, set[Kind]] = defaultdict(set)
    for each in report.urgent:
        found[_store(each.about) if each.kind in PLACES else "releases"].add(each.kind)
    every = {"releases": tuple(kind for kind in Kind if kind not in {*PLACES, *NOTES})}
    return {
        name: {
            "_producer": PRODUCER,
            "_schemaURL": SCHEMA,
            "assertions": [
                {"assertion": f"nothing {kind}", "success": kind not in kinds} for kind in every.get(name, PLACES)
            ],
        }
        for name, kinds in sorted({"releases": set[Kind](), **found}.items())
    }


def _store(address: str) -> str:
    """Give of an address what names no object: a bucket, or that it is a directory."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if rest.partition("/")[0] else f"{scheme}:"
