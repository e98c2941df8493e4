"""The append-only, hash-chained ledger; the only importer of SQL."""
