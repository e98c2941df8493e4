"""One action against the perimeter, or one that it must let through, and how it ended."""

from __future__ import annotations

import urllib.error
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from geogate.destinations.errors import ForbiddenError
from geogate.model.errors import GeogateError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from attack.field import Field

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"})

FORBIDDEN = 403


class Must(StrEnum):
    """How an action must end."""

    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An action by somebody; ``why`` is what would be lost, or what would be in the way.

    ``control`` is the same action where nothing protects: it must be accepted, so that a refusal means something.
    """

    name: str
    why: str
    act: Callable[[Field], Any]
    must: Must = Must.REFUSED
    control: Callable[[Field], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of it; ``error`` is neither a refusal nor an acceptance, and always wrong."""

    refused: bool
    said: str
    error: bool = False

    @property
    def word(self) -> str:
        """Name it."""
        return "error" if self.error else ("refused" if self.refused else "accepted")


def tried(act: Callable[[Field], Any], field: Field) -> Ended:
    """Do it, and see whether it is refused for want of permission; for no other reason."""
    try:
        answer = act(field)
    except (RefusedError, ForbiddenError) as error:
        return Ended(refused=True, said=error.summary)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return Ended(refused=code in DENIED, said=code, error=code not in DENIED)
    except urllib.error.HTTPError as error:
        error.close()
        return Ended(refused=error.code == FORBIDDEN, said=str(error.code), error=error.code != FORBIDDEN)
    except (GeogateError, BotoCoreError, AttributeError) as error:
        return Ended(refused=False, said=f"{type(error).__name__}: {error}", error=True)
    codes = [each["Code"] for each in answer.get("Errors", [])] if isinstance(answer, dict) else []
    if codes:  # deleting several objects answers with what was refused
        return Ended(refused=set(codes) <= DENIED, said=codes[0], error=not set(codes) <= DENIED)
    return Ended(refused=False, said="")


def holds(case: Case, field: Field) -> tuple[bool, Ended]:
    """Say whether a case ended as it must, and its control as it must too."""
    ended = tried(case.act, field)
    right = not ended.error and ended.refused is (case.must is Must.REFUSED)
    if case.control is not None:
        beside = tried(case.control, field)
        if beside.word != "accepted":
            return False, Ended(refused=False, said=f"the control was {beside.word}: {beside.said}", error=True)
    return right, ended
