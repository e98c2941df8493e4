"""How a process comes by children: a zygote that it starts early, and sandboxes that say how they must be isolated."""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Self

from geogate.model.errors import InputError, ServiceError, UsageError
from geogate.sandbox.ends import Ends
from geogate.sandbox.errors import ChildLimitError, NotIsolatedError
from geogate.sandbox.guard import SIZE
from geogate.sandbox.levels import LEVELS, IsolationLevel
from geogate.sandbox.limits import Limits
from geogate.sandbox.session import Child
from geogate.sandbox.view import Order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

HINT: Final = (
    "allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0), or run on"
    " Linux 5.13 or later with Landlock and seccomp, which containers have by default; a policy may ask for less"
)

_KEPT: Final = frozenset(
    {
        *("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "XDG_CACHE_HOME"),
        *("GDAL_DATA", "PROJ_DATA", "PROJ_LIB", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPYCACHEPREFIX"),
    }
)
"""Names of the environment that a zygote inherits, besides those of numba; none of them holds a secret."""

_SET: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PROJ_NETWORK": "OFF",
    "PYTHONSAFEPATH": "1",
}

_READY_S: Final = 120.0
_END_S: Final = 10.0


class Zygote:
    """A process that has loaded libraries and forks children; it begins at once, and what waits is who needs it first.

    ``preload`` names the modules to load, and functions of modules to call (``module:name``); ``paths`` are further
    folders that children may always read. What is loaded in a child instead works too, but takes its time, and ends the
    child if it tries a socket, as what ``laspy`` imports does.
    """

    def __init__(self, *, preload: Sequence[str] = (), paths: Sequence[Path] = ()) -> None:
        self.paths = tuple(str(path) for path in paths)
        self._lock = threading.Lock()
        self._is_ready = False
        self._unable: set[IsolationLevel] = set()
        self._pid = os.getpid()
        self._channel, far = socket.socketpair()
        with far:
            try:
                self._process = self._begin(far)
            except OSError:
                self._channel.close()
                raise ServiceError(
                    "the process that starts readers cannot be started", hint="let this user run this Python"
                ) from None
        text = pickle.dumps(tuple(preload))
        with contextlib.suppress(OSError):
            # What is wrong with it is said when it is needed.
            self._channel.sendall(SIZE.pack(len(text)) + text)
        os.register_at_fork(after_in_child=self._channel.close)

    @staticmethod
    def _begin(far: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - this interpreter, and a module of this package
            [sys.executable, "-m", "geogate.sandbox.zygote", str(far.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            pass_fds=(far.fileno(),),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def wait(self) -> None:
        """Wait until everything is loaded.

        Raises: ServiceError when it could not be.
        """
        with self._lock:
            self._wait()

    def _wait(self) -> None:
        if self._is_ready:
            return
        self._channel.settimeout(_READY_S)
        try:
            said = self._channel.recv(1)
            name = self._channel.recv(100).decode(errors="replace") if said == b"E" else ""
        except OSError as error:
            said, name = b"", type(error).__name__
        if said != b"R":
            raise ServiceError("the process that starts readers did not begin", hint=name or "install geogate again")
        self._channel.settimeout(None)
        self._is_ready = True

    def start(self, order: Order, *, output: Path | None) -> Child:
        """Start a child at one level.

        Raises: NotIsolatedError when it cannot be isolated so; ServiceError when the zygote is gone.
        """
        if self._pid != os.getpid():
            raise ServiceError("a zygote serves only the process that started it", hint="start another one")
        ends = Ends()
        try:
            with self._lock:
                self._wait()
                ends.hand_over(self._channel, b"F")
        except OSError:
            ends.close()
            raise ServiceError("the process that starts readers is gone", hint="start again") from None
        except BaseException:
            ends.close()
            raise
        return Child(order, ends, output=output)

    def start_best(self, order: Order, *, minimum: IsolationLevel, output: Path | None) -> Child:
        """Start a child at the best level that works here; which do not is found out once.

        Raises: NotIsolatedError when none works that is as strong as ``minimum``, or when this child cannot be
            isolated at a level at which others can, as with files that are missing; then no weaker level is tried.
        """
        why = ""
        for level in LEVELS:
            if level is IsolationLevel.NONE or not level.at_least(minimum) or level in self._unable:
                continue
            try:
                return self.start(replace(order, level=level), output=output)
            except NotIsolatedError as error:
                if self._works(level):
                    raise
                why = f"; {error.hint}"
        raise NotIsolatedError(f"this machine cannot isolate readers at the level {minimum}", hint=HINT + why)

    def available(self) -> tuple[IsolationLevel, ...]:
        """Name the levels that work here, the strongest first, each tried out in a child that is thrown away.

        Raises: ServiceError when the zygote does not begin.
        """
        return tuple(level for level in LEVELS if level is IsolationLevel.NONE or self._works(level))

    def _works(self, level: IsolationLevel) -> bool:
        """Try a level out with a child that has no files; a level that fails is not tried again."""
        if level not in self._unable:
            order = Order(level=level, limits=Limits(), files=(), output=None, read_only=())
            try:
                self.start(order, output=None).close()
            except (NotIsolatedError, ChildLimitError):
                self._unable.add(level)
        return level not in self._unable

    def close(self) -> None:
        """End the zygote, with all children that still live."""
        if self._pid != os.getpid():
            return
        self._channel.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class Sandbox:
    """Children of a zygote that are isolated at least so, within limits."""

    def __init__(
        self,
        zygote: Zygote,
        *,
        minimum: IsolationLevel = IsolationLevel.FILTERED,
        limits: Limits | None = None,
    ) -> None:
        self._zygote = zygote
        self._minimum = minimum
        self._limits = limits or Limits()

    def session(
        self, files: Mapping[Path, str], *, output: Path | None = None, read_only: Sequence[Path] = ()
    ) -> Child:
        """Start a child that sees these files, each under its relative name, and may write into one folder.

        ``read_only`` are more paths that it may read under their own names, such as compiled indexes.

        Raises: UsageError for names that are no relative ones; InputError for files that are missing; NotIsolatedError
            when the machine cannot isolate the child.
        """
        if not all(path.is_file() for path in files):
            raise InputError("a file of the dataset is missing, or no plain file", hint="stage readable plain files")
        order = Order(
            level=IsolationLevel.NONE,
            limits=self._limits,
            files=tuple((str(path.absolute()), _relative(name)) for path, name in files.items()),
            output=None if output is None else str(output.absolute()),
            read_only=(*self._zygote.paths, *(str(path.absolute()) for path in read_only)),
        )
        if len({name for _, name in order.files}) != len(order.files):
            raise UsageError("two files have the same name", hint="give each file a name of its own")
        return self._zygote.start_best(order, minimum=self._minimum, output=output)


def _relative(name: str) -> str:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name or str(path) != name:
        raise UsageError("a file of a dataset has no relative name", hint="name it as within the dataset: a/b.parquet")
    return name


def _environment() -> dict[str, str]:
    """Give a zygote an environment without secrets, and the places of modules that this process has."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("NUMBA_")}
    places = [path for path in sys.path if os.path.isabs(path) and os.path.exists(path)]  # noqa: PTH110, PTH117
    return kept | _SET | {"PYTHONPATH": os.pathsep.join(places)}


_shared: dict[tuple[str, ...], Zygote] = {}
_sharing = threading.Lock()


def shared_zygote(preload: Sequence[str] = ()) -> Zygote:
    """Return this process's zygote for some modules, and start it where there is none; it ends with the process."""
    key = tuple(preload)
    with _sharing:
        if key not in _shared:
            _shared[key] = Zygote(preload=key)
            atexit.register(_shared[key].close)
        return _shared[key]


def _forget_after_fork() -> None:
    global _sharing  # noqa: PLW0603 - the thread that held it is not in this process
    _sharing = threading.Lock()
    _shared.clear()


os.register_at_fork(after_in_child=_forget_after_fork)
