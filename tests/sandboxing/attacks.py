"""What a reader that was taken over might do; every function runs in a child."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.sandbox import Inside

SECRET = b"what no reader shall see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a child has found."""

    names: tuple[str, ...]
    bytes: int


def read_all(inside: Inside) -> Seen:
    """Be an honest reader."""
    files = sorted(path for path in inside.folder.rglob("*") if path.is_file())
    names = tuple(path.relative_to(inside.folder).as_posix() for path in files)
    return Seen(names=names, bytes=sum(len(path.read_bytes()) for path in files))


def echo(inside: Inside, value: object) -> object:
    """Give back what was given."""
    del inside
    return value


def remember(inside: Inside, value: str) -> str:
    """Keep a value, and give back the one before."""
    before: str = inside.kept.get("value", "")
    inside.kept["value"] = value
    return before


def count(inside: Inside, times: int) -> int:
    """Say how far it is."""
    for _ in range(times):
        inside.progress(10)
    return times


def write(inside: Inside, names: list[str]) -> list[str]:
    """Be an honest writer."""
    assert inside.output is not None
    for name in names:
        path = inside.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
    return names


def use_threads(inside: Inside, many: int) -> int:
    """Work in threads, as measuring does."""
    del inside
    done: list[int] = []
    threads = [threading.Thread(target=done.append, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)


def refused(inside: Inside, path: str) -> str:
    """Try to read a file or folder; say which error there was, empty where it was read."""
    del inside
    try:
        if Path(path).is_dir():
            tuple(Path(path).iterdir())
        else:
            Path(path).read_bytes()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def write_refused(inside: Inside, path: str) -> str:
    """Try to write a file; say which error there was."""
    target = Path(path) if path.startswith("/") else inside.folder / path
    try:
        target.write_bytes(b"x")
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def reach_out(inside: Inside, how: str) -> str:
    """Try to reach a network, or another process through a socket."""
    del inside
    kinds: dict[str, Callable[[], object]] = {
        "tcp": lambda: socket.create_connection(("127.0.0.1", 9), 1),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
        "tcp6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(("::1", 9)),
        "dns": lambda: socket.getaddrinfo("example.org", 443),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "unix": lambda: socket.socket(socket.AF_UNIX).connect("\0geogate-test"),
        "pair": socket.socketpair,
    }
    try:
        kinds[how]()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return ""


def start_process(inside: Inside, how: str) -> str:
    """Try to start another process."""
    del inside
    try:
        if how == "fork":
            if os.fork() == 0:
                os._exit(0)
        else:
            subprocess.run(["/usr/bin/env"], check=False)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def call_kernel(inside: Inside, number: int, first: int = 0) -> int:
    """Make a bare system call; return its error."""
    del inside
    libc = ctypes.CDLL(None, use_errno=True)
    return ctypes.get_errno() if libc.syscall(number, ctypes.c_long(first), 0, 0, 0, 0, 0) == -1 else 0


def execute(inside: Inside) -> None:
    """Become another program."""
    del inside
    os.execv("/usr/bin/env", ["env"])


def see_environment(inside: Inside) -> list[str]:
    """Name what is in the environment."""
    del inside
    return sorted(os.environ)


def see_descriptors(inside: Inside) -> list[int]:
    """Name the descriptors that are open."""
    del inside
    found = []
    for descriptor in range(1024):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found


def kill_others(inside: Inside, pid: int) -> str:
    """Send a signal to a process."""
    del inside
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def survive_parent(inside: Inside) -> int:
    """Try to outlive the guard."""
    del inside
    return int(ctypes.CDLL(None, use_errno=True).prctl(1, 0, 0, 0, 0))


def loosen(inside: Inside) -> str:
    """Try to raise a limit."""
    del inside
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError) as error:
        return type(error).__name__
    return ""


def spin(inside: Inside) -> None:
    """Use the processor for ever."""
    del inside
    while True:
        pass


def sleep(inside: Inside, seconds: float = 1e6) -> None:
    """Do nothing for ever."""
    del inside
    time.sleep(seconds)


def take_memory(inside: Inside) -> int:
    """Take memory until there is none."""
    held = []
    while True:
        held.append(b"x" * (8 << 20))
        inside.kept["held"] = held


def share_memory(inside: Inside, size: int) -> int:
    """Take memory that no limit on data counts."""
    import mmap

    held = mmap.mmap(-1, size)
    for start in range(0, size, 1 << 20):
        held[start : start + (1 << 20)] = b"x" * (1 << 20)
    inside.kept["held"] = held
    time.sleep(1e6)
    return 0


def many_threads(inside: Inside) -> int:
    """Start threads without end."""
    del inside
    number = 0
    threading.stack_size(64 << 10)
    while True:
        try:
            threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
        except RuntimeError:
            time.sleep(0.01)
        number += 1


def write_much(inside: Inside, size: int, files: int) -> int:
    """Write files of a size."""
    assert inside.output is not None
    block = b"x" * (1 << 20)
    for number in range(files):
        with (inside.output / f"{number}.bin").open("wb") as out:
            for _ in range(size >> 20):
                out.write(block)
    time.sleep(30)
    return files


def write_holes(inside: Inside, size: int) -> None:
    """Write a file that is longer than what it holds."""
    assert inside.output is not None
    with (inside.output / "holes.bin").open("wb") as out:
        out.truncate(size)


def leave(inside: Inside, what: str) -> list[str]:
    """Leave something in the output that is not what was declared."""
    assert inside.output is not None
    (inside.output / "declared.bin").write_bytes(b"x")
    if what == "more":
        (inside.output / "stray.bin").write_bytes(b"x")
    elif what == "folder":
        (inside.output / "stray").mkdir()
    elif what == "none":
        (inside.output / "declared.bin").unlink()
    elif what == "deep":
        os.chdir(inside.output)
        for _ in range(60):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    return ["declared.bin"]


def make_link(inside: Inside, how: str) -> str:
    """Try to leave a link in the output."""
    assert inside.output is not None
    make: dict[str, Callable[[Path], object]] = {
        "symbolic": lambda here: Path(here).symlink_to("/etc/passwd"),
        "hard": lambda here: os.link(next(inside.folder.iterdir()), here),
        "pipe": os.mkfifo,
    }
    try:
        make[how](inside.output / "declared.bin")
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def crash(inside: Inside, how: str) -> None:
    """Die."""
    del inside
    if how == "segv":
        ctypes.string_at(0)
    elif how == "abort":
        os.abort()
    elif how == "exit":
        os._exit(0)
    elif how == "code":
        os._exit(3)
    elif how == "not-isolated":
        os._exit(77)
    os.kill(os.getpid(), signal.SIGKILL)


def say(inside: Inside, how: str) -> int:
    """Say something to nobody in particular."""
    del inside
    if how == "warning":
        warnings.warn("odd", UserWarning, stacklevel=1)
    elif how == "log":
        import logging

        logging.getLogger("some.library").warning("odd")
    elif how == "print":
        print("odd")  # noqa: T201
    elif how == "library":
        ctypes.CDLL(None).puts(b"odd")
    elif how == "much":
        for _ in range(1000):
            os.write(2, b"x" * 10_000)
    return 1


def fail(inside: Inside, kind: str) -> None:
    """Raise."""
    del inside
    if kind == "memory":
        raise MemoryError
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "name":
        raise type("Lon 12.345 lat 48.1", (Exception,), {})
    raise ValueError("12.345678 48.123456")


def write_raw(inside: Inside, data: bytes, times: int = 1) -> int:
    """Put bytes on the channel behind the back of whoever writes answers."""
    for _ in range(times):
        os.write(inside.channel, data)
    return times


def answer_much(inside: Inside, size: int) -> None:
    """Announce a long answer, and send it."""
    os.write(inside.channel, struct.pack("<cQ", b"A", size))
    while True:
        os.write(inside.channel, b" " * (1 << 16))


def answer_raw(inside: Inside, payload: bytes) -> None:
    """Answer with bytes of one's own, and then with nothing."""
    os.write(inside.channel, struct.pack("<cQ", b"A", len(payload)) + payload)
    time.sleep(1e6)


def hold_file(inside: Inside) -> str:
    """Have a file open when the end comes."""
    if inside.output is not None:
        inside.kept["open"] = (inside.output / "half.bin").open("wb")
    return sys.platform


def later(inside: Inside, how: str) -> int:
    """Die a moment after the answer."""

    def die() -> None:
        time.sleep(0.1)
        crash(inside, how)

    threading.Thread(target=die, daemon=True).start()
    return 1


def half_a_frame(inside: Inside) -> None:
    """Begin an answer, and say no more."""
    os.write(inside.channel, struct.pack("<cQ", b"A", 100) + b"x")
    time.sleep(1e6)


def half_a_frame_and_exit(inside: Inside) -> None:
    """Begin an answer, and die."""
    os.write(inside.channel, struct.pack("<cQ", b"A", 100) + b"x")
    os._exit(0)


def stop_listening(inside: Inside) -> int:
    """Answer, and then read no more."""
    del inside
    frames = sys.modules["geogate.sandbox.child"]
    frames.read_frame = lambda _descriptor: time.sleep(1e6)  # type: ignore[attr-defined]
    return 1


def prepare() -> None:
    """Be called in the zygote."""
    sys.modules["sandboxing.attacks"].is_prepared = True  # type: ignore[attr-defined]


def prepared(inside: Inside) -> bool:
    """Tell whether the zygote was prepared."""
    del inside
    return bool(getattr(sys.modules["sandboxing.attacks"], "is_prepared", False))


def use_scratch(inside: Inside, size: int) -> str:
    """Keep something for a moment, as libraries do."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "link").symlink_to(next(inside.folder.iterdir()))
        (Path(folder) / "much").write_bytes(b"x" * size)
        read = (Path(folder) / "link").read_bytes()
    (Path(tempfile.mkdtemp()) / "left").write_bytes(b"x")
    return read.decode()


def leave_processes(inside: Inside) -> list[int]:
    """Start processes that live on, in a session of their own, where that is not forbidden."""
    del inside
    found = []
    for _ in range(3):
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, struct.pack("<I", os.getpid()))
                time.sleep(1e6)
            os._exit(0)
        found.append(struct.unpack("<I", os.read(read, 4))[0])
    return found
