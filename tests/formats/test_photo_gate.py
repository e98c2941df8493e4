"""Photos through the gate: what clears, what is denied, and what arrives."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from formats.test_photo import exif, image, save
from gating.place import SQUARE, destination, rule, zones
from PIL import Image

from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

INSIDE = {1: "N", 2: (20.0, 30.0, 0.0), 3: "E", 4: (20.0, 30.0, 0.0)}
assert SQUARE[0][0] == [20.0, 20.0]


def metadata(*allowed: str) -> dict[str, Any]:
    return rule("metadata", "expect_photo_metadata_to_be_allowed", allowed=list(allowed))


@pytest.fixture
def photo_gate(gate: Gate) -> Gate:
    """A gate whose policy is about photos."""
    gate.policies.write_policy((metadata(), zones(), destination()), kinds=["photo"])
    gate.policies.write_policy(
        (metadata(), zones(), destination()), name="verbatim", kinds=["photo"], encoding="verbatim"
    )
    gate.policies.write_policy((metadata("places"), zones(), destination()), name="places", kinds=["photo"])
    return gate


def rules(gate: Gate, path: Path, **changes: Any) -> set[str]:
    verdict = gate.screen(path, **changes)
    return {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_a_plain_photo_clears_and_arrives(form: str, photo_gate: Gate) -> None:
    nonce = photo_gate.clear(save(photo_gate.staged, form))
    photo_gate.send(nonce)
    ((name, content),) = photo_gate.delivered().items()
    assert name.endswith((".jpg", ".png"))
    with Image.open(io.BytesIO(content)) as arrived:
        assert arrived.size == (48, 32)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_a_photo_arrives_without_its_metadata(form: str, photo_gate: Gate) -> None:
    path = save(photo_gate.staged, form, exif=exif(INSIDE, x010f="Secret Make").tobytes())
    assert b"Secret Make" in path.read_bytes()
    photo_gate.send(photo_gate.clear(path))
    ((_, content),) = photo_gate.delivered().items()
    assert b"Secret Make" not in content
    with Image.open(io.BytesIO(content)) as arrived:
        assert not arrived.getexif()


def test_screening_tells_what_a_photo_tells_and_whether_that_is_in_a_zone(photo_gate: Gate) -> None:
    path = save(photo_gate.staged, "JPEG", exif=exif(INSIDE).tobytes())
    assert rules(photo_gate, path) == {"metadata", "zones"}
    assert rules(photo_gate, path, policy="places") == {"zones"}


def test_a_position_in_a_caption_is_judged_like_a_geometry(photo_gate: Gate) -> None:
    path = save(photo_gate.staged, "JPEG", exif=exif({}, x010e="POINT (20.5 20.5)").tobytes())
    assert "zones" in rules(photo_gate, path, policy="places")


def test_a_verbatim_photo_with_metadata_is_denied_and_one_of_geogate_clears(photo_gate: Gate) -> None:
    path = save(photo_gate.staged, "JPEG", exif=exif(INSIDE).tobytes())
    assert "gate/unjudged-part" in rules(photo_gate, path, policy="verbatim")
    photo_gate.send(photo_gate.clear(path))
    (sent,) = (each for each in photo_gate.outbox.rglob("*") if each.is_file())
    assert photo_gate.screen(sent, policy="verbatim").decision is Decision.CLEAR
    sent.write_bytes(sent.read_bytes()[:-2] + b"hidden" + b"\xff\xd9")
    assert photo_gate.screen(sent, policy="verbatim").decision is Decision.DENY


def test_a_photo_under_a_policy_without_photos_is_denied(gate: Gate) -> None:
    assert "gate/kind-not-covered" in rules(gate, save(gate.staged, "PNG", image()))
