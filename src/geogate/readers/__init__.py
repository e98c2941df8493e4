"""Readers, one module a format family: what is in a file, and its rows as Arrow record batches."""
