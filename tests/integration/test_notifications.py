"""People are told what waits for them by real mail and webhooks: once, what they need, and never where things are."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from consoling.listening import Listening, listening
from gating.feed import Feeding, points
from gating.files import COARSE, MIDDLE, stage
from gating.gate import Gate, at
from gating.place import precision, with_meta

from geogate.gate.feed_ledger import StoppedError
from geogate.gate.notify import MOST_SINGLE, failing, notify, notify_after
from geogate.gate.notify_words import LEFT_OUT, said
from geogate.gate.review import reject, send_back
from geogate.gate.reviews_times import expire
from geogate.gate.send import send_by_nonce
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gating.command import Command

    from geogate.gate.notify import Outcome
    from geogate.model.names import RequestId

WISH = WaiverWish(
    policy="test",
    rule="review",
    recipient="partner",
    dataset="wells-*",
    reason="<b>drilled</b> at 47.3769 8.5417",
    owner="rita",
    ticket="GEO-17",
    days=30,
)
NOW = at("2026-11-22T12:00:00")
DAY = timedelta(days=1)
REVIEW = 14 * DAY

MAIL = "{name: reviewers, roles: [reviewer], email: reviewers@example.org}"
SLACK = '{name: reviewers-chat, roles: [reviewer], slack: "HOOKS/services/T0/B0/secret-of-slack"}'
RITA = "{name: rita, people: [Rita], email: rita@example.org}"
LEGAL = '{name: legal, roles: [policy-owner, auditor], teams: "HOOKS/workflows/w?sig=secret-of-teams"}'
PURPOSE = "<!channel> <at>all</at> *now* [here](https://evil.example) @everyone <b>& more</b>"
OTHER = '{name: other, roles: [reviewer], apprise: "JSON/other"}'


@pytest.fixture(scope="module")
def server() -> Iterator[Listening]:
    with listening() as found:
        yield found


@pytest.fixture
def arrived(server: Listening) -> Listening:
    server.mails.clear()
    server.posts.clear()
    server.answers, server.refuses_mail, server.tried = 200, False, 0
    return server


@pytest.fixture(scope="module")
def waiting(gate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """A gate where one release waits for votes; it is judged once, and copied for each test."""
    gate = Gate(root=shutil.copytree(gate_template, tmp_path_factory.mktemp("waiting") / "gate"), now=NOW)
    gate.hold(stage("CSV", gate.staged, MIDDLE), purpose=PURPOSE)
    return gate


@pytest.fixture
def gate(waiting: Gate, tmp_path: Path) -> Gate:
    return Gate(root=shutil.copytree(waiting.root, tmp_path / "gate"), now=NOW)


@pytest.fixture
def request_id(gate: Gate) -> RequestId:
    (request,) = gate.requests()
    return request.id


@pytest.fixture
def told(gate: Gate, arrived: Listening) -> Listening:
    """The gate tells reviewers by mail and Slack, rita by mail, and counsel by Teams."""
    configure(gate, arrived, MAIL, SLACK, RITA, LEGAL)
    return arrived


def configure(gate: Gate, arrived: Listening, *receivers: str) -> None:
    path = arrived.configure(gate.root / "notifications.yaml", *receivers)
    gate.settings["GEOGATE_NOTIFICATIONS"] = str(path)


def run(gate: Gate) -> Outcome:
    return notify(house=gate.house("cron"))


def events(done: Outcome) -> list[tuple[str, str]]:
    return [(each.receiver, each.event.value) for each in done.told]


def text(arrived: Listening, index: int = -1) -> str:
    return str(arrived.letters()[index].get_content())


def test_reviewers_are_told_once_what_they_have_to_decide_until_when_and_where(
    gate: Gate, told: Listening, request_id: RequestId
) -> None:
    assert events(run(gate)) == [("reviewers", "held"), ("reviewers-chat", "held")]

    letter = told.letters()[0]
    assert told.mails[0][0] == "rcpt TO:<reviewers@example.org>"
    assert letter["subject"] == f"Release {request_id} to partner waits for votes"
    assert letter.get_content_type() == "text/plain"
    for line in (
        f"Purpose: {PURPOSE}",
        "Recipient: partner",
        "Destination: a folder",
        "Policy: test",
        "Asked for by: rita",
        "reviewers: 0 of 2 have voted",
        "Until: 2026-12-06 12:00 UTC",
        "review, waits for people:",
        "wanted > 1000 m",
        "approve it, return it for changes or reject it",
        f"https://gate.example.org/releases/{request_id}",
    ):
        assert line in text(told, 0)
    assert run(gate).told == ()
    assert (len(told.mails), len(told.posts)) == (1, 1)
    gate.require_whole_ledger()


def test_slack_and_teams_get_their_formats_with_text_that_is_nothing_but_text(
    gate: Gate, told: Listening, request_id: RequestId
) -> None:
    configure(gate, told, SLACK, LEGAL.replace("policy-owner, auditor", "reviewer"))
    run(gate)

    (slack,) = told.posted("/services/T0/B0/secret-of-slack")
    (teams,) = told.posted("/workflows/w?sig=secret-of-teams")
    assert slack["text"] == f"Release {request_id} to partner waits for votes"
    *texts, link = [block["text"] for block in slack["blocks"]]
    assert {each["type"] for each in texts} == {"plain_text"}
    assert "&lt;!channel&gt; &lt;at&gt;all&lt;/at&gt; *now*" in texts[1]["text"]
    assert link["text"] == f"<https://gate.example.org/releases/{request_id}|Open it in the console>"
    card = teams["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert {"type": "TextRun", "text": PURPOSE} in [run for block in card["body"] for run in block["inlines"]]
    assert card["msteams"] == {"width": "full"}
    assert card["actions"][0]["url"] == f"https://gate.example.org/releases/{request_id}"


def test_a_service_that_geogate_does_not_know_gets_no_text_that_somebody_wrote(
    gate: Gate, told: Listening, request_id: RequestId
) -> None:
    configure(gate, told, OTHER.replace("JSON", told.hooks.replace("http", "json")))
    run(gate)

    (body,) = told.posted("/other")
    assert body["message"].split("\n") == [
        f"Release {request_id} to partner waits for votes",
        f"https://gate.example.org/releases/{request_id}",
    ]
    assert "everyone" not in json.dumps(body)


@pytest.mark.parametrize(
    "text",
    [
        "stops near 47.3769, 8.5417",
        "around 47.37 8.54",
        "8FVC9GGR+QM",
        "POINT (8.5417 47.3769)",
        "N47 22.61 E008 32.5",
        "survey_48.8566_2.3522.gpkg",
    ],
)
def test_a_text_that_says_a_place_is_left_out(text: str) -> None:
    assert said(text) == LEFT_OUT
    assert said("a study of 2026-11-22, v1.2.3") == "a study of 2026-11-22, v1.2.3"


def test_nothing_of_what_was_staged_is_told(gate: Gate, told: Listening) -> None:
    run(gate)

    everything = b"".join(raw for _, raw in told.mails).decode() + json.dumps(told.posts)
    assert not any(f"{ordinate:.2f}" in everything for point in MIDDLE for ordinate in point)
    assert "somewhere" not in everything


def test_a_text_becomes_one_line_without_characters_that_nobody_sees() -> None:
    line = said("a\u2028b\u202ec\r\nBcc: eve@example.org\x00" + "x" * 1000)

    assert line.startswith("a\N{LEFT WHITE CURLY BRACKET}U+2028\N{RIGHT WHITE CURLY BRACKET}b")
    assert line.isprintable()
    assert len(line) <= 240


def test_a_mail_has_the_headers_that_it_must_and_no_others(gate: Gate, told: Listening) -> None:
    run(gate)

    (letter,) = told.letters()
    wanted = {"Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject"}
    assert set(letter.keys()) == wanted | {"To", "X-Application"}


def test_a_requester_is_told_that_reviewers_want_changes_and_reads_what_they_say_in_the_console(
    gate: Gate, told: Listening, request_id: RequestId
) -> None:
    request = request_id
    run(gate)
    for name in ("anna", "bob"):
        send_back(request, comment="leave out the well at 47.3769 8.5417", house=gate.house(name))

    assert events(run(gate)) == [("rita", "returned")]

    assert told.letters()[-1]["subject"] == f"Release {request} to partner was returned for changes"
    assert "submit it with --continues" in text(told)
    assert "well" not in text(told)
    assert "anna" not in text(told)


def test_a_requester_without_an_address_is_told_where_requesters_are_told(
    gate: Gate, told: Listening, request_id: RequestId
) -> None:
    configure(gate, told, "{name: staging, roles: [requester], email: staging@example.org}")
    request = request_id
    for name in ("anna", "bob"):
        reject(request, comment="no", house=gate.house(name))

    assert events(run(gate)) == [("staging", "rejected")]


def test_an_approval_is_told_also_when_the_release_was_sent_meanwhile(gate: Gate, told: Listening) -> None:
    configure(gate, told, RITA)
    request = gate.hold(stage("CSV", gate.staged, MIDDLE), purpose="another")
    gate.approve(request, "anna")
    done = gate.approve(request, "bob")
    assert done.clearance is not None
    send_by_nonce(done.clearance, house=gate.house("airflow"))

    assert events(run(gate)) == [("rita", "approved")]
    assert run(gate).told == ()
    assert "It has been sent." in text(told)


def test_what_the_machine_clears_is_told_to_nobody(gate: Gate, told: Listening) -> None:
    configure(gate, told, RITA)
    gate.clear(stage("CSV", gate.staged, COARSE))

    assert run(gate).told == ()
    assert told.mails == []


def test_reminders_come_when_half_of_the_time_is_over_and_on_the_last_day_and_then_it_has_expired(
    gate: Gate, told: Listening
) -> None:
    configure(gate, told, MAIL, RITA)
    seen = []
    for moment in (0 * DAY, REVIEW / 2 - DAY / 24, REVIEW / 2, REVIEW - DAY, REVIEW - DAY / 24, REVIEW, REVIEW + DAY):
        gate.now = NOW + moment
        expire(house=gate.house("cron"))
        seen.append([event for _, event in events(run(gate))])

    assert seen == [["held"], [], ["half-of-the-time"], ["last-day"], [], ["expired"], []]
    assert [letter["to"] for letter in told.letters()] == ["reviewers@example.org"] * 3 + ["rita@example.org"]
    assert "It does not leave." in text(told)
    assert gate.states() == ["expired"]


def test_who_is_told_late_is_told_once(gate: Gate, told: Listening) -> None:
    configure(gate, told, MAIL)
    gate.now = NOW + REVIEW / 2

    assert events(run(gate)) == [("reviewers", "held")]
    assert run(gate).told == ()


def test_many_matters_go_in_one_notice(gate: Gate, told: Listening) -> None:
    configure(gate, told, LEGAL)
    gate.policies.write_policy((with_meta(precision("review", 1000, ">", "warning"), waivable=True),))
    wanted = [ask_waiver(WISH, house=gate.house("olga")).id for _ in range(MOST_SINGLE + 1)]

    assert len(run(gate).told) == MOST_SINGLE + 1

    (card,) = told.posts
    assert f"{MOST_SINGLE + 1} matters wait for you" in json.dumps(card)
    assert all(waiver in json.dumps(card) for waiver in wanted)
    assert run(gate).told == ()


def test_a_receiver_that_fails_changes_nothing_is_seen_and_is_told_later(
    gate: Gate, told: Listening, request_id: RequestId
) -> None:
    request = request_id
    told.refuses_mail, told.answers = True, 503

    done = run(gate)
    assert [(each.receiver, each.why) for each in done.failed] == [
        ("reviewers", "the mail server does not answer, or did not take it"),
        ("reviewers-chat", "the webhook answered 503"),
    ]
    assert gate.request(request).state == "held"
    run(gate)
    assert [each.receiver for each in failing(house=gate.house())] == ["reviewers", "reviewers-chat"]
    assert gate.kinds().count("receiver") == 2

    told.answers = 200
    assert events(run(gate)) == [("reviewers-chat", "held")]
    assert [each.receiver for each in failing(house=gate.house())] == ["reviewers"]
    told.refuses_mail = False
    assert events(run(gate)) == [("reviewers", "held")]
    assert failing(house=gate.house()) == ()
    assert run(gate).told == ()


def test_a_receiver_that_fails_is_tried_once_a_run(gate: Gate, told: Listening) -> None:
    configure(gate, told, LEGAL)
    gate.policies.write_policy((with_meta(precision("review", 1000, ">", "warning"), waivable=True),))
    for _ in range(2):
        ask_waiver(WISH, house=gate.house("olga"))
    told.answers = 500

    assert len(run(gate).failed) == 2
    assert told.tried == 1
    told.answers = 200
    assert len(run(gate).told) == 2
    assert len(told.posts) == 2


def test_an_address_stands_in_no_output_and_no_entry(
    gate: Gate, told: Listening, geogate: Command, caplog: pytest.LogCaptureFixture
) -> None:
    told.refuses_mail, told.answers = True, 404

    ended = geogate("notify")

    assert ended.code == 5
    assert "reviewers-chat: not told of held" in ended.err
    with gate.ledger() as ledger:
        entries = "".join(entry.body for entry in ledger.entries())
    known = ("secret-of-slack", "reviewers@example.org", str(told.mail_port), told.hooks)
    for secret in known:
        assert secret not in ended.out + ended.err + caplog.text + entries


def test_a_step_at_the_command_line_tells_at_once_and_ends_as_it_would(
    gate: Gate, told: Listening, geogate: Command
) -> None:
    assert geogate("review", "expire").code == 0
    assert len(told.mails) == 1
    (request,) = [each.id for each in gate.requests()]
    told.refuses_mail, told.answers = True, 500
    assert geogate("review", "reject", request, "--comment", "no", "--as", "anna").code == 0
    ended = geogate("review", "reject", request, "--comment", "no", "--as", "bob")
    assert ended.code == 0
    assert "rita was not notified: the mail server" in ended.err
    assert gate.states() == ["rejected"]


def test_the_command_says_who_was_told_and_of_what_nobody_is(
    gate: Gate, told: Listening, geogate: Command, request_id: RequestId
) -> None:
    configure(gate, told, RITA)
    request = request_id

    ended = geogate("notify")

    assert ended.code == 0
    assert "0 told, 0 could not be told" in ended.out
    assert f"there is nobody to be told of held {request}" in ended.err
    configure(gate, told, MAIL)
    assert f"reviewers: held {request}" in geogate("notify").out
    assert json.loads(geogate("notify", "--format", "json").out) == {"told": [], "failed": [], "unheard": []}


def test_a_receiver_can_be_tried(told: Listening, geogate: Command) -> None:
    assert geogate("notify", "--try", "reviewers-chat").code == 0
    assert "test" in told.posted("/services/T0/B0/secret-of-slack")[0]["text"]
    told.answers = 500
    assert geogate("notify", "--try", "reviewers-chat").code == 5
    assert geogate("notify", "--try", "nobody").code == 2


def test_without_a_file_nobody_is_told_and_the_command_says_so(gate: Gate) -> None:
    assert notify_after(house=gate.house()) == ""
    with pytest.raises(UsageError, match="GEOGATE_NOTIFICATIONS is not set"):
        run(gate)


def test_only_who_keeps_times_runs_it(gate: Gate, told: Listening) -> None:
    del told
    (gate.policies.root / "roles.yaml").write_text("everyone: [requester]\n")
    with pytest.raises(Exception, match="needs the role administrator or auditor or reviewer"):
        run(gate)


def test_two_that_tell_at_the_same_time_tell_once(gate: Gate, told: Listening) -> None:
    with gate.ledger() as ledger, ledger.exclusive("notify"):
        assert notify_after(house=gate.house()) == ""
        assert told.mails == []
    run(gate)
    assert len(told.mails) == 1


def test_owners_of_a_policy_are_told_of_waivers_that_wait_end_and_ended(gate: Gate, told: Listening) -> None:
    rules = (with_meta(precision("review", 1000, ">", "warning"), waivable=True),)
    gate.policies.write_policy(rules)
    configure(gate, told, LEGAL, RITA)
    waiver = ask_waiver(WISH, house=gate.house("olga"))
    assert events(run(gate)) == [("legal", "waiver-asked")]
    for name in ("paul", "petra"):
        approve_waiver(waiver.id, house=gate.house(name))
    seen = []
    for days in (1, 23, 24, 29, 30, 31):
        gate.now = NOW + days * DAY
        seen.append(events(run(gate)))

    both = [("legal", "waiver-ends"), ("rita", "waiver-ends")]
    last = [("legal", "waiver-last-day"), ("rita", "waiver-last-day")]
    ended = [("legal", "waiver-ended"), ("rita", "waiver-ended")]
    assert seen == [[], both, [], last, ended, []]
    assert "drilled" not in json.dumps(told.posts)
    assert "Ticket: GEO-17" in text(told)


def test_duties_are_told_when_they_arise_come_near_and_are_overdue(gate: Gate, told: Listening) -> None:
    duty = {
        "id": "report", "on": "held", "due": {"days": 10}, "what": "Report it.",
        "legal_basis": {"section": "a test", "source": "this file", "as_of": NOW.date()},
    }  # fmt: skip
    gate.policies.write_policy(obligations=[duty])
    configure(gate, told, LEGAL)
    gate.hold(stage("CSV", gate.staged, MIDDLE), purpose="another")
    seen = []
    for days in (0, 6, 7, 10, 11, 12):
        gate.now = NOW + days * DAY
        seen.append([event for _, event in events(run(gate))])

    assert seen == [["obligation-arisen"], [], ["obligation-due"], [], ["obligation-overdue"], []]


def test_a_feed_that_is_stopped_is_told_once_to_those_who_can_resume_it(gate: Gate, told: Listening) -> None:
    feeding = Feeding(gate).declare(batch={"rows": 10, "megabytes": 0.000001})
    feeding.put(1, points(2))
    stamp = NOW.timestamp()
    os.utime(feeding.folder / "fleet-1.csv", (stamp, stamp))
    run(gate)
    told.mails.clear()
    with pytest.raises(StoppedError):
        feeding.run()
    assert ("reviewers", "feed-stopped") in events(run(gate))
    assert "Nothing of it leaves until somebody" in text(told)
    assert "feed-stopped" not in [event for _, event in events(run(gate))]
