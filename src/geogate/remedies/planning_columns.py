"""What would help where columns tell too much: leave them out, hash them, or round what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from geogate.measures.clocks import STEPS
from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.columns_declared import Beyond
from geogate.measures.hidden.text import TextPositions, TextScan
from geogate.measures.listed_terms import ListedTerms
from geogate.measures.time_steps import TimeResolution, TimeSteps
from geogate.model.finding import Count
from geogate.remedies.changes import DropColumns, HashColumns, RoundNumbers, RoundTimes
from geogate.remedies.proposal import OWNER, Kind, Proposal, by_people
from geogate.rules.declared_columns import DeclaredColumns, DeclaredColumnsParams, finer_columns, unfit_columns
from geogate.rules.layer_inventory import MOST_NAMES, PLAIN_NAME
from geogate.rules.listed_terms import NoListedTerms, TermsParams
from geogate.rules.time_resolution import TimeParams, TimeResolutionAllowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from geogate.remedies.proposal import View

NS: Final = 1_000_000_000


def without_columns(names: Iterable[str], view: View, *, why: str) -> Iterator[Proposal]:
    """Propose to leave columns out, or to hash those that are to be hashed.

    A column that was hashed before and is still in the way is for people: its owner knows what it is.
    """
    tops = tuple(dict.fromkeys(top_of(name) for name in names))
    hashed = tuple(name for name in tops if name in view.wishes.hashed)
    left = tuple(name for name in tops if name not in hashed)
    if hashed and view.again:
        yield by_people(f"declare {_named(hashed)}, which are hashed, as identities in the policy", by=OWNER)
    elif hashed:
        yield Proposal(
            kind=Kind.HASH_COLUMNS,
            does=f"hash {_named(hashed)} {why}, with a key that is thrown away",
            counts=(Count(what="columns", value=len(hashed)),),
            changes=(HashColumns(names=hashed, key=view.wishes.key),),
        )
    if left:
        yield Proposal(
            kind=Kind.DROP_COLUMNS,
            does=f"drop {_named(left)} {why}",
            counts=(Count(what="columns", value=len(left)),),
            changes=(DropColumns(names=left),),
        )


def top_of(name: str) -> str:
    """Name the column of which a leaf is a part.

    >>> top_of("address.street"), top_of("tags[]"), top_of("name")
    ('address', 'tags', 'name')
    """
    return name.partition(".")[0].partition("[")[0]


def _named(names: Sequence[str]) -> str:
    plain = [name for name in names if PLAIN_NAME.fullmatch(name)][:MOST_NAMES]
    shown = f" ({', '.join(plain)})" if plain else ""
    return f"{len(names)} column{'' if len(names) == 1 else 's'}{shown}"


def _declared(params: DeclaredColumnsParams, view: View) -> Iterator[Proposal]:
    contents, texts = view.values.get(ColumnContents().id), view.values.get(TextScan().id)
    measures = DeclaredColumns().measures(params, view.zone_lists)
    beyond = next((view.values[each.id] for each in measures if isinstance(view.values.get(each.id), Beyond)), None)
    if not isinstance(contents, Contents) or not isinstance(texts, TextPositions):
        return
    names = [column.column for column in unfit_columns(params, contents, texts)]
    beside = [name for name in view.beside if DeclaredColumns.beside_other_layers(params, (name,))]
    yield from without_columns([*names, *beside], view, why="that are not what the policy declares")
    if beyond is None:
        return
    for column, decimals in finer_columns(params, beyond):
        yield Proposal(
            kind=Kind.ROUND_NUMBERS,
            does=f"round the numbers of {_named([column])} to {decimals} decimals",
            changes=(RoundNumbers(column=column, decimals=decimals),),
        )


def _terms(params: TermsParams, view: View) -> Iterator[Proposal]:
    (measure,) = NoListedTerms().measures(params, view.zone_lists)
    found = view.values.get(measure.id)
    if not isinstance(found, ListedTerms):
        return
    texts = sum(each.texts for each in found.found)
    yield from without_columns([each.column for each in found.found], view, why=f"with listed terms in {texts:,} texts")
    if found.in_names:
        yield by_people(f"rename {len(found.in_names)} columns whose names have listed terms")


def _times(params: TimeParams, view: View) -> Iterator[Proposal]:
    found = view.values.get(TimeSteps().id)
    if not isinstance(found, TimeResolution):
        return
    step = step_for(params)
    fine = [
        column
        for column in found.columns or ()
        if column.finest is not None
        and STEPS[column.finest][1] < step[1]
        and (params.columns == "any" or top_of(column.name) in params.columns)
    ]
    whole = [column.name for column in fine if column.name == top_of(column.name)]
    times = sum(sum(column.counts) for column in fine if column.name in whole)
    if whole:
        yield Proposal(
            kind=Kind.ROUND_TIMES,
            does=f"take times in {_named(whole)} back to the last full {step[0]}",
            counts=(Count(what="times", value=times),),
            changes=(RoundTimes(columns=tuple(whole), step_ns=step[1]),),
        )
    nested = [column.name for column in fine if column.name not in whole]
    yield from without_columns(nested, view, why=f"whose parts tell times finer than {step[0]}")


def step_for(params: TimeParams) -> tuple[str, int]:
    """Give the finest step that passes, of those that are told apart."""
    sharp = params.operator == ">"
    return next(
        (label, ns)
        for label, ns in STEPS
        if (ns / NS > params.step_seconds if sharp else ns / NS >= params.step_seconds)
    )


COLUMNS: Final[Mapping[str, Callable[[Any, View], Iterator[Proposal]]]] = {
    DeclaredColumns.expectation: _declared,
    NoListedTerms.expectation: _terms,
    TimeResolutionAllowed.expectation: _times,
}
