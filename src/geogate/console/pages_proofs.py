"""Pages and files that prove something: evidence packs, proofs, heads of the ledger, and what audits found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from geogate.console.answering import page
from geogate.console.desk import At, declared
from geogate.console.pages_release import Id
from geogate.gate.console_audit import audits
from geogate.gate.console_heads import compare_heads, heads, new_head, proof_of_release
from geogate.gate.evidence import make_pack
from geogate.model.authority import Action
from geogate.model.names import RequestId

router = APIRouter()

Token = Annotated[str, Form(max_length=2000)]
ZIP, JSON = "application/zip", "application/json"


@router.post("/releases/{request_id}/evidence", **declared(Action.EVIDENCE))
def evidence(desk: At, request_id: Id, token: Token, reason: Annotated[str, Form(max_length=20_000)] = "") -> Response:
    """Give the evidence pack; with a reason the measurements are in it, which the ledger keeps."""
    desk.take(token, "evidence", request_id)
    content = make_pack(RequestId(request_id), measured_because=reason.replace("\r\n", "\n"), house=desk.house)
    return taken(content, f"evidence-{request_id}.zip", ZIP)


@router.post("/releases/{request_id}/proof", **declared(Action.EVIDENCE))
def proof(desk: At, request_id: Id, token: Token) -> Response:
    """Give the proof that the entries of a release are in the ledger."""
    desk.take(token, "proof", request_id)
    text = proof_of_release(RequestId(request_id), house=desk.house)
    return taken(text.encode(), f"proof-{request_id}.json", JSON)


@router.get("/ledger/heads", **declared(Action.READ_LEDGER))
def heads_page(desk: At) -> HTMLResponse:
    """Show the last signed head, and where heads are kept."""
    return page(desk, "heads.html", found=heads(house=desk.house), compared=None)


@router.post("/ledger/heads/compare", **declared(Action.READ_LEDGER))
def compare(desk: At, token: Token) -> HTMLResponse:
    """Verify all entries, and compare them with every head that is kept elsewhere."""
    desk.take(token, "compare")
    compared = compare_heads(house=desk.house)
    return page(desk, "heads.html", found=heads(house=desk.house), compared=compared)


@router.post("/ledger/heads/sign", **declared(Action.EVIDENCE))
def sign(desk: At, token: Token) -> Response:
    """Give the signed head of the ledger as it is now."""
    desk.take(token, "sign")
    signed = new_head(house=desk.house)
    return taken(f"{signed.envelope}\n".encode(), f"head-{signed.head.size}.json", JSON)


@router.get("/audit", **declared(Action.AUDIT))
def audit_page(desk: At) -> HTMLResponse:
    """Show what audits found, and what would make the next one fail."""
    return page(desk, "audit.html", found=audits(house=desk.house))


def taken(content: bytes, name: str, kind: str) -> Response:
    """Give a file that is kept, and not shown; its name is made of an id and has nothing to quote."""
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
