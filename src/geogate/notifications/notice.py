"""A notice: what somebody has to know, without where anything is; and as plain text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told; all texts are single lines that were made visible, see ``geogate.model.visible``.

    ``title`` has words of geogate's own, ids and numbers, and no text that somebody wrote: formats that read markup get
    nothing else. ``link`` is a URL of the console, empty where there is none, ``otherwise`` what to do without it.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    acts: str = ""
    link: str = ""
    otherwise: str = ""


def text_of(notice: Notice) -> str:
    """Write a notice as plain text."""
    parts = [notice.title, ""]
    parts += [f"{label}: {value}" for label, value in notice.facts]
    parts += ["", "Why:"] * bool(notice.reasons) + [f"- {reason}" for reason in notice.reasons]
    parts += ["", notice.acts] * bool(notice.acts)
    parts += ["", notice.link or notice.otherwise] * bool(notice.link or notice.otherwise)
    return "\n".join(parts) + "\n"
