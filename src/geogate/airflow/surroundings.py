"""What an administrator set for a process of Airflow, read once when it starts: before any DAG file is imported.

A DAG file runs in the same process, and may write to ``os.environ``; nothing here is read again afterwards.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION: Final = "geogate"
MODE_KEY: Final = "outbound_policy"
INTERNAL_KEY: Final = "internal_destinations"
LEADING: Final = (
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CA_BUNDLE",
    *("AZURE_", "AZURITE_", "GOOGLE_", "SERVICE_ACCOUNT", "STORAGE_EMULATOR_HOST", "API_ENDPOINT_OVERRIDE"),
    *("SSL_CERT_", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
"""Beginnings of variables by which an address of a store could come to mean another place."""

_KEPT: Final = ("GEOGATE_", "AIRFLOW_CONN_", *LEADING)


class Mode(StrEnum):
    """What becomes of tasks that send past the gate."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"

    @classmethod
    def named(cls, name: str) -> Mode:
        """Read it; what is no mode enforces."""
        plain = name.strip().lower()
        return cls(plain) if plain in set(cls) else cls.ENFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The mode, the places that are the organisation's own, and the variables on which a check rests."""

    mode: Mode = Mode.ENFORCE
    internal: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Self:
        """Read Airflow's configuration and the environment as they are now."""
        patterns = _option(INTERNAL_KEY).replace("\n", ",").split(",")
        return cls(
            mode=Mode.named(_option(MODE_KEY) or Mode.ENFORCE),
            internal=tuple(pattern.strip() for pattern in patterns if pattern.strip()),
            environment=_kept(os.environ),
        )

    def changed(self, *prefixes: str) -> tuple[str, ...]:
        """Name the variables that begin so and are others than when the process started."""
        now = _kept(os.environ)
        every = sorted(name for name in {*now, *self.environment} if name.startswith(prefixes))
        return tuple(name for name in every if now.get(name) != self.environment.get(name))

    def geogate(self) -> dict[str, str]:
        """Give geogate's own settings."""
        return {name: value for name, value in self.environment.items() if name.startswith("GEOGATE_")}


def _option(key: str) -> str:
    from airflow.configuration import conf

    return str(conf.get(SECTION, key, fallback="") or "")


def _kept(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_KEPT)}


AT_START: Final = Surroundings.read()
"""What was set when the process started."""
