"""Run the cases of a policy through the gate, each in a place of its own, and compare what is decided."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from geogate.gate.examine import Examined, Question, Subject, examine
from geogate.gate.exposure import NothingBefore
from geogate.gate.facts import kept_facts, read_facts
from geogate.gate.house import House, Wish
from geogate.gate.place import place_of
from geogate.gate.policy_data import write_data
from geogate.gate.policy_kept import KeptJudge, NeedsDataError, measured_as_if
from geogate.gate.question import ask
from geogate.gate.settings import Settings
from geogate.model.dataset import Encoding, FileDigest, content_digest
from geogate.model.errors import PolicyError
from geogate.model.names import Actor, ZoneListName
from geogate.model.parties import Posture
from geogate.policy.cases import CaseRecipientShape, PolicyCase, ZonesShape, parse_cases
from geogate.policy.parse import parse_policy
from geogate.readers.zone_files import ZoneListFacts, pin_zone_list
from geogate.rules.registry import parameter_models, registered
from geogate.rules.words import numbers_of
from geogate.seal.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geogate.destinations.channel import Channel
    from geogate.model.finding import Effect
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy

PASSES = {">=": {"at", "over"}, ">": {"over"}, "<=": {"at", "under"}, "<": {"under"}}
"""On which sides of a limit a comparison holds."""

FAR = date(2999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one case; ``wrong`` says how it differs from what was expected, nothing where it does not."""

    case: PolicyCase
    verdict: Verdict
    wrong: tuple[str, ...]

    def found(self, effect: Effect) -> frozenset[str]:
        """Name the rules that found something, by what it does to the release."""
        return frozenset(str(each.rule) for each in self.verdict.findings if each.effect is effect)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUnderTest:
    """A policy file with its cases, which lie in ``tests/<policy>`` beside it."""

    path: Path
    policy: Policy
    cases: tuple[PolicyCase, ...]

    @classmethod
    def read(cls, path: Path) -> PolicyUnderTest:
        """Read a policy and its cases.

        Raises: PolicyError naming file, line and key.
        """
        policy = parse_policy(_bytes(path), file=path.name, rules=parameter_models())
        folder = path.parent / "tests" / str(policy.name)
        cases = tuple(
            case for file in sorted(folder.glob("*.yaml")) for case in parse_cases(_bytes(file), file=_shown(file))
        )
        for case in cases:
            _require_known(case, policy)
        return cls(path=path, policy=policy, cases=cases)


def _shown(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from error


def _require_known(case: PolicyCase, policy: Policy) -> None:
    known = {str(rule.id) for rule in policy.rules}
    for rule in sorted(frozenset().union(*case.found.values())):
        if rule not in known and not rule.startswith("gate/"):
            raise PolicyError(f"{case.file}:{case.line}: case {case.name} expects rule {rule!r}, which there is not")
    for limit in case.limits:
        if limit not in limits_of(policy):
            hint = f"numbers of the policy: {', '.join(limits_of(policy))}"
            raise PolicyError(f"{case.file}:{case.line}: limits: there is no number {limit!r}", hint=hint)


def sides_of(policy: Policy, limit: str) -> tuple[str, ...]:
    """Name the sides of a number on which something can be: nothing that is counted is under zero."""
    rule, path = next(
        (rule, limit.removeprefix(f"{rule.id}.")) for rule in policy.asked if limit.startswith(f"{rule.id}.")
    )
    numbers = numbers_of(registered()[rule.expectation], rule.params)
    value = next(number.value for number in numbers if number.path == path)
    return ("under", "at", "over") if value else ("at", "over")


def limits_of(policy: Policy) -> Mapping[str, str]:
    """Name each number that something is compared with, as ``rule.parameter``, with the comparison."""
    return {
        f"{rule.id}.{number.path}": number.operator
        for rule in policy.asked
        for number in numbers_of(registered()[rule.expectation], rule.params)
        if number.operator
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _CaseHouse(House):
    """A house in which a destination is what the case says; nothing can be sent."""

    posture: Posture

    def channel(self, destination: str, *, owner: str = "") -> Channel:
        """Answer for the place."""
        del destination, owner
        return _Place(self.posture)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Place:
    said: Posture

    def posture(self) -> Posture:
        return self.said


def run_cases(tested: PolicyUnderTest, *, only: Sequence[str] = ()) -> Iterator[Ran]:
    """Run each case; ``only`` are names of cases.

    Raises: PolicyError when a case cannot be run.
    """
    with TemporaryDirectory(prefix="geogate-") as root:
        for number, case in enumerate(tested.cases):
            if only and case.name not in only:
                continue
            try:
                yield _run(case, tested, root=Path(root), number=number)
            except PolicyError as error:
                raise PolicyError(
                    f"{case.file}:{case.line}: case {case.name}: {error.summary}", hint=error.hint
                ) from error


def _run(case: PolicyCase, tested: PolicyUnderTest, *, root: Path, number: int) -> Ran:
    policies = root / f"policies-{number}"
    folder = root / f"data-{number}"
    (policies / "zones").mkdir(parents=True)
    folder.mkdir()
    (policies / tested.path.name).write_bytes(_bytes(tested.path))
    recipient = _recipients(case, tested, policies)
    _zones(case, tested, policies)
    beside = tested.path.parent / "tests" / str(tested.policy.name)
    files = [
        write_data(shape, stem=f"data-{index}", folder=folder, beside=beside)
        for index, shape in enumerate(case.data, start=1)
    ]
    wish = Wish(
        dataset=tuple(map(str, files)),
        policy=str(tested.policy.name),
        recipient=recipient,
        destination=case.place.uri,
        purpose=case.purpose,
        assume_crs=case.assume_crs,
        declaration=case.declaration,
    )
    house = _house(case, tested, policies=policies, root=root)
    question = replace(ask(wish, house=house), recall=NothingBefore())
    verdict = _verdict(case, files, question, house)
    return Ran(case=case, verdict=verdict, wrong=tuple(_differences(case, verdict, tested.policy)))


def _house(case: PolicyCase, tested: PolicyUnderTest, *, policies: Path, root: Path) -> _CaseHouse:
    home = root / "home"
    home.mkdir(exist_ok=True)
    settings = Settings(home=home, policies=policies, ledger_url="", releaser_role="", country="")
    country = case.place.country
    if country is None:
        country = case.recipient.country if isinstance(case.recipient, CaseRecipientShape) else "DE"
    day = case.on or tested.policy.as_of
    return _CaseHouse(
        settings=settings,
        actor=Actor("policy-test"),
        clock=lambda: datetime.combine(day, time(12), UTC),
        posture=Posture(
            region=None if case.place.region == "unknown" else case.place.region,
            country=None if country == "unknown" else country,
        ),
    )


def _recipients(case: PolicyCase, tested: PolicyUnderTest, policies: Path) -> str:
    path = policies / "recipients.yaml"
    if isinstance(case.recipient, str):
        # Bound to policies by name, a recipient could not get data under a draft of another name.
        path.write_bytes(_bytes(tested.path.parent / "recipients.yaml"))
        return case.recipient
    shape = case.recipient
    place = {"uri": case.place.uri if case.place.uri.endswith("/") else f"{case.place.uri}/"}
    if case.place.uri.startswith("s3://"):
        place["owner"] = "000000000000"
    written: dict[str, Any] = {
        "id": "recipient",
        "name": "The recipient of a case",
        "country": shape.country,
        "owners": [each.model_dump(mode="json") for each in shape.owners]
        if shape.owners is not None
        else [{"country": shape.country, "share": 1.0}],
        "destinations": [each.model_dump(mode="json") for each in shape.destinations]
        if shape.destinations
        else [place],
    }
    if shape.contract != "none":
        written["contract"] = shape.contract.model_dump(mode="json")
    if shape.attestations:
        written["attestations"] = [each.model_dump(mode="json") for each in shape.attestations]
    if shape.designations:
        written["designations"] = list(shape.designations)
    path.write_text(json.dumps({"recipients": [written]}), encoding="utf-8")
    return "recipient"


def _zones(case: PolicyCase, tested: PolicyUnderTest, policies: Path) -> None:
    """Put the case's own lists, and of others those beside the policy, where the gate looks for them."""
    needed = {name for rule in tested.policy.asked for name in registered()[rule.expectation].zone_lists(rule.params)}
    for name in sorted(needed):
        if name in case.zones:
            _pin(name, case.zones[name], policies / "zones")
            continue
        for file in (tested.path.parent / "zones").glob(f"{name}.*"):
            (policies / "zones" / file.name).symlink_to(file.absolute())


def _pin(name: str, shape: ZonesShape, folder: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"z{number}"},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]] if ring[0] != ring[-1] else ring]},
        }
        for number, ring in enumerate(shape.polygons, start=1)
    ]
    data = folder / f"{name}.geojson"
    data.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    facts = ZoneListFacts(
        name=ZoneListName(name),
        title="The zones of a case",
        source="the case",
        licence="none",
        as_of=date(2000, 1, 1),
        valid_until=FAR,
        category=shape.category,
        id_field="id",
        buffer_m=shape.buffer_m,
    )
    pin_zone_list(data, facts=facts)


def _verdict(case: PolicyCase, files: Sequence[Path], question: Question, house: House) -> Verdict:
    digests = [_digest(path) for path in files]
    digest, size = content_digest(tuple(digests)), sum(each.size for each in digests)
    subject = Subject(
        files={path: path.name for path in files},
        digest=lambda: digest,
        size=size,
        as_is=question.policy.encoding is Encoding.VERBATIM,
    )
    examined = examine(subject, question=question, means=house.means())
    return _as_if(case, examined, question) if case.measured else examined.verdict


def _digest(path: Path) -> FileDigest:
    with path.open("rb", buffering=0) as file:
        sha256, size = hash_file(file.fileno())
    return FileDigest(name=path.name, size=size, sha256=sha256)


def _as_if(case: PolicyCase, examined: Examined, question: Question) -> Verdict:
    """Judge as if other numbers had been measured than were."""
    verdict = examined.verdict
    kept = read_facts(kept_facts(examined.answer, question.circumstances(verdict.subject_size)))
    if kept is None:
        raise PolicyError("what was measured cannot be read back")
    names = {name for layer in kept.layers for name in layer.values}
    changes: dict[Any, Mapping[str, Any]] = {}
    for key, fields in case.measured.items():
        meant = [name for name in names if name == key or name.startswith(f"{key}:")]
        if not meant:
            raise PolicyError(f"nothing measures {key!r}", hint=f"measured were {', '.join(sorted(names))}")
        changes |= dict.fromkeys(meant, fields)
    judge = KeptJudge(question.zone_lists)
    try:
        return judge.verdict(
            question.case(verdict.subject, verdict.subject_size),
            policy=question.policy,
            kept=measured_as_if(kept, changes),
            before=verdict,
        )
    except NeedsDataError as error:
        raise PolicyError(f"measured has fields that the measurement does not have ({error})") from error


def _differences(case: PolicyCase, verdict: Verdict, policy: Policy) -> Iterator[str]:
    if verdict.decision is not case.decision:
        yield f"decides {verdict.decision}, not {case.decision}"
    fired = {str(finding.rule) for finding in verdict.findings}
    for effect, expected in case.found.items():
        found = {str(finding.rule) for finding in verdict.findings if finding.effect is effect}
        if found - expected:
            yield f"{effect} by {', '.join(sorted(found - expected))} is not expected"
        if expected - found:
            yield f"no {effect} by {', '.join(sorted(expected - found))}"
    operators = limits_of(policy)
    for limit, side in case.limits.items():
        rule = next(str(each.id) for each in policy.rules if limit.startswith(f"{each.id}."))
        if (side in PASSES[operators[limit]]) is (rule in fired):
            does = "finds something" if rule in fired else "finds nothing"
            yield f"{side} the limit {limit} ({operators[limit]}) the rule {does}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCoverage:
    """In how many cases a rule that is asked found something, and in how many nothing; and the sides of its numbers."""

    rule: str
    fired: int
    passed: int
    sides: tuple[tuple[str, frozenset[str]], ...]
    possible: tuple[tuple[str, ...], ...]

    @property
    def gaps(self) -> tuple[str, ...]:
        """What no case shows."""
        missing = [
            f"{name}: {side}"
            for (name, shown), possible in zip(self.sides, self.possible, strict=True)
            for side in possible
            if side not in shown
        ]
        return (
            *(("never finds anything",) if not self.fired else ()),
            *(("is never satisfied",) if not self.passed else ()),
            *missing,
        )


def coverage(policy: Policy, ran: Sequence[Ran]) -> tuple[RuleCoverage, ...]:
    """Say which rules and which sides of their numbers the cases show that came out as expected."""
    good = [each for each in ran if not each.wrong]
    limits = limits_of(policy)
    found = []
    for rule in policy.asked:
        fired = [each for each in good if any(finding.rule == rule.id for finding in each.verdict.findings)]
        passed = [
            each
            for each in good
            if each not in fired and any(check.rule == rule.id and check.satisfied for check in each.verdict.checks)
        ]
        own = [name for name in limits if name.startswith(f"{rule.id}.")]
        sides = tuple(
            (
                name.removeprefix(f"{rule.id}."),
                frozenset(each.case.limits[name] for each in good if name in each.case.limits),
            )
            for name in own
        )
        possible = tuple(sides_of(policy, name) for name in own)
        found.append(
            RuleCoverage(rule=str(rule.id), fired=len(fired), passed=len(passed), sides=sides, possible=possible)
        )
    return tuple(found)


def policies_to_test(files: Sequence[Path], house: House | None = None) -> tuple[Path, ...]:
    """Give the policy files that are named, or those of the place that have cases."""
    if files:
        return tuple(files)
    house = house or House.from_environment()
    place = place_of(house)
    paths = (place.root / f"{name}.yaml" for name in place.policies())
    return tuple(path for path in paths if (path.parent / "tests" / path.stem).is_dir())
