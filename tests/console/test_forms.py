from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from consoling.desk import console, held
from consoling.visitor import text_of

if TYPE_CHECKING:
    from consoling.desk import Desk
    from consoling.visitor import Form, Visitor
    from gating.gate import Gate


def vote_form(visitor: Visitor, request: str) -> Form:
    return visitor.form(f"/releases/{request}", f"/releases/{request}/vote")


def votes(desk: Desk, request: str) -> int:
    with desk.gate.ledger() as ledger:
        return len(ledger.votes(desk.gate.request(request).id))  # type: ignore[arg-type]  # ids are texts


def test_a_form_works_once(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer() as ada:
        form = ada.form(f"/releases/{request}", f"/releases/{request}/comment")
        first = ada.send(form, comment="once")
        second = ada.send(form, comment="twice")
        page = text_of(ada.page(f"/releases/{request}"))

    assert (first.status_code, second.status_code) == (200, 409)
    assert "sent before" in text_of(second.text)
    assert "once" in page
    assert "twice" not in page


def test_a_form_is_for_one_session_only(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("eve") as eve:
        form = vote_form(ada, request)
        eve.page("/")
        stolen = eve.send(form, choice="approve", comment="")

        assert stolen.status_code == 409
        assert "another session" in text_of(stolen.text)
        assert votes(desk, request) == 0


def test_a_form_is_for_one_release_and_one_deed_only(gate: Gate) -> None:
    one, other = held(gate, "one"), held(gate, "other", purpose="another study")
    with console(gate) as desk, desk.reviewer() as ada:
        token = vote_form(ada, one).fields
        elsewhere = ada.http.post(f"/releases/{other}/vote", data={**token, "choice": "approve"})
        comment = ada.form(f"/releases/{one}", f"/releases/{one}/comment").fields
        otherwise = ada.http.post(f"/releases/{one}/vote", data={**comment, "choice": "approve"})

        assert (elsewhere.status_code, otherwise.status_code) == (409, 409)
        assert votes(desk, one) == votes(desk, other) == 0


def test_a_form_that_was_filled_for_another_verdict_is_refused_and_says_so(gate: Gate) -> None:
    from geogate.console.forms import Purpose
    from geogate.console.people import resume

    request = held(gate)
    with console(gate) as desk, desk.reviewer() as ada:
        ada.page("/")
        assert desk.app is not None
        shared = desk.app.state.console
        session = resume(shared.store, ada.http.cookies["geogate"], shared.lasting, at=shared.now())
        assert session is not None
        older = shared.forms.make(session, Purpose(action="vote", subject=request, seen="0" * 64))
        refused = ada.http.post(f"/releases/{request}/vote", data={"token": older, "choice": "approve"})

        assert refused.status_code == 409
        assert "not any more what this form was filled for" in text_of(refused.text)
        assert votes(desk, request) == 0


def test_a_form_that_is_too_old_or_made_up_is_refused(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer() as ada:
        form = vote_form(ada, request)
        for token in ("", "made up", form.fields["token"][:-2] + "xx", "a" * 1999):
            answer = ada.http.post(f"/releases/{request}/vote", data={"token": token, "choice": "approve"})
            assert answer.status_code in {400, 409}, token
        assert votes(desk, request) == 0


def test_a_session_that_ended_meanwhile_loses_nothing_and_does_nothing(gate: Gate) -> None:
    request = held(gate)
    with console(gate) as desk, desk.reviewer() as ada:
        form = vote_form(ada, request)
        desk.ahead = timedelta(minutes=31)
        late = ada.send(form, choice="approve", comment="late")

        assert late.status_code == 401
        assert "nothing was done" in text_of(late.text)
        assert votes(desk, request) == 0


def test_no_link_pretends_that_something_was_done(gate: Gate) -> None:
    one, other = held(gate, "one"), held(gate, "other", purpose="another study")
    said = "Your approval is in the ledger"
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("eve") as eve:
        done = ada.send(vote_form(ada, one), choice="approve", comment="")
        note = str(done.url).partition("?")[2]

        assert said in text_of(done.text)
        assert said not in text_of(ada.page(f"/releases/{one}?done=approve"))
        assert said not in text_of(ada.page(f"/releases/{other}?{note}"))
        assert said not in text_of(eve.page(f"/releases/{one}?{note}"))
        assert said not in text_of(ada.page(f"/releases/{one}?{note}x"))
