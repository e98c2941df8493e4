"""Screen: the verdict on a dataset as it lies; nothing is sealed, kept or sent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from geogate.gate.examine import Subject, examine, write_docs
from geogate.gate.intake import dataset_files
from geogate.gate.progress import logged
from geogate.gate.question import ask
from geogate.model.dataset import FileDigest, content_digest
from geogate.model.errors import InputError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from geogate.gate.house import House, Wish
    from geogate.gate.progress import Progress
    from geogate.model.verdict import Verdict


def screen(wish: Wish, *, house: House, progress: Progress | None = None, docs: Path | None = None) -> Verdict:
    """Judge a dataset as it lies, before anybody submits it; ``docs`` is a folder for the Data Docs of the verdict.

    The verdict is about the staged files; what ``submit`` judges is the artefact that it makes of them.

    Raises: InputError when a file is missing or changes meanwhile, and whatever ``ask`` raises.
    """
    question = ask(wish, house=house)
    with TemporaryDirectory(prefix="geogate-") as scratch, dataset_files(wish.dataset, scratch=Path(scratch)) as files:
        before = {path: _identity(path) for path in files}
        digests = tuple(_digest(path, name) for path, name in files.items())
        size = sum(digest.size for digest in digests)
        subject = Subject(files=files, digest=content_digest(digests), size=size)
        examined = examine(subject, question=question, means=house.means(progress or logged("screening")))
        if {path: _identity(path) for path in files} != before:
            raise InputError("a file changed while it was screened", hint="screen it again when nobody writes to it")
        write_docs(examined, docs)
        return examined.verdict


def _identity(path: Path) -> tuple[int, int, int, int]:
    try:
        info = path.stat()
    except OSError as error:
        raise InputError(f"{path.name!r} cannot be read: {error.strerror}") from error
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def _digest(path: Path, name: str) -> FileDigest:
    try:
        with path.open("rb", buffering=0) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileDigest(name=name, size=os.fstat(file.fileno()).st_size, sha256=Sha256(digest))
    except OSError as error:
        raise InputError(f"{path.name!r} cannot be read: {error.strerror}") from error
