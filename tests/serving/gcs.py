"""A server that answers as Google Cloud Storage is documented to, as far as obstore asks; it keeps objects in memory.

No emulator of it enforces its conditions, so that this is a stub of our own: it shows what the channel asks and how it
takes the documented answers, and nothing about the real store.

Source: Google Cloud Storage, XML API reference.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token"
META = "x-goog-meta-"


@dataclass(slots=True, kw_only=True)
class Kept:
    body: bytes
    headers: dict[str, str]
    generation: int


@dataclass(slots=True, kw_only=True)
class Gcs:
    """The buckets, what was asked, and whether the server refuses everybody."""

    port: int = 0
    objects: dict[str, Kept] = field(default_factory=dict)
    uploads: dict[str, tuple[str, dict[str, str], dict[int, bytes]]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    refuses: int = 0
    public: bool = False
    generation: int = 0

    def keep(self, path: str, body: bytes, headers: dict[str, str]) -> Kept:
        self.generation += 1
        self.objects[path] = Kept(body=body, headers=headers, generation=self.generation)
        return self.objects[path]


def handler_of(store: Gcs) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one method a verb
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_PUT(self) -> None:
            path, query, body = self._read()
            if self._refused():
                return
            if "uploadId" in query:
                number = int(query["partNumber"][0])
                store.uploads[query["uploadId"][0]][2][number] = body
                self._answer(200, headers={"ETag": f'"{number}"'})
                return
            if self.headers.get("x-goog-if-generation-match") == "0" and path in store.objects:
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            source = self.headers.get("x-goog-copy-source")
            if source is not None:
                there = store.objects.get("/" + unquote(source).lstrip("/"))
                if there is None:
                    self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                    return
                kept = store.keep(path, there.body, there.headers)
            else:
                kept = store.keep(path, body, self._marks())
            self._answer(200, headers=_about(kept))

        def do_POST(self) -> None:
            path, query, _ = self._read()
            if self._refused():
                return
            if "uploads" in query:
                upload = f"u{len(store.uploads)}"
                store.uploads[upload] = (path, self._marks(), {})
                self._answer(
                    200,
                    f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode(),
                )
                return
            path, marks, parts = store.uploads.pop(query["uploadId"][0])
            kept = store.keep(path, b"".join(parts[number] for number in sorted(parts)), marks)
            tag = _about(kept)["ETag"]
            self._answer(
                200,
                f"<CompleteMultipartUploadResult><ETag>{escape(tag)}</ETag></CompleteMultipartUploadResult>".encode(),
                headers=_about(kept),
            )

        def do_GET(self) -> None:
            path, query, _ = self._read()
            if self._refused():
                return
            if "list-type" in query:
                self._list(path.rstrip("/") + "/", query.get("prefix", [""])[0])
                return
            kept = store.objects.get(path)
            if kept is None:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                return
            body, more, code = kept.body, {}, 200
            ranged = self.headers.get("Range", "")
            if ranged:
                start, end = (int(each) for each in ranged.removeprefix("bytes=").split("-"))
                body, code = kept.body[start : end + 1], 206
                more = {"Content-Range": f"bytes {start}-{start + len(body) - 1}/{len(kept.body)}"}
            self._answer(code, body, headers=kept.headers | _about(kept) | more)

        do_HEAD = do_GET  # noqa: N815 - the library's own name

        def do_DELETE(self) -> None:
            path, _, _ = self._read()
            if not self._refused():
                self._answer(204 if store.objects.pop(path, None) else 404)

        def _list(self, bucket: str, prefix: str) -> None:
            rows = "".join(
                f"<Contents><Key>{escape(path.removeprefix(bucket))}</Key><Size>{len(kept.body)}</Size>"
                f"<LastModified>2030-01-01T00:00:00.000Z</LastModified><ETag>{escape(_about(kept)['ETag'])}</ETag></Contents>"
                for path, kept in sorted(store.objects.items())
                if path.startswith(bucket + prefix)
            )
            self._answer(200, f"<ListBucketResult>{rows}</ListBucketResult>".encode())

        def _read(self) -> tuple[str, dict[str, list[str]], bytes]:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            store.asked.append((self.command, self.path, headers))
            return unquote(url.path), parse_qs(url.query, keep_blank_values=True), body

        def _refused(self) -> bool:
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            if store.refuses or not (known or store.public):
                self._answer(store.refuses or 401, b"<Error><Code>AccessDenied</Code></Error>")
                return True
            return False

        def _marks(self) -> dict[str, str]:
            return {
                name: value for name, value in self.headers.items() if name.lower().startswith((META, "content-type"))
            }

        def _answer(self, code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(code)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _about(kept: Kept) -> dict[str, str]:
    return {
        "ETag": f'"{kept.generation}"',
        "x-goog-generation": str(kept.generation),
        "Last-Modified": "Tue, 01 Jan 2030 00:00:00 GMT",
    }


@contextmanager
def gcs() -> Iterator[Gcs]:
    """Run the stub; it is stopped in any case."""
    store = Gcs()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(store))
    store.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
