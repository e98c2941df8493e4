"""The contract of readers; it lives with the measures that consume it, so that engines and suites can name it too."""

from geogate.measures.source import LayerSchema, Source, UnreadableError

__all__ = ["LayerSchema", "Source", "UnreadableError"]
