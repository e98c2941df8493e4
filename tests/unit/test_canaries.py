from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from judging import zone_list
from ruamel.yaml import YAML

from geogate.kernels import state
from geogate.measures.canaries import SilentDetectorError, canary_of, require_alive
from geogate.measures.hidden import numbers, numbers_possible, numbers_subject
from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.hidden.columns_declared import Limits, ValuesBeyond
from geogate.measures.inventory import LayerInventory
from geogate.measures.measure import Measure, MeasureId, Summed
from geogate.measures.tools import PLAIN, Tools
from geogate.rules.registry import registered
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally

ZONES = zone_list([Zone(id="a", category="c", buffer_m=0.0, geometry=shapely.box(8, 47, 9, 48))])


def fixtures() -> list[Path]:
    return sorted((Path(__file__).parents[1] / "rules").glob("*/*/*.yaml"))


def measures_of(fixture: Path) -> tuple[Measure[Any], ...]:
    """Give the measures that a rule needs with the parameters of one of its fixtures."""
    rule = registered()[fixture.parents[1].name]
    kwargs = YAML(typ="safe", pure=True).load(fixture)["kwargs"]
    params = rule.params.model_validate_json(json.dumps(kwargs, default=date.isoformat))
    return tuple(rule.measures(params, dict.fromkeys(rule.zone_lists(params), ZONES)))


MEASURES = {measure.id: measure for fixture in fixtures() for measure in measures_of(fixture)}

LOOKING = {name: each for name, each in MEASURES.items() if each != ValuesBeyond(())}
"""The measures that look at something: where nothing is declared, nothing can be beyond it."""


@dataclass(frozen=True)
class Silent:
    """A measure that looks at nothing."""

    measure: Any

    @property
    def id(self) -> MeasureId:
        return MeasureId(self.measure.id)

    def empty(self) -> Any:
        return self.measure.empty()

    def of(self, batch: LayerBatch) -> Any:
        del batch
        return self.measure.empty()

    def tally(self, tools: Tools) -> Tally[Any]:
        del tools
        return Summed(self)


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_of_every_rule_finds_what_is_planted_for_it(name: MeasureId) -> None:
    require_alive([MEASURES[name]], PLAIN)
    require_alive([MEASURES[name]], Tools(kernels=state.ready()))


@pytest.mark.parametrize("name", [*LOOKING, LayerInventory().id])
def test_a_measure_that_looks_at_nothing_is_noticed(name: MeasureId) -> None:
    measure = MEASURES.get(name, LayerInventory())
    canary_of.register(Silent, lambda silent: canary_of(silent.measure))

    with pytest.raises(SilentDetectorError, match=r"did not find what was planted for it"):
        require_alive([Silent(measure)], PLAIN)


def test_a_measure_without_a_canary_is_taken_for_silent() -> None:
    with pytest.raises(SilentDetectorError):
        require_alive([_Other(LayerInventory())], PLAIN)


class _Other:
    """A measure of a kind that no canary was written for."""

    def __init__(self, measure: Any) -> None:
        self.id = MeasureId("other")
        self.empty = measure.empty
        self.of = measure.of
        self.tally = measure.tally


@pytest.mark.parametrize("name", ["a", "a*", "temp_[0-9]", "b[!x]", "x.y", "list[0]"])
@pytest.mark.parametrize(("decimals", "values"), [(15, None), (0, None), (None, ("u",)), (2, ("1",))])
def test_a_declaration_by_a_pattern_has_its_canary(
    name: str, decimals: int | None, values: tuple[str, ...] | None
) -> None:
    others = Limits(name="a", max_decimals=None, values=("q",))
    require_alive([ValuesBeyond((Limits(name=name, max_decimals=decimals, values=values), others))], PLAIN)


def test_doubts_about_numbers_that_are_switched_off_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((numbers_possible, "in_turn"), (numbers_subject, "_finer")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lambda *_args, **_named: None)
            with pytest.raises(SilentDetectorError):
                require_alive([ColumnContents()], PLAIN)


@pytest.mark.parametrize("searches", ["SEARCHES", "WITH_COPIES"])
def test_searches_that_are_switched_off_are_noticed(searches: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_alive([ColumnContents()], PLAIN)
    monkeypatch.setattr(numbers, searches, ())

    with pytest.raises(SilentDetectorError):
        require_alive([ColumnContents()], PLAIN)
