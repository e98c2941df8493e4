"""The ledger keeps of tables and cells of ground what can be told, and nothing by which somebody is recognised."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
import shapely
from judging import CIRCUMSTANCES, batch_of

from geogate.gate.facts import kept_facts, read_facts
from geogate.measures.cell_subjects import SubjectsInCells
from geogate.measures.contributions import ContributionColumns, Contributions
from geogate.measures.measure import LayerFacts, Sparing, UnmeasurableError
from geogate.measures.table_cells import TableShape, WholeTable
from geogate.model.dataset import LayerKind

if TYPE_CHECKING:
    from geogate.suites.judge import SuiteAnswer

BATCH = batch_of([shapely.Point(8, 47)] * 2, columns={"area": ["a", "b"], "who": ["p", "q"], "n": [10, 20]})

MEASURES: list[Any] = [
    Contributions(ContributionColumns(value="n", contributor="who", groups=("area",))),
    WholeTable(TableShape(group_columns=("area",), value_columns=("n",), total_labels=("t",), suppressed=())),
    SubjectsInCells(column="who", size_m=1000.0, geohash=None, enough=3),
]


def packed(found: Any) -> str:
    return str(next(getattr(found, name) for name in ("pairs", "rows") if hasattr(found, name)))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: type(measure).__name__)
def test_what_cells_say_and_who_gave_it_is_not_kept(measure: Any) -> None:
    found: Any = measure.of(BATCH)
    assert isinstance(found, Sparing) is True
    facts = LayerFacts(rows=2, values={measure.id: found})
    answer = SimpleNamespace(layers=(SimpleNamespace(layer="table", facts=facts, kind=LayerKind.VECTOR),))
    text = kept_facts(cast("SuiteAnswer", answer), CIRCUMSTANCES)
    assert packed(found)
    assert packed(found) not in text
    kept = read_facts(text)
    assert kept is not None
    again: Any = kept.layers[0].value(measure)
    assert again == found.kept()
    with pytest.raises(UnmeasurableError, match=r"not kept|for keeping"):
        _ = again + found
