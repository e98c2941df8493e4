"""Fixtures: one throwaway PostgreSQL a session, and a fresh ledger a test in each of the two databases."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from integration import postgres

from geogate.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TEMPLATE = "template_ledger"
_NUMBERS = itertools.count(1)
WRITER = "gate_writer"
"""A role that may write ledgers copied from the template, and owns nothing."""


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    """A running PostgreSQL with a database that holds an empty ledger, to copy others from."""
    server = postgres.start()
    with psycopg.connect(_plain(server.url("postgres")), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    with Ledger.create(server.url(_TEMPLATE)) as template:
        assert template.let_write(WRITER)
    yield server
    server.stop()


@pytest.fixture
def new_database(postgres_server: postgres.PostgresServer) -> Callable[[str], str]:
    """Make a database, empty (``template0``) or with an empty ledger, and give its URL."""

    def make(template: str) -> str:
        name = f"ledger_{next(_NUMBERS)}"
        with psycopg.connect(_plain(postgres_server.url("postgres")), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return postgres_server.url(name)

    return make


def as_writer(url: str) -> str:
    """Give the URL of a ledger for the role that runs the gate."""
    return url.replace("postgres@", f"{WRITER}@")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a place where a ledger can be created."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    make: Callable[[str], str] = request.getfixturevalue("new_database")
    return make("template0")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with an empty ledger, to copy others from."""
    path = tmp_path_factory.mktemp("ledger") / "template.db"
    Ledger.create(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database file with an empty ledger."""
    return Path(shutil.copy(sqlite_template, tmp_path / "ledger.db"))


@pytest.fixture
def sqlite_ledger(sqlite_file: Path) -> Iterator[Ledger]:
    """An empty ledger in SQLite, opened; a writer waits for another one for half a second."""
    with Ledger.open(f"sqlite:///{sqlite_file}", busy_timeout_s=0.5) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty ledger."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_file')}"
    make: Callable[[str], str] = request.getfixturevalue("new_database")
    return make(_TEMPLATE)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger, opened; a writer waits for another one for half a second."""
    with Ledger.open(ledger_url, busy_timeout_s=0.5) as opened:
        yield opened
