"""What Airflow's provider manager reads about geogate; it must not import anything."""

from __future__ import annotations

from typing import Any

NAME = "geogate"


def get_provider_info() -> dict[str, Any]:
    """Describe the provider, as the entry point ``apache_airflow_provider`` asks.

    Source: ``provider_info.schema.json`` of Airflow 3.3.
    """
    return {
        "package-name": NAME,
        "name": "Geogate",
        "description": "A gate for outgoing geospatial data: judged by policy, sent by clearance, or stopped.",
        "integrations": [{"integration-name": "Geogate", "tags": ["software"]}],
        "operators": [
            {"integration-name": "Geogate", "python-modules": ["geogate.airflow.operators", "geogate.airflow.feeds"]}
        ],
        "triggers": [
            {"integration-name": "Geogate", "python-modules": ["geogate.airflow.triggers", "geogate.airflow.feeds"]}
        ],
        "extra-links": ["geogate.airflow.links.ReleaseLink"],
    }
