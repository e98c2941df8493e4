"""Decode and re-encode in both ways, by numpy and by kernels, which must give the same to the bit."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from geogate.measures import wkb_compiled
from geogate.measures.canonical import canonical_wkb
from geogate.measures.geometries import Geometries
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

T = TypeVar("T")


def assert_same(found: Geometries, expected: Geometries) -> None:
    """Compare all that decoding gives, to the bit."""
    for name in ("xy", "z", "feature_offsets", "kinds", "empty"):
        assert_same_array(getattr(found, name), getattr(expected, name), name)
    assert (found.has_z, found.has_m, found.first_row) == (expected.has_z, expected.has_m, expected.first_row)
    assert found.xy.flags.f_contiguous
    assert (found.parts is None) == (expected.parts is None)
    for name in ("offsets", "kinds", "first"):
        assert_same_array(getattr(found.parts, name, None), getattr(expected.parts, name, None), name)


def assert_same_array(found: Any, expected: Any, name: str) -> None:
    """Compare two arrays, or nothing with nothing."""
    assert (found is None) == (expected is None), name
    if expected is not None:
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape), name
        assert found.tobytes("F") == expected.tobytes("F"), name


def decoded(wkb: pa.Array, *, first_row: int = 0) -> Geometries:
    """Decode by numpy, and be sure that the kernels refuse the same and give the same."""
    plain = both_ways(lambda kernels: Geometries.decode(wkb, first_row=first_row, kernels=kernels))
    compiled = Geometries.decode(wkb, first_row=first_row, kernels=True)
    assert_same(compiled, plain)
    # Nothing well-formed is left to numpy.
    assert len(wkb) == 0 or wkb_compiled.decode(wkb, first_row=first_row) is not None
    return plain


def canonical(wkb: pa.Array, *, first_row: int = 0) -> pa.Array:
    """Make canonical by numpy, and be sure that the kernels do the same."""
    plain = both_ways(lambda kernels: canonical_wkb(wkb, first_row=first_row, kernels=kernels))
    compiled = canonical_wkb(wkb, first_row=first_row, kernels=True)
    assert compiled.equals(plain)
    assert (compiled is wkb) == (plain is wkb)
    compiled.validate(full=True)
    return plain


def both_ways(act: Callable[[bool], T]) -> T:
    """Act by numpy; where that refuses, be sure that the kernels refuse with the same words."""
    with suppress(UnmeasurableError):
        return act(False)  # noqa: FBT003 - without kernels
    with pytest.raises(UnmeasurableError) as plain:
        act(False)  # noqa: FBT003
    with pytest.raises(UnmeasurableError) as compiled:
        act(True)  # noqa: FBT003 - with kernels
    assert str(compiled.value) == str(plain.value)
    raise plain.value
