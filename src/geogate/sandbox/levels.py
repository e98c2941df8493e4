"""The levels of isolation, which policies name too."""

from geogate.model.isolation import LEVELS, Isolation, IsolationLevel

__all__ = ["LEVELS", "Isolation", "IsolationLevel"]
