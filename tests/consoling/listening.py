"""Real receivers of notifications: a server that takes mail, and one that takes webhooks, on free ports here."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path


@dataclass(slots=True)
class Listening:
    """What arrived; ``mail_port`` and ``hooks`` are where. ``answers`` is the status that webhooks get."""

    mail_port: int = 0
    hooks: str = ""
    answers: int = 200
    tried: int = 0
    refuses_mail: bool = False
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    posts: list[tuple[str, Any]] = field(default_factory=list)

    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for _, raw in self.mails]

    def posted(self, path: str) -> list[Any]:
        return [body for where, body in self.posts if where == path]

    def configure(self, path: Path, *receivers: str, console: str = "https://gate.example.org") -> Path:
        """Write the file that names receivers; ``HOOKS`` in it is where webhooks are taken."""
        lines = [
            f"console: {console}",
            f'mail: {{server: "smtp://127.0.0.1:{self.mail_port}", sender: gate@example.org}}',
            "receivers:",
            *(f"  - {each}".replace("HOOKS", self.hooks) for each in receivers),
        ]
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)
        return path


@contextmanager
def listening() -> Iterator[Listening]:
    """Take mail and webhooks until the block ends."""
    found = Listening()

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _take_mail(self, found)

    class Hooks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.tried += 1
            body = self.rfile.read(int(self.headers["content-length"]))
            if found.answers == 200:
                found.posts.append((self.path, json.loads(body)))
            self.send_response(found.answers)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class MailServer(socketserver.ThreadingTCPServer):
        daemon_threads = True

    mail, hooks = MailServer(("127.0.0.1", 0), Mail), ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
    servers = (mail, hooks)
    threads = [threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True) for each in servers]
    for thread in threads:
        thread.start()
    found.mail_port = int(mail.server_address[1])
    found.hooks = f"http://127.0.0.1:{hooks.server_address[1]}"
    try:
        yield found
    finally:
        for each in servers:
            each.shutdown()
            each.server_close()


def _take_mail(peer: socketserver.StreamRequestHandler, found: Listening) -> None:
    """Speak SMTP with one client."""
    peer.wfile.write(b"220 here\r\n")
    to, lines, in_data = "", list[bytes](), False
    for raw in peer.rfile:
        line = raw.rstrip(b"\r\n")
        if in_data and line != b".":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            continue
        if in_data:
            found.mails.append((to, b"\r\n".join(lines)))
            lines, in_data = [], False
        word = line[:4].upper()
        if word == b"RCPT":
            to = line.decode()
        in_data = word == b"DATA" and not found.refuses_mail
        answer = b"354 go on" if in_data else b"221 bye" if word == b"QUIT" else b"250 good"
        if found.refuses_mail and word == b"MAIL":
            answer = b"451 not now"
        peer.wfile.write(answer + b"\r\n")
        if word == b"QUIT":
            return
