"""A ledger of the first version, as that version wrote it, is brought up to date with all that it holds."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.config import Config
from integration.ledger_cases import GATE, NOW, Path
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from geogate.ledger.engine import engine_for, parse, writing
from geogate.ledger.failures import SchemaError
from geogate.ledger.ledger import Ledger
from geogate.ledger.queue import Filter
from geogate.ledger.schema import MIGRATIONS
from geogate.ledger.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

OLD: dict[str, Any] = json.loads(pathlib.Path(__file__).with_name("ledger_0001.json").read_text(encoding="utf-8"))
"""What the first version wrote: releases that were sent, approved by people, rejected, denied, and one that is held."""

INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes",
}


def first_version(connection: Connection) -> None:
    """Make the tables of the first version and fill them; with the rights that its documentation asked for."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    if connection.dialect.name == "postgresql":
        if not connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = 'old_gate'")).first():
            connection.execute(text("CREATE ROLE old_gate LOGIN"))
        connection.execute(text("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO old_gate"))
        connection.execute(text("GRANT UPDATE ON requests, clearances TO old_gate"))
    for name, rows in OLD.items():
        for row in rows:
            connection.execute(insert(METADATA.tables[name]).values(row))


@pytest.fixture
def old_url(empty_url: str) -> str:
    """The URL of a ledger of the first version."""
    engine = engine_for(parse(empty_url), create=True, busy_timeout_s=1)
    with writing(engine) as connection:
        first_version(connection)
    engine.dispose()
    return empty_url


def test_a_ledger_of_the_first_version_keeps_all_that_it_holds(old_url: str) -> None:
    with pytest.raises(SchemaError, match=r"older than this geogate .run geogate init"):
        Ledger.open(old_url)
    with Ledger.create(old_url) as ledger:
        assert ledger.head() == (OLD["entries"][-1]["seq"], OLD["entries"][-1]["hash"])
        assert [entry.body for entry in ledger.entries()] == [entry["body"] for entry in OLD["entries"]]
        assert len(ledger.requests()) == len(OLD["requests"])
        recipients = {request.recipient: request.id for request in ledger.requests()}
        for recipient, request in recipients.items():
            assert request in {row.id for row in ledger.queued(Filter(viewer="x", recipient=recipient)).rows}
        Path(ledger, name="r9", number=9).sent()
        assert ledger.verify().problems == ()


def test_a_ledger_of_any_version_is_brought_up_to_date(empty_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = engine_for(parse(empty_url), create=True, busy_timeout_s=1)
    with writing(engine) as connection:
        first_version(connection)
    for version in ("0002", "0003"):
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, version)
        with pytest.raises(SchemaError, match="older than this geogate"):
            Ledger.open(empty_url)
    with Ledger.create(empty_url) as ledger:
        with ledger._engine.connect() as connection:
            names = set(connection.execute(text(INDEXES[connection.dialect.name])).scalars())
        assert {"requests_by_recipient", "requests_by_continues", "requests_by_opener", "requests_by_state"} <= names
        assert ledger.verify().problems == ()
    engine.dispose()


def test_who_could_write_by_hand_made_rights_writes_through_the_functions_only(old_url: str) -> None:
    Ledger.create(old_url).close()
    if not old_url.startswith("postgresql"):
        return
    with Ledger.open(old_url.replace("postgres@", "old_gate@")) as ledger:
        Path(ledger, name="r9", number=9).sent()
        assert ledger.verify().problems == ()
        for statement in ("UPDATE requests SET state = 'draft'", "INSERT INTO votes VALUES ('r5', 'x', '{}')"):
            with pytest.raises(DBAPIError, match="permission denied"), ledger._engine.begin() as connection:
                connection.execute(text(statement))


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(old_url: str) -> None:
    if not old_url.startswith("postgresql"):
        return
    engine = engine_for(parse(old_url), create=False, busy_timeout_s=1)
    with engine.begin() as connection:
        connection.execute(text("CREATE FUNCTION ledger_ready() RETURNS int LANGUAGE sql AS 'SELECT 1'"))
    with pytest.raises(Exception, match="does not answer"):
        Ledger.create(old_url)
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION ledger_ready()"))
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0001"]
    engine.dispose()
    with Ledger.create(old_url) as ledger, ledger.transaction(GATE, at=NOW) as steps:
        steps.note("tick", {})
