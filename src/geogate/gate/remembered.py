"""What a process that lives on remembers of past releases, by the digests of what the ledger keeps of them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


@dataclass(slots=True)
class Remembered(Generic[T]):
    """Values that follow from a text and some names alone; the ``most`` that were asked for last are kept.

    A text that changes has another digest, so that nothing stale is ever given.
    """

    most: int
    _kept: OrderedDict[tuple[str, ...], T] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, text: str, names: Iterable[str], make: Callable[[str], T]) -> T:
        """Give the value of a text, made where it is not remembered."""
        key = (hashlib.sha256(text.encode()).hexdigest(), *names)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make(text)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return made
