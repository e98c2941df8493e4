"""Which engine measures: the cores of this machine, or Spark; what is found is the same to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from geogate.model.errors import UsageError


class EngineName(StrEnum):
    """The engines that there are."""

    LOCAL = "local"
    SPARK = "spark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine, and for Spark the master that it runs under; without one that of Spark's own configuration."""

    name: EngineName
    master: str = ""

    @classmethod
    def named(cls, name: str, *, master: str = "") -> Self:
        """Choose an engine by its name.

        Raises: UsageError for a name that is none, a master without Spark, or Spark without pyspark.
        """
        if name not in set(EngineName):
            raise UsageError(f"there is no engine {name!r}", hint=f"engines: {', '.join(EngineName)}")
        if name == EngineName.SPARK:
            from geogate.engines.spark_session import require_pyspark

            require_pyspark()
        elif master:
            raise UsageError("only Spark has a master", hint="name the engine spark, or leave the master away")
        return cls(name=EngineName(name), master=master)


LOCAL: Final = Engine(name=EngineName.LOCAL)
