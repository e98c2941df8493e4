"""Write the JSON Schemas for editors beside this file; a test compares them with what it would write."""  # noqa: INP001

from __future__ import annotations

from pathlib import Path

from geogate.console.openapi import openapi_text
from geogate.policy.schema import schemas
from geogate.rules.registry import parameter_models

if __name__ == "__main__":
    for name, text in {**schemas(parameter_models()), "console.openapi.json": openapi_text()}.items():
        Path(__file__).with_name(name).write_text(text, encoding="utf-8")
