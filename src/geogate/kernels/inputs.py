"""The form in which kernels take arrays that they only read, so that one compiled form serves all callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def read_only(array: NDArray[T]) -> NDArray[T]:
    """View a contiguous array without the right to write; arrays of the file's buffers have none, others may.

    An array that is not contiguous is copied.
    """
    view: NDArray[Any] = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
