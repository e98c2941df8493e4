"""The rule about columns: what each holds is declared or recognised, and what could tell a place or a person is not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.columns_classes import HARMLESS, JUDGED, ColumnClass, Recognised, recognise
from geogate.measures.hidden.columns_declared import Beyond, Limits, ValuesBeyond, is_named
from geogate.measures.hidden.text import TextPositions, TextScan
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Ranked
from geogate.rules.layer_inventory import MOST_NAMES, PLAIN_NAME
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

Holds = Literal["position", "identity", "time", "code", "number", "text", "opaque"]

FITS: Final[Mapping[str, frozenset[ColumnClass]]] = {
    "position": frozenset(ColumnClass),
    "identity": frozenset(ColumnClass) - JUDGED,
    "time": frozenset({ColumnClass.TIME, ColumnClass.CODE}),
    "code": frozenset({ColumnClass.CODE, ColumnClass.TEXT, ColumnClass.NUMBER}),
    "number": frozenset({ColumnClass.NUMBER, ColumnClass.CODE, ColumnClass.COULD_BE_POSITION, ColumnClass.TIME}),
    "text": frozenset({ColumnClass.TEXT, ColumnClass.CODE, ColumnClass.NUMBER, ColumnClass.TIME}),
    "opaque": frozenset(ColumnClass) - JUDGED,
}
"""The recognised classes that do not contradict a declared one; a column without a value contradicts none."""

SAFE: Final[Mapping[str, frozenset[ColumnClass]]] = {
    "none": frozenset(),
    "harmless": HARMLESS | JUDGED,
    "readable": frozenset(ColumnClass) - {ColumnClass.OPAQUE},
}
"""The recognised classes that columns may have which are not declared."""

WHAT: Final[Mapping[ColumnClass, str]] = {
    ColumnClass.GEOMETRY: "hold geometries",
    ColumnClass.POSITION: "tell positions",
    ColumnClass.COULD_BE_POSITION: "have digits enough to tell positions",
    ColumnClass.IDENTITY: "identify persons or devices, or look as if they did",
    ColumnClass.TIME: "tell times",
    ColumnClass.CODE: "hold codes",
    ColumnClass.NUMBER: "hold numbers",
    ColumnClass.TEXT: "hold texts",
    ColumnClass.OPAQUE: "cannot be looked into",
    ColumnClass.EMPTY: "have no value",
}


class DeclaredColumn(BaseModel):
    """A column that may be there, and what it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="The name of a column, or a pattern: `*` stands for any letters, `?` for one."
    )
    holds: Holds = Field(description="What it holds: position, identity, time, code, number, text or opaque.")
    unit: Annotated[str, StringConstraints(max_length=40)] = Field(
        default="", description="The unit of a number, for people."
    )
    max_decimals: Annotated[int, Field(ge=0, le=15)] | None = Field(
        default=None, description="The most decimals of a number."
    )
    values: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)] | None = Field(
        default=None, description="The values of a code list, all of them."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.holds != "number" and (self.unit or self.max_decimals is not None):
            raise ValueError("only a number has a unit and decimals")
        if self.holds != "code" and self.values is not None:
            raise ValueError("only a code list has values")
        return self


class DeclaredColumnsParams(Params):
    """Which columns may leave, and what becomes of others."""

    columns: Annotated[tuple[DeclaredColumn, ...], Field(max_length=2_000)] = Field(
        description="Columns that are declared; the first whose name fits counts."
    )
    undeclared: Literal["none", "harmless", "readable"] = Field(
        description="Other columns that may leave: none; harmless, which tell by themselves neither a place nor a "
        "person or whose positions are judged like a geometry; readable, all that can be looked into."
    )


class DeclaredColumns(Rule[DeclaredColumnsParams]):
    """Every column is declared or recognised, and no other one could carry a position or an identity.

    Why: whoever wants to take positions out writes them where no geometry is expected: numbers under another name,
    texts, binaries. What a column may hold is known before, or it does not leave unseen.
    Params: ``columns``, each with ``name``, ``holds``, and where it applies ``unit``, ``max_decimals``, ``values``;
    ``undeclared``: which other columns may leave.
    Finds: columns that are not declared and could tell a place, a person or a device, or cannot be looked into; columns
    whose values contradict what is declared; numbers with more decimals and codes with other values than declared.
    Misses: positions that only a key tells, one row among many whose column is declared as what it looks like, an
    identity that looks like a name of a thing. Positions that are found are judged by all rules as a layer of
    their own.
    Remedy: drop the columns, round the numbers, or declare the columns after having looked at them.
    Basis: data minimisation and security of processing, GDPR art. 5(1)(c) and 32.
    """

    expectation = "expect_columns_to_be_declared"
    params = DeclaredColumnsParams
    kinds = frozenset({LayerKind.VECTOR, LayerKind.POINT_CLOUD, LayerKind.RASTER_VALUES})
    bounds = (Ranked("undeclared", ("none", "harmless", "readable")),)
    says = "Columns that are declared leave as they are declared: {columns}; of others may leave: {undeclared}."

    def zone_lists(self, params: DeclaredColumnsParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: DeclaredColumnsParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need what the columns hold, and how they keep to the declared limits."""
        del zone_lists
        return ColumnContents(), TextScan(), _beyond(params)

    def judge(
        self, params: DeclaredColumnsParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Report each way in which columns are not what may leave."""
        del circumstances
        contents, texts = measurements[ColumnContents().id], measurements[TextScan().id]
        beyond = measurements[_beyond(params).id]
        if not (isinstance(contents, Contents) and isinstance(texts, TextPositions) and isinstance(beyond, Beyond)):
            raise TypeError("the measurement is not of the columns")
        positions = frozenset(column.column for column in texts.columns if column.likely)
        columns = recognise(contents, positions)
        undeclared = [column for column in columns if _declaration(params, column) is None]
        problems = (
            *_undeclared(params, undeclared),
            *_contradictions(params, columns),
            *_beyond_limits(params, beyond),
        )
        return Judgement(observed=_observed(columns, undeclared), problems=problems)

    @staticmethod
    def beside_other_layers(params: DeclaredColumnsParams, names: Sequence[str]) -> tuple[Problem, ...]:
        """Report columns that could be one axis of positions whose other axis is in another layer."""
        if ColumnClass.COULD_BE_POSITION in SAFE[params.undeclared]:
            return ()
        undeclared = [name for name in names if not any(is_named(name, each.name) for each in params.columns)]
        if not undeclared:
            return ()
        return (
            Problem(
                summary="columns that are not declared could tell positions together with those of another layer"
                + _shown(undeclared),
                remedy=f"drop or round {len(undeclared)} columns, or look at them and declare what they hold",
                measured=str(len(undeclared)),
                operator="<=",
                limit="0",
                unit="columns",
                counts=(Count(what="columns", value=len(undeclared)),),
            ),
        )


def _beyond(params: DeclaredColumnsParams) -> ValuesBeyond:
    limits = [
        Limits(name=column.name, max_decimals=column.max_decimals, values=column.values)
        for column in params.columns
        if column.max_decimals is not None or column.values is not None
    ]
    return ValuesBeyond(tuple(limits))


def _declaration(params: DeclaredColumnsParams, column: Recognised) -> DeclaredColumn | None:
    return next((each for each in params.columns if is_named(column.name, each.name)), None)


def _undeclared(params: DeclaredColumnsParams, undeclared: Sequence[Recognised]) -> Iterator[Problem]:
    safe = SAFE[params.undeclared] | ({ColumnClass.EMPTY} if params.undeclared != "none" else set())
    by_kind: dict[ColumnClass, list[Recognised]] = {}
    for column in undeclared:
        if column.kind not in safe:
            by_kind.setdefault(column.kind, []).append(column)
    for kind in ColumnClass:
        if kind in by_kind:
            names = [column.name for column in by_kind[kind]]
            yield Problem(
                summary=f"columns that are not declared {WHAT[kind]}{_shown(names)}",
                remedy=f"drop or round {len(names)} columns, or look at them and declare what they hold",
                measured=str(len(names)),
                operator="<=",
                limit="0",
                unit="columns",
                counts=(Count(what="columns", value=len(names)),),
            )


def _contradictions(params: DeclaredColumnsParams, columns: Sequence[Recognised]) -> Iterator[Problem]:
    found: dict[tuple[str, ColumnClass], list[str]] = {}
    for column in columns:
        declared = _declaration(params, column)
        if declared is None or column.kind is ColumnClass.EMPTY or column.kind in FITS[declared.holds]:
            continue
        found.setdefault((declared.holds, column.kind), []).append(column.name)
    for (holds, kind), names in sorted(found.items()):
        yield Problem(
            summary=f"columns that are declared as {holds} {WHAT[kind]}{_shown(names)}",
            remedy="correct the declaration after having looked at the values, or leave the columns out",
            measured=kind.value,
            operator="is",
            limit=holds,
            counts=(Count(what="columns", value=len(names)),),
        )


def _beyond_limits(params: DeclaredColumnsParams, beyond: Beyond) -> Iterator[Problem]:
    for limits, count in zip(_beyond(params).limits, beyond.counts, strict=True):
        if not count:
            continue
        finer = limits.max_decimals is not None
        yield Problem(
            summary=(
                f"numbers have more decimals than declared{_shown([limits.name])}"
                if finer
                else f"codes have values that are not declared{_shown([limits.name])}"
            ),
            remedy="round the numbers as declared" if finer else "keep the declared values only",
            measured=str(count),
            operator="<=",
            limit="0",
            unit="values",
        )


def unfit_columns(params: DeclaredColumnsParams, contents: Contents, texts: TextPositions) -> tuple[Recognised, ...]:
    """Name the columns without which the rule would be satisfied: not declared and not safe, or not as declared."""
    safe = SAFE[params.undeclared] | ({ColumnClass.EMPTY} if params.undeclared != "none" else set())
    found = []
    for column in recognise(contents, frozenset(each.column for each in texts.columns if each.likely)):
        declared = _declaration(params, column)
        fits = safe if declared is None else {ColumnClass.EMPTY, *FITS[declared.holds]}
        if column.kind not in fits:
            found.append(column)
    return tuple(found)


def finer_columns(params: DeclaredColumnsParams, beyond: Beyond) -> tuple[tuple[str, int], ...]:
    """Name the columns of numbers that have more decimals than declared, and how many they may have."""
    counts = zip(_beyond(params).limits, beyond.counts, strict=True)
    return tuple((each.name, each.max_decimals) for each, count in counts if count and each.max_decimals is not None)


def _shown(names: Iterable[str]) -> str:
    plain = [name for name in names if PLAIN_NAME.fullmatch(name)][:MOST_NAMES]
    return f": {', '.join(plain)}" if plain else ""


def _observed(columns: Sequence[Recognised], undeclared: Sequence[Recognised]) -> str:
    kinds = Counter(column.kind for column in columns)
    said = ", ".join(f"{kinds[kind]} {kind.value}" for kind in ColumnClass if kinds[kind])
    return f"{len(columns)} columns ({said or 'none'}), {len(undeclared)} not declared"
