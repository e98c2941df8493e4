"""What reads geodata works in a child: libraries, compiled kernels, threads."""

from __future__ import annotations

from geogate.sandbox import IsolationLevel
