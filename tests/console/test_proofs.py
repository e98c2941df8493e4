"""Evidence packs, proofs, heads and audits in the console and its API: audited, for those who may, and true."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from consoling.desk import ROLES, console, held
from consoling.tokens import token_for
from consoling.visitor import forms_of, text_of
from gating.gate import Gate

from geogate.console.client import Client
from geogate.gate.anchors import anchor
from geogate.gate.audit import audit
from geogate.gate.evidence_check import EvidenceError, verify
from geogate.gate.keys import trusted_keys
from geogate.gate.proofs import check
from geogate.model.authority import ForbiddenError, Role
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.model.names import RequestId


@pytest.fixture(scope="module")
def shared(gate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """A gate with one held release, whose ledger is anchored in a folder elsewhere."""
    root = tmp_path_factory.mktemp("proofs")
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    gate = Gate(root=shutil.copytree(gate_template, root / "gate"))
    gate.settings["GEOGATE_LEDGER_ANCHOR"] = str(elsewhere)
    (gate.policies.root / "roles.yaml").write_text(ROLES)
    held(gate)
    anchor(house=gate.house("audrey"))
    return gate


@pytest.fixture
def request_id(shared: Gate) -> RequestId:
    return shared.requests()[0].id


@pytest.fixture
def pipeline(shared: Gate) -> Iterator[Client]:
    """A service that may take evidence: an auditor."""
    with console(shared) as desk, Client(desk.url, token_for(shared, Role.AUDITOR)) as found:
        yield found


def downloads(gate: Gate, request: RequestId) -> list[tuple[str, str]]:
    with gate.ledger() as ledger:
        entries = ledger.notes_of(request, kinds=("downloaded",))
    return [(entry.actor, json.loads(entry.body)["what"]) for entry in entries]


def test_an_auditor_takes_a_pack_that_proves_itself_and_the_ledger_says_so(shared: Gate, request_id: RequestId) -> None:
    path = f"/releases/{request_id}"
    with console(shared) as desk, desk.visitor("audrey", "auditors") as audrey:
        before = len(downloads(shared, request_id))
        answer = audrey.send(forms_of(audrey.page(path))[f"{path}/evidence"])

    assert answer.headers["content-disposition"] == f'attachment; filename="evidence-{request_id}.zip"'
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    key = shared.house().settings.public_key.read_bytes()
    assert verify(answer.content, [key])
    with pytest.raises(EvidenceError):
        verify(answer.content[:-200] + b"x" + answer.content[-199:], [key])
    assert "measured.json" not in zipfile.ZipFile(BytesIO(answer.content)).namelist()
    assert downloads(shared, request_id)[before:] == [("audrey", "the evidence pack")]


def test_measurements_need_a_reason_which_is_kept(shared: Gate, request_id: RequestId) -> None:
    path = f"/releases/{request_id}"
    with console(shared) as desk, desk.visitor("audrey", "auditors") as audrey:
        short = audrey.send(forms_of(audrey.page(path))[f"{path}/evidence"], reason="x")
        good = audrey.send(forms_of(audrey.page(path))[f"{path}/evidence"], reason="asked by the authority")

    assert short.status_code == 400
    assert "10 characters" in text_of(short.text)
    assert "measured.json" in zipfile.ZipFile(BytesIO(good.content)).namelist()
    assert downloads(shared, request_id)[-1] == ("audrey", "the evidence pack with the measurements")


def test_who_may_not_take_evidence_is_offered_none(shared: Gate, request_id: RequestId) -> None:
    path = f"/releases/{request_id}"
    with console(shared) as desk, desk.reviewer("ada") as ada:
        before = len(downloads(shared, request_id))
        assert f"{path}/evidence" not in forms_of(ada.page(path))
        assert ada.http.post(f"{path}/evidence", data={"token": "made up"}).status_code == 403

    assert len(downloads(shared, request_id)) == before


def test_a_pack_needs_a_form_of_its_own_release_and_gives_one_pack(shared: Gate, request_id: RequestId) -> None:
    path = f"/releases/{request_id}"
    with console(shared) as desk, desk.visitor("audrey", "auditors") as audrey:
        form = forms_of(audrey.page(path))[f"{path}/evidence"]
        before = len(downloads(shared, request_id))
        proof = forms_of(audrey.page(path))[f"{path}/proof"]
        form.action, proof.action = proof.action, form.action
        assert [audrey.send(each).status_code for each in (form, proof)] == [409, 409]
        again = forms_of(audrey.page(path))[f"{path}/proof"]
        assert [audrey.send(again).status_code for _ in range(2)] == [200, 409]

    assert len(downloads(shared, request_id)) == before + 1


def test_a_proof_of_a_release_is_checked_with_the_public_key_alone(shared: Gate, request_id: RequestId) -> None:
    path = f"/releases/{request_id}"
    with console(shared) as desk, desk.visitor("audrey", "auditors") as audrey:
        answer = audrey.send(forms_of(audrey.page(path))[f"{path}/proof"])

    said = check(answer.text, keys=trusted_keys(shared.house().settings))
    assert any(f"of {request_id} by rita" in line for line in said)


def test_the_page_of_heads_says_what_was_signed_and_compares_the_ledger(shared: Gate) -> None:
    with console(shared) as desk, desk.visitor("audrey", "auditors") as audrey:
        page = audrey.page("/ledger/heads")
        said = text_of(page)
        assert "in a folder" in said
        assert "came after it" in said or "Root" in said
        compared = audrey.send(forms_of(page)["/ledger/heads/compare"])
        signed = audrey.send(forms_of(audrey.page("/ledger/heads"))["/ledger/heads/sign"])

    assert "The ledger is whole" in text_of(compared.text)
    assert "compared with 1 kept heads" in text_of(compared.text)
    assert json.loads(signed.text)["payloadType"] == "application/vnd.geogate.tree-head+json"


def test_audits_overdue_duties_and_receivers_that_fail_are_on_one_page(shared: Gate) -> None:
    with console(shared) as desk, desk.visitor("audrey", "auditors") as audrey, desk.reviewer("ada") as ada:
        if not any(kind == "audited" for kind in shared.kinds()):
            assert "There was no audit yet" in text_of(audrey.page("/audit"))
        audit(hours=24, house=replace(shared.house("nightly"), groups=("auditors",)))
        said = text_of(audrey.page("/audit"))
        assert ada.get("/audit").status_code == 403

    assert "by nightly: 0 releases of the 24 hours before were judged again" in said
    assert "None is overdue." in said
    assert "Whoever was to be told of something last was told." in said


def test_a_service_takes_all_of_it_too(pipeline: Client, shared: Gate, request_id: RequestId) -> None:
    key = shared.house().settings.public_key.read_bytes()

    assert verify(pipeline.evidence(request_id), [key])
    assert check(pipeline.proof(request_id), keys=trusted_keys(shared.house().settings))
    with pytest.raises(UsageError, match="10 characters"):
        pipeline.evidence(request_id, measured_because="x")
    head = pipeline.sign_head()
    assert pipeline.heads().signed == head.head
    assert (pipeline.compare_heads().problems, pipeline.compare_heads().heads) == ((), 1)
    assert pipeline.audits().count >= 0
    assert downloads(shared, request_id)[-1] == ("token:pipeline", "the proof that it is in the ledger")


def test_a_service_without_the_role_takes_nothing(shared: Gate, request_id: RequestId) -> None:
    with console(shared) as desk, Client(desk.url, token_for(shared, Role.REVIEWER)) as reviewer:
        for call in (reviewer.evidence, reviewer.proof):
            with pytest.raises(ForbiddenError):
                call(request_id)
        for ask in (reviewer.heads, reviewer.sign_head, reviewer.compare_heads, reviewer.audits):
            with pytest.raises(ForbiddenError):
                ask()
