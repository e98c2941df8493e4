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
        "config": {
            "geogate": {
                "description": "The cluster policy for tasks that send data out.",
                "options": {
                    "outbound_policy": {
                        "description": "What becomes of tasks that send past the gate: enforce, warn or off.",
                        "version_added": None,
                        "type": "string",
                        "example": "warn",
                        "default": "enforce",
                    },
                    "internal_destinations": {
                        "description": "Patterns of places that are the organisation's own and need no gate, "
                        "with commas between them.",
                        "version_added": None,
                        "type": "string",
                        "example": "s3://lake/*, s3://logs/*",
                        "default": "",
                    },
                },
            }
        },
    }
