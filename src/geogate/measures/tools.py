"""What a pass has at hand to measure with: compiled kernels or plain numpy, and a place for compiled zone indexes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Chosen once for a pass; what is measured is the same to the bit with any of them.

    ``kernels`` says that the compiled kernels of ``geogate.kernels`` may be loaded. ``indexes`` is the folder in which
    compiled zone indexes are kept from one pass to the next; without it they are compiled in memory. ``pepper`` is a
    secret for hashes of ids that the ledger keeps; which hashes there are depends on it, and nothing else does.
    """

    kernels: bool = False
    indexes: Path | None = None
    pepper: bytes = field(default=b"", repr=False)


PLAIN = Tools()
"""Numpy alone: the reference, and what serves small inputs and machines without compiled kernels."""
