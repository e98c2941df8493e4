from __future__ import annotations

import base64
import gzip
import json
import unicodedata
from functools import reduce
from operator import add

import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from judging import batch_of
from pydantic import ValidationError

from geogate.measures.listed_terms import ListedTerms, Term, TermScan
from geogate.measures.measure import UnmeasurableError
from geogate.rules.listed_terms import TermsParams

MARK = Term(id="mark", words=("Streng Geheim", "NATO RESTRICTED"))
NAME = Term(id="name", words=("Müller-Lüdenscheidt",))
TERMS = (MARK, NAME)
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""Letters of twice the width."""


def scan(texts: list[str | None], *, terms: tuple[Term, ...] = TERMS, column: str = "note") -> ListedTerms:
    points = [shapely.Point(n, n) for n in range(len(texts))]
    return TermScan(terms).of(batch_of(points, columns={column: texts}))


def counts(found: ListedTerms) -> dict[str, int]:
    return {each.term: each.texts for each in found.found}


@pytest.mark.parametrize(
    "text",
    [
        "streng geheim",
        "-- STRENG  GEHEIM --",
        "Streng_Geheim",
        "STRENG GEHEIM".translate(WIDE),
        "str\u200beng gehe\u00adim",
        "s\u0301treng geheim",
        "%73treng%20geheim",
        "this is nato-restricted, really",
    ],
)
def test_a_term_is_found_however_it_is_written(text: str) -> None:
    assert counts(scan(["nothing", text, None])) == {"mark": 1}


@pytest.mark.parametrize(
    "text", ["strenggeheimnis", "geheim streng", "streng vertraulich geheim", "NATO UNRESTRICTED", ""]
)
def test_other_words_are_no_term(text: str) -> None:
    assert counts(scan([text])) == {}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_an_accent_does_not_count_on_either_side(form: str) -> None:
    text = unicodedata.normalize(form, "Herr Müller Lüdenscheidt")  # type: ignore[arg-type]

    assert counts(scan([text, "muller ludenscheidt"])) == {"name": 2}


def test_a_text_that_stands_in_many_rows_counts_in_each() -> None:
    assert counts(scan(["streng geheim", "x"] * 5_000)) == {"mark": 5_000}


def test_terms_in_nested_columns_and_in_names_of_columns_are_found() -> None:
    batch = batch_of([shapely.Point(1, 1)], columns={"streng geheim": ["x"]})
    assert TermScan(TERMS).of(batch).in_names == ("mark",)
    nested = pa.array([[{"a": "nato restricted"}]])
    batch.attributes = pa.record_batch({"tree": nested})
    assert counts(TermScan(TERMS).of(batch)) == {"mark": 1}


def test_a_text_that_unfolds_without_end_cannot_be_judged() -> None:

    bomb = base64.b64encode(gzip.compress(bytes(1 << 26))).decode()

    with pytest.raises(UnmeasurableError, match="more after decoding than can be judged"):
        scan([bomb])


TEXTS = st.lists(
    st.sampled_from(["streng geheim", "x", None, "müller lüdenscheidt", "", "nato restricted"]), max_size=12
)


@given(TEXTS, st.integers(1, 5))
def test_the_result_does_not_depend_on_how_the_stream_is_cut(texts: list[str | None], size: int) -> None:
    measure = TermScan(TERMS)
    parts = [scan(texts[start : start + size]) for start in range(0, len(texts), size)]

    assert reduce(add, parts, measure.empty()) == reduce(add, [scan(texts)] if texts else [], measure.empty())
    assert reduce(add, reversed(parts), measure.empty()) == reduce(add, parts, measure.empty())


@pytest.mark.parametrize(
    "terms",
    [
        [{"id": "a", "words": [], "patterns": []}],
        [{"id": "a", "words": ["--"], "patterns": []}],
        [{"id": "a", "words": [], "patterns": ["(unclosed"]}],
        [{"id": "a", "words": [], "patterns": ["x*"]}],
        [{"id": "a", "words": ["xx"], "patterns": []}, {"id": "a", "words": ["yy"], "patterns": []}],
        [],
    ],
)
def test_terms_that_cannot_be_looked_for_are_refused(terms: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        TermsParams.model_validate_json(json.dumps({"terms": terms, "max_texts": 0}))
