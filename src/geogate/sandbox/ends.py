"""The parent's ends of the pipes to a child and its guard; no process that the parent forks keeps them open."""

from __future__ import annotations

import os
import socket
import weakref
from typing import Final

_CHILDS: Final = 4


class Ends:
    """Calls go out, answers and noise come in, and the guard is spoken to by a socket of its own."""

    def __init__(self) -> None:
        calls, self.calls = os.pipe()
        self.answers, answers = os.pipe()
        self.noise, noise = os.pipe()
        self.control, control = socket.socketpair()
        self.far = (control.detach(), calls, answers, noise)
        self.is_silent = False
        self._is_open = True
        for descriptor in (self.calls, self.answers, self.noise):
            os.set_blocking(descriptor, False)
        _OPEN.add(self)

    def hand_over(self, channel: socket.socket, message: bytes) -> None:
        """Send the child's ends through a socket, and close them here.

        Raises: OSError.
        """
        try:
            socket.send_fds(channel, [message], self.far)
        finally:
            for descriptor in self.far:
                os.close(descriptor)

    def silence(self) -> None:
        """Listen to noise no more."""
        self.is_silent = True

    def close(self) -> None:
        """Close all ends; the guard takes that as the end of the parent."""
        if self._is_open:
            self._is_open = False
            self.control.close()
            for descriptor in (self.calls, self.answers, self.noise):
                os.close(descriptor)


_OPEN: Final[weakref.WeakSet[Ends]] = weakref.WeakSet()


def _close_after_fork() -> None:
    for ends in tuple(_OPEN):
        ends.close()


os.register_at_fork(after_in_child=_close_after_fork)
