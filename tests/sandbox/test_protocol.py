"""A child that answers with anything but a value of the named type gets nowhere."""

from __future__ import annotations

import os
import pickle
import struct
import threading
import time
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandboxing import attacks
from sandboxing.places import SMALL, child, levels

from geogate.sandbox import ChildLimitError, IsolationLevel, LimitKind
from geogate.sandbox.frames import HEAD, FrameError, FrameReader, Letter, frame

if TYPE_CHECKING:
    from pathlib import Path


class _Planted:
    """Unpickled, it would write a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (os.mkdir, (self.path,))  # type: ignore[return-value]


def head(letter: bytes, size: int) -> bytes:
    return struct.pack("<cQ", letter, size)


def test_answers_come_back_as_they_were_given(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        assert inside.call(attacks.echo, {"a": [1, 2.5, None, "é"]}, gives=dict[str, list[object]]) == {
            "a": [1, 2.5, None, "é"]
        }
        assert inside.call(attacks.echo, b"\0\xff", gives=bytes) == b"\0\xff"
        assert inside.call(attacks.echo, date(2026, 1, 2), gives=date) == date(2026, 1, 2)
        assert inside.call("sandboxing.attacks:echo", "x" * 900_000, gives=str) == "x" * 900_000


def test_what_one_call_keeps_the_next_one_finds(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        assert inside.call(attacks.remember, "one", gives=str) == ""
        assert inside.call(attacks.remember, "two", gives=str) == "one"
    with child(any_level) as inside:
        assert inside.call(attacks.remember, "three", gives=str) == ""


def test_a_pickle_is_never_unpickled(any_level: IsolationLevel, tmp_path: Path) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.answer_raw, pickle.dumps(_Planted(str(tmp_path / "planted"))), gives=attacks.Seen)
    assert caught.value.kind is LimitKind.PROTOCOL
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"names":["a"],"bytes":"1"}',
        b'{"names":["a"],"bytes":1,"more":1}',
        b'{"names":["a"]}',
        b'{"names":"a","bytes":1}',
        b'{"names":["a"],"bytes":1} x',
        b'{"names":["a"],"bytes":NaN}',
        b'{"names":["a"],"bytes":1e400}',
        b'{"names":["a"],"bytes":' + b"9" * 5000 + b"}",
    ],
)
def test_an_answer_that_is_not_exactly_such_a_value_denies(payload: bytes) -> None:
    for level in levels()[:1]:
        with child(level) as inside, pytest.raises(ChildLimitError) as caught:
            inside.call(attacks.answer_raw, payload, gives=attacks.Seen)
        assert caught.value.kind is LimitKind.PROTOCOL
        assert caught.value.__cause__ is None


def test_bytes_where_a_value_is_named_and_a_value_where_bytes_are_named_deny(any_level: IsolationLevel) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError, match="as it must"):
        inside.call(attacks.echo, b"1", gives=int)
    with child(any_level) as inside, pytest.raises(ChildLimitError, match="as it must"):
        inside.call(attacks.echo, 1, gives=bytes)


@pytest.mark.parametrize(
    "data",
    [
        head(b"A", 10 << 30),
        head(b"A", (1 << 20) + 1),
        head(b"E", 4097),
        head(b"P", 9),
        head(b"Z", 1),
        head(b"C", 1),
        b"garbage that is no frame",
    ],
)
def test_a_frame_that_may_not_come_denies_at_once(any_level: IsolationLevel, data: bytes) -> None:
    start = time.monotonic()
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.write_raw, data, gives=int)
    assert caught.value.kind is LimitKind.PROTOCOL
    assert time.monotonic() - start < 5


def test_an_answer_of_ten_gigabytes_takes_no_memory(any_level: IsolationLevel) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.answer_much, 10 << 30, gives=str)
    assert caught.value.kind is LimitKind.PROTOCOL


def test_an_answer_at_the_limit_comes_through_and_one_byte_more_does_not(any_level: IsolationLevel) -> None:
    most = SMALL.answer_bytes
    with child(any_level) as inside:
        assert len(inside.call(attacks.echo, b"x" * most, gives=bytes)) == most
        with pytest.raises(ChildLimitError):
            inside.call(attacks.echo, b"x" * (most + 1), gives=bytes)


def test_half_a_frame_and_silence_ends_with_the_time(any_level: IsolationLevel) -> None:
    from dataclasses import replace

    with (
        child(any_level, limits=replace(SMALL, wall_s=0.5)) as inside,
        pytest.raises(ChildLimitError, match="in time"),
    ):
        inside.call("sandboxing.attacks:half_a_frame", gives=str)


def test_half_a_frame_and_death_denies(any_level: IsolationLevel) -> None:
    with child(any_level) as inside, pytest.raises(ChildLimitError, match="too early"):
        inside.call("sandboxing.attacks:half_a_frame_and_exit", gives=str)


def test_a_flood_of_progress_denies(any_level: IsolationLevel) -> None:
    heard: list[int] = []
    flood = frame(Letter.PROGRESS, b"\1" + b"\0" * 7) * 200
    with child(any_level) as inside, pytest.raises(ChildLimitError) as caught:
        inside.call(attacks.write_raw, flood, 1000, gives=int, on_progress=heard.append)
    assert caught.value.kind is LimitKind.PROTOCOL
    assert len(heard) < 5000


def test_progress_comes_through_to_the_last_row(any_level: IsolationLevel) -> None:
    heard: list[int] = []
    with child(any_level) as inside:
        inside.call(attacks.count, 10_000, gives=int, on_progress=heard.append)
        assert inside.call(attacks.count, 10, gives=int) == 10
    assert sum(heard) == 100_000
    assert len(heard) < 1000


def test_an_answer_that_nobody_asked_for_denies(any_level: IsolationLevel) -> None:
    with child(any_level) as inside:
        # The frame's own answer comes after it, and is one too many.
        assert inside.call(attacks.write_raw, frame(Letter.ANSWER, b"5"), gives=int) == 5
        time.sleep(0.3)
        with pytest.raises(ChildLimitError) as caught:
            inside.call(attacks.echo, 1, gives=int)
    assert caught.value.kind is LimitKind.PROTOCOL


def test_a_large_question_to_a_child_that_does_not_listen_ends_with_the_time(any_level: IsolationLevel) -> None:
    from dataclasses import replace

    with child(any_level, limits=replace(SMALL, wall_s=1.0)) as inside:
        inside.call("sandboxing.attacks:stop_listening", gives=int)
        with pytest.raises(ChildLimitError):
            inside.call(attacks.echo, b"x" * (4 << 20), gives=bytes)


def test_children_of_several_threads_do_not_meet(any_level: IsolationLevel) -> None:
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        with child(any_level) as inside:
            answers[number] = inside.call(attacks.echo, number, gives=int)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number for number in range(6)}


@dataclass(frozen=True, slots=True)
class _Fed:
    frames: list[tuple[Letter, bytes]]
    failed: bool


def _feed(data: bytes, cuts: list[int]) -> _Fed:
    reader = FrameReader({Letter.ANSWER: 100, Letter.PROGRESS: 8})
    found: list[tuple[Letter, bytes]] = []
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(bounds):
        reader.feed(data[start:end])
        try:
            while (taken := reader.take()) is not None:
                found.append(taken)
        except FrameError:
            return _Fed(found, failed=True)
    return _Fed(found, failed=False)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_frames_do_not_depend_on_how_bytes_come(data: bytes, cuts: list[int]) -> None:
    assert _feed(data, cuts) == _feed(data, [])


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_frames_that_are_written_are_read(payloads: list[bytes]) -> None:
    data = b"".join(frame(Letter.ANSWER, payload) for payload in payloads)
    assert _feed(data, [7, 9, HEAD.size]) == _Fed([(Letter.ANSWER, payload) for payload in payloads], failed=False)
