"""Compiled loops over arrays; they know arrays only, neither zones, policies nor files.

A kernel module may be imported only where ``geogate.kernels.state.ready()`` holds: importing it loads numba.
"""
