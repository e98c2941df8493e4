"""Readers, one module a format family: what is in a file, and its rows as Arrow record batches."""

from geogate.readers.dataset import NamedSources, open_dataset, open_named, open_source

__all__ = ["NamedSources", "open_dataset", "open_named", "open_source"]
