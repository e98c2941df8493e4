"""Engines that every ledger of a process with the same URL shares, with what they know of SQL; no data is kept here.

Making statements anew for each ledger that is opened takes longer than most of them take to run. When the last ledger
of an engine is closed its connections are closed too, and what the next one reads is read from the database.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from geogate.ledger.engine import engine_for, require_file, sqlite_path

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

_MOST = 8
"""Engines that nobody uses are forgotten beyond so many."""

_Key = tuple[str, bool, float]


@dataclass(slots=True)
class _Shared:
    engine: Engine
    users: int = 0


@dataclass(slots=True)
class _Engines:
    by_key: dict[_Key, _Shared] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def take(self, url: URL, *, create: bool, busy_timeout_s: float) -> Engine:
        path = sqlite_path(url)
        place = url.render_as_string(hide_password=False) if path is None else str(path.absolute())
        key = (place, create, busy_timeout_s)
        with self.lock:
            shared = self.by_key.pop(key, None)
            if shared is None:
                shared = _Shared(engine_for(url, create=create, busy_timeout_s=busy_timeout_s))
            shared.users += 1
            self.by_key[key] = shared
            for old in [key for key, each in self.by_key.items() if not each.users][: len(self.by_key) - _MOST]:
                del self.by_key[old]
            return shared.engine

    def give_back(self, engine: Engine) -> None:
        with self.lock:
            shared = next((each for each in self.by_key.values() if each.engine is engine), None)
            if shared is not None:
                shared.users -= 1
            # Somebody else may be about to use a connection, but nobody can be where there is no other user.
            if shared is None or shared.users <= 0:
                engine.dispose()

    def after_fork(self) -> None:
        """Forget all: a connection must not be shared with the process that this one was forked from."""
        self.by_key, self.lock = {}, Lock()


_ENGINES = _Engines()
os.register_at_fork(after_in_child=_ENGINES.after_fork)


def take_engine(url: URL, *, create: bool, busy_timeout_s: float) -> Engine:
    """Give the engine of a URL, to be given back; a database file that is missing is made only when asked to.

    Raises: ServiceError when the file is missing.
    """
    require_file(url, create=create)
    return _ENGINES.take(url, create=create, busy_timeout_s=busy_timeout_s)


def give_back(engine: Engine) -> None:
    """Give an engine back; its connections are closed when nobody else uses it."""
    _ENGINES.give_back(engine)
