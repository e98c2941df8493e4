"""Who may do what: one literal table of actions and roles, and the identities that roles are given to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from geogate.model.errors import RefusedError
from geogate.model.names import Actor


class Role(StrEnum):
    """What somebody is to the gate; one person can have several roles."""

    REQUESTER = "requester"
    REVIEWER = "reviewer"
    POLICY_OWNER = "policy-owner"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Source(StrEnum):
    """Who vouches for a name: the operating system, an identity provider, a trusted proxy, Airflow, or a token."""

    LOCAL = "local"
    OIDC = "oidc"
    PROXY = "proxy"
    AIRFLOW = "airflow"
    TOKEN = "token"  # noqa: S105 - the word, not a secret


SERVICES: Final = ("token:", "airflow:")
"""How names of services begin; nobody whom a provider, a proxy or Airflow signs in is one of them."""


class Action(StrEnum):
    """Everything that somebody can do, or see, and that not everybody may."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    COMMENT = "comment"
    SEE_OWN = "see own releases"
    SEE_ALL = "see all releases"
    VOTE = "vote"
    UNMASK = "unmask"
    SEE_ZONES = "see zones"
    DOWNLOAD = "download an artefact"
    ASK_WAIVER = "ask for a waiver"
    APPROVE_WAIVER = "approve a waiver"
    REVOKE_WAIVER = "revoke a waiver"
    SEE_WAIVERS = "see waivers"
    KEEP_TIMES = "expire and remind"
    DISCHARGE = "discharge an obligation"
    READ_LEDGER = "read the ledger"
    AUDIT = "audit"
    RECALL = "recall a release"
    EVIDENCE = "take evidence"
    ADMINISTER = "administer"


_REQUESTER, _REVIEWER, _OWNER, _AUDITOR, _ADMIN = Role
_ANYONE = frozenset(Role)

ALLOWED: MappingProxyType[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.SUBMIT: frozenset({_REQUESTER}),
        Action.WITHDRAW: frozenset({_REQUESTER}),
        Action.COMMENT: frozenset({_REQUESTER, _REVIEWER, _OWNER, _AUDITOR}),
        Action.SEE_OWN: _ANYONE,
        Action.SEE_ALL: frozenset({_REVIEWER, _OWNER, _AUDITOR, _ADMIN}),
        Action.VOTE: frozenset({_REVIEWER}),
        Action.UNMASK: frozenset({_REVIEWER, _OWNER}),
        Action.SEE_ZONES: frozenset({_OWNER}),
        Action.DOWNLOAD: frozenset({_REVIEWER}),
        Action.ASK_WAIVER: frozenset({_REQUESTER, _REVIEWER, _OWNER}),
        Action.APPROVE_WAIVER: frozenset({_OWNER}),
        Action.REVOKE_WAIVER: frozenset({_REVIEWER, _OWNER, _AUDITOR, _ADMIN}),
        Action.SEE_WAIVERS: _ANYONE,
        Action.KEEP_TIMES: frozenset({_REVIEWER, _AUDITOR, _ADMIN}),
        Action.DISCHARGE: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.READ_LEDGER: frozenset({_AUDITOR, _ADMIN}),
        Action.AUDIT: frozenset({_AUDITOR, _ADMIN}),
        Action.RECALL: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.EVIDENCE: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.ADMINISTER: frozenset({_ADMIN}),
    }
)
"""Action to the roles of which one is enough; who has none of them may not.

What only the requester, or anybody but the requester, may do with one release is the ledger's law besides.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who acts: the name, and the groups that ``source`` says the name is in.

    ``scope`` are the roles beyond which a token gives none, whatever its name has; ``None`` where nothing is cut.
    """

    name: Actor
    groups: tuple[str, ...] = ()
    source: Source = Source.LOCAL
    scope: frozenset[Role] | None = None


class ForbiddenError(RefusedError):
    """Somebody without the role for it tried something."""


def why_not(action: Action, roles: frozenset[Role]) -> str:
    """Say why somebody with these roles may not do something; empty where they may."""
    needed = ALLOWED[action]
    if needed & roles:
        return ""
    return f"to {action} needs the role {' or '.join(sorted(needed))}"
