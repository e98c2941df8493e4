"""Scopes: what is known not to match excuses, and nothing else does."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import CIRCUMSTANCES, RECIPIENT
from pydantic import ValidationError

from geogate.model.declaration import DataKind, Declaration, Platform, ProcessingLevel, Sensor, Subjects, Transaction
from geogate.model.errors import PolicyError, UsageError
from geogate.model.parties import Posture
from geogate.policy.declaration import declaration_from, declaration_of
from geogate.policy.scope import Facts, Scope, match
from geogate.policy.shape import ContractShape, ScopeShape

COUNTRIES = ("DE", "FR", "US", "CN", "CH")
HERE = Posture(region="eu-central-1", country="DE")


def some(values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(list(values)), unique=True, max_size=3).map(tuple)


SCOPES = st.builds(
    Scope,
    origins=some((*COUNTRIES, "EU")),
    subjects=some(Subjects),
    subject_countries=some(COUNTRIES),
    subject_regions=some(("US-VA", "US-CA")),
    data=some(DataKind),
    transactions=some(Transaction),
    platforms=some(Platform),
    sensors=some(Sensor),
    processing_levels=some(ProcessingLevel),
    licensed_in=some(COUNTRIES),
    ground_segment=some(COUNTRIES),
    recipient_countries=some(COUNTRIES),
    outside_countries=some(COUNTRIES),
    unless_consent=st.booleans(),
)
DECLARATIONS = st.builds(
    Declaration,
    origins=some(COUNTRIES),
    subjects=some(Subjects),
    subject_countries=some(COUNTRIES),
    subject_regions=some(("US-VA", "US-CA")),
    data=some(DataKind),
    transaction=st.none() | st.sampled_from(Transaction),
    platform=st.none() | st.sampled_from(Platform),
    sensor=st.none() | st.sampled_from(Sensor),
    processing_level=st.none() | st.sampled_from(ProcessingLevel),
    licensed_in=some(COUNTRIES),
    ground_segment=some(COUNTRIES),
    consent=st.none() | st.booleans(),
)


def facts(declaration: Declaration = Declaration(), **changes: Any) -> Facts:  # noqa: B008 - it is frozen
    known: dict[str, Any] = {"recipient": RECIPIENT, "posture": HERE, "purpose": ""}
    return Facts(declaration=declaration, **(known | changes))


@given(SCOPES, DECLARATIONS, st.sampled_from([each.name for each in fields(Declaration)]))
def test_to_declare_less_never_excuses(scope: Scope, declared: Declaration, left_out: str) -> None:
    less = replace(declared, **{left_out: getattr(Declaration(), left_out)})
    if match(scope, facts(declared)).applies:
        assert match(scope, facts(less)).applies


@given(SCOPES, DECLARATIONS)
def test_a_scope_that_says_less_applies_to_more(scope: Scope, declared: Declaration) -> None:
    for each in fields(Scope):
        wider = replace(scope, **{each.name: getattr(Scope(), each.name)})
        if match(scope, facts(declared)).applies:
            assert match(wider, facts(declared)).applies


@given(SCOPES, DECLARATIONS)
def test_every_answer_says_why(scope: Scope, declared: Declaration) -> None:
    found = match(scope, facts(declared))
    assert found.why.startswith("applies: " if found.applies else "does not apply: ")
    assert not found.why.endswith(": ")


def test_a_scope_that_says_nothing_applies_to_everything() -> None:
    assert match(None, facts()).applies
    assert match(Scope(), facts()).applies


@pytest.mark.parametrize(("country", "applies"), [("FR", True), ("CH", False), ("US", False)])
def test_the_eu_stands_for_its_members(country: str, applies: bool) -> None:  # noqa: FBT001
    assert match(Scope(origins=("EU",)), facts(Declaration(origins=(country,)))).applies is applies


def test_one_of_several_that_are_declared_is_enough() -> None:
    declared = Declaration(origins=("CH", "US"))
    assert match(Scope(origins=("US",)), facts(declared)).applies


@pytest.mark.parametrize(("consent", "applies"), [(True, False), (False, True), (None, True)])
def test_only_declared_consent_excuses(consent: bool | None, applies: bool) -> None:  # noqa: FBT001
    assert match(Scope(unless_consent=True), facts(Declaration(consent=consent))).applies is applies


@pytest.mark.parametrize(
    ("purpose", "applies"), [("", True), ("  ", True), ("A Study of Noise", True), ("advertising", False)]
)
def test_a_purpose_matches_its_pattern_in_any_case(purpose: str, applies: bool) -> None:  # noqa: FBT001
    assert match(Scope(purposes=("*study*",)), facts(purpose=purpose)).applies is applies


@pytest.mark.parametrize(
    ("pattern", "purpose"),
    [
        ("*straße*", "Karte der Straße"),
        ("*straße*", "KARTE DER STRASSE"),
        ("Überwachung*", "U\u0308berwachung der Grenze"),
        ("*έρευνας*", "Σκοπός ΈΡΕΥΝΑΣ"),
        ("*study*", "a st\u00adu\u200bdy"),
        ("*study*", "a \uff33\uff54\uff55\uff44\uff59"),
        ("*study*", "\u200b"),
        ("*study*", "-"),
    ],
)
def test_a_purpose_matches_however_its_letters_are_spelled(pattern: str, purpose: str) -> None:
    assert match(Scope(purposes=(pattern,)), facts(purpose=purpose)).applies
    assert not match(Scope(purposes=(pattern,)), facts(purpose="advertising")).applies


@pytest.mark.parametrize(
    ("place", "within", "beyond"), [("DE", False, True), ("CN", True, True), (None, True, True), ("CH", False, True)]
)
def test_a_place_that_does_not_say_where_it_is_could_be_anywhere(
    place: str | None,
    within: bool,  # noqa: FBT001
    beyond: bool,  # noqa: FBT001
) -> None:
    known = facts(posture=Posture(region=None, country=place))
    assert match(Scope(recipient_countries=("CN",)), known).applies is within
    assert match(Scope(outside_countries=("US",)), known).applies is beyond


def test_who_is_inside_with_the_place_is_not_outside() -> None:
    assert not match(Scope(outside_countries=("DE",)), facts()).applies
    elsewhere = facts(posture=Posture(region=None, country="FR"))
    assert match(Scope(outside_countries=("DE",)), elsewhere).applies
    unknown = facts(posture=Posture(region=None, country=None))
    assert match(Scope(outside_countries=("DE",)), unknown).applies


@pytest.mark.parametrize(
    ("country", "applies"), [("DE", True), ("RE", True), ("AX", True), ("NC", False), ("GB", False)]
)
def test_territory_of_the_union_with_a_code_of_its_own_is_in_the_union(country: str, applies: bool) -> None:  # noqa: FBT001
    assert match(Scope(origins=("EU",)), facts(Declaration(origins=(country,)))).applies is applies


def test_recipients_are_known_by_their_ids() -> None:
    assert match(Scope(recipients=(str(RECIPIENT.id),)), facts()).applies
    assert not match(Scope(recipients=("another",)), facts()).applies
    assert CIRCUMSTANCES.declaration == Declaration()


def test_words_make_the_declaration_that_they_say() -> None:
    words = ["origins=FR,DE", "transaction=sale", "consent=false", "contour_interval_m=20", "acquired=2026-11-01"]
    declared = declaration_of(words)
    assert declared.origins == ("DE", "FR")
    assert declared.transaction is Transaction.SALE
    assert declared.consent is False
    assert declared.contour_interval_m == 20
    assert str(declared.acquired) == "2026-11-01"
    assert declared.said == ("origins", "transaction", "acquired", "consent", "contour_interval_m")
    assert declaration_of([]) == declaration_from({}) == Declaration()


@pytest.mark.parametrize(
    "word", ["origins", "origins=", "=DE", "origin=DE", "a b=DE", "origins=DE\nconsent=true", "or'igins=DE"]
)
def test_a_word_that_declares_nothing_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        declaration_of([word])


@pytest.mark.parametrize(
    "word", ["origins=XX", "origins=de", "subjects=persons, consent: true", "consent=yes", "contour_interval_m=0"]
)
def test_a_value_that_there_is_not_is_refused(word: str) -> None:
    with pytest.raises(PolicyError):
        declaration_of([word])


@pytest.mark.parametrize("region", ["US-VX", "US-V", "US-VIR", "XX-1", "US-ZZ"])
def test_a_region_that_there_is_not_is_refused(region: str) -> None:
    with pytest.raises(PolicyError, match="no region"):
        declaration_of([f"subject_regions={region}"])
    with pytest.raises(ValidationError, match="no region"):
        ScopeShape(subject_regions=(region,))


@pytest.mark.parametrize(("countries", "region", "inside"), [
    ("US", "US-VA", True), ("US,DE", "DE-BY", True), ("US", "DE-BY", False), ("PR", "US-PR", True),
    ("PR", "US-VA", False), ("VA", "US-VA", False), ("DE", "US-DE", False), ("FR", "US-VA", False),
])  # fmt: skip
def test_regions_are_those_of_the_countries_beside_them(countries: str, region: str, inside: bool) -> None:  # noqa: FBT001
    words = [f"subject_countries={countries}", f"subject_regions={region}"]
    if inside:
        assert declaration_of(words).subject_regions == (region,)
        assert ScopeShape(subject_countries=tuple(countries.split(",")), subject_regions=(region,))
        return
    with pytest.raises(PolicyError, match="none of the subject_countries"):
        declaration_of(words)
    with pytest.raises(ValidationError, match="none of the subject_countries"):
        ScopeShape(subject_countries=tuple(countries.split(",")), subject_regions=(region,))


@pytest.mark.parametrize("day", ["0", "4102444800", "2026-11-01T00:00", "20261101", "2026-02-30", "2026-1-1"])
def test_a_day_is_written_as_one_and_no_number_of_seconds(day: str) -> None:
    with pytest.raises(PolicyError, match="day"):
        declaration_of([f"acquired={day}"])
    with pytest.raises(ValidationError, match="day"):
        ContractShape.model_validate_json(f'{{"reference": "C", "ends": "{day}"}}')
    assert str(declaration_of(["acquired=2026-11-01"]).acquired) == "2026-11-01"


def test_regions_without_countries_are_taken() -> None:
    assert declaration_of(["subject_regions=US-DC,DE-BY"]).subject_regions == ("DE-BY", "US-DC")


def test_a_declaration_that_was_declared_twice_is_refused() -> None:
    with pytest.raises(PolicyError, match="twice"):
        declaration_of(["origins=DE", "origins=US"])
