"""The whole way to places behind HTTPS, as an operator goes it: submit, send, and the audit of the night."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import stage
from gating.gate import at
from gating.place import RULES, destination, rule
from serving.apache import PASSWORD, USER, Apache, apache
from serving.authority import Authority
from serving.odd import Odd, Request, odd_server
from serving.pygeoapi import Pygeoapi, pygeoapi

from geogate.destinations.errors import UnavailableError
from geogate.gate.send import send_by_nonce
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gating.command import Command, Ended
    from gating.gate import Gate

    from geogate.model.names import Nonce
    from geogate.model.release import Receipt

SERVER = {"regions": ["server"]}
POINTS = [(8.4, 47.2), (8.5, 47.3)]
CLOSED = rule(
    "closed",
    "expect_place_to_be_closed",
    openings_allowed=[],
    copy_countries=[],
    encryption=[],
    public_access_block_required=False,
    versioning_required=False,
    object_lock_required=False,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(folder=tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[Apache]:
    with apache(authority.issue("server")) as server:
        yield server


@pytest.fixture
def server(running: Apache) -> Apache:
    running.empty()
    return running


@pytest.fixture(scope="module")
def collection(authority: Authority) -> Iterator[Pygeoapi]:
    with pygeoapi(authority.issue("api")) as server:
        yield server


@pytest.fixture
def odd(authority: Authority) -> Iterator[Odd]:
    with odd_server(authority.issue("odd")) as server:
        yield server


@pytest.fixture
def register(gate: Gate, authority: Authority, tmp_path: Path) -> Callable[..., None]:
    """Register a place of the recipient, and set up how its server is reached."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)

    def registered(uri: str, *, password: bool = False, **keys: Any) -> None:
        gate.policies.write_recipients({"uri": uri} | {"country": "DE"} | keys)
        file = gate.root / "https.yaml"
        more = f"    user: {USER}\n    password_file: {secret}\n" if password else ""
        file.write_text(f"servers:\n  - host: {uri.split('/')[2]}\n    ca_file: {authority.file}\n{more}")
        file.chmod(0o600)
        gate.settings["GEOGATE_HTTPS"] = str(file)

    return registered


def submit(geogate: Command, gate: Gate, to: str, kind: str = "CSV", stem: str = "data") -> Ended:
    path = stage(kind, gate.staged, POINTS, stem=stem)
    return geogate("submit", path, "--policy", "test", "--recipient", "partner", "--to", to, "--format", "json")


def clear(geogate: Command, gate: Gate, to: str, kind: str = "CSV", stem: str = "data") -> str:
    done = submit(geogate, gate, to, kind, stem)
    assert done.code == 0, done.out + done.err
    return str(json.loads(done.out)["request"]["clearance"])


def audit(geogate: Command) -> dict[str, Any]:
    done = geogate("audit", "--format", "json")
    report: dict[str, Any] = json.loads(done.out)
    assert done.code == (11 if report["urgent"] else 0), done.err
    return report


def kinds(report: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["kind"], each["about"].rpartition("/")[2]) for each in report["findings"])


def test_a_file_goes_the_whole_way_to_a_server(
    gate: Gate, geogate: Command, server: Apache, register: Callable[..., None]
) -> None:
    register(server.uri, password=True)
    nonce = clear(geogate, gate, server.uri)
    assert not server.holding()
    sent = geogate("send", nonce)
    assert sent.code == 0, sent.err
    assert list(server.holding()) == ["data.csv"]
    assert gate.states() == ["sent"]
    again = geogate("send", nonce)
    assert (again.code, "was used before" in again.err) == (11, True)
    assert PASSWORD not in sent.out + sent.err + again.err


def test_the_receipt_says_who_answered(
    gate: Gate, geogate: Command, server: Apache, register: Callable[..., None]
) -> None:
    register(server.uri, password=True)
    receipt = gate.send(clear(geogate, gate, server.uri))  # type: ignore[arg-type]
    assert receipt.posture is not None
    assert dict(receipt.posture.traits)["connected to"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("keys", "rules", "code", "why"),
    [
        ({}, {}, 0, ""),
        ({"country": ""}, {}, 11, "does not say in which country"),
        ({"country": "FR"}, {}, 11, "the place is in FR, which the policy does not allow"),
        ({}, {"countries": ["FR", "DE"]}, 0, ""),
    ],
    ids=["attested", "unknown", "elsewhere", "one of several"],
)
def test_a_policy_judges_where_the_server_is_said_to_be(  # noqa: PLR0913, PLR0917 - both sides of a rule
    keys: dict[str, str],
    rules: dict[str, Any],
    code: int,
    why: str,
    gate: Gate,
    geogate: Command,
    server: Apache,
    register: Callable[..., None],
) -> None:
    gate.policies.write_policy([*RULES[:-1], destination(**rules)])
    register(server.uri, password=True, **keys)
    done = submit(geogate, gate, server.uri)
    assert done.code == code, done.out
    assert why in done.out


def test_a_policy_denies_a_place_that_is_open_to_others(
    gate: Gate, geogate: Command, server: Apache, odd: Odd, register: Callable[..., None]
) -> None:
    gate.policies.write_policy([*RULES, CLOSED])
    register(server.uri, password=True)
    assert submit(geogate, gate, server.uri).code == 0
    register(odd.uri)
    done = submit(geogate, gate, odd.uri)
    assert (done.code, "open to others" in done.out) == (11, True)


def test_a_place_that_became_open_between_judging_and_sending_gets_nothing(
    gate: Gate, geogate: Command, odd: Odd, register: Callable[..., None]
) -> None:
    register(odd.uri)
    closed = lambda request: request.command == "GET" and ".geogate-" in request.path and request.answer(401)  # noqa: E731
    odd.tricks.append(closed)
    nonce = clear(geogate, gate, odd.uri)
    odd.tricks.clear()
    done = geogate("send", nonce)
    assert (done.code, "not as it was judged: open to others" in done.err) == (11, True)
    assert not odd.files
    odd.tricks.append(closed)
    assert geogate("send", nonce).code == 0


def test_a_key_that_is_registered_no_more_stops_the_sending(
    gate: Gate, geogate: Command, server: Apache, register: Callable[..., None]
) -> None:
    register(server.uri, password=True)
    nonce = clear(geogate, gate, server.uri)
    register(server.uri, password=True, certificate_keys=["0" * 64])
    done = geogate("send", nonce)
    assert (done.code, "another key than those that are registered" in done.err) == (5, True)
    assert not server.holding()


def test_a_sending_that_died_is_taken_up_by_the_same_command(
    gate: Gate, geogate: Command, odd: Odd, register: Callable[..., None]
) -> None:
    register(odd.uri)
    nonce = clear(geogate, gate, odd.uri)
    gone = [True]

    def loses(request: Request) -> bool:
        if gone and request.command == "PUT" and "If-None-Match" in request.headers:
            odd.files[request.path] = request.content()
            gone.clear()
            request.cut()
            return True
        return False

    odd.tricks.append(loses)
    first = geogate("send", nonce)
    assert (first.code, "broke off" in first.err) == (5, True)
    assert gate.states() == ["sending"]
    assert geogate("send", nonce).code == 0
    assert gate.states() == ["sent"]
    assert [path for method, path, headers in odd.asked if "If-None-Match" in headers] == ["/in/data.csv"]


@pytest.mark.parametrize("scheme", ["https", "ogcapi"])
def test_a_process_that_was_killed_in_the_middle_is_taken_up(
    scheme: str, gate: Gate, odd: Odd, register: Callable[..., None]
) -> None:
    features = scheme == "ogcapi"
    uri = f"ogcapi://localhost:{odd.port}/collections/roads/" if features else odd.uri
    odd.files["/collections/roads"] = b'{"supportsNonAutogeneratedResourceIds": true}'
    register(uri)
    nonce = gate.clear(stage("GeoJSON", gate.staged, POINTS), destination=uri)
    killed: list[int] = []

    def kills(request: Request) -> bool:
        if killed or request.command != "PUT" or "If-None-Match" not in request.headers:
            return False
        if request.path.endswith("-0"):
            return False  # the first of two features arrives
        request.rfile.read(20)
        process.kill()
        killed.append(process.wait(30))
        request.cut()
        return True

    odd.tricks.append(kills)
    program = Path(sys.executable).with_name("geogate")
    process = subprocess.Popen(
        [program, "send", nonce], cwd=gate.root, env=os.environ | gate.environment(), stderr=subprocess.DEVNULL
    )
    assert process.wait(120) == -signal.SIGKILL
    assert gate.states() == ["sending"]
    there = [path for path in odd.files if path != "/collections/roads"]
    assert len(there) == (1 if features else 0)
    gate.send(nonce)
    assert gate.states() == ["sent"]
    assert len(odd.files) == (3 if features else 2)


def test_what_was_delivered_when_the_clearance_ended_gets_its_receipt_and_nothing_more_is_put(
    gate: Gate, odd: Odd, register: Callable[..., None]
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    register(odd.uri)
    staged = [stage("CSV", gate.staged, POINTS, stem=stem) for stem in ("kept", "lost")]
    nonces = [gate.clear(each, destination=odd.uri) for each in staged]
    odd.tricks.append(
        lambda request: (
            request.command == "PUT"
            and "If-None-Match" in request.headers
            and odd.files.update({request.path: request.content()} if "kept" in request.path else {}) is None
            and request.answer(503)
        )
    )
    for nonce in nonces:
        with pytest.raises(Exception, match="503"):
            gate.send(nonce)
    odd.tricks.clear()
    gate.now = at("2026-03-09T12:00:00")
    asked = len(odd.asked)
    gate.send(nonces[0])
    with pytest.raises(Exception, match="0 of 1 files were delivered"):
        gate.send(nonces[1])
    assert "PUT" not in [method for method, _, _ in odd.asked[asked:]]
    assert sorted(gate.states()) == ["failed", "sent"]


def test_something_else_in_the_way_fails_the_request_for_good(
    gate: Gate, geogate: Command, server: Apache, register: Callable[..., None]
) -> None:
    register(server.uri, password=True)
    nonce = clear(geogate, gate, server.uri)
    server.place("data.csv", b"other")
    done = geogate("send", nonce)
    assert (done.code, "something else is already there: 'data.csv'" in done.err) == (11, True)
    assert gate.states() == ["failed"]
    assert server.holding() == {"data.csv": b"other"}


def test_the_night_finds_what_is_missing_and_what_changed_and_says_that_nobody_can_list(
    gate: Gate, geogate: Command, server: Apache, register: Callable[..., None]
) -> None:
    register(server.uri, password=True)
    for stem in ("kept", "changed", "missing"):
        assert geogate("send", clear(geogate, gate, server.uri, stem=stem)).code == 0
    assert kinds(audit(geogate)) == []
    content = server.holding()["changed.csv"]
    server.place("changed.csv", content[:-1] + bytes([content[-1] ^ 1]))
    (server.folder / "missing.csv").unlink()
    server.place("unknown.csv", b"by hand")
    report = audit(geogate)
    assert kinds(report) == [
        ("has other bytes than were sent", "changed.csv"),
        ("is not there any more", "missing.csv"),
    ]
    assert report["unknown"] == [[server.uri, ["what else lies there"]]]
    said = geogate("audit", "--last")
    assert "1 of these places list nothing: only what was sent there was looked for" in said.out


def keeps_out(request: Request) -> bool:
    """Answer 401 to whoever has no credentials."""
    return request.command == "GET" and "Authorization" not in request.headers and request.answer(401)


def publishes(request: Request) -> bool:
    """Answer 401 to whoever has no credentials and asks for what is not there, and show the rest to all."""
    return ".geogate-" in request.path and keeps_out(request)


def test_the_night_says_when_a_server_does_not_answer_or_became_open(
    gate: Gate, geogate: Command, odd: Odd, register: Callable[..., None]
) -> None:
    register(odd.uri, password=True)
    odd.tricks.append(keeps_out)
    assert geogate("send", clear(geogate, gate, odd.uri)).code == 0
    assert kinds(audit(geogate)) == []
    odd.tricks.clear()
    (finding,) = audit(geogate)["findings"]
    assert finding["summary"] == "open to others was none and is read"
    odd.tricks.append(lambda request: request.answer(401))
    assert "does not answer" in {kind for kind, _ in kinds(audit(geogate))}
    odd.tricks[:] = [lambda request: request.answer(500)]
    assert geogate("audit").code == 5


@pytest.mark.parametrize(("answers", "code"), [(keeps_out, 0), (publishes, 11)])
@pytest.mark.parametrize("kind", ["CSV", "GeoJSON"])
def test_a_server_that_shows_what_was_sent_is_open_to_others_though_it_keeps_the_rest_to_itself(  # noqa: PLR0913, PLR0917 - both sides, for files and features
    kind: str,
    answers: Callable[[Request], bool],
    code: int,
    gate: Gate,
    geogate: Command,
    odd: Odd,
    register: Callable[..., None],
) -> None:
    uri = odd.uri if kind == "CSV" else f"ogcapi://localhost:{odd.port}/collections/roads/"
    odd.files["/collections/roads"] = b'{"supportsNonAutogeneratedResourceIds": true}'
    gate.policies.write_policy([*RULES, CLOSED])
    register(uri, password=True)
    odd.tricks.append(answers)
    assert geogate("send", clear(geogate, gate, uri, kind)).code == 0
    said = [each["summary"] for each in audit(geogate)["findings"]]
    today = ["left on clear, would be deny today: closed", "open to others was none and is read"]
    assert sorted(said) == ([] if code == 0 else today)
    done = submit(geogate, gate, uri, kind, stem="next")
    assert (done.code, "open to others" in done.out) == (code, code != 0)


def test_the_night_asks_nobody_who_is_registered_no_more(
    gate: Gate, geogate: Command, odd: Odd, register: Callable[..., None]
) -> None:
    register(odd.uri)
    assert geogate("send", clear(geogate, gate, odd.uri)).code == 0
    gate.policies.write_recipients()
    odd.asked.clear()
    said = {(each["kind"], each["about"], each["summary"].partition(": ")[2]) for each in audit(geogate)["findings"]}
    assert ("does not answer", odd.uri, "the place is not registered any more") in said
    assert not odd.asked


def test_a_policy_denies_a_place_that_shows_a_release_in_pieces(
    gate: Gate, geogate: Command, odd: Odd, register: Callable[..., None]
) -> None:
    register(odd.uri)
    for pieces, code in (([], 11), (["feature by feature"], 11), (["file by file"], 0)):
        whole = rule("whole", "expect_release_to_appear_whole", pieces_allowed=pieces)
        gate.policies.write_policy([*RULES, whole])
        assert submit(geogate, gate, odd.uri).code == code


def test_features_go_the_whole_way_into_a_collection(
    gate: Gate, geogate: Command, collection: Pygeoapi, register: Callable[..., None]
) -> None:
    collection.keep([])
    register(collection.uri)
    nonce = clear(geogate, gate, collection.uri, "GeoJSON")
    assert not collection.features()
    sent = geogate("send", nonce)
    assert sent.code == 0, sent.err
    assert [each["geometry"]["coordinates"] for each in collection.features()] == [list(each) for each in POINTS]
    assert kinds(audit(geogate)) == []
    changed = collection.features()
    changed[0]["properties"] = {"other": 1}
    collection.keep(changed)
    assert kinds(audit(geogate)) == [("has other bytes than were sent", "data.geojson")]
    collection.keep([])
    assert kinds(audit(geogate)) == [("is not there any more", "data.geojson")]


def test_a_file_that_is_no_geojson_is_refused_when_it_is_submitted(
    gate: Gate, geogate: Command, collection: Pygeoapi, register: Callable[..., None]
) -> None:
    register(collection.uri)
    done = submit(geogate, gate, collection.uri, "GeoPackage")
    assert (done.code, "'data.gpkg' cannot go into a collection" in done.err) == (2, True)
    assert gate.states() == ["failed"]


def test_a_release_of_features_that_died_and_expired_is_settled_without_another_write(
    gate: Gate, odd: Odd, register: Callable[..., None]
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    uri = f"ogcapi://localhost:{odd.port}/collections/roads/"
    odd.files["/collections/roads"] = b'{"supportsNonAutogeneratedResourceIds": true}'
    register(uri)
    nonce = gate.clear(stage("GeoJSON", gate.staged, POINTS), destination=uri)
    odd.tricks.append(
        lambda request: (
            (
                request.command == "PUT"
                and odd.files.update({request.path: request.content()}) is None
                and request.path.endswith("-1")
                and request.answer(503)
            )
            or (request.command == "PUT" and request.answer(201))
        )
    )
    with pytest.raises(Exception, match="503"):
        gate.send(nonce)
    gate.now = at("2026-03-09T12:00:00")
    puts = odd.methods().count("PUT")
    receipt = gate.send(nonce)
    assert receipt.deliveries[0].version.split(":")[2] == "2"
    assert odd.methods().count("PUT") == puts


def ending(gate: Gate, nonce: Nonce, odd: Odd, *, at_put: int) -> Receipt:
    """Send with a clock that passes the end of the clearance while the server takes a PUT, counted from 1."""
    house = replace(gate.house(), clock=lambda: gate.now or pytest.fail("no clock"))
    puts: list[str] = []

    def late(request: Request) -> bool:
        if request.command == "PUT" and "If-None-Match" in request.headers:
            puts.append(request.path)
            if len(puts) == at_put:
                gate.now = at("2026-03-09T12:00:00")
        return False

    odd.tricks.append(late)
    try:
        return send_by_nonce(nonce, house=house)
    finally:
        odd.tricks.remove(late)


def test_files_that_arrived_when_the_clearance_ended_are_counted_and_no_other_follows(
    gate: Gate, odd: Odd, register: Callable[..., None]
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    register(odd.uri)
    nonce = gate.clear(*(stage("CSV", gate.staged, POINTS, stem=stem) for stem in "abc"), destination=odd.uri)
    with pytest.raises(RefusedError, match="the clearance expired while sending; 2 of 3 files were delivered"):
        ending(gate, nonce, odd, at_put=2)
    assert sorted(odd.files) == ["/in/a.csv", "/in/b.csv"]
    assert gate.states() == ["failed"]
    with gate.ledger() as ledger:
        assert "2 of 3 files were delivered" in list(ledger.entries())[-1].body


def test_files_that_had_all_arrived_when_the_clearance_ended_are_sent(
    gate: Gate, odd: Odd, register: Callable[..., None]
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    register(odd.uri)
    nonce = gate.clear(*(stage("CSV", gate.staged, POINTS, stem=stem) for stem in "abc"), destination=odd.uri)
    assert len(ending(gate, nonce, odd, at_put=3).deliveries) == 3
    assert gate.states() == ["sent"]


def test_a_sending_that_ended_with_a_server_that_does_not_answer_is_settled_by_the_next_attempt(
    gate: Gate, odd: Odd, register: Callable[..., None]
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    register(odd.uri)
    nonce = gate.clear(*(stage("CSV", gate.staged, POINTS, stem=stem) for stem in "ab"), destination=odd.uri)
    silent = lambda request: gate.now == at("2026-03-09T12:00:00") and request.answer(503)  # noqa: E731
    odd.tricks.append(silent)
    with pytest.raises(UnavailableError, match="503"):
        ending(gate, nonce, odd, at_put=1)
    assert gate.states() == ["sending"]
    odd.tricks.clear()
    with pytest.raises(RefusedError, match="1 of 2 files were delivered"):
        gate.send(nonce)
    assert gate.states() == ["failed"]


@pytest.fixture
def features(odd: Odd, register: Callable[..., None]) -> str:
    """Let the server have a collection, and give its address."""
    uri = f"ogcapi://localhost:{odd.port}/collections/roads/"
    odd.files["/collections/roads"] = b'{"supportsNonAutogeneratedResourceIds": true}'
    register(uri)
    return uri


def test_features_that_arrived_when_the_clearance_ended_are_counted_and_no_other_file_follows(
    gate: Gate, odd: Odd, features: str
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    nonce = gate.clear(*(stage("GeoJSON", gate.staged, POINTS, stem=stem) for stem in "ab"), destination=features)
    with pytest.raises(RefusedError, match="the clearance expired while sending; 2 of 4 features may lie there"):
        ending(gate, nonce, odd, at_put=2)
    assert len([path for path in odd.files if "/items/" in path]) == 2
    assert gate.states() == ["failed"]
    with gate.ledger() as ledger:
        assert "2 of 4 features may lie there" in list(ledger.entries())[-1].body


def test_a_sending_of_features_that_died_and_expired_says_how_many_may_lie_there(
    gate: Gate, odd: Odd, features: str
) -> None:
    gate.now = at("2026-03-01T12:00:00")
    nonce = gate.clear(stage("GeoJSON", gate.staged, POINTS), destination=features)
    refuses = lambda request: request.command == "PUT" and request.path.endswith("-1") and request.answer(503)  # noqa: E731
    odd.tricks.append(refuses)
    with pytest.raises(UnavailableError, match="503"):
        gate.send(nonce)
    gate.now = at("2026-03-09T12:00:00")
    with pytest.raises(RefusedError, match="the clearance expired while sending; 1 of 2 features may lie there"):
        gate.send(nonce)
    assert gate.states() == ["failed"]


def test_a_refusal_in_the_middle_of_features_is_kept_with_how_many_may_lie_there(
    gate: Gate, geogate: Command, odd: Odd, features: str
) -> None:
    nonce = clear(geogate, gate, features, "GeoJSON")
    odd.tricks.append(lambda request: request.command == "PUT" and request.path.endswith("-1") and request.answer(204))
    done = geogate("send", nonce)
    assert (done.code, "2 of 2 features may lie there" in done.err) == (11, True)
    assert gate.states() == ["failed"]
    with gate.ledger() as ledger:
        assert "2 of 2 features may lie there" in list(ledger.entries())[-1].body


def lying(odd: Odd) -> list[str]:
    return [path for path in odd.files if "/items/" in path]


def fails_after_the_first(request: Request) -> bool:
    """Say of the second feature that it was replaced, which ends a sending for good."""
    return request.command == "PUT" and request.path.endswith("-1") and request.answer(204)


def test_features_of_a_sending_that_failed_are_not_sent_again_while_they_lie_there(
    gate: Gate, geogate: Command, odd: Odd, features: str
) -> None:
    odd.tricks.append(fails_after_the_first)
    failed = clear(geogate, gate, features, "GeoJSON")
    assert geogate("send", failed).code == 11
    odd.tricks.clear()
    first = lying(odd)
    assert len(first) == 1
    nonce = clear(geogate, gate, features, "GeoJSON")
    done = geogate("send", nonce)
    assert (done.code, "were sent there by request" in done.err, "1 of 2 features" in done.err) == (11, True, True)
    assert f"geogate-{failed}-" in done.err
    assert (lying(odd), sorted(gate.states())) == (first, ["cleared", "failed"])
    del odd.files[first[0]]
    assert geogate("send", nonce).code == 0
    assert len(lying(odd)) == 2
    assert sorted(gate.states()) == ["failed", "sent"]


def test_features_that_were_sent_are_not_sent_again_under_another_name_and_others_are(
    gate: Gate, geogate: Command, odd: Odd, features: str
) -> None:
    assert geogate("send", clear(geogate, gate, features, "GeoJSON", stem="one")).code == 0
    done = geogate("send", clear(geogate, gate, features, "GeoJSON", stem="two"))
    assert (done.code, "2 of 2 features may lie there" in done.err) == (11, True)
    others = stage("GeoJSON", gate.staged, [(9.1, 48.1)], stem="others")
    gate.send(gate.clear(others, destination=features))
    assert len(lying(odd)) == 3


def test_features_that_nobody_can_look_for_are_not_sent_again(
    gate: Gate, geogate: Command, odd: Odd, features: str
) -> None:
    assert geogate("send", clear(geogate, gate, features, "GeoJSON", stem="one")).code == 0
    odd.tricks.append(lambda request: "/items/geogate-" in request.path and request.answer(403))
    done = geogate("send", clear(geogate, gate, features, "GeoJSON", stem="two"))
    assert (done.code, "looking for a feature" in done.err) == (5, True)
    assert len(lying(odd)) == 2


def test_features_that_another_request_is_sending_are_left_to_it(
    gate: Gate, geogate: Command, odd: Odd, features: str
) -> None:
    odd.tricks.append(lambda request: request.command == "PUT" and request.answer(503))
    one, two = (clear(geogate, gate, features, "GeoJSON", stem=stem) for stem in ("one", "two"))
    assert geogate("send", one).code == 5
    odd.tricks.clear()
    done = geogate("send", two)
    assert (done.code, "is sending some of the same files there" in done.err) == (11, True)
    assert (lying(odd), geogate("send", one).code) == ([], 0)
    assert len(lying(odd)) == 2


def test_features_that_another_request_begins_to_send_meanwhile_are_left_to_it(
    gate: Gate, odd: Odd, features: str
) -> None:
    files = [stage("GeoJSON", gate.staged, POINTS, stem=stem) for stem in ("failed", "other", "ours")]
    failed, other, ours = (gate.clear(file, destination=features) for file in files)
    odd.tricks.append(fails_after_the_first)
    with pytest.raises(RefusedError):
        gate.send(failed)
    odd.tricks.clear()
    odd.files.pop(lying(odd)[0])

    def claims(request: Request) -> bool:
        if f"geogate-{failed}-" in request.path and gate.states().count(State.SENDING) == 0:
            with gate.ledger() as ledger, ledger.transaction(gate.house().actor, at=gate.house().clock()) as tx:
                tx.claim(other)
        return False

    odd.tricks.append(claims)
    with pytest.raises(RefusedError, match="are being sent there by another request"):
        gate.send(ours)
    assert not lying(odd)
    gate.send(other)
    assert len(lying(odd)) == 2


def test_a_setting_that_is_misspelt_or_open_stops_everything(
    gate: Gate, geogate: Command, server: Apache, register: Callable[..., None]
) -> None:
    register(server.uri, password=True)
    (gate.root / "https.yaml").chmod(0o666)
    done = submit(geogate, gate, server.uri)
    assert (done.code, "others may read or write the file of GEOGATE_HTTPS" in done.err) == (2, True)
