"""The format of Slack: blocks of plain text, in which nothing is a mention, a link or markup but our own link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from geogate.notifications.notice import Notice

LONGEST: Final = 1500
"""Characters of a text; Slack takes 3,000, and some of ours are written as several."""

LONGEST_HEADER: Final = 100


def slack_payload(notice: Notice) -> dict[str, Any]:
    """Write a notice as the body of an incoming webhook.

    The fallback, which Slack reads as markup, has words of our own and ids only.
    """
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(notice.title, LONGEST_HEADER)}]
    told = ("\n".join(f"{label}: {value}" for label, value in notice.facts), "\n".join(notice.reasons), notice.acts)
    blocks += [{"type": "section", "text": _plain(text, LONGEST)} for text in told if text]
    if notice.link:
        blocks.append(
            {"type": "section", "text": {"type": "mrkdwn", "text": f"<{notice.link}|Open it in the console>"}}
        )
    elif notice.otherwise:
        blocks.append({"type": "section", "text": _plain(notice.otherwise, LONGEST)})
    return {"text": notice.title, "blocks": blocks, "unfurl_links": False, "unfurl_media": False, "link_names": False}


def _plain(text: str, most: int) -> dict[str, Any]:
    """Make a text object; Slack takes three characters for its own in every kind of text."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    escaped = cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"type": "plain_text", "text": escaped, "emoji": False}
