"""Destinations: their real posture, and putting an artefact there once."""
