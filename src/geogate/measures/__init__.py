"""Measures over record batches: mergeable values that know no policy, no files and no clock."""
