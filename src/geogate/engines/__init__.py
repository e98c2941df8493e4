"""Where the pass over the data runs."""
