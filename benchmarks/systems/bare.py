"""Reading the columns with pyarrow and nothing else: the measure of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from benchmarks.question import Ints, Pairs, Question


class BareRead:
    """``pyarrow.parquet.read_table``, which of pyarrow's ways to read is the fastest here."""

    def __init__(self, question: Question) -> None:
        self._question = question
        pa.set_cpu_count(question.threads)

    def counts(self) -> Ints:
        """Read, and count nothing."""
        pq.read_table(self._question.layer, columns=[*self._question.columns])
        return np.zeros(0, np.int64)

    def pairs(self) -> Pairs | None:
        """Find nothing."""
        return None
