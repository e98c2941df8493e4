"""The format of Teams: an adaptive card of text runs, which know no markup and no mentions, and a button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from geogate.notifications.notice import Notice

CARD: Final = "application/vnd.microsoft.card.adaptive"


def teams_payload(notice: Notice) -> dict[str, Any]:
    """Write a notice as the body of a workflow's webhook.

    Everything is in text runs: a text block would read markdown, and Apprise's own card makes mentions of ``<at>``.
    """
    body = [_runs(notice.title, weight="Bolder", size="Medium")]
    body += [_runs(f"{label}: ", value, spacing="Small") for label, value in notice.facts]
    body += [_runs(reason) for reason in notice.reasons]
    body += [_runs(text) for text in (notice.acts, "" if notice.link else notice.otherwise) if text]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": notice.title,
        "body": body,
        "msteams": {"width": "full"},
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open it in the console", "url": notice.link}]
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


def _runs(first: str, second: str = "", *, spacing: str = "Default", **style: str) -> dict[str, Any]:
    inlines = [{"type": "TextRun", "text": first, **({"weight": "Bolder"} if second else {}), **style}]
    inlines += [{"type": "TextRun", "text": second}] * bool(second)
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": inlines}
