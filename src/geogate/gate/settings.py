"""Where a gate keeps and finds its things, read once from the environment at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The surroundings of a gate.

    ``home`` holds staging, keys and, by default, the ledger; ``policies`` is the protected place of policies,
    recipients and zone lists. ``country`` is where the organisation's own directories are (ISO 3166-1 alpha-2), empty
    if nobody said so.
    ``releaser_role`` is the ARN that sending to S3 assumes, empty where the ambient credentials may write.
    """

    home: Path
    policies: Path
    ledger_url: str
    releaser_role: str
    country: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``GEOGATE_HOME``, ``_POLICIES``, ``_LEDGER``, ``_RELEASER_ROLE`` and ``_COUNTRY``.

        Raises: UsageError for a variable that geogate does not know: a misspelt setting must not be ignored.
        """
        known = {"GEOGATE_HOME", "GEOGATE_POLICIES", "GEOGATE_LEDGER", "GEOGATE_RELEASER_ROLE", "GEOGATE_COUNTRY"}
        strange = sorted(name for name in environment if name.startswith("GEOGATE_") and name not in known)
        if strange:
            raise UsageError(
                f"unknown setting {strange[0]} in the environment", hint=f"geogate reads {', '.join(sorted(known))}"
            )
        home = Path(environment.get("GEOGATE_HOME") or ".geogate").absolute()
        return cls(
            home=home,
            policies=Path(environment.get("GEOGATE_POLICIES") or "expectations").absolute(),
            ledger_url=environment.get("GEOGATE_LEDGER") or f"sqlite:///{quote(str(home / 'ledger.db'))}",
            releaser_role=environment.get("GEOGATE_RELEASER_ROLE", ""),
            country=environment.get("GEOGATE_COUNTRY", ""),
        )

    @property
    def staging(self) -> Path:
        """The folder of the content-addressed store."""
        return self.home / "staging"

    @property
    def indexes(self) -> Path:
        """The folder of compiled zone indexes, which can be made again at any time."""
        return self.home / "indexes"

    @property
    def signing_key(self) -> Path:
        """The private key that signs clearances."""
        return self.home / "keys" / "clearance.pem"

    @property
    def public_key(self) -> Path:
        """The public key that anybody may verify clearances with."""
        return self.home / "keys" / "clearance.pub.pem"
