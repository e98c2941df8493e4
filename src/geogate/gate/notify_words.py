"""What a notice says: who asked for what, what was measured against which limit, who acts until when, and where.

It says nothing of where anything is. Comments and votes stay in the console, and a text that says a place is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from geogate.gate.notify_matters import Event
from geogate.measures.hidden import Strength
from geogate.measures.hidden.text import names
from geogate.model.lifecycle import State
from geogate.model.visible import one_line
from geogate.model.waiver import APPROVALS
from geogate.notifications.notice import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from geogate.gate.feeds import FeedRow
    from geogate.gate.notify_matters import Matter
    from geogate.gate.obligations import Owed
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.queue import QueuedRequest
    from geogate.model.finding import Finding
    from geogate.model.release import ReleaseRequest
    from geogate.model.waiver import WaiverStanding

LEFT_OUT: Final = "left out here, because it may say where something is"
MOST_REASONS: Final = 8
MOST_IN_DIGEST: Final = 20
_LONGEST: Final = 240
_PLACES: Final = {"s3": "an S3 bucket", "file": "a folder"}
_EFFECTS: Final = {"hold": "waits for people", "deny": "denies", "note": "a note"}
TITLES: Final = {
    Event.HELD: "Release {id} to {to} waits for votes",
    Event.RETURNED: "Release {id} to {to} was returned for changes",
    Event.APPROVED: "Release {id} to {to} was approved",
    Event.REJECTED: "Release {id} to {to} was rejected",
    Event.EXPIRED: "Release {id} to {to} has expired",
    Event.HALF: "Reminder: half of the time for release {id} to {to} is over",
    Event.LAST_DAY: "Reminder: the last day for release {id} to {to} has begun",
    Event.STUCK: "Release {id} to {to} began to be sent, and did not arrive",
    Event.WAIVER_ASKED: "Waiver {id} waits for approval",
    Event.WAIVER_ENDS: "Waiver {id} ends soon",
    Event.WAIVER_LAST_DAY: "The last day of waiver {id} has begun",
    Event.WAIVER_ENDED: "Waiver {id} has ended",
    Event.OBLIGATION_ARISEN: "Obligation {id} is to be met",
    Event.OBLIGATION_DUE: "Obligation {id} is due soon",
    Event.OBLIGATION_OVERDUE: "Obligation {id} is overdue",
    Event.FEED_STOPPED: "Feed {id}: it is stopped",
}
ACTS: Final = {
    State.HELD: "Reviewers can approve it, return it for changes or reject it; nobody votes on an own request. Without "
    "a decision in time it expires, and does not leave.",
    State.RETURNED: "The requester can change the data and submit it with --continues, or withdraw it; otherwise it "
    "expires. What reviewers want is in the console.",
    State.CLEARED: "It can be sent, until its clearance expires.",
    State.SENDING: "Send it again with the same clearance: what was delivered is not sent twice.",
    State.SENT: "It has been sent.",
    State.REJECTED: "It does not leave. Why is in the console.",
    State.EXPIRED: "It does not leave. Submit the dataset again if it is still wanted.",
}


def said(text: str, *, surely: bool = False) -> str:
    """Give a text that somebody wrote in one line, and leave it out where it says a place.

    With ``surely``, in texts of geogate's own that are full of numbers, only where it likely does.
    """
    found = names([text])
    least = Strength.LIKELY if surely else Strength.POSSIBLE
    return LEFT_OUT if bool((found.strength >= least).any()) else one_line(text, most=_LONGEST)


def notice_of(matter: Matter, ledger: Ledger, *, console: str) -> Notice:
    """Say a matter to people; ``console`` is where links lead, empty where there is none.

    Raises: UnknownError, ServiceError.
    """
    if matter.row is not None:
        return _of_release(matter, matter.row, ledger.request(matter.row.id), console=console)
    if matter.waiver is not None:
        return _of_waiver(matter, matter.waiver, console=console)
    if matter.owed is not None:
        return _of_obligation(matter, matter.owed, console=console)
    if matter.feed is not None:
        return _of_feed(matter, matter.feed, console=console)
    raise AssertionError("a matter is about something")


def digest_of(matters: Sequence[Matter], *, console: str) -> Notice:
    """Say many matters in one notice: each by its title, the first of them, and how many more there are."""
    told = [title_of(each) for each in matters[:MOST_IN_DIGEST]]
    more = len(matters) - len(told)
    return Notice(
        title=f"{len(matters)} matters wait for you",
        reasons=(*told, *([f"and {more} more"] * bool(more))),
        acts="All of them are in the console, with what can be done.",
        link=f"{console}/" if console else "",
        otherwise="geogate review list, geogate waivers list and geogate obligations show them.",
    )


def title_of(matter: Matter) -> str:
    """Say a matter in words of our own and ids."""
    to = matter.row.recipient if matter.row else ""
    return TITLES[matter.events[0]].format(id=matter.about, to=to)


def _of_release(matter: Matter, row: QueuedRequest, request: ReleaseRequest, *, console: str) -> Notice:
    facts = [
        ("Dataset", said(row.dataset) or "not known"),
        ("Recipient", said(row.recipient)),
        ("Destination", _PLACES.get(row.destination.partition(":")[0], "another place")),
        ("Purpose", said(row.purpose) or "none stated"),
        ("Asked for by", said(row.requester)),
        ("Policy", said(row.policy)),
        ("Who acts", _who(row, request)),
    ]
    if matter.deadline is not None:
        facts.append(("Until", _when(matter.deadline)))
    findings = request.verdict.findings if request.verdict else ()
    return Notice(
        title=title_of(matter),
        facts=tuple(facts),
        reasons=_reasons(findings),
        acts=ACTS[row.state],
        link=f"{console}/releases/{quote(row.id, safe='')}" if console else "",
        otherwise=f"geogate review show {row.id}",
    )


def _who(row: QueuedRequest, request: ReleaseRequest) -> str:
    if row.state is State.HELD:
        needed = request.verdict.basis.reviewers if request.verdict else 0
        return f"reviewers: {row.votes} of {needed} have voted" if needed else "reviewers"
    return "the requester" if row.state in {State.RETURNED, State.CLEARED, State.SENDING} else "nobody: it is over"


def _reasons(findings: Sequence[Finding]) -> tuple[str, ...]:
    every = list(dict.fromkeys(map(_reason, findings)))
    more = len(every) - MOST_REASONS
    return (*every[:MOST_REASONS], *([f"and {more} more findings"] if more > 0 else ()))


def _reason(finding: Finding) -> str:
    """Say a finding as the verdict does, without the layer's name, which is the data's."""
    limit = ""
    if finding.limit:
        unit = f" {finding.unit}" if finding.unit else ""
        limit = f" (measured {finding.measured}{unit}, wanted {finding.operator} {finding.limit}{unit})"
    effect = "waived" if finding.waived else _EFFECTS[finding.effect]
    return said(f"{finding.rule}, {effect}: {finding.summary}{limit}", surely=True)


def _of_waiver(matter: Matter, standing: WaiverStanding, *, console: str) -> Notice:
    waiver = standing.waiver
    asked = matter.events[0] is Event.WAIVER_ASKED
    acts = {
        Event.WAIVER_ASKED: "Policy owners can approve it, but for who asked for it or owns it; without that it ends.",
        Event.WAIVER_ENDED: "What it let leave is judged by the rule again.",
    }.get(matter.events[0], "After its end the rule stands again. Ask for another waiver if it is still needed.")
    return Notice(
        title=title_of(matter),
        facts=(
            ("Rule", f"{said(waiver.rule)} of {said(waiver.policy)}"),
            ("Recipient", said(waiver.recipient)),
            ("Owner", said(waiver.owner)),
            ("Ticket", said(waiver.ticket)),
            ("Approved by", f"{len(standing.approvers)} of {APPROVALS}"),
            ("Would end" if asked else "Ends", _when(waiver.expires_at)),
        ),
        acts=acts,
        link=f"{console}/waivers/{quote(waiver.id, safe='')}" if console else "",
        otherwise="geogate waivers list --all",
    )


def _of_obligation(matter: Matter, owed: Owed, *, console: str) -> Notice:
    arisen = owed.arisen
    return Notice(
        title=title_of(matter),
        facts=(
            ("What", said(arisen.what, surely=True)),
            ("Legal basis", said(arisen.legal_basis, surely=True)),
            ("Policy", said(arisen.policy)),
            ("Due", f"{arisen.due}, at the end of the day in UTC"),
            ("Releases", str(len(owed.requests))),
        ),
        acts="Whoever meets it says so, with how: that is kept.",
        link=f"{console}/obligations" if console else "",
        otherwise=f"geogate obligations done {arisen.key}",
    )


def _of_feed(matter: Matter, row: FeedRow, *, console: str) -> Notice:
    standing, feed = row.standing, row.feed
    if standing is None or feed is None:
        raise AssertionError("a feed that is stopped was read")
    return Notice(
        title=title_of(matter),
        facts=(
            ("Why", said(standing.why, surely=True)),
            ("Request", str(standing.request or "none: the batch was not judged")),
            ("Recipient", said(feed.recipient)),
            ("Owner", said(feed.owner)),
        ),
        acts="Nothing of it leaves until somebody who neither owns it nor requested the batch resumes it.",
        link=f"{console}/feeds" if console else "",
        otherwise=f"geogate feed status {row.name}",
    )


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
