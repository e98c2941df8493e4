"""Data goes to registered places of its recipient and nowhere else, whatever the policy says."""

from __future__ import annotations

from datetime import date

import pytest

from geogate.gate.addressed import unregistered_place
from geogate.model.names import RecipientId
from geogate.model.parties import Circumstances, Place, Posture, Recipient

PLACES = (Place(uri="s3://egress/partner/", owner="1" * 12), Place(uri="file:///srv/outbox/partner/", owner=""))


def circumstances(destination: str, places: tuple[Place, ...] = PLACES) -> Circumstances:
    recipient = Recipient(
        id=RecipientId("partner"), name="Partner", country="DE", owners=(), contract=None, destinations=places
    )
    return Circumstances(
        recipient=recipient,
        destination=destination,
        posture=Posture(region="eu-central-1", country="DE"),
        purpose="",
        today=date(2026, 11, 22),
        subject_size=1,
    )


@pytest.mark.parametrize(
    "destination", ["s3://egress/partner/", "s3://egress/partner/2026/a.parquet", "file:///srv/outbox/partner/a/"]
)
def test_a_registered_place_and_what_lies_below_it_are_right(destination: str) -> None:
    assert unregistered_place(circumstances(destination)) == ()


@pytest.mark.parametrize(
    "destination",
    [
        "s3://egress/partner",
        "s3://egress/partner-2/",
        "s3://egress/partner/../other/",
        "s3://egress/",
        "s3://egress-2/partner/",
        "file:///srv/outbox/",
        "file:///srv/outbox/partner/../other/",
        "file:outbox/partner/",
    ],
)
def test_every_other_place_denies(destination: str) -> None:
    (found,) = unregistered_place(circumstances(destination))
    assert (found.rule, found.effect) == ("gate/unregistered-place", "deny")
    assert destination not in found.summary + found.remedy


def test_a_recipient_without_places_gets_nothing() -> None:
    (found,) = unregistered_place(circumstances("s3://egress/partner/", places=()))
    assert found.counts[0].value == 0
