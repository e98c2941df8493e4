"""JSON read value by value from a stream: strict, in bounded memory, whatever the size of the file."""

from __future__ import annotations

import codecs
import json
from typing import IO, Any, NoReturn

from geogate.measures.source import UnreadableError

CHUNK = 1 << 20
LARGEST_VALUE = 64 << 20
"""Characters of one feature or member; more than that is not held in memory."""

SPACE = " \t\r\n"
RECORD_SEPARATOR = "\x1e"


def malformed(why: str) -> UnreadableError:
    """Word what is wrong with the text."""
    return UnreadableError(
        f"the GeoJSON {why}", remedy="export it again as RFC 7946 GeoJSON; it is damaged or was cut short"
    )


def _pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(found)
    if len(members) < len(found):
        raise malformed("has an object with the same key twice")
    return members


def _constant(_name: str) -> NoReturn:
    raise malformed("has NaN or an infinity, which JSON does not know")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant)


class JsonText:
    """A cursor on JSON text; only what stands at the cursor is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._text = ""
        self._at = 0
        self._ended = False
        self.last = ""
        """The last character of the file, once it has been read to the end."""

    def _more(self, size: int = CHUNK) -> bool:
        """Read on; tell whether there was anything.

        Raises: UnreadableError when the bytes are not UTF-8.
        """
        if self._ended:
            return False
        data = self._file.read(size)
        self._ended = not data
        try:
            text = self._utf8.decode(data, final=self._ended)
        except UnicodeDecodeError:
            raise malformed("is not UTF-8") from None
        self._text, self._at = self._text[self._at :] + text, 0
        self.last = text[-1:] or self.last
        return not self._ended

    def peek(self, skip: str = SPACE) -> str:
        """Return the next character after what is skipped, without passing it; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in skip:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> str:
        """Pass the next character, which must be one of those expected.

        Raises: UnreadableError.
        """
        found = self.peek()
        if not found or found not in expected:
            raise malformed("ends too early" if not found else "is not valid JSON")
        self._at += 1
        return found

    def value(self) -> Any:
        """Pass one whole value and return it.

        Raises: UnreadableError when it is malformed, too large, or the file ends in it.
        """
        self.peek()
        size = CHUNK
        while True:
            found = self._attempt()
            # What ends with the buffer may go on in the file: a number, or a value that fails for want of its end.
            if found and (found[1] < len(self._text) or self._ended):
                self._at = found[1]
                return found[0]
            if self._ended:
                raise malformed("is not valid JSON, or ends too early")
            if len(self._text) - self._at > LARGEST_VALUE:
                raise malformed("is not valid JSON, or has a feature that is too large")
            self._more(size)
            size *= 2

    def _attempt(self) -> tuple[Any, int] | None:
        try:
            return _DECODER.raw_decode(self._text, self._at)
        except ValueError:
            return None
        except RecursionError:
            raise malformed("is nested too deeply") from None
