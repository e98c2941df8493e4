"""The strict way into YAML: nothing that could surprise a reader gets through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from geogate.model.errors import PolicyError
from geogate.policy.yaml_text import MOST_BYTES, MOST_DEPTH, dotted, read_yaml


def value(text: str) -> Any:
    return json.loads(read_yaml(text.encode(), file="f.yaml").json)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: NO", "NO"),
        ("a: yes", "yes"),
        ("a: on", "on"),
        ("a: 12:30:45", "12:30:45"),
        ("a: 2026-01-01", "2026-01-01"),
        ("a: true", True),
        ("a: -12", -12),
        ("a: 0.5", 0.5),
        ("a: 1e3", 1000.0),
        ("a: '1e3'", "1e3"),
        ("a: [1, x]", [1, "x"]),
        ("a: ''", ""),
    ],
)
def test_plain_values_mean_what_yaml_1_2_says(text: str, found: object) -> None:
    assert value(text) == {"a": found}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3: a: the key stands twice"),
        ("a: {b: 1, b: 2}", "f.yaml:1: a.b: the key stands twice"),
        ("a: &x 1\nb: *x", "f.yaml:1: anchors and aliases are refused"),
        ("a: 1\nb: *x", "f.yaml:2: anchors and aliases are refused"),
        ("a:\n  <<: {b: 1}", "f.yaml:2: a: a key must be plain text"),
        ("a: !!str 1", "f.yaml:1: tags are refused"),
        ("a: !python/object [1]", "f.yaml:1: tags are refused"),
        ("%YAML 1.1\n---\na: NO", "f.yaml:2: directives are refused"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "f.yaml:2: directives are refused"),
        ("a: 1\n---\nb: 2", "f.yaml:2: one document to a file"),
        ("a: True", "f.yaml:1: a: not a plain bool"),
        ("a: 0o17", "f.yaml:1: a: not a plain number"),
        ("a: 017", "f.yaml:1: a: not a plain number"),
        ("a: +1", "f.yaml:1: a: not a plain number"),
        ("a: .inf", "f.yaml:1: a: not a plain number"),
        ("a: 1" + "0" * 18, "f.yaml:1: a: not a plain number"),
        ("a:", "f.yaml:1: a: there is no value"),
        ("a: [1, null]", "f.yaml:1: a[1]: there is no value"),
        ("1: a", "f.yaml:1: the file: a key must be plain text"),
        ("? [a]\n: b", "f.yaml:1: the file: a key must be plain text"),
        ("- a", "f.yaml:1: the file must be a mapping"),
        ("", "f.yaml:1: the file must be a mapping"),
        ("# nothing", "f.yaml:1: the file must be a mapping"),
        ("just text", "f.yaml:1: the file must be a mapping"),
        ("a: [1", "f.yaml:1: this is not YAML"),
        ("a: 1\n\tb: 2", "f.yaml:2: this is not YAML"),
        ("a: \x07", "f.yaml: this is not YAML"),
    ],
)
def test_what_could_surprise_is_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        value(text)
    assert str(error.value).startswith(message), str(error.value)


def test_text_that_is_not_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(PolicyError, match=r"^f\.yaml:2: the file is not UTF-8 text$"):
        read_yaml(b"a: 1\nb: \xff", file="f.yaml")


def test_size_and_depth_are_limited_on_both_sides() -> None:
    assert value("a: " + "[" * (MOST_DEPTH - 1) + "]" * (MOST_DEPTH - 1))
    with pytest.raises(PolicyError, match="nested more than"):
        value("a: " + "[" * MOST_DEPTH + "]" * MOST_DEPTH)
    with pytest.raises(PolicyError, match="nested more than"):
        value("a: " + "[" * 500_000)
    padded = b"a: 1\n#"
    assert read_yaml(padded.ljust(MOST_BYTES, b"x"), file="f.yaml").json == '{"a": 1}'
    with pytest.raises(PolicyError, match="larger than"):
        read_yaml(padded.ljust(MOST_BYTES + 1, b"x"), file="f.yaml")


def test_a_path_is_written_for_people() -> None:
    assert dotted(("expectations", 2, "kwargs", "step_m")) == "expectations[2].kwargs.step_m"
    assert dotted(()) == "the file"
