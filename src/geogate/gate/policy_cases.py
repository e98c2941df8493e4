"""Run the cases of a policy, which lie in ``tests/<policy>`` beside it, and compare what is decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from geogate.gate.house import House
from geogate.gate.place import place_of
from geogate.gate.policy_case_place import lists_of
from geogate.gate.policy_limits import RuleCoverage, coverage, limits_of, sides_that_lie
from geogate.gate.policy_trials import Trials
from geogate.model.errors import PolicyError
from geogate.policy.cases import PolicyCase, parse_cases
from geogate.policy.parse import parse_policy
from geogate.rules.registry import parameter_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geogate.gate.policy_limits import ComparedNumber
    from geogate.model.finding import Effect
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy


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
    """A policy file with its cases."""

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
        cases = tuple(case for file in _files(folder) for case in parse_cases(_bytes(file), file=_shown(file)))
        _require_known(cases, policy)
        return cls(path=path, policy=policy, cases=cases)


def _files(folder: Path) -> list[Path]:
    """List the files of cases.

    Raises: PolicyError for one that would be passed over.
    """
    if not folder.is_dir():
        return []
    found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in found:
        if path.suffix != ".yaml" and path.suffix.casefold() in (".yaml", ".yml"):
            raise PolicyError(f"{_shown(path)} would be passed over", hint="files of cases end in .yaml")
        if path.is_dir() and any(path.rglob("*.y*ml")):
            raise PolicyError(f"the cases in {_shown(path)} would be passed over", hint="put them beside the others")
    return [path for path in found if path.suffix == ".yaml"]


def _shown(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path.name} cannot be read: {error.strerror}") from error


def _require_known(cases: Sequence[PolicyCase], policy: Policy) -> None:
    """Refuse cases about rules, numbers or zone lists that the policy does not have."""
    rules, limits, lists = {str(rule.id) for rule in policy.rules}, limits_of(policy), lists_of(policy)
    for case in cases:
        where = f"{case.file}:{case.line}"
        for rule in sorted(frozenset().union(*case.found.values())):
            if rule not in rules and not rule.startswith("gate/"):
                raise PolicyError(f"{where}: case {case.name} expects rule {rule!r}, which there is not")
        for limit in case.limits:
            if limit not in limits:
                hint = f"numbers of the policy: {', '.join(limits)}"
                raise PolicyError(f"{where}: limits: there is no number {limit!r}", hint=hint)
        for name in case.zones:
            if name not in lists:
                hint = f"zone lists of the policy: {', '.join(sorted(lists)) or 'none'}"
                raise PolicyError(f"{where}: zones: no rule needs a zone list {name!r}", hint=hint)


def run_cases(tested: PolicyUnderTest, *, only: Sequence[str] = ()) -> Iterator[Ran]:
    """Run each case; ``only`` are names of cases.

    Raises: PolicyError when a case cannot be run.
    """
    limits = limits_of(tested.policy)
    with TemporaryDirectory(prefix="geogate-") as root:
        trials = Trials(policy=tested.policy, beside=tested.path.parent, root=Path(root))
        cases = [case for case in tested.cases if not only or case.name in only]
        trials.prepare(cases)
        for case in cases:
            try:
                verdict = trials.verdict(case)
            except PolicyError as error:
                raise PolicyError(
                    f"{case.file}:{case.line}: case {case.name}: {error.summary}", hint=error.hint
                ) from error
            yield Ran(case=case, verdict=verdict, wrong=tuple(_differences(case, verdict, limits)))


def _differences(case: PolicyCase, verdict: Verdict, limits: Mapping[str, ComparedNumber]) -> Iterator[str]:
    if verdict.decision is not case.decision:
        yield f"decides {verdict.decision}, not {case.decision}"
    for effect, expected in case.found.items():
        found = {str(finding.rule) for finding in verdict.findings if finding.effect is effect}
        if found - expected:
            yield f"{effect} by {', '.join(sorted(found - expected))} is not expected"
        if expected - found:
            yield f"no {effect} by {', '.join(sorted(expected - found))}"
    yield from sides_that_lie(case, verdict, limits)


def covered(tested: PolicyUnderTest, ran: Sequence[Ran]) -> tuple[RuleCoverage, ...]:
    """Say what the cases show that came out as expected."""
    return coverage(tested.policy, [(each.case, each.verdict) for each in ran if not each.wrong])


def policies_to_test(files: Sequence[Path], house: House | None = None) -> tuple[Path, ...]:
    """Give the policy files that are named, or those of the place that have cases."""
    if files:
        return tuple(files)
    house = house or House.from_environment()
    place = place_of(house)
    paths = (place.root / f"{name}.yaml" for name in place.policies())
    return tuple(path for path in paths if (path.parent / "tests" / path.stem).is_dir())
