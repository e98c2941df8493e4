"""The one door to Great Expectations: no telemetry, no import warnings, no log lines that could carry data.

Importing this module costs seconds and 265 MB: never at DAG-parse time, in ``--help``, or in a data worker.
"""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

# Read by Great Expectations while it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

# The library says at INFO that it registers its own parts, hundreds of lines in the log of a task.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

with warnings.catch_warnings():
    # Deprecations inside the library's own imports are not about this product.
    warnings.simplefilter("ignore")
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VERSION", "great_expectations", "new_context", "quiet"]

VERSION: str = great_expectations.__version__


def new_context(**config: Any) -> Any:
    """Create an ephemeral context of its own: no cloud, no files, no progress bars, nothing shared with other runs."""
    settings = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
        **config,
    )
    return great_expectations.get_context(mode="ephemeral", project_config=settings)


@contextmanager
def quiet() -> Iterator[None]:
    """Mute the library's own log lines: they repeat the text of exceptions, which may hold a coordinate.

    Nothing is lost: every failure is in the results, which are read strictly.
    """
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
