"""The rule about what texts must not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints, model_validator

from geogate.measures.listed_terms import ListedTerms, Term, TermScan, require_terms
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit, Never
from geogate.rules.layer_inventory import PLAIN_NAME
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

MOST_COLUMNS = 10
"""Columns that a finding lists; those with the most texts come first."""

TermId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
Writing = Annotated[str, StringConstraints(min_length=2, max_length=200)]


class TermParams(Params):
    """A term with all its ways of writing."""

    id: TermId = Field(description="The id that findings name; it says nothing that must not be said.")
    words: tuple[Writing, ...] = Field(
        description="Names, aliases, marks; case, accents and signs between do not count."
    )
    patterns: tuple[Writing, ...] = Field(
        description="RE2 regular expressions on the text in lower case, without accents."
    )

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not (self.words or self.patterns):
            raise ValueError("a term has neither words nor patterns")
        require_terms((self.term(),))
        return self

    def term(self) -> Term:
        """Return the term as the measure has it."""
        return Term(id=self.id, words=self.words, patterns=self.patterns)


class TermsParams(Params):
    """Which terms, and how many texts may have one."""

    terms: Annotated[tuple[TermParams, ...], Field(min_length=1, max_length=10_000)] = Field(
        description="What must not be written."
    )
    max_texts: Annotated[int, Field(ge=0)] = Field(description="Texts that may have one of the terms.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({term.id for term in self.terms}) != len(self.terms):
            raise ValueError("two terms have the same id")
        return self


class NoListedTerms(Rule[TermsParams]):
    """No text of a layer has a term of the policy's list.

    Why: serial numbers, technical parameters, names of persons and sites, and marks of classification give away in
    words what a geometry hides.
    Params: ``terms``, each with an ``id``, its ``words`` (names, aliases, marks) and ``patterns`` (RE2); ``max_texts``,
    the number of texts that may have one.
    Finds: terms in the texts of all columns, nested ones too, and in the names of columns: in any case, with and
    without accents, after tricks of Unicode and under two layers of encoding.
    Misses: names that the list does not have, misspellings, translations, texts in pictures; the names of files and
    layers.
    Remedy: take the term out of the texts, or drop the column.
    Basis: security of classified information and of critical infrastructure; protection of persons, GDPR art. 32.
    """

    expectation = "expect_no_listed_terms"
    params = TermsParams
    kinds = frozenset(LayerKind) - {LayerKind.RASTER_VALUES}
    bounds = (
        Limit("max_texts", "<="),
        Never("terms"),
    )
    says = "At most {max_texts} may have one of the listed terms."

    def zone_lists(self, params: TermsParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: TermsParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the texts that have one of the terms."""
        del zone_lists
        return (TermScan(tuple(term.term() for term in params.terms)),)

    def settled(self, params: TermsParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that too many texts have a term already: counts only grow."""
        (found,) = measurements.values()
        return isinstance(found, ListedTerms) and _texts(found) > params.max_texts

    def judge(
        self, params: TermsParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the number of texts that have a term with the limit; a name of a column counts as a text."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, ListedTerms):
            raise TypeError("the measurement has no terms")
        texts = _texts(found)
        observed = f"{texts:,} listed terms in {found.texts:,} texts"
        if texts <= params.max_texts:
            return Judgement(observed=observed)
        return Judgement(observed=observed, problems=(_problem(params, found, texts),))


def _texts(found: ListedTerms) -> int:
    return sum(each.texts for each in found.found) + len(found.in_names)


def _problem(params: TermsParams, found: ListedTerms, texts: int) -> Problem:
    worst = sorted(found.found, key=lambda each: (-each.texts, each.term, each.column))[:MOST_COLUMNS]
    columns = tuple(
        Count(
            what=f"{each.term} in {each.column if PLAIN_NAME.fullmatch(each.column) else 'a column'}", value=each.texts
        )
        for each in worst
    )
    names = tuple(Count(what=f"{term} in names of columns", value=1) for term in found.in_names)
    return Problem(
        summary=f"{texts:,} texts have terms that the policy lists",
        remedy=f"take the terms out of {texts:,} texts in these columns, or drop the columns",
        measured=str(texts),
        operator="<=",
        limit=str(params.max_texts),
        unit="texts",
        counts=columns + names,
    )
