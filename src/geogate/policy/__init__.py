"""Policies as values: parse, digest, decide; no file is opened here and no rule is run."""
