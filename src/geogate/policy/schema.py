"""JSON Schemas for editors, generated from the models that the parsers use and from the rules' parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from geogate.policy.countries import COUNTRIES
from geogate.policy.feeds import FeedShape
from geogate.policy.shape import PolicyShape, RecipientsShape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(rules: Mapping[str, type[BaseModel]]) -> dict[str, str]:
    """Return the text of each schema file by its name."""
    found = {
        "policy.schema.json": policy_schema(rules),
        "recipients.schema.json": recipients_schema(),
        "feed.schema.json": feed_schema(),
    }
    return {name: json.dumps(schema, indent=2) + "\n" for name, schema in found.items()}


def policy_schema(rules: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Describe policy files; ``rules`` are the parameter models of all rules by expectation type."""
    schema = PolicyShape.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    expectation = definitions["ExpectationShape"]
    expectation["properties"]["type"] = {"enum": sorted(rules), "description": "The rule."}
    expectation["allOf"] = []
    for name in sorted(rules):
        params = rules[name].model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(params.pop("$defs", {}))
        definitions[name] = params
        expectation["allOf"].append(
            {
                "if": {"properties": {"type": {"const": name}}},
                "then": {"properties": {"kwargs": {"$ref": f"#/$defs/{name}"}}},
            }
        )
    return {"$schema": DIALECT, **schema, "title": "geogate policy"}


def recipients_schema() -> dict[str, Any]:
    """Describe files of recipients."""
    schema = RecipientsShape.model_json_schema()
    for name in ("RecipientShape", "OwnerShape"):
        schema["$defs"][name]["properties"]["country"]["enum"] = sorted(COUNTRIES)
    return {"$schema": DIALECT, **schema, "title": "geogate recipients"}


def feed_schema() -> dict[str, Any]:
    """Describe files of feeds."""
    return {"$schema": DIALECT, **FeedShape.model_json_schema(), "title": "geogate feed"}
