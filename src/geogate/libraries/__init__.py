"""Calls into the libraries that read and write files: every warning counts, nothing reaches for the network."""
