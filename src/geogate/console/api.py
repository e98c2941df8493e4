"""The REST API: all that the console does, for services with a token; described by OpenAPI in ``docs/schema``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from geogate.console import answers as say
from geogate.console import answers_ledger as told
from geogate.console import orders
from geogate.console.desk import API, At, declared
from geogate.console.pages_map import cells_document
from geogate.console.pages_proofs import ZIP, taken
from geogate.console.pages_queue import states_of
from geogate.console.pages_release import Id, cast
from geogate.console.pages_waivers import WaiverId
from geogate.gate.console_audit import audits
from geogate.gate.console_heads import compare_heads, heads, new_head, proof_of_release
from geogate.gate.console_ledger import ledger_entry, ledger_page
from geogate.gate.console_map import shown_map
from geogate.gate.console_seen import require_same, seen_of, seen_waiver
from geogate.gate.console_unmask import unmask
from geogate.gate.console_views import note_look
from geogate.gate.evidence import make_pack
from geogate.gate.obligations import discharge, owed
from geogate.gate.review import withdraw
from geogate.gate.reviews_notes import comment
from geogate.gate.reviews_queue import Wanted, queue
from geogate.gate.reviews_release import release
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver, waiver, waivers
from geogate.model.authority import Action
from geogate.model.document import canonical_json
from geogate.model.names import RequestId
from geogate.model.verdict import Verdict

if TYPE_CHECKING:
    from geogate.gate.waivers import WaiverRow

_ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": say.ErrorAnswer} for code in (400, 401, 403, 404, 409, 429, 503)
}
router = APIRouter(prefix=API, responses=_ERRORS)

Number = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]


@router.get("/releases", **declared(Action.SEE_OWN))
def list_releases(
    desk: At,
    state: Annotated[str, Query(max_length=20)] = "",
    text: Annotated[str, Query(max_length=200)] = "",
    number: Number = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 50,
) -> say.QueueAnswer:
    """Give a page of the queue; ``state`` is ``all`` or one state, and else all in which somebody has to act."""
    wanted = Wanted(states=states_of(state), page=number, per_page=per_page, text=text)
    return say.QueueAnswer.of(queue(wanted, house=desk.house))


@router.get("/releases/{request_id}", **declared(Action.SEE_OWN))
def show_release(desk: At, request_id: Id) -> say.ReleaseAnswer:
    """Give one release with its verdict, as who asks may see it."""
    note_look(RequestId(request_id), "the release", house=desk.house)
    found = release(RequestId(request_id), house=desk.house)
    verdict = found.request.verdict
    document = json.loads(canonical_json(verdict)) if isinstance(verdict, Verdict) else None
    return say.ReleaseAnswer.of(found, seen=seen_of(found.request), verdict=document)


@router.get("/releases/{request_id}/cells", **declared(Action.SEE_OWN))
def show_cells(desk: At, request_id: Id) -> say.CellsAnswer:
    """Give the positions of a release in coarse cells."""
    return say.CellsAnswer.model_validate(cells_document(shown_map(RequestId(request_id), house=desk.house)))


@router.post("/releases/{request_id}/votes", **declared(Action.VOTE))
def vote(desk: At, request_id: Id, order: orders.VoteOrder) -> say.TallyAnswer:
    """Vote on a held release; it is refused where the release is not any more what was looked at."""
    desk.limit_decisions()
    with desk.house.ledger() as ledger:
        require_same(order.seen, seen_of(ledger.request(RequestId(request_id))))
    return say.TallyAnswer.of(cast(desk, RequestId(request_id), order.choice, order.comment))


@router.post("/releases/{request_id}/comments", **declared(Action.COMMENT))
def add_comment(desk: At, request_id: Id, order: orders.TextOrder) -> say.CommentAnswer:
    """Say something without voting."""
    desk.limit_decisions()
    return say.CommentAnswer.model_validate(comment(RequestId(request_id), order.text, house=desk.house))


@router.post("/releases/{request_id}/withdraw", **declared(Action.WITHDRAW))
def take_back(desk: At, request_id: Id, order: orders.TextOrder) -> say.StateAnswer:
    """Withdraw the own request."""
    desk.limit_decisions()
    return say.StateAnswer(
        request=request_id, state=withdraw(RequestId(request_id), comment=order.text, house=desk.house)
    )


@router.post("/releases/{request_id}/unmask", **declared(Action.UNMASK))
def unmask_release(desk: At, request_id: Id, order: orders.TextOrder) -> say.UnmaskAnswer:
    """Enter into the ledger that exact positions are to be seen, and why."""
    desk.limit_decisions()
    return say.UnmaskAnswer(request=request_id, until=unmask(RequestId(request_id), order.text, house=desk.house))


_PACK: dict[int | str, dict[str, Any]] = {200: {"content": {ZIP: {}}, "description": "The evidence pack"}}


@router.post("/releases/{request_id}/evidence", response_class=Response, responses=_PACK, **declared(Action.EVIDENCE))
def take_evidence(desk: At, request_id: Id, order: orders.TextOrder) -> Response:
    """Give the evidence pack; with a text, which is the reason, the measurements are in it."""
    desk.limit_decisions()
    content = make_pack(RequestId(request_id), measured_because=order.text, house=desk.house)
    return taken(content, f"evidence-{request_id}.zip", ZIP)


@router.post("/releases/{request_id}/proof", **declared(Action.EVIDENCE))
def take_proof(desk: At, request_id: Id) -> dict[str, Any]:
    """Give the proof that the entries of a release are in the ledger, as geogate ledger check-proof takes it."""
    desk.limit_decisions()
    found: dict[str, Any] = json.loads(proof_of_release(RequestId(request_id), house=desk.house))
    return found


@router.get("/waivers", **declared(Action.SEE_WAIVERS))
def list_waivers(desk: At, everything: Annotated[str, Query(alias="all", max_length=5)] = "") -> list[say.WaiverAnswer]:
    """List the waivers that hold or wait, or all."""
    return [_waiver(row) for row in waivers(everything=bool(everything), house=desk.house)]


@router.post("/waivers", **declared(Action.ASK_WAIVER))
def ask(desk: At, order: orders.WaiverOrder) -> say.WaiverAnswer:
    """Ask for a waiver."""
    desk.limit_decisions()
    asked = ask_waiver(WaiverWish(**order.model_dump()), house=desk.house)
    return _waiver(waiver(asked.id, house=desk.house))


@router.get("/waivers/{waiver_id}", **declared(Action.SEE_WAIVERS))
def show_waiver(desk: At, waiver_id: WaiverId) -> say.WaiverAnswer:
    """Give one waiver."""
    return _waiver(waiver(waiver_id, house=desk.house))


@router.post("/waivers/{waiver_id}/approve", **declared(Action.APPROVE_WAIVER))
def approve(desk: At, waiver_id: WaiverId, order: orders.SeenOrder) -> say.WaiverAnswer:
    """Approve a waiver; an id stands for one waiver for ever, so that ``seen`` only has to be its own."""
    desk.limit_decisions()
    row = waiver(waiver_id, house=desk.house)
    require_same(order.seen, seen_waiver(row.standing.waiver))
    approve_waiver(waiver_id, house=desk.house)
    return _waiver(waiver(waiver_id, house=desk.house))


@router.post("/waivers/{waiver_id}/revoke", **declared(Action.REVOKE_WAIVER))
def revoke(desk: At, waiver_id: WaiverId, order: orders.TextOrder) -> say.WaiverAnswer:
    """End a waiver at once."""
    desk.limit_decisions()
    revoke_waiver(waiver_id, reason=order.text, house=desk.house)
    return _waiver(waiver(waiver_id, house=desk.house))


@router.get("/obligations", **declared(Action.SEE_ALL))
def list_obligations(
    desk: At, everything: Annotated[str, Query(alias="all", max_length=5)] = ""
) -> list[say.ObligationAnswer]:
    """List what is due by law, the first first."""
    return [say.ObligationAnswer.of(each) for each in owed(everything=bool(everything), house=desk.house)]


@router.post("/obligations/discharge", **declared(Action.DISCHARGE))
def discharge_one(desk: At, order: orders.DischargeOrder) -> say.ObligationAnswer:
    """Say that an obligation was met, and how."""
    desk.limit_decisions()
    return say.ObligationAnswer.of(discharge(order.key, comment=order.comment, house=desk.house))


@router.get("/ledger", **declared(Action.READ_LEDGER))
def show_ledger(desk: At, number: Number = 1, request: Annotated[str, Query(max_length=64)] = "") -> told.LedgerAnswer:
    """Give a page of entries, the newest first."""
    return told.LedgerAnswer.model_validate(ledger_page(page=number, request=request, house=desk.house))


@router.get("/ledger/entries/{seq}", **declared(Action.READ_LEDGER))
def show_entry(desk: At, seq: Annotated[int, Path(ge=1, le=1_000_000_000_000)]) -> told.EntryAnswer:
    """Give one entry."""
    return told.EntryAnswer.model_validate(ledger_entry(seq, house=desk.house))


@router.get("/heads", **declared(Action.READ_LEDGER))
def show_heads(desk: At) -> told.HeadsAnswer:
    """Say what the last signed head of the ledger is, and whether heads are kept elsewhere."""
    return told.HeadsAnswer.model_validate(heads(house=desk.house))


@router.post("/heads", **declared(Action.EVIDENCE))
def sign_head(desk: At) -> told.SignedHeadAnswer:
    """Sign the head of the ledger as it is now; keep the envelope elsewhere."""
    desk.limit_decisions()
    return told.SignedHeadAnswer.model_validate(new_head(house=desk.house))


@router.post("/heads/compare", **declared(Action.READ_LEDGER))
def compare_with_heads(desk: At) -> told.ComparedAnswer:
    """Verify every entry, and compare the ledger with all heads that are kept elsewhere."""
    desk.limit_decisions()
    return told.ComparedAnswer.of(compare_heads(house=desk.house))


@router.get("/audits", **declared(Action.AUDIT))
def list_audits(desk: At) -> told.AuditsAnswer:
    """Give what the latest audits found, and what would make the next one fail."""
    return told.AuditsAnswer.of(audits(house=desk.house))


def _waiver(row: WaiverRow) -> say.WaiverAnswer:
    found = row.standing.waiver
    names = set(say.WaiverAnswer.model_fields) - {"state", "approvers", "why_no_approval", "seen"}
    return say.WaiverAnswer(
        **{name: getattr(found, name) for name in names},
        state=row.state.value,
        approvers=tuple(sorted(row.standing.approvers)),
        why_no_approval=row.why_no_approval,
        seen=seen_waiver(found),
    )
