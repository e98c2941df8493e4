"""Readers, one module a format family: what is in a file, and its rows as Arrow record batches."""

from geogate.readers.dataset import open_dataset, open_source

__all__ = ["open_dataset", "open_source"]
