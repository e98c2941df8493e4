"""The published JSON Schemas are those that the parsers' models give, and they agree with the parsers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from geogate.policy.schema import schemas
from geogate.policy.yaml_text import read_yaml
from geogate.rules.registry import parameter_models

ROOT = Path(__file__).parents[2]
FILES = {"policy.schema.json": "baseline.yaml", "recipients.schema.json": "recipients.yaml"}


def document(file: str) -> Any:
    return json.loads(read_yaml((ROOT / "expectations" / file).read_bytes(), file=file).json)


@pytest.mark.parametrize("name", FILES)
def test_the_published_schema_is_up_to_date(name: str) -> None:
    published = (ROOT / "docs" / "schema" / name).read_text(encoding="utf-8")
    assert published == schemas(parameter_models())[name], "run python docs/schema/generate.py"


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_the_shipped_file_follows_its_schema_and_points_to_it(name: str, file: str) -> None:
    schema = json.loads(schemas(parameter_models())[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document(file))
    first = (ROOT / "expectations" / file).read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../docs/schema/{name}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("severity",), "Critical"),
        (("type",), "expect_nothing"),
        (("kwargs", "step_m"), "100"),
        (("kwargs", "steps"), 1),
        (("meta", "legal_basis"), []),
        (("extra",), 1),
    ],
)
def test_the_schema_refuses_what_the_parser_refuses(path: tuple[str, ...], value: object) -> None:
    policy = document("baseline.yaml")
    place = policy["expectations"][0]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    schema = json.loads(schemas(parameter_models())["policy.schema.json"])
    assert not jsonschema.Draft202012Validator(schema).is_valid(policy)
