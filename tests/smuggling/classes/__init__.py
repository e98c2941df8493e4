"""The classes of smuggling, one a module; each module has its ``CASES``."""
