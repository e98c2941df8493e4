"""Tokens of forms: bound to the session, to what the form does, and to the very verdict that it was filled for.

Each works once. What a form is about is in its token, signed; so a form that was filled for another verdict is refused.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from geogate.console.people import Session
    from geogate.console.store import Store

LASTS: Final = timedelta(hours=2)
NOTED: Final = timedelta(minutes=2)
AGAIN: Final = "look at the page as it is now, and decide again; nothing was done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a form does, on what, and what was seen when it was made: for a decision the digest of its ballot."""

    action: str
    subject: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """Makes and takes the tokens of forms."""

    store: Store

    def make(self, session: Session, purpose: Purpose) -> str:
        """Make the token of a form."""
        body = [session.key, purpose.action, purpose.subject, purpose.seen, secrets.token_hex(8)]
        return self._serializer().dumps(body)

    def take(self, token: str, session: Session, purpose: Purpose, *, at: datetime) -> None:
        """Take a form once, where it was made for this session and purpose.

        Raises: RefusedError, and nothing was done.
        """
        key, action, subject, seen = self._read(token)
        if key != session.key:
            raise RefusedError("this form is from another session", hint=AGAIN)
        if (action, subject) != (purpose.action, purpose.subject):
            raise RefusedError("this form is for something else", hint=AGAIN)
        if seen != purpose.seen:
            raise RefusedError("the release is not any more what this form was filled for", hint=AGAIN)
        if not self.store.spend(token, at=at, keeps=2 * LASTS):
            raise RefusedError("this form was sent before", hint=AGAIN)

    def note(self, session: Session, done: str, path: str) -> str:
        """Sign that something was done, for the page at a path and who did it, so that no link can pretend it."""
        return self._serializer("geogate note").dumps([session.key, done, path])

    def noted(self, token: str, session: Session, path: str) -> str:
        """Give what was done, empty where the note is of another session, another page or nobody, or is too old."""
        try:
            body: Any = self._serializer("geogate note").loads(token, max_age=int(NOTED.total_seconds()))
        except BadData:
            return ""
        key, done, where = body
        return str(done) if (key, where) == (session.key, path) else ""

    def _read(self, token: str) -> tuple[str, str, str, str]:
        try:
            body: Any = self._serializer().loads(token, max_age=int(LASTS.total_seconds()))
        except SignatureExpired as error:
            raise RefusedError("this form is too old", hint=AGAIN) from error
        except BadData as error:
            raise RefusedError("this form does not come from this console", hint=AGAIN) from error
        key, action, subject, seen, _ = body
        return key, action, subject, seen

    def _serializer(self, salt: str = "geogate form") -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.store.secrets(at=datetime.now(UTC)), salt=salt)
