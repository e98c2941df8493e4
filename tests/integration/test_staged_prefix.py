from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from geogate.airflow.exports import read_exports
from geogate.airflow.listings import listing_of
from geogate.model.errors import InputError, ServiceError

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from infra.deploy import Perimeter

RELEASE = "recipient: partner\ndestination: s3://bucket/partner/\npurpose: maps\n"

pytestmark = pytest.mark.usefixtures("as_worker")


@pytest.fixture
def prefix(perimeter: Perimeter, root_s3: S3Client, tmp_path: Path) -> str:
    """Stage two good exports and some that have a fault."""
    below = f"{tmp_path.name}/"
    contents = {
        "good/release.yaml": RELEASE,
        "good/a.csv": "lon,lat\n",
        "good/more/b.csv": "lon,lat\n",
        "picked/release.yaml": f"{RELEASE}files: [a.csv]\n",
        "picked/a.csv": "lon,lat\n",
        "picked/notes.txt": "not this\n",
        "with-policy/release.yaml": f"{RELEASE}policy: lenient\n",
        "with-policy/a.csv": "lon,lat\n",
        "without/a.csv": "lon,lat\n",
        "both/release.yaml": RELEASE,
        "both/a": "lon,lat\n",
        "both/a/b.csv": "lon,lat\n",
        "large/release.yaml": RELEASE + "#" * 100_000,
        "large/a.csv": "lon,lat\n",
        "stray.csv": "lon,lat\n",
        ".hidden/a.csv": "lon,lat\n",
        "empty/": "",
    }
    for key, content in contents.items():
        root_s3.put_object(Bucket=perimeter.staging, Key=below + key, Body=content.encode())
    return f"s3://{perimeter.staging}/{below}"


def test_each_export_names_its_objects(prefix: str) -> None:
    exports = {export.export: export for export in read_exports(listing_of(prefix))}

    assert exports["good"].dataset == (f"{prefix}good/a.csv", f"{prefix}good/more/")
    assert exports["picked"].dataset == (f"{prefix}picked/a.csv",)
    assert {export.recipient for export in exports.values() if not export.problem} == {"partner"}


def test_an_export_with_a_fault_keeps_its_place(prefix: str) -> None:
    problems = {export.export: export.problem for export in read_exports(listing_of(prefix)) if export.problem}

    assert {name: problem.partition(": ")[2].partition(" (")[0] for name, problem in problems.items()} == {
        "both": "has a key that is a file and a folder at once, or a folder without a name",
        "empty": "has no release.yaml",
        "large": "release.yaml has more than 100,000 bytes",
        "stray.csv": "stands outside of any export",
        "with-policy": "release.yaml:4: policy: unknown key",
        "without": "has no release.yaml",
    }


def test_the_slash_at_the_end_of_the_prefix_may_be_left_out(prefix: str) -> None:
    assert listing_of(prefix.removesuffix("/")) == listing_of(prefix)


def test_a_bucket_that_is_not_there_cannot_be_listed(prefix: str) -> None:
    assert prefix
    with pytest.raises(ServiceError, match="bucket not-there-at-all"):
        listing_of("s3://not-there-at-all/outgoing/")


def test_a_whole_bucket_is_no_prefix(perimeter: Perimeter) -> None:
    with pytest.raises(InputError, match="a prefix is s3://bucket/folder/"):
        listing_of(f"s3://{perimeter.staging}")
