"""Delivery in the format of a receiver; a failure is an answer, which names no address, and nothing is logged."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, assert_never

from geogate.model.errors import UsageError
from geogate.notifications.notice import text_of
from geogate.notifications.receivers import Kind
from geogate.notifications.slack import slack_payload
from geogate.notifications.teams import teams_payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.notifications.notice import Notice
    from geogate.notifications.receivers import Receiver

NEEDED: Final = "pip install 'geogate[console]'"
_TALKATIVE: Final = ("apprise", "urllib3", "urllib3.connectionpool", "requests")


def deliver(notice: Notice, receiver: Receiver) -> str:
    """Tell a receiver; give why it could not be told, in words without its address, and empty where it was.

    Raises: UsageError where geogate is installed without Apprise.
    """
    try:
        from geogate.notifications import services
    except ImportError as error:
        raise UsageError("geogate is installed without what sends notifications", hint=NEEDED) from error
    with _quiet():
        match receiver.kind:
            case Kind.SLACK:
                return services.post(receiver.address, slack_payload(notice))
            case Kind.TEAMS:
                return services.post(receiver.address, teams_payload(notice))
            case Kind.EMAIL:
                if receiver.mail is None:
                    return "there is no server for mail"
                return services.mail(receiver.address, receiver.mail, title=notice.title, body=text_of(notice))
            case Kind.APPRISE:
                # It may read markup: no text of anybody's goes to a service that geogate does not know.
                return services.service(receiver.address, body=f"{notice.title}\n{notice.link}".strip())
            case _:
                assert_never(receiver.kind)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what libraries log of addresses out of logs."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    before = [each.disabled for each in loggers]
    for each in loggers:
        each.disabled = True
    try:
        yield
    finally:
        for each, was in zip(loggers, before, strict=True):
            each.disabled = was
