"""The file that says who is told: what it takes, what it refuses, and that no message repeats a value of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from geogate.model.authority import Role
from geogate.model.errors import GeogateError, PolicyError, UsageError
from geogate.notifications.receivers import Kind, parse_receivers, read_receivers

if TYPE_CHECKING:
    from pathlib import Path

MAIL = 'mail: {server: "smtps://gate:pass%20word@smtp.example.org", sender: gate@example.org}'
ONE = "receivers:\n  - {name: reviewers, roles: [reviewer], email: r@example.org}"
HOOK = 'receivers:\n  - {name: chat, roles: [reviewer], slack: "https://hooks.slack.com/services/T/B/secret"}'


def test_receivers_are_of_roles_and_of_people_whose_names_are_folded() -> None:
    found = parse_receivers(
        f"{MAIL}\n{ONE}\n  - {{name: rita, people: [RITA], email: rita@example.org}}\nconsole: https://gate.example.org/".encode()
    )

    assert found.console == "https://gate.example.org"
    assert [each.name for each in found.of_roles(frozenset({Role.REVIEWER, Role.AUDITOR}))] == ["reviewers"]
    assert [each.name for each in found.of_person("Rita", Role.REVIEWER)] == ["rita"]
    assert [each.name for each in found.of_person("somebody", Role.REVIEWER)] == ["reviewers"]
    assert found.of_person("somebody", Role.REQUESTER) == ()
    (mail, _) = found.every
    assert mail.kind is Kind.EMAIL
    assert mail.mail is not None
    assert (mail.mail.host, mail.mail.port, mail.mail.user, mail.mail.password) == (
        "smtp.example.org",
        465,
        "gate",
        "pass word",
    )
    assert not any(secret in repr(found) for secret in ("pass word", "r@example.org", "rita@example.org"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ONE, "there is no server for mail"),
        (f"{MAIL}\nreceivers: []", "at least 1 item"),
        (f"{MAIL}\n{ONE}\n  - {{name: reviewers, roles: [reviewer], email: s@example.org}}", "the name stands twice"),
        (f"{MAIL}\nreceivers:\n  - {{name: x, email: secret@example.org}}", "it is for nobody"),
        (f"{MAIL}\nreceivers:\n  - {{name: x, roles: [reviewer]}}", "exactly one address"),
        (HOOK.replace("}", ", teams: 'https://x.example/secret'}"), "exactly one address"),
        (HOOK.replace("https", "http"), "not an https:// URL"),
        (HOOK.replace("https://hooks", "https://user:secret@hooks"), "not an https:// URL"),
        (HOOK.replace("hooks.slack.com", "hooks.slack.com:99999"), "it is no URL"),
        (HOOK.replace("/secret", "/secret with space"), "match pattern"),
        (HOOK.replace("slack:", "slak:"), "unknown key"),
        (HOOK.replace("reviewer", "everybody"), "Input should be"),
        (f"{MAIL.replace('smtps', 'ftp')}\n{ONE}", "it is no server"),
        (f"{MAIL.replace('smtps', 'smtp')}\n{ONE}", "a password would go over the network"),
        (f"{MAIL.replace('gate@example.org', 'gate@example.org Bcc&secret')}\n{ONE}", "match pattern"),
        (f"{MAIL}\n{ONE.replace('r@example.org', 'r@example.org;secret@example.org')}", "match pattern"),
        ("console: javascript:secret\n" + HOOK, "not an https:// URL"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused_and_not_repeated(text: str, why: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_receivers(text.encode())

    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_a_file_that_only_its_own_read_is_taken(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "notifications.yaml"
    path.write_text(HOOK)
    path.chmod(mode)

    assert [each.name for each in read_receivers(path).every] == ["chat"]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o666, 0o644])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "notifications.yaml"
    path.write_text(HOOK)
    path.chmod(mode)

    with pytest.raises(UsageError, match="others may read or write"):
        read_receivers(path)


def test_a_file_that_is_not_there_is_an_error_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(GeogateError, match="cannot be read") as caught:
        read_receivers(tmp_path / "nowhere.yaml")
    assert "nowhere" not in str(caught.value)
