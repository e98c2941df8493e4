"""The nouns of geogate as frozen values; no clock, no randomness, no environment, no network."""
