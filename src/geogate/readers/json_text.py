"""JSON read value by value from a stream: strict, in bounded memory, whatever the size of the file."""

from __future__ import annotations

import codecs
import json
from typing import IO, TYPE_CHECKING, Any, NoReturn

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20
SINGLY = 1_000
"""Values that are read one by one after a cut that was none: to try each time would cost the square of the file."""

LARGEST_VALUE = 64 << 20
"""Characters of one feature or member; more than that is not held in memory."""

OPENINGS = ('{"type":"Feature"', '{"type": "Feature"', '{ "type": "Feature"')
"""How common writers begin a feature; other beginnings are read too, only slower."""

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


def parse(text: str) -> Any:
    """Return the one value of a text.

    Raises: UnreadableError.
    """
    try:
        return _DECODER.decode(text)
    except ValueError:
        raise malformed("is not valid JSON, or ends too early") from None
    except RecursionError:
        raise malformed("is nested too deeply") from None


class JsonText:
    """A cursor on JSON text; only what stands at the cursor is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._text = ""
        self._at = 0
        self._ended = False
        self._singly = 0
        self._mark = 0
        self._kept: list[str] | None = None
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
        if self._kept is not None:
            self._kept.append(self._text[self._mark : self._at])
        self._mark = 0
        self._text, self._at = self._text[self._at :] + text, 0
        self.last = text[-1:] or self.last
        return not self._ended

    def passed(self) -> str:
        """Return what was passed since this was asked last; from the first time on, that is kept in memory."""
        text = "".join(self._kept or ()) + self._text[self._mark : self._at]
        self._kept, self._mark = [], self._at
        return text

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

    def array(self) -> Iterator[list[Any]]:
        """Pass a whole array and yield its values in runs.

        Raises: UnreadableError.
        """
        self.take("[")
        first = True
        while self.peek() != "]":
            if not first:
                self.take(",")
            yield self._run() or [self.value()]
            first = False
        self.take("]")

    def _run(self) -> list[Any]:
        """Pass many values of an array at once, but for the comma after them; none where that is not certain.

        The text up to the last beginning of a feature is an array's inside if and only if it parses as one: a cut
        within a text or an object leaves something open.
        """
        self.peek()
        if self._singly:
            self._singly -= 1
            return []
        if len(self._text) - self._at < CHUNK:
            self._more()
        end = max(self._text.rfind(opening, self._at + 1) for opening in OPENINGS)
        inside = self._text[self._at : max(end, self._at)].rstrip(SPACE)
        if not inside.endswith(","):
            self._singly = SINGLY
            return []
        try:
            values: list[Any] = _DECODER.decode(f"[{inside[:-1]}]")
        except (ValueError, RecursionError):
            self._singly = SINGLY
            return []
        self._at += len(inside) - 1
        return values

    def line(self) -> str:
        """Pass a line and return it with its line break, which the last one may lack; empty at the end.

        Raises: UnreadableError when it is too long.
        """
        while (end := self._text.find("\n", self._at)) < 0 and self._more():
            if len(self._text) - self._at > LARGEST_VALUE:
                raise malformed("has a line that is too long")
        start = self._at
        self._at = end + 1 if end >= 0 else len(self._text)
        return self._text[start : self._at]

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
