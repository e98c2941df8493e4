"""Requests are found by indexes that the database itself keeps, and what an index hides is found out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from integration.ledger_cases import GATE, NOW, Path, draft
from sqlalchemy import text

from geogate.ledger.ledger import Ledger
from geogate.ledger.lookups import says
from geogate.ledger.queue import Filter
from geogate.ledger.tables import REQUESTS
from geogate.model.names import RecipientId, RequestId

if TYPE_CHECKING:
    from sqlalchemy import Connection

ODD = ('a"b', "back\\slash", "Ärzte", "new\tline", "x' OR '1'='1", "%", "_", "$.{0}", '","recipient":"acme')


def _open(ledger: Ledger, name: str, **changes: Any) -> None:
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(replace(draft(name), **changes))


def _plan(connection: Connection, name: str) -> str:
    query = REQUESTS.select().with_only_columns(REQUESTS.c.id).where(says(connection, name, "acme"))
    compiled = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    if connection.dialect.name == "sqlite":
        return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all())
    connection.exec_driver_sql("SET enable_seqscan = off")
    return str(connection.exec_driver_sql(f"EXPLAIN {compiled}").all())


@pytest.mark.parametrize("name", ["recipient", "continues"])
def test_what_drafts_say_is_found_by_its_index(ledger: Ledger, name: str) -> None:
    with ledger._engine.connect() as connection:
        assert f"requests_by_{name}" in _plan(connection, name)


def test_recipients_are_found_however_they_are_written(ledger: Ledger) -> None:
    every = [RecipientId(each) for each in ("acme", "acme2", *ODD)]
    for number, recipient in enumerate(every):
        _open(ledger, f"r{number}", recipient=recipient, purpose='"recipient":"acme2"')
    for number, recipient in enumerate(every):
        page = ledger.queued(Filter(viewer="x", recipient=recipient))
        assert ([row.id for row in page.rows], page.total) == ([f"r{number}"], 1)
    assert ledger.queued(Filter(viewer="x", recipient="nobody")).total == 0


def test_a_draft_that_says_no_such_thing_is_not_found(ledger: Ledger) -> None:
    _open(ledger, "r1")
    with ledger._engine.begin() as connection:
        connection.execute(text("UPDATE requests SET document = :text"), {"text": "no JSON at all"})
    assert ledger.queued(Filter(viewer="x", recipient="acme")).rows == ()
    assert not ledger.verify().whole


def test_a_page_is_cut_and_counted_as_all_that_were_found(ledger: Ledger) -> None:
    for number in range(7):
        _open(ledger, f"r{number}", purpose="Flood" if number % 2 else "drought")
    for wanted in ({}, {"text": "FLOOD"}, {"text": "flood"}, {"recipient": "acme"}, {"requester": GATE}):
        for newest in (False, True):
            every = ledger.queued(Filter(viewer="x", newest=newest, **wanted))
            assert every.total == len(every.rows) == (3 if "text" in wanted else 7)
            pages = [
                ledger.queued(Filter(viewer="x", newest=newest, offset=offset, limit=2, **wanted))
                for offset in (0, 2, 4, 6, 8)
            ]
            assert [row.id for page in pages for row in page.rows] == [row.id for row in every.rows]
            assert {page.total for page in pages} == {every.total}
    assert ledger.queued(Filter(viewer="x", limit=2, counting=False)).total == 2


def test_the_last_entries_of_a_request_are_read_without_all_others(ledger: Ledger) -> None:
    Path(ledger).sent()
    Path(ledger, name="r2", number=2).sent()
    every = ledger.entries_of(RequestId("r1"))
    assert ledger.entries_of(RequestId("r1"), last=2) == every[-2:]
    assert ledger.entries_of(RequestId("r1"), last=100) == every


def test_an_index_that_hides_an_entry_is_found(sqlite_ledger: Ledger) -> None:
    partial = "UPDATE sqlite_master SET sql = sql || ' WHERE seq < 2' WHERE name = 'entries_of_a_request'"
    whole = "UPDATE sqlite_master SET sql = replace(sql, ' WHERE seq < 2', '') WHERE name = 'entries_of_a_request'"
    for number, statement in enumerate((partial, whole)):
        with sqlite_ledger._engine.connect() as connection:
            for each in ("PRAGMA writable_schema = ON", statement, "PRAGMA writable_schema = RESET"):
                connection.exec_driver_sql(each)
            connection.commit()
        sqlite_ledger._engine.dispose()
        if number == 0:
            assert sqlite_ledger.verify().whole
            Path(sqlite_ledger).sent()
    assert len(sqlite_ledger.entries_of(RequestId("r1"))) == 1
    assert any("an index differs" in problem.what for problem in sqlite_ledger.verify().problems)


def test_a_ledger_that_is_closed_leaves_others_of_the_same_url_open(ledger_url: str) -> None:
    one, other = Ledger.open(ledger_url), Ledger.open(ledger_url)
    assert one._engine is other._engine
    with other.transaction(GATE, at=NOW) as steps:
        one.close()
        one.close()
        steps.note("tick", {})
    assert other.head()[0] == 1
    assert other._engine.pool.checkedin() > 0  # type: ignore[attr-defined]
    other.close()
    assert other._engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_a_ledger_is_read_while_another_of_the_same_thread_writes(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as one, Ledger.open(ledger_url) as other:
        with one.transaction(GATE, at=NOW) as steps:
            steps.note("tick", {})
            assert other.head()[0] == one.head()[0] == 0
        assert other.head()[0] == 1
