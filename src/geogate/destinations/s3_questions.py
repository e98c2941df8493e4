"""Questions about a bucket that a server may not know, and takes for the question which objects lie there."""

from __future__ import annotations

from typing import Any, Final

OBJECTS: Final = "geogate-objects"
_ASKED: Final = ("ListBucketInventoryConfigurations", "ListBucketAnalyticsConfigurations")
_LIST: Final = b"<ListBucketResult"
_BEGINNING: Final = 512


def heeded(client: Any) -> Any:
    """Let a client of S3 mark answers that list objects where something else was asked for."""
    for operation in _ASKED:
        client.meta.events.register(f"before-parse.s3.{operation}", _mark)
    return client


def lists_objects(answer: Any) -> bool:
    """Say whether a server answered with its objects: it knows no such configurations, and has none.

    Its word that there is more is about objects then.
    """
    return answer.get(OBJECTS) is True


def _mark(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if _LIST in bytes(response_dict["body"][:_BEGINNING]):
        customized_response_dict[OBJECTS] = True
