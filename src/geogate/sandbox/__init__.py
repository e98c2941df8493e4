"""Children that read and write hostile files: alone with them, without a network, within limits.

It knows processes and files and nothing of geodata: what runs in a child is named by whoever calls.
"""

from geogate.sandbox.errors import ChildFailedError, ChildLimitError, LimitKind, NotIsolatedError
from geogate.sandbox.inside import Inside
from geogate.sandbox.levels import Isolation, IsolationLevel
from geogate.sandbox.limits import Limits
from geogate.sandbox.service import Sandbox, Zygote, shared_zygote
from geogate.sandbox.session import Child, Ending

__all__ = [
    "Child",
    "ChildFailedError",
    "ChildLimitError",
    "Ending",
    "Inside",
    "Isolation",
    "IsolationLevel",
    "LimitKind",
    "Limits",
    "NotIsolatedError",
    "Sandbox",
    "Zygote",
    "shared_zygote",
]
