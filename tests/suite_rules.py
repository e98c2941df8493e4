"""Rules and measures of their own for tests of the suites: each does one thing, some of it badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judging import CIRCUMSTANCES, policy_of, policy_rule

from geogate.measures.measure import LayerFacts, MeasureId, Summed, UnmeasurableError, Unmeasured
from geogate.model.finding import Problem, Severity
from geogate.model.names import LayerName
from geogate.rules.rule import Judgement, Params, Rule
from geogate.suites.subject import LayerUnderTest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Measure, Measurement, Tally
    from geogate.measures.tools import Tools
    from geogate.model.parties import Circumstances
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.zones.zone import ZoneList

SECRET = "POINT (11.0563271 53.7714932)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A number that adds up."""

    number: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(number=self.number + other.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTotal:
    """A number of another kind."""

    number: int = 0

    def __add__(self, other: OtherTotal) -> OtherTotal:
        return OtherTotal(number=self.number + other.number)


@dataclass(frozen=True)
class Counting:
    """A measure with a name."""

    name: str

    @property
    def id(self) -> MeasureId:
        """Return the name."""
        return MeasureId(self.name)

    def empty(self) -> Total:
        """Return nothing."""
        return Total()

    def of(self, batch: LayerBatch) -> Total:
        """Count rows."""
        return Total(number=batch.rows)

    def tally(self, tools: Tools) -> Tally[Total]:
        """Count rows of many batches."""
        del tools
        return Summed(self)


class MostParams(Params):
    """The most that may be counted, of what."""

    most: int
    what: str


class Most(Rule[MostParams]):
    """Counts no more than the most."""

    expectation = "expect_test_most"
    params = MostParams

    def zone_lists(self, params: MostParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: MostParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the count."""
        del zone_lists
        return (Counting(params.what),)

    def judge(
        self, params: MostParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare."""
        del circumstances
        (total,) = measurements.values()
        assert isinstance(total, Total)
        problems = (Problem(summary="too many", remedy="fewer"),) if total.number > params.most else ()
        return Judgement(observed=f"{total.number} counted", problems=problems)


class Certain(Most):
    """Is settled as soon as it is broken."""

    expectation = "expect_test_certain"

    def settled(self, params: MostParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Compare; what is counted only grows."""
        return bool(self.judge(params, measurements, CIRCUMSTANCES).problems)


class Hasty(Certain):
    """Says that it is settled before it is broken."""

    expectation = "expect_test_hasty"

    def settled(self, params: MostParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Agree to everything."""
        del params, measurements
        return True


class Shaky(Certain):
    """Cannot say whether it is settled."""

    expectation = "expect_test_shaky"

    def settled(self, params: MostParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Refuse."""
        del params, measurements
        raise UnmeasurableError("nobody knows")


class Broken(Most):
    """Raises while it judges, with a coordinate in the text."""

    expectation = "expect_test_broken"

    def judge(
        self, params: MostParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Raise."""
        del params, measurements, circumstances
        raise ArithmeticError(SECRET)


class Unsure(Most):
    """Finds while it judges that it cannot."""

    expectation = "expect_test_unsure"

    def judge(
        self, params: MostParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Raise."""
        del params, measurements, circumstances
        raise UnmeasurableError("3 vertices are nowhere")


class Idle(Most):
    """Needs no measure."""

    expectation = "expect_test_idle"

    def measures(self, params: MostParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need none."""
        del params, zone_lists
        return ()

    def judge(
        self, params: MostParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Look at the circumstances."""
        assert not measurements
        problems = () if circumstances.purpose == params.what else (Problem(summary="no", remedy="no"),)
        return Judgement(observed=circumstances.purpose, problems=problems)


class Zoned(Most):
    """Needs a zone list."""

    expectation = "expect_test_zoned"

    def zone_lists(self, params: MostParams) -> tuple[str, ...]:
        """Need a list."""
        return (params.what,)


RULES: dict[str, Rule[Any]] = {
    rule.expectation: rule for rule in (Most(), Broken(), Unsure(), Idle(), Zoned(), Certain(), Hasty(), Shaky())
}


def use(rule_id: str, *, kind: type[Most] = Most, most: int = 5, what: str = "rows") -> PolicyRule:
    """Use a rule in a policy."""
    severity = Severity.WARNING if rule_id.startswith("w") else Severity.CRITICAL
    return policy_rule(rule_id, MostParams(most=most, what=what), expectation=kind.expectation, severity=severity)


def policy(*rules: PolicyRule) -> Policy:
    """Make a policy."""
    return policy_of(*rules)


@dataclass
class FactsPass:
    """A pass that answers from what it was given, and counts how often it is made."""

    rows: int = 3
    values: Mapping[str, Any] | None = None
    failure: BaseException | None = None
    passes: int = 0
    complete: bool = True

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Answer, or fail."""
        self.passes += 1
        if self.failure is not None:
            raise self.failure
        given = {measure.id: Total(number=self.rows) for measure in measures} if self.values is None else self.values
        found = {MeasureId(name): value for name, value in given.items()}
        return LayerFacts(rows=self.rows, values=found, complete=self.complete)


def layer(name: str = "a.csv", **facts: Any) -> LayerUnderTest:
    """Make a layer whose facts are given."""
    return LayerUnderTest(name=LayerName(name), run=FactsPass(**facts))


UNMEASURED = Unmeasured(reason="row 7 is not well-formed")
