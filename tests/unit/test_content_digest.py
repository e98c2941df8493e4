"""The digest of several files says which bytes have which name, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geogate.model.dataset import FileDigest, content_digest
from geogate.model.names import Sha256

ONE = FileDigest(name="a", size=1, sha256=Sha256("1" * 64))
TWO = FileDigest(name="b", size=2, sha256=Sha256("2" * 64))


def test_the_order_of_files_does_not_matter() -> None:
    assert content_digest((ONE, TWO)) == content_digest((TWO, ONE))


@pytest.mark.parametrize(
    "files",
    [
        (replace(ONE, name="b"), replace(TWO, name="a")),
        (ONE, replace(TWO, sha256=Sha256("3" * 64))),
        (ONE, replace(TWO, size=3)),
        (ONE,),
        (ONE, TWO, replace(TWO, name="c")),
    ],
)
def test_other_names_bytes_or_files_have_another_digest(files: tuple[FileDigest, ...]) -> None:
    assert content_digest(files) != content_digest((ONE, TWO))
