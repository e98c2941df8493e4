"""Remedies: what would make a layer pass, and the changes that geogate can carry out itself; nothing here decides."""
