"""A ledger of every revision is brought up to date with its data, and goes on; none of a later one is opened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.config import Config
from gating.files import stage
from integration.ledger_cases import GATE, NOW, Path
from integration.test_ledger_upgrade import OLD
from sqlalchemy import insert, text

from geogate.ledger.audit import KnownHead
from geogate.ledger.engine import engine_for, parse, writing
from geogate.ledger.failures import SchemaError
from geogate.ledger.ledger import Ledger
from geogate.ledger.schema import HEAD, MIGRATIONS
from geogate.ledger.tables import METADATA

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

REVISIONS = ("0001", "0002", "0003", "0004")
"""All revisions; who adds one adds it here, and sees that data of all earlier ones comes along."""


def make(url: str, revision: str) -> None:
    """Make a ledger of a revision, with the data of the first version in it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = engine_for(parse(url), create=True, busy_timeout_s=1)
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for name, rows in OLD.items():
            for row in rows:
                connection.execute(insert(METADATA.tables[name]).values(row))
    engine.dispose()


def say(url: str, revision: str) -> None:
    """Let a ledger say that it is of another revision."""
    engine = engine_for(parse(url), create=False, busy_timeout_s=1)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    engine.dispose()


def test_every_revision_that_there_is_is_tried() -> None:
    files = sorted(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))

    assert tuple(name[:4] for name in files) == REVISIONS
    assert REVISIONS[-1] == HEAD


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_ledger_of_any_revision_comes_along_entry_by_entry_and_goes_on(empty_url: str, revision: str) -> None:
    make(empty_url, revision)
    if revision != HEAD:
        with pytest.raises(SchemaError, match=r"older than this geogate .run geogate init, which brings it up to date"):
            Ledger.open(empty_url)
    with Ledger.create(empty_url) as ledger:
        report = ledger.verify()
        assert report.problems == ()
        assert [(entry.seq, entry.body, entry.hash) for entry in ledger.entries()] == [
            (entry["seq"], entry["body"], entry["hash"]) for entry in OLD["entries"]
        ]
        assert sorted(request.state for request in ledger.requests()) == sorted(row["state"] for row in OLD["requests"])
        head = KnownHead(size=report.entries, root=report.root, last=report.head_hash, said="before")
        Path(ledger, name="r9", number=9).sent()
        assert ledger.verify(heads=[head]).problems == ()
    with Ledger.open(empty_url) as again:
        assert again.head()[0] > report.entries
    Ledger.create(empty_url).close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_rows_of_any_revision_are_restored_into_todays(
    empty_url: str, revision: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    make(empty_url, revision)
    with Ledger.create(empty_url) as ledger:
        lines, report = list(ledger.rows()), ledger.verify()
    target = f"sqlite:///{tmp_path_factory.mktemp('restored')}/ledger.db"
    head = KnownHead(size=report.entries, root=report.root, last=report.head_hash, said="the backup")
    with Ledger.fill(target, lines, head=head, actor=GATE, at=NOW, said={}) as restored:
        assert restored.verify(heads=[head]).problems == ()
        assert restored.head()[0] == report.entries + 1


def test_a_ledger_of_a_later_version_is_neither_opened_nor_changed(empty_url: str) -> None:
    make(empty_url, HEAD)
    say(empty_url, "0099")
    for start in (Ledger.open, Ledger.create):
        with pytest.raises(SchemaError, match=r"the ledger is newer than this geogate .update geogate"):
            start(empty_url)
    say(empty_url, HEAD)
    with Ledger.open(empty_url) as ledger:
        assert ledger.verify().problems == ()


def test_a_gate_with_an_older_ledger_does_nothing_until_init_has_brought_it_up_to_date(
    gate: Gate, geogate: Command
) -> None:
    gate.ledger_file.unlink()
    make(gate.house().settings.ledger_url, "0001")
    path = stage("CSV", gate.staged)
    ways = (("submit", path, "-p", "test", "-r", "partner", "-t", "file:outbox/"), ("review", "list"), ("doctor",))
    for way in ways:
        done = geogate(*way)
        assert done.code == 5, way
        assert re.search(r"older than this geogate[\s\S]*run geogate init", done.out + done.err)
    assert geogate("init").code == 0

    assert geogate("ledger", "verify").code == 0
    assert geogate(*ways[0]).code == 0
