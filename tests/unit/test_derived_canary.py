"""A search for hidden positions that finds nothing where something is planted gives no verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from geogate.gate.derived import DerivedLayer, derived_layers, searched
from geogate.gate.derived_canary import planted, require_found
from geogate.measures.hidden.source import HiddenSource
from geogate.measures.hidden.source_names import NamesSource
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geogate.gate.opening import OpenedLayer
    from geogate.model.finding import Finding

    Derived = tuple[tuple[DerivedLayer, ...], tuple[Finding, ...]]


def without(keep: Callable[[DerivedLayer], bool]) -> Callable[..., Derived]:
    """Make a search that forgets some layers."""

    def search(layers: Sequence[OpenedLayer], *, names: Sequence[str]) -> Derived:
        found, findings = searched(layers, names=names)
        return tuple(layer for layer in found if keep(layer)), findings

    return search


def says(layer: DerivedLayer, word: str) -> bool:
    return isinstance(layer.source, HiddenSource) and word in layer.source.carrier.columns


def test_searches_that_are_alive_find_what_is_planted() -> None:
    require_found(searched)
    assert derived_layers((planted(),), names=()) != ((), ())


def test_a_search_without_the_names_of_files_is_silent() -> None:
    with pytest.raises(ServiceError, match="did not find") as caught:
        require_found(lambda layers, names: searched(layers, names=names[:0]))
    assert caught.value.hint.endswith("a file")


@pytest.mark.parametrize(
    ("keep", "place"),
    [
        (lambda layer: not isinstance(layer.source, NamesSource), "a file"),
        (lambda layer: not says(layer, "remark"), "a text"),
        (lambda layer: not says(layer, "north"), "two texts"),
        (lambda layer: not says(layer, "p"), "two numbers"),
        (lambda layer: not says(layer, "r"), "two heights"),
    ],
)
def test_a_search_that_forgets_a_kind_of_carriers_is_silent(keep: Callable[[DerivedLayer], bool], place: str) -> None:
    with pytest.raises(ServiceError) as caught:
        require_found(without(keep))
    assert caught.value.hint.endswith(place)


def test_names_of_columns_and_layers_are_planted_too() -> None:
    def search(layers: Sequence[OpenedLayer], *, names: Sequence[str]) -> Derived:
        (layer,) = layers
        layer.schema = replace(layer.schema, name="plain")
        return searched(layers, names=names)

    with pytest.raises(ServiceError) as caught:
        require_found(search)
    assert caught.value.hint.endswith("a layer")
