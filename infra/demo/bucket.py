"""What the bucket itself shows: its listing, the bytes in it, and what it says to a copy past the gate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.demo.folder import DemoError
from infra.demo.outcomes import cleared_digests
from infra.demo.surroundings import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from infra.demo.outcomes import Outcome
    from infra.demo.surroundings import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An object in the bucket, with the digest of its bytes as they were fetched."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """A copy by hand of one file with the administrator's own key: what the bucket answered."""

    file: str
    staging: str
    egress: str
    answer: str


def upload_staged(stage: Stage) -> str:
    """Put the exports into the staging bucket, as the pipelines of the organisation do, and return their prefix."""
    s3 = session_of(stage.users.administrator.keys).client("s3")
    outgoing = stage.folder.outgoing
    for file in sorted(path for path in outgoing.rglob("*") if path.is_file()):
        key = f"{outgoing.name}/{file.relative_to(outgoing).as_posix()}"
        s3.put_object(Bucket=stage.perimeter.staging, Key=key, Body=file.read_bytes())
    return f"s3://{stage.perimeter.staging}/{outgoing.name}/"


def arrived(stage: Stage) -> tuple[Arrived, ...]:
    """List the bucket with the administrator's key, every version, and fetch and hash what is there.

    Raises: DemoError when an object has more than one version, or was deleted.
    """
    s3 = session_of(stage.users.administrator.keys).client("s3")
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=stage.perimeter.egress):
        if page.get("DeleteMarkers"):
            raise DemoError("something was deleted from the bucket")
        for version in page.get("Versions", []):
            key, number = version["Key"], version["VersionId"]
            content = s3.get_object(Bucket=stage.perimeter.egress, Key=key, VersionId=number)["Body"].read()
            path = stage.folder.received / key.partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            sha256 = hashlib.sha256(content).hexdigest()
            found.append(Arrived(key=key, size=len(content), sha256=sha256))
    if len({each.key for each in found}) != len(found):
        raise DemoError("an object in the bucket has more than one version")
    return tuple(sorted(found, key=lambda each: each.key))


def require_only_cleared(found: tuple[Arrived, ...], outcomes: tuple[Outcome, ...]) -> None:
    """Compare the bucket with the clearances, by keys and digests.

    Raises: DemoError when anything is there that has no clearance, or anything cleared is not there as it was cleared.
    """
    cleared = cleared_digests(outcomes)
    there = {each.key: each.sha256 for each in found}
    if there != cleared or not cleared:
        same = len(there.items() & cleared.items())
        raise DemoError(f"the bucket has {len(there)} objects, of which {same} were cleared as they are")


def keep_clearances(stage: Stage, outcomes: tuple[Outcome, ...]) -> None:
    """Put each signed clearance beside what was received by it."""
    for outcome in outcomes:
        if outcome.clearance:
            folder = stage.folder.received / outcome.export.name
            (folder / "clearance.json").write_text(outcome.envelope, encoding="utf-8")


def copy_by_hand(stage: Stage, file: Path) -> ByHand:
    """Copy a file past the gate with a key that is allowed everything: into staging, which works, and into egress.

    Raises: DemoError when egress takes it, or refuses it for another reason than that access is denied.
    """
    s3 = session_of(stage.users.administrator.keys).client("s3")
    content = file.read_bytes()
    s3.put_object(Bucket=stage.perimeter.staging, Key=f"by-hand/{file.name}", Body=content)
    try:
        s3.put_object(Bucket=stage.perimeter.egress, Key=f"by-hand/{file.name}", Body=content)
    except ClientError as error:
        answer = error.response["Error"]
    else:
        raise DemoError("the bucket took a file that the gate did not clear")
    if answer["Code"] != "AccessDenied":
        raise DemoError(f"the bucket refused a copy by hand with {answer['Code']}, which proves nothing")
    return ByHand(
        file=file.name,
        staging=stage.perimeter.staging,
        egress=stage.perimeter.egress,
        answer=f"{answer['Code']}: {answer.get('Message', '')}".rstrip(": "),
    )
