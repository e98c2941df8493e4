"""A client of the REST API for Python, as thin as can be: it sends, and gives what the console answers as models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from geogate.console import answers as say
from geogate.console import answers_ledger as told
from geogate.console import orders
from geogate.console.desk import API
from geogate.model.authority import ForbiddenError
from geogate.model.errors import GeogateError, RefusedError, ServiceError, UsageError

if TYPE_CHECKING:
    from types import TracebackType

    from geogate.model.release import Choice

A = TypeVar("A", bound=BaseModel)
_KINDS: dict[int, type[GeogateError]] = {400: UsageError, 401: ForbiddenError, 403: ForbiddenError, 404: UsageError}
_REFUSED = (409, 429)
_GOOD = 200


class Client:
    """A console at a URL, as the service that a token is for; use it in a ``with`` block."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 120.0) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url.rstrip("/") + API, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def releases(self, *, state: str = "", text: str = "", page: int = 1) -> say.QueueAnswer:
        """Give a page of the queue."""
        return self._get("/releases", say.QueueAnswer, state=state, text=text, page=page)

    def release(self, request: str) -> say.ReleaseAnswer:
        """Give one release."""
        return self._get(f"/releases/{quote(request, safe='')}", say.ReleaseAnswer)

    def vote(self, release: say.ReleaseAnswer, choice: Choice, *, comment: str = "") -> say.TallyAnswer:
        """Vote on a release as it was looked at."""
        order = orders.VoteOrder(choice=choice, seen=release.seen, comment=comment)
        return self._post(f"/releases/{release.request}/votes", order, say.TallyAnswer)

    def comment(self, request: str, text: str) -> say.CommentAnswer:
        """Say something without voting."""
        return self._post(
            f"/releases/{quote(request, safe='')}/comments", orders.TextOrder(text=text), say.CommentAnswer
        )

    def withdraw(self, request: str, *, comment: str = "") -> say.StateAnswer:
        """Withdraw the own request."""
        return self._post(
            f"/releases/{quote(request, safe='')}/withdraw", orders.TextOrder(text=comment), say.StateAnswer
        )

    def ledger(self, *, page: int = 1, request: str = "") -> told.LedgerAnswer:
        """Give a page of entries."""
        return self._get("/ledger", told.LedgerAnswer, page=page, request=request)

    def evidence(self, request: str, *, measured_because: str = "") -> bytes:
        """Take the evidence pack of a release; with a reason, with the measurements."""
        order = orders.TextOrder(text=measured_because)
        return self._answer(
            "POST", f"/releases/{quote(request, safe='')}/evidence", json=order.model_dump(mode="json")
        ).content

    def proof(self, request: str) -> str:
        """Take the proof that the entries of a release are in the ledger."""
        return self._answer("POST", f"/releases/{quote(request, safe='')}/proof").text

    def heads(self) -> told.HeadsAnswer:
        """Give the last signed head of the ledger."""
        return self._get("/heads", told.HeadsAnswer)

    def sign_head(self) -> told.SignedHeadAnswer:
        """Sign the head of the ledger as it is now."""
        return self._said("POST", "/heads", told.SignedHeadAnswer)

    def compare_heads(self) -> told.ComparedAnswer:
        """Verify the ledger, and compare it with the heads that are kept elsewhere."""
        return self._said("POST", "/heads/compare", told.ComparedAnswer)

    def audits(self) -> told.AuditsAnswer:
        """Give what audits found."""
        return self._get("/audits", told.AuditsAnswer)

    def _get(self, path: str, kind: type[A], **query: Any) -> A:
        return self._said("GET", path, kind, params=query)

    def _post(self, path: str, order: BaseModel, kind: type[A]) -> A:
        return self._said("POST", path, kind, json=order.model_dump(mode="json"))

    def _answer(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.HTTPError as error:
            raise ServiceError("the console does not answer", hint="check its URL, and try again") from error
        if answer.status_code != _GOOD:
            raise _error(answer)
        return answer

    def _said(self, method: str, path: str, kind: type[A], **how: Any) -> A:
        answer = self._answer(method, path, **how)
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise ServiceError("the console's answer cannot be read", hint="use the client of its version") from error


def _error(answer: httpx.Response) -> GeogateError:
    try:
        said = say.ErrorAnswer.model_validate_json(answer.content)
    except ValidationError:
        return ServiceError("the console does not answer as it must", hint=f"it answered {answer.status_code}")
    refused = RefusedError if answer.status_code in _REFUSED else ServiceError
    return _KINDS.get(answer.status_code, refused)(said.error, hint=said.hint)
