"""Who may do what: one literal table of actions and roles, and the identities that roles are given to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from geogate.model.errors import RefusedError
from geogate.model.names import Actor, person

if TYPE_CHECKING:
    from collections.abc import Collection


class Role(StrEnum):
    """What somebody is to the gate; one person can have several roles."""

    REQUESTER = "requester"
    REVIEWER = "reviewer"
    POLICY_OWNER = "policy-owner"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    MONITOR = "monitor"


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
    STOP_FEED = "stop a feed"
    RESUME_FEED = "resume a feed"
    DISCHARGE = "discharge an obligation"
    READ_LEDGER = "read the ledger"
    AUDIT = "audit"
    RECALL = "recall a release"
    END_RECALL = "end a recall"
    EVIDENCE = "take evidence"
    ADMINISTER = "administer"
    MONITOR = "see metrics and health"


_REQUESTER, _REVIEWER, _OWNER, _AUDITOR, _ADMIN, _MONITOR = Role
_ANYONE = frozenset(Role) - {_MONITOR}

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
        Action.STOP_FEED: _ANYONE,
        Action.RESUME_FEED: frozenset({_REVIEWER, _OWNER}),
        Action.DISCHARGE: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.READ_LEDGER: frozenset({_AUDITOR, _ADMIN}),
        Action.AUDIT: frozenset({_AUDITOR, _ADMIN}),
        Action.RECALL: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.END_RECALL: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.EVIDENCE: frozenset({_OWNER, _AUDITOR, _ADMIN}),
        Action.ADMINISTER: frozenset({_ADMIN}),
        Action.MONITOR: frozenset({_MONITOR, _AUDITOR, _ADMIN}),
    }
)
"""Action to the roles of which one is enough; who has none of them may not.

What only the requester, or anybody but the requester, may do with one release is the ledger's law besides.
"""

BY_OTHERS: MappingProxyType[Action, str] = MappingProxyType(
    {Action.VOTE: "review it", Action.END_RECALL: "end its recall"}
)
"""Actions about a release that nobody takes who asked for it, whatever roles they have, with how that is said."""


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


def why_not_own(action: Action, *, who: str, asked: Collection[str]) -> str:
    """Say why somebody may not do something about a release that these people asked for; empty where they may.

    However names are written: one person stays one.
    """
    if action in BY_OTHERS and person(who) in {person(each) for each in asked}:
        return f"who asked for a release cannot {BY_OTHERS[action]}"
    return ""


def why_not(action: Action, roles: frozenset[Role]) -> str:
    """Say why somebody with these roles may not do something; empty where they may."""
    needed = ALLOWED[action]
    if needed & roles:
        return ""
    return f"to {action} needs the role {' or '.join(sorted(needed))}"
