"""Screen: the verdict on a dataset as it lies; nothing is sealed, kept or sent."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from geogate.gate.examine import Subject, examine, write_docs
from geogate.gate.intake import dataset_files
from geogate.gate.progress import logged
from geogate.gate.question import ask
from geogate.model.dataset import Encoding, FileDigest, content_digest
from geogate.model.errors import InputError
from geogate.seal.hashing import beside, hash_file

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from geogate.gate.examine import Examined, Question
    from geogate.gate.house import House, Wish
    from geogate.gate.passes import Means
    from geogate.gate.progress import Progress
    from geogate.model.verdict import Verdict


def screen(wish: Wish, *, house: House, progress: Progress | None = None, docs: Path | None = None) -> Verdict:
    """Judge a dataset as it lies, before anybody submits it; ``docs`` is a folder for the Data Docs of the verdict.

    The verdict is about the staged files; what ``submit`` judges is the artefact that it makes of them.

    Raises: InputError when a file is missing or changes meanwhile, and whatever ``ask`` raises.
    """
    question = ask(wish, house=house)
    return looked_at(
        wish.dataset, question=question, means=house.means(progress or logged("screening")), docs=docs
    ).verdict


def looked_at(dataset: Sequence[str], *, question: Question, means: Means, docs: Path | None = None) -> Examined:
    """Judge a dataset as it lies by a question, with the suite's answer behind the verdict.

    Raises: InputError when a file is missing or changes meanwhile, and whatever ``examine`` raises.
    """
    with TemporaryDirectory(prefix="geogate-") as scratch, dataset_files(dataset, scratch=Path(scratch)) as files:
        before = {path: _identity(path) for path in files}
        size = sum(identity.st_size for identity in before.values())
        with beside(partial(_digests, files)) as digests:
            as_is = question.policy.encoding is Encoding.VERBATIM
            subject = Subject(files=files, digest=lambda: content_digest(digests.result()), size=size, as_is=as_is)
            examined = examine(subject, question=question, means=means)
        if {path: _identity(path) for path in files} != before or sum(each.size for each in digests.result()) != size:
            raise InputError("a file changed while it was screened", hint="screen it again when nobody writes to it")
        write_docs(examined, docs)
        return examined


class _Identity(NamedTuple):
    """What changes when somebody writes to a file or puts another in its place."""

    st_dev: int
    st_ino: int
    st_size: int
    st_mtime_ns: int


def _identity(path: Path) -> _Identity:
    try:
        info = path.stat()
    except OSError as error:
        raise InputError(f"{path.name!r} cannot be read: {error.strerror}") from error
    return _Identity(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


def _digests(files: Mapping[Path, str], stop: threading.Event) -> tuple[FileDigest, ...]:
    return tuple(_digest(path, name, stop) for path, name in files.items())


def _digest(path: Path, name: str, stop: threading.Event) -> FileDigest:
    try:
        with path.open("rb", buffering=0) as file:
            sha256, size = hash_file(file.fileno(), stop=stop)
            return FileDigest(name=name, size=size, sha256=sha256)
    except OSError as error:
        raise InputError(f"{path.name!r} cannot be read: {error.strerror}") from error
