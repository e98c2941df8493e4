"""Content-addressed staging and the canonical writers; nothing here decides."""
