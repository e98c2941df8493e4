"""A sending that is killed before and after each request to the store, and then taken up by another process."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from integration.fixtures_s3 import session_of, stage
from integration.sending import Sending

from geogate.destinations.channel import SMALLEST_PART

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter
    from infra.keys import Keys

CONTENTS = {
    "small": {"a.csv": b"1"},
    "large": {"a.parquet": bytes(SMALLEST_PART) + b"!"},
    "several": {"a.csv": b"1", "b.csv": b"2"},
}
MOST_STEPS = 60


def killed_at(step: int, sending: Sending, staged: list[Any]) -> bool:
    """Send in a process that kills itself at a step; a request has two, before and after. False: it came to its end."""

    def run() -> None:
        steps = iter(range(MOST_STEPS))

        def die(**_: Any) -> None:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        for event in ("before-call", "after-call"):
            sending.events.register(event, die)
        sending.put(staged)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


@pytest.fixture
def sending_to(perimeter: Perimeter, worker_keys: Keys, root_s3: S3Client) -> Callable[[str], Sending]:
    session = session_of(worker_keys)

    def make(prefix: str) -> Sending:
        return Sending(f"s3://{perimeter.egress}/{prefix}/", perimeter, session, root_s3)

    return make


@pytest.mark.parametrize("kind", CONTENTS)
def test_after_a_kill_at_any_step_another_attempt_leaves_each_file_exactly_once(
    kind: str, tmp_path: Path, sending_to: Callable[[str], Sending]
) -> None:
    contents = CONTENTS[kind]
    staged = stage(tmp_path, contents)
    expected = {name: [content] for name, content in contents.items()}
    for step in range(MOST_STEPS):
        sending = sending_to(f"killed-{kind}-{step}")
        died = killed_at(step, sending, staged)
        before = sending.stored()
        assert before.items() <= expected.items()
        deliveries = sending.put(staged)
        assert [delivery.sha256 for delivery in deliveries] == [digest.sha256 for digest, _ in staged]
        assert sending.stored() == expected
        assert not sending.uploads()
        if not died:
            assert before == expected
            break
    assert not died
    assert step >= 8
