"""The way of a request through the ledger, in both databases."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from integration.forks import in_a_fork
from integration.ledger_cases import (
    ENVELOPE,
    GATE,
    MEASUREMENTS,
    NOW,
    PURPOSE,
    REVIEWERS,
    Path,
    artefact,
    ballot,
    clearance,
    dataset,
    draft,
    nonce,
    receipt,
    sha,
    verdict,
    vote,
)

from geogate.ledger.chain import GENESIS, entry_hash
from geogate.ledger.failures import UnknownError
from geogate.ledger.ledger import Ledger
from geogate.ledger.schema import HEAD, MIGRATIONS
from geogate.ledger.steps import KINDS
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import Actor, RequestId
from geogate.model.release import Choice
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path as FolderPath

R1 = RequestId("r1")


def test_a_request_that_was_sent_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    Path(ledger).sent()
    expected = replace(draft(), state=State.SENT, dataset=dataset(), artefact=artefact(), verdict=verdict())
    assert ledger.request(R1) == expected
    assert ledger.measurements(R1) == MEASUREMENTS
    assert ledger.clearance(nonce()) == ledger.clearance_of(R1) == (clearance(), ENVELOPE)
    assert ledger.receipt(R1) == receipt()


def test_every_step_is_one_entry_and_the_entries_form_a_chain(ledger: Ledger) -> None:
    Path(ledger).sent()
    entries = list(ledger.entries())
    assert [entry.kind for entry in entries] == ["open", "seal", "screen", "clear", "claim", "receive"]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.prev for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]
    assert all(entry.hash == entry_hash(entry) for entry in entries)
    assert ledger.head() == (6, entries[-1].hash)


def test_the_hash_of_an_entry_is_the_same_for_ever(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.transaction(GATE, at=NOW) as steps:
        entry = steps.note("drill", {"b": 1, "a": "ü"})
    assert (entry.at, entry.body) == ("2026-03-01T12:00:00.000000+00:00", '{"a":"ü","b":1}')
    hashed = r'[1,"2026-03-01T12:00:00.000000+00:00","drill","","gate@example","{\"a\":\"ü\",\"b\":1}","GENESIS"]'
    hashed = hashed.replace("GENESIS", GENESIS)
    assert entry.hash == hashlib.sha256(hashed.encode()).hexdigest()
    assert entry.hash == "fc5fa3b80efd45407394219177b7cf0616db5cb2ffc4802b26f9e298b7ffa8a5"


def test_an_approved_request_can_be_cleared_and_leaves_a_whole_ledger(ledger: Ledger) -> None:
    path = Path(ledger)
    path.approved()
    path.clear()
    assert ledger.votes(R1) == tuple(vote(reviewer) for reviewer in REVIEWERS)
    assert ledger.request(R1).state is State.CLEARED
    assert ledger.verify().problems == ()


def test_every_way_to_an_end_leaves_a_whole_ledger(ledger: Ledger) -> None:
    ways = (
        ("screened", State.DENIED),
        ("refused", State.REJECTED),
        ("sent_back", State.RETURNED),
        ("held", State.WITHDRAWN),
        ("approved", State.EXPIRED),
        ("cleared", State.EXPIRED),
        ("sending", State.FAILED),
        ("sent", State.RECALLED),
    )
    for number, (way, end) in enumerate(ways):
        path = Path(ledger, name=f"r{number}", number=number)
        getattr(path, way)()
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.move(RequestId(path.name), end, reason="the end")
        assert ledger.request(RequestId(path.name)).state is end
    assert ledger.verify().problems == ()


def test_what_has_no_artefact_can_be_denied_and_only_that(ledger: Ledger) -> None:
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(draft())
        steps.seal(R1, dataset=dataset(), artefact=None)
        for decision in (Decision.CLEAR, Decision.HOLD):
            with pytest.raises(RefusedError, match="no artefact can only be denied"):
                steps.screen(R1, verdict=verdict(decision, subject=dataset()), measurements="{}")
        steps.screen(R1, verdict=verdict(Decision.DENY, subject=dataset()), measurements="{}")
        steps.move(R1, State.DENIED, reason="unreadable")
    assert ledger.request(R1).artefact is None
    assert ledger.verify().whole


def test_steps_of_one_transaction_happen_together_or_not_at_all(ledger: Ledger) -> None:
    def half() -> None:
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.open_request(draft())
            steps.seal(R1, dataset=dataset(), artefact=artefact())
            raise InterruptedError

    with pytest.raises(InterruptedError):
        half()
    assert ledger.head() == (0, GENESIS)
    with pytest.raises(UnknownError, match="no request r1"):
        ledger.request(R1)


def test_a_refused_step_writes_nothing_and_can_be_noted_in_the_same_transaction(ledger: Ledger) -> None:
    Path(ledger).held()
    before, _ = ledger.head()
    requester = draft().requester
    with ledger.transaction(requester, at=NOW) as steps:
        with pytest.raises(RefusedError):
            steps.vote(vote(requester))
        steps.note("refused-vote", {"request": "r1"}, request=R1)
    assert [entry.kind for entry in ledger.entries(after=before)] == ["refused-vote"]
    assert ledger.votes(R1) == ()
    assert ledger.verify().whole


def test_requests_are_found_by_state_and_by_when_they_came_into_it(ledger: Ledger) -> None:
    Path(ledger, name="old", number=1).sent()
    Path(ledger, name="new", number=2).sending()
    Path(ledger, name="held", number=3).held()
    later = NOW + timedelta(minutes=5)
    with ledger.transaction(GATE, at=later) as steps:
        steps.receive(receipt("new", number=2))
    assert [request.id for request in ledger.requests()] == ["held", "new", "old"]
    assert [request.id for request in ledger.requests(states=[State.SENT])] == ["new", "old"]
    assert [request.id for request in ledger.requests(states=[State.SENT], since=later)] == ["new"]
    assert ledger.requests(states=[State.SENT], since=later + timedelta(microseconds=1)) == ()


def test_the_same_release_is_found_while_it_is_under_way_or_sent(ledger: Ledger) -> None:
    Path(ledger, name="a", number=1).held()
    Path(ledger, name="b", number=2).sent()
    Path(ledger, name="c", number=3).screened()
    assert [request.id for request in ledger.find_open(ballot(), purpose=PURPOSE)] == ["a", "b"]
    assert ledger.find_open(ballot(), purpose="another") == ()
    assert ledger.find_open(replace(ballot(), policy_digest=sha("f")), purpose=PURPOSE) == ()
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.move(RequestId("a"), State.WITHDRAWN, reason="not needed")
        steps.move(RequestId("b"), State.RECALLED, reason="by mistake")
    assert ledger.find_open(ballot(), purpose=PURPOSE) == ()


def test_what_is_not_there_is_said_to_be_unknown(ledger: Ledger) -> None:
    with pytest.raises(UnknownError, match="no clearance with this nonce"):
        ledger.clearance(nonce())
    with pytest.raises(UnknownError, match="no measurements"):
        ledger.measurements(R1)
    assert (ledger.clearance_of(R1), ledger.receipt(R1), ledger.votes(R1)) == (None, None, ())


def test_entries_are_read_in_pages_of_any_length(ledger: Ledger) -> None:
    with ledger.transaction(GATE, at=NOW) as steps:
        for number in range(261):
            steps.note("tick", number)
    assert [entry.seq for entry in ledger.entries()] == list(range(1, 262))
    assert [entry.seq for entry in ledger.entries(after=255, limit=3)] == [256, 257, 258]
    assert len(list(ledger.entries(limit=257))) == 257
    assert list(ledger.entries(limit=0)) == list(ledger.entries(after=261)) == []
    assert ledger.verify().entries == 261


@pytest.mark.parametrize("at", [datetime(2026, 3, 1), datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1)))])  # noqa: DTZ001
def test_a_time_that_is_not_in_utc_is_a_mistake_of_the_caller(sqlite_ledger: Ledger, at: datetime) -> None:
    with pytest.raises(UsageError, match="must be in UTC"), sqlite_ledger.transaction(GATE, at=at):
        pass
    with pytest.raises(UsageError, match="must be in UTC"):
        sqlite_ledger.requests(since=at)


@pytest.mark.parametrize("kind", [*KINDS, "", "Two Words"])
def test_a_note_cannot_pass_for_a_step(sqlite_ledger: Ledger, kind: str) -> None:
    with sqlite_ledger.transaction(GATE, at=NOW) as steps, pytest.raises(UsageError, match="not a kind of note"):
        steps.note(kind, {})


@pytest.mark.parametrize("actor", ["", "two\nlines", "nul\x00", "half\ud800", "x" * 301])
def test_an_actor_is_one_line_of_text(sqlite_ledger: Ledger, actor: str) -> None:
    with (
        pytest.raises(UsageError, match="name of an actor must be one line"),
        sqlite_ledger.transaction(Actor(actor), at=NOW) as steps,
    ):
        steps.note("drill", {})
    assert sqlite_ledger.head() == (0, GENESIS)


@pytest.mark.parametrize("text", ["nul\x00", "half\ud800"])
def test_texts_that_cannot_be_kept_are_refused_before_anything_is_written(ledger: Ledger, text: str) -> None:
    Path(ledger, name="a").screened()
    before = ledger.head()
    with ledger.transaction(GATE, at=NOW) as steps:
        with pytest.raises(UsageError, match="cannot keep"):
            steps.open_request(replace(draft(), purpose=text))
        with pytest.raises(UsageError, match="cannot keep"):
            steps.clear(RequestId("a"), clearance=clearance("a"), envelope=text)
        with pytest.raises(UsageError, match="one line"):
            steps.open_request(replace(draft(), id=RequestId(text)))
    assert ledger.head() == before


def test_text_with_controls_is_kept_where_only_json_holds_it(ledger: Ledger) -> None:
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(draft())
        steps.move(R1, State.WITHDRAWN, reason="tab\t nul\x00 line\n end")
    assert ledger.verify().whole


def test_creating_a_ledger_that_is_there_keeps_what_it_holds(empty_url: str) -> None:
    with Ledger.create(empty_url) as ledger:
        Path(ledger).sent()
        head = ledger.head()
    with Ledger.create(empty_url) as again:
        assert again.head() == head
        assert again.verify().whole
    with Ledger.open(empty_url) as opened:
        assert opened.head() == head


def test_a_ledger_in_a_file_is_read_by_its_owner_alone(tmp_path: FolderPath) -> None:
    with Ledger.create(f"sqlite:///{tmp_path / 'ledger.db'}"):
        made = [path for path in tmp_path.iterdir() if path.name.startswith("ledger.db") and path.suffix != ".lock"]
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in made} == {path.name: 0o600 for path in made}
        assert made


def test_the_code_knows_the_newest_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_revisions_make_the_tables_that_the_code_uses(ledger: Ledger) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from geogate.ledger.tables import METADATA

    with ledger._engine.connect() as connection:
        # What PostgreSQL's functions go by is no table of the code's.
        known = {"include_name": lambda name, kind, _: (kind, name) != ("table", "ledger_writes")}
        found = compare_metadata(MigrationContext.configure(connection, opts=known), METADATA)
    kinds = {"add_table", "remove_table", "add_column", "remove_column", "modify_nullable", "modify_type"}
    flat = [change[0] if isinstance(change, tuple) else change[0][0] for change in found]
    assert not kinds & set(flat), found


def test_a_vote_is_kept_with_its_comment_and_time(ledger: Ledger) -> None:
    path = Path(ledger)
    path.held()
    at = NOW + timedelta(seconds=1)
    with ledger.transaction(REVIEWERS[0], at=at) as steps:
        steps.vote(vote(REVIEWERS[0], Choice.REJECT, at=at))
    assert ledger.votes(R1) == (vote(REVIEWERS[0], Choice.REJECT, at=at),)
    assert json.loads(list(ledger.entries())[-1].body)["vote"]["at"] == at.astimezone(UTC).isoformat()


def test_a_clock_with_microseconds_keeps_its_order(ledger: Ledger) -> None:
    times = [NOW.replace(microsecond=micro) for micro in (0, 1, 999_999)]
    for at in times:
        with ledger.transaction(GATE, at=at) as steps:
            steps.note("tick", {})
    texts = [entry.at for entry in ledger.entries()]
    assert texts == sorted(texts)


def test_a_ledger_carried_over_a_fork_gets_connections_of_its_own(ledger: Ledger) -> None:
    Path(ledger, name="parent").cleared()

    def child() -> None:
        Path(ledger, name="child", number=2).cleared()

    assert in_a_fork(child) == 0
    Path(ledger, name="after", number=3).cleared()
    assert len(ledger.requests()) == 3
    assert ledger.verify().whole
