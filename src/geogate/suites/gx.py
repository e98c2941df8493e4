"""The one door to Great Expectations: no telemetry, no import warnings, no log lines that could carry data.

Importing this module costs seconds and 265 MB: never at DAG-parse time, in ``--help``, or in a data worker.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Read by Great Expectations while it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

# The library says at INFO that it registers its own parts, hundreds of lines in the log of a task.
logging.getLogger("great_expectations").setLevel(logging.WARNING)


@contextmanager
def _without_spark() -> Iterator[None]:
    """Hide pyspark, which the library imports where it is installed, and geogate's expectations never use through it.

    Besides the seconds that it takes: where Python runs a text and no file, and gRPC is missing, a module of pyspark
    thinks that it is tested and ends the process with code 0, which for the gate means cleared.
    """
    hidden = {name: sys.modules.get(name) for name in ("pyspark", "pyspark.sql.connect")}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # by the import system's own convention
    try:
        yield
    finally:
        for name, module in hidden.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


with warnings.catch_warnings(), _without_spark():
    # Deprecations inside the library's own imports are not about this product.
    warnings.simplefilter("ignore")
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

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
