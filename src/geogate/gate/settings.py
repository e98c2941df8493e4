"""Where a gate keeps and finds its things, read once from the environment at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from geogate.model.errors import UsageError
from geogate.model.names import SHA256

if TYPE_CHECKING:
    from collections.abc import Mapping


KNOWN = frozenset(
    {
        "GEOGATE_HOME",
        "GEOGATE_POLICIES",
        "GEOGATE_POLICIES_DIGEST",
        "GEOGATE_POLICIES_KEY",
        "GEOGATE_LEDGER",
        "GEOGATE_LEDGER_ANCHOR",
        "GEOGATE_LOG",
        "GEOGATE_RELEASER_ROLE",
        "GEOGATE_COUNTRY",
        "GEOGATE_HTTPS",
        "GEOGATE_NOTIFICATIONS",
        "GEOGATE_SFTP_KEYS",
        "GEOGATE_CONSOLE_AUTH",
        "GEOGATE_CONSOLE_URL",
        "GEOGATE_CONSOLE_SESSION_HOURS",
        "GEOGATE_CONSOLE_IDLE_MINUTES",
        "GEOGATE_CONSOLE_OIDC_ISSUER",
        "GEOGATE_CONSOLE_OIDC_CLIENT",
        "GEOGATE_CONSOLE_OIDC_SECRET_FILE",
        "GEOGATE_CONSOLE_OIDC_NAME_CLAIM",
        "GEOGATE_CONSOLE_OIDC_GROUPS_CLAIM",
        "GEOGATE_CONSOLE_OIDC_SCOPE",
        "GEOGATE_CONSOLE_PROXY_PEERS",
        "GEOGATE_CONSOLE_PROXY_USER_HEADER",
        "GEOGATE_CONSOLE_PROXY_GROUPS_HEADER",
    }
)
"""The variables that geogate reads; those of the console are read by ``geogate.console.settings``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The surroundings of a gate.

    ``home`` holds staging, keys and, by default, the ledger; ``policies`` is the protected place of policies,
    recipients and zone lists, unless ``policies_uri`` is an ``s3://`` prefix. With ``policies_digest`` it must have
    that digest; with ``policies_key`` it is a bundle that this public key signed. ``country`` is where the
    organisation's own directories are (ISO 3166-1 alpha-2), empty if nobody said so. ``releaser_role`` is the ARN that
    sending to S3 assumes, empty where the ambient credentials may write. ``ledger_anchor`` is where heads of the
    ledger are kept out of reach, empty where nowhere. ``https`` is the file that says how servers behind
    HTTPS are reached and ``notifications`` the one that says who is told, each ``None`` where there is none.
    """

    home: Path
    policies: Path
    ledger_url: str
    releaser_role: str
    country: str
    policies_uri: str = ""
    policies_digest: str = ""
    policies_key: Path | None = None
    ledger_anchor: str = ""
    notifications: Path | None = None
    https: Path | None = None
    sftp_keys: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``GEOGATE_HOME``, ``_POLICIES``, ``_LEDGER`` and the others of ``KNOWN``.

        Raises: UsageError for a variable that geogate does not know: a misspelt setting must not be ignored.
        """
        known = KNOWN
        strange = sorted(name for name in environment if name.startswith("GEOGATE_") and name not in known)
        if strange:
            raise UsageError(
                f"unknown setting {strange[0]} in the environment", hint=f"geogate reads {', '.join(sorted(known))}"
            )
        home = Path(environment.get("GEOGATE_HOME") or ".geogate").absolute()
        policies = environment.get("GEOGATE_POLICIES") or "expectations"
        remote = policies.startswith("s3://")
        for pin in ("GEOGATE_POLICIES_DIGEST", "GEOGATE_POLICIES_KEY"):
            if environment.get(pin) == "":
                raise UsageError(f"{pin} is set and empty, and pins nothing", hint="fill it, or do not set it")
        digest = environment.get("GEOGATE_POLICIES_DIGEST", "")
        if digest and not SHA256.fullmatch(digest):
            raise UsageError("GEOGATE_POLICIES_DIGEST is 64 hexadecimal digits", hint="geogate policy digest prints it")
        key = environment.get("GEOGATE_POLICIES_KEY", "")
        if remote and key:
            raise UsageError(
                "GEOGATE_POLICIES_KEY is for a bundle, and nothing verifies a signature of a prefix",
                hint="pin the prefix with GEOGATE_POLICIES_DIGEST, or name the file of a bundle",
            )
        return cls(
            home=home,
            policies=home / "policies" if remote else Path(policies).absolute(),
            policies_uri=policies if remote else "",
            policies_digest=digest,
            policies_key=Path(key).absolute() if key else None,
            ledger_url=environment.get("GEOGATE_LEDGER") or f"sqlite:///{quote(str(home / 'ledger.db'))}",
            releaser_role=environment.get("GEOGATE_RELEASER_ROLE", ""),
            country=environment.get("GEOGATE_COUNTRY", ""),
            ledger_anchor=environment.get("GEOGATE_LEDGER_ANCHOR", ""),
            sftp_keys=Path(keys).absolute() if (keys := environment.get("GEOGATE_SFTP_KEYS", "")) else None,
            https=Path(reached).absolute() if (reached := environment.get("GEOGATE_HTTPS", "")) else None,
            notifications=Path(told).absolute() if (told := environment.get("GEOGATE_NOTIFICATIONS", "")) else None,
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
