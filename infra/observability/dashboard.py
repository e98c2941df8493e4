"""Write the dashboard for Grafana: run it after a change, and keep what it writes."""

# ruff: noqa: E501 - the panels are a table

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

PLACE: Final = Path(__file__).with_name("dashboard.json")
SOURCE: Final[dict[str, str]] = {"type": "prometheus", "uid": "${source}"}

PANELS: Final = (
    ("Is the gate well", "stat", 'min(geogate_check{check!="kernels"})', "", "bool"),
    ("Held now", "stat", 'geogate_requests{state="held"}', "", "none"),
    ("Oldest held", "stat", 'geogate_oldest_waiting_seconds{state="held"}', "", "s"),
    ("Left to do after the audit", "stat", "geogate_audit_findings", "", "none"),
    ("Decisions an hour", "timeseries", "sum by (decision) (increase(geogate_decisions_total[1h]))", "{{decision}}", "none"),
    ("Denied an hour by policy", "timeseries", 'sum by (policy) (increase(geogate_decisions_total{decision="deny"}[1h]))', "{{policy}}", "none"),
    ("Rules that found something, a day", "timeseries", "topk(10, sum by (rule, effect) (increase(geogate_findings_total[1d])))", "{{rule}} {{effect}}", "none"),
    ("Bytes delivered an hour", "timeseries", "sum by (policy) (increase(geogate_sent_bytes_total[1h]))", "{{policy}}", "bytes"),
    ("Requests that wait", "timeseries", 'geogate_requests{state=~"held|returned|cleared|sending"}', "{{state}}", "none"),
    ("Steps, 95 of 100 within", "timeseries", "histogram_quantile(0.95, sum by (step, le) (rate(geogate_step_seconds_bucket[1d])))", "{{step}}", "s"),
    ("Writing to the ledger", "timeseries", "geogate_ledger_write_seconds", "turn", "s"),
    ("Detectors that are silent", "timeseries", "geogate_detector_alive == 0", "{{detector}}", "none"),
    ("Age of what no head elsewhere covers", "timeseries", "geogate_ledger_unanchored_seconds", "age", "s"),
    ("Since the last audit", "timeseries", "time() - geogate_audit_timestamp_seconds", "age", "s"),
)  # fmt: skip
"""Title, kind, expression, legend and unit of each panel."""


def panel(number: int) -> dict[str, Any]:
    """Describe one panel; four small ones stand in the first row, and two large ones in each other."""
    title, kind, expression, legend, unit = PANELS[number]
    small = sum(each[1] == "stat" for each in PANELS)
    place = {"h": 4, "w": 6, "x": 6 * number, "y": 0}
    if number >= small:
        place = {"h": 8, "w": 12, "x": 12 * ((number - small) % 2), "y": 4 + 8 * ((number - small) // 2)}
    return {
        "id": number + 1,
        "title": title,
        "type": kind,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend, "datasource": SOURCE}],
    }


def dashboard() -> str:
    """Write the whole document."""
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    document = {
        "title": "geogate",
        "uid": "geogate",
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {"list": [source]},
        "panels": [panel(number) for number in range(len(PANELS))],
    }
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(dashboard(), encoding="utf-8")
