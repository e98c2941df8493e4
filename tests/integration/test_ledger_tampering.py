"""Somebody with access to the database changes it past geogate; the triggers refuse, and verifying finds it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.ledger_cases import GATE, NOW, REVIEWERS, Path, clearance, nonce, vote
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from geogate.ledger.chain import entry_hash
from geogate.ledger.failures import DamagedError
from geogate.ledger.steps import Cleared, Voted, body_of
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, RequestId
from geogate.model.release import Choice

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Entry

R1 = RequestId("r1")
DROPS = {
    "sqlite": ("entries_keep_updated", "entries_keep_deleted", "entries_follow"),
    "postgresql": ("entries_keep_updated", "entries_keep_deleted", "entries_keep_truncated", "entries_follow"),
}


def tamper(ledger: Ledger, *statements: str, **values: object) -> None:
    """Run SQL on the database as its owner could."""
    with ledger._engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def disarm(ledger: Ledger) -> None:
    """Drop the triggers."""
    with ledger._engine.begin() as connection:
        for name in DROPS[connection.dialect.name]:
            table = "" if connection.dialect.name == "sqlite" else " ON entries"
            connection.execute(text(f"DROP TRIGGER {name}{table}"))


def found(ledger: Ledger) -> list[tuple[int, str]]:
    """Verify, and leave out that the triggers are gone."""
    problems = ledger.verify().problems
    return [(problem.seq, problem.what) for problem in problems if not problem.what.startswith("the trigger")]


def has(problems: list[tuple[int, str]], seq: int, words: str) -> bool:
    return any(number == seq and words in what for number, what in problems)


APPEND_ONLY = [
    "UPDATE entries SET body = '{}' WHERE seq = 2",
    "UPDATE entries SET actor = 'nobody'",
    "DELETE FROM entries WHERE seq = 6",
    "DELETE FROM entries",
    "INSERT INTO entries SELECT 8, at, kind, request, actor, body, hash, 'x' FROM entries WHERE seq = 6",
    "INSERT INTO entries SELECT 7, at, kind, request, actor, body, 'x', 'x' FROM entries WHERE seq = 6",
    "INSERT INTO entries SELECT 3, at, kind, request, actor, body, 'x', 'x' FROM entries WHERE seq = 6",
    "INSERT INTO entries SELECT 0, at, kind, request, actor, body, 'x', 'x' FROM entries WHERE seq = 6",
]


def test_the_database_itself_keeps_the_entries_as_they_are(ledger: Ledger) -> None:
    Path(ledger).sent()
    for statement in APPEND_ONLY:
        with pytest.raises(DBAPIError, match=r"append-only|must follow the last one"):
            tamper(ledger, statement)
    assert ledger.verify().whole


def test_sqlite_does_not_replace_an_entry(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).sent()
    with pytest.raises(DBAPIError, match="must follow the last one"):
        tamper(sqlite_ledger, "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE seq = 6")


def test_postgresql_does_not_truncate_the_entries(ledger: Ledger) -> None:
    Path(ledger).sent()
    statement = "TRUNCATE entries" if ledger._engine.dialect.name == "postgresql" else "DELETE FROM entries"
    with pytest.raises(DBAPIError, match="append-only"):
        tamper(ledger, statement)


def test_triggers_that_are_gone_are_a_problem_by_themselves(ledger: Ledger) -> None:
    disarm(ledger)
    gone = DROPS[ledger._engine.dialect.name]
    assert sorted(problem.what for problem in ledger.verify().problems) == sorted(
        f"the trigger {name} is gone or off" for name in gone
    )


def test_a_trigger_that_is_switched_off_is_a_problem(ledger: Ledger) -> None:
    if ledger._engine.dialect.name == "postgresql":
        tamper(ledger, "ALTER TABLE entries DISABLE TRIGGER entries_follow")
    else:
        tamper(ledger, "DROP TRIGGER entries_follow")
    assert [problem.what for problem in ledger.verify().problems] == ["the trigger entries_follow is gone or off"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", '{"nonce":"00000000000000000000000000000002"}'),
        ("actor", "somebody"),
        ("at", "2026-03-01T13:00:00.000000+00:00"),
        ("kind", "drill"),
        ("request", "r2"),
        ("hash", "f" * 64),
        ("prev", "e" * 64),
    ],
)
def test_an_edited_entry_is_found(sqlite_ledger: Ledger, column: str, value: str) -> None:
    Path(sqlite_ledger).sent()
    disarm(sqlite_ledger)
    tamper(sqlite_ledger, f"UPDATE entries SET {column} = :value WHERE seq = 5", value=value)
    assert has(found(sqlite_ledger), 5, "was edited: it does not have the hash")


def test_an_edited_entry_with_a_hash_made_to_fit_breaks_the_chain_behind_it(ledger: Ledger) -> None:
    Path(ledger).sent()
    disarm(ledger)
    entry = list(ledger.entries())[3]
    forged = _rehashed(entry, actor="somebody")
    tamper(ledger, "UPDATE entries SET actor = :actor, hash = :hash WHERE seq = 4", actor="somebody", hash=forged.hash)
    assert found(ledger) == [(5, "does not follow the entry before it: one was edited, removed or put elsewhere")]


def _rehashed(entry: Entry, **changes: str) -> Entry:
    from dataclasses import replace

    changed = replace(entry, **changes)  # type: ignore[arg-type]
    return replace(changed, hash=entry_hash(changed))


def test_an_entry_removed_from_the_middle_is_found(ledger: Ledger) -> None:
    Path(ledger).sent()
    disarm(ledger)
    tamper(ledger, "DELETE FROM entries WHERE seq = 3")
    problems = found(ledger)
    assert has(problems, 4, "entries 3 to 3 are missing")
    assert has(problems, 4, "does not follow")


def test_entries_that_changed_places_are_found(ledger: Ledger) -> None:
    with ledger.transaction(GATE, at=NOW) as steps:
        for number in range(4):
            steps.note("tick", number)
    disarm(ledger)
    swap = [(2, 99), (3, 2), (99, 3)]
    tamper(ledger, *(f"UPDATE entries SET seq = {after} WHERE seq = {before}" for before, after in swap))
    assert [seq for seq, what in found(ledger) if what.startswith("was edited")] == [2, 3]
    assert [seq for seq, what in found(ledger) if "does not follow" in what] == [2, 3, 4]


def test_a_cut_off_end_is_found_by_the_tables_when_it_held_steps(ledger: Ledger) -> None:
    Path(ledger).sent()
    disarm(ledger)
    tamper(ledger, "DELETE FROM entries WHERE seq = 6")
    problems = found(ledger)
    assert has(problems, 0, "receipts has a row that no entry speaks of")
    assert has(problems, 5, "state in requests is not what the entries say")


def test_a_cut_off_end_of_notes_is_found_only_by_an_anchor(ledger: Ledger) -> None:
    Path(ledger).sent()
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.note("refused-vote", {})
    anchor = ledger.head()
    disarm(ledger)
    tamper(ledger, "DELETE FROM entries WHERE seq = 7")
    assert found(ledger) == []  # what a bare chain cannot see
    problem = ledger.verify(anchor=anchor).problems[-1]
    assert (problem.seq, problem.what[:29]) == (7, "the anchored entry is not the"[:29])


def test_an_anchor_that_the_ledger_has_is_no_problem(ledger: Ledger) -> None:
    empty = ledger.head()
    Path(ledger).cleared()
    anchor = ledger.head()
    Path(ledger, name="r2", number=2).sent()
    assert ledger.verify(anchor=empty).whole
    assert ledger.verify(anchor=anchor).whole
    assert ledger.verify(anchor=ledger.head()).whole
    assert not ledger.verify(anchor=(anchor[0], ledger.head()[1])).whole


EDITS = [
    ("state", "UPDATE requests SET state = 'approved'"),
    ("verdict", "UPDATE requests SET verdict = replace(verdict, 'hold', 'note')"),
    ("artefact", "UPDATE requests SET artefact = dataset"),
    ("ballot", "UPDATE requests SET ballot = NULL"),
    ("opened_by", "UPDATE requests SET opened_by = 'somebody'"),
    ("purpose", "UPDATE requests SET purpose = 'another'"),
    ("changed_at", "UPDATE requests SET changed_at = opened_at || ' '"),
    ("document", "UPDATE requests SET document = replace(document, 'rita', 'rosa')"),
    ("document", "UPDATE votes SET document = replace(document, 'reject', 'approve')"),
]


@pytest.mark.parametrize(("column", "statement"), EDITS)
def test_an_edited_table_is_found_by_verifying_and_before_the_next_step(
    sqlite_ledger: Ledger, column: str, statement: str
) -> None:
    Path(sqlite_ledger).held()
    with sqlite_ledger.transaction(REVIEWERS[0], at=NOW) as steps:
        steps.vote(vote(REVIEWERS[0], Choice.REJECT))
    tamper(sqlite_ledger, statement)
    assert [what.split(" in ")[0] for _, what in found(sqlite_ledger)] == [column]
    before = sqlite_ledger.head()
    with (
        pytest.raises(DamagedError, match="not what the entries say"),
        sqlite_ledger.transaction(GATE, at=NOW) as steps,
    ):
        steps.move(R1, State.WITHDRAWN, reason="")
    assert sqlite_ledger.head() == before


def test_a_forged_state_does_not_let_a_request_be_cleared(ledger: Ledger) -> None:
    Path(ledger).held()
    tamper(ledger, "UPDATE requests SET state = 'approved'")
    with pytest.raises(DamagedError), ledger.transaction(GATE, at=NOW) as steps:
        steps.clear(R1, clearance=clearance(), envelope="{}")
    assert ledger.clearance_of(R1) is None


def test_a_forged_vote_is_found_and_does_not_count(ledger: Ledger) -> None:
    Path(ledger).held()
    for reviewer in REVIEWERS:
        document = canonical_json(vote(reviewer))
        tamper(ledger, "INSERT INTO votes VALUES ('r1', :reviewer, :document)", reviewer=reviewer, document=document)
    assert [what for _, what in found(ledger)] == ["votes has a row that no entry speaks of"] * 2
    with pytest.raises(DamagedError), ledger.transaction(GATE, at=NOW) as steps:
        steps.move(R1, State.APPROVED, reason="")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM votes", "the row in votes that this entry wrote is missing"),
        ("DELETE FROM clearances", "the row in clearances that this entry wrote is missing"),
        ("DELETE FROM requests", "the row in requests that this entry wrote is missing"),
        ("UPDATE clearances SET claimed_at = NULL", "claimed_at in clearances is not what the entries say"),
        ("UPDATE clearances SET envelope = '{}'", "envelope in clearances is not what the entries say"),
        ("UPDATE clearances SET nonce = '0'", "clearances has a row that no entry speaks of"),
    ],
)
def test_rows_that_are_gone_or_changed_are_found(sqlite_ledger: Ledger, statement: str, words: str) -> None:
    path = Path(sqlite_ledger)
    path.approved()
    path.clear()
    with sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.claim(nonce())
    tamper(sqlite_ledger, statement)
    assert words in [what for _, what in found(sqlite_ledger)]


def test_a_claim_that_was_undone_in_the_tables_cannot_be_made_again(ledger: Ledger) -> None:
    Path(ledger).sending()
    tamper(ledger, "UPDATE clearances SET claimed_at = NULL", "UPDATE requests SET state = 'cleared'")
    with pytest.raises(DamagedError), ledger.transaction(GATE, at=NOW) as steps:
        steps.claim(nonce())


def test_edited_measurements_are_found_and_not_given_out(ledger: Ledger) -> None:
    Path(ledger).sent()
    tamper(ledger, "UPDATE measurements SET document = :value", value='{"rows":4}')
    assert [what for _, what in found(ledger)] == ["document in measurements is not what the entries say"]
    with pytest.raises(DamagedError, match="not those that were kept"):
        ledger.measurements(R1)


def test_a_request_that_appears_from_nowhere_is_found(ledger: Ledger) -> None:
    Path(ledger).sent()
    columns = "state, opened_at, opened_by, changed_at, purpose, document, dataset, artefact, verdict, ballot"
    tamper(ledger, f"INSERT INTO requests (id, {columns}) SELECT 'r2', {columns} FROM requests")
    assert found(ledger) == [(0, "requests has a row that no entry speaks of")]


def test_editing_entry_and_table_together_is_found(ledger: Ledger) -> None:
    Path(ledger).held()
    disarm(ledger)
    tamper(
        ledger,
        "UPDATE entries SET body = replace(body, 'held', 'failed') WHERE seq = 4",
        "UPDATE requests SET state = 'failed'",
    )
    assert has(found(ledger), 4, "was edited: it does not have the hash")
    with pytest.raises(DamagedError, match="entry 4 "), ledger.transaction(GATE, at=NOW) as steps:
        steps.move(R1, State.RECALLED, reason="")


def _append(connection: Connection, entry: Entry) -> None:
    from geogate.ledger.chain import append

    append(connection, entry)


def test_well_chained_entries_that_break_the_law_are_found(ledger: Ledger) -> None:
    Path(ledger).held()
    last = list(ledger.entries())[-1]
    with ledger._engine.begin() as connection:
        _append(connection, _rehashed(last, body='{"reason":"me","state":"approved"}', actor="mallory"))
    tamper(ledger, "UPDATE requests SET state = 'approved'")
    assert has(found(ledger), 5, "is against the law: 2 reviewers must approve")
    with pytest.raises(DamagedError, match="entry 5 cannot stand"), ledger.transaction(GATE, at=NOW) as steps:
        steps.clear(R1, clearance=clearance(), envelope="{}")


@pytest.mark.parametrize("body", ["", "{}", "[1]", '{"state":"held","reason":1}', '{"reason":"x", "state":"failed"}'])
def test_well_chained_entries_that_cannot_be_read_are_found(sqlite_ledger: Ledger, body: str) -> None:
    Path(sqlite_ledger).held()
    last = list(sqlite_ledger.entries())[-1]
    with sqlite_ledger._engine.begin() as connection:
        _append(connection, _rehashed(last, body=body))
    assert has(found(sqlite_ledger), 5, "is not a move that can be read")
    with pytest.raises(DamagedError), sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.move(R1, State.WITHDRAWN, reason="")


@pytest.mark.parametrize("at", ["2026-03-01T12:00:00", "2026-03-01T12:00:00+00:00", "soon"])
def test_a_forged_time_in_an_entry_is_found(sqlite_ledger: Ledger, at: str) -> None:
    Path(sqlite_ledger).held()
    last = list(sqlite_ledger.entries())[-1]
    with sqlite_ledger._engine.begin() as connection:
        _append(connection, _rehashed(last, at=at, body='{"reason":"","state":"withdrawn"}'))
    assert 5 in {seq for seq, _ in found(sqlite_ledger)}


def test_a_vote_moved_over_from_another_request_is_found(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).held()
    last = list(sqlite_ledger.entries())[-1]
    body = body_of(Voted(vote=vote(REVIEWERS[0], name="r2")))
    with sqlite_ledger._engine.begin() as connection:
        _append(connection, _rehashed(last, kind="vote", actor=REVIEWERS[0], body=body))
    assert has(found(sqlite_ledger), 5, "is against the law: the vote is about another request")


def test_a_nonce_that_is_given_out_again_is_found(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).cleared()
    Path(sqlite_ledger, name="r2").screened()
    last = list(sqlite_ledger.entries())[-1]
    body = body_of(Cleared(clearance=clearance("r2"), envelope="{}"))
    with sqlite_ledger._engine.begin() as connection:
        _append(connection, _rehashed(last, kind="clear", body=body))
    assert has(found(sqlite_ledger), 8, "is against the law: the row in clearances is there twice")


def test_an_entry_of_another_request_than_its_body_says_is_found(ledger: Ledger) -> None:
    Path(ledger).cleared()
    first = next(iter(ledger.entries()))
    with ledger._engine.begin() as connection:
        _append(connection, _rehashed(first, request="r9"))
    assert has(found(ledger), 5, "is not a open that can be read")


def test_a_column_that_holds_bytes_is_found_and_does_not_stop_the_audit(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).sent()
    disarm(sqlite_ledger)
    tamper(
        sqlite_ledger,
        "UPDATE entries SET body = CAST(body AS BLOB) WHERE seq = 1",
        "UPDATE requests SET purpose = CAST(purpose AS BLOB)",
    )
    assert has(found(sqlite_ledger), 1, "was edited: it does not have the hash")


def test_a_document_that_cannot_be_read_is_damage_and_never_half_a_value(ledger: Ledger) -> None:
    Path(ledger).sent()
    tamper(ledger, "UPDATE requests SET verdict = '{}'", "UPDATE clearances SET document = document || ' x'")
    with pytest.raises(DamagedError, match="a Verdict in the ledger cannot be read"):
        ledger.request(R1)
    with pytest.raises(DamagedError, match="a Clearance in the ledger cannot be read"):
        ledger.clearance(Nonce(nonce()))


def test_a_state_that_does_not_exist_is_damage(ledger: Ledger) -> None:
    Path(ledger).sent()
    tamper(ledger, "UPDATE requests SET state = 'fine'")
    with pytest.raises(DamagedError, match="a state that does not exist"):
        ledger.request(R1)
