"""The home is made once; a key pair that does not fit is an error and never mended by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from geogate.gate.home import initialise
from geogate.gate.keyfile import SigningKey
from geogate.gate.settings import Settings
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"GEOGATE_HOME": str(tmp_path / "home")})


def test_a_second_time_keeps_what_is_there(settings: Settings) -> None:
    list(initialise(settings))
    before = (settings.signing_key.read_bytes(), settings.public_key.read_bytes())
    assert any("kept" in line for line in initialise(settings))
    assert (settings.signing_key.read_bytes(), settings.public_key.read_bytes()) == before


def test_a_public_key_that_is_gone_is_written_again(settings: Settings) -> None:
    list(initialise(settings))
    before = settings.public_key.read_text()
    settings.public_key.unlink()
    list(initialise(settings))
    assert settings.public_key.read_text() == before


def test_a_signing_key_that_is_gone_is_not_replaced(settings: Settings) -> None:
    list(initialise(settings))
    settings.signing_key.unlink()
    with pytest.raises(UsageError, match="its signing key is not"):
        list(initialise(settings))
    assert not settings.signing_key.exists()


def test_a_public_key_of_another_pair_is_an_error(settings: Settings) -> None:
    list(initialise(settings))
    settings.public_key.write_text(SigningKey.generate().public.pem())
    with pytest.raises(UsageError, match="not that of the signing key"):
        list(initialise(settings))
