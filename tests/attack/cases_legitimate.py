"""What the perimeter must let through: sending what was cleared, staging, keeping evidence, reading, auditing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attack.case import Case, Must

from geogate.destinations.perimeter_compare import compare
from geogate.model.errors import RefusedError
from infra.deploy import TEMPLATE

if TYPE_CHECKING:
    from attack.field import Field

MEBIBYTE = 1 << 20


def _sent(field: Field) -> Any:
    return field.gate.send(field.clear("legitimate"))


def _taken_up(field: Field) -> Any:
    """End a sending that was killed after its claim."""
    return field.gate.send(field.died)


def _parts(field: Field) -> Any:
    key = "large.bin"
    s3, where = field.releaser(key), {"Bucket": field.egress, "Key": key}
    upload = s3.create_multipart_upload(**where, Tagging="clearance=x")["UploadId"]
    parts = [
        {
            "PartNumber": n,
            "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=n, Body=b"1" * 5 * MEBIBYTE)["ETag"],
        }
        for n in (1, 2)
    ]
    return s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")


def _audited(field: Field) -> Any:
    """Compare the whole perimeter, as the auditor, after all that was tried."""
    session = field.role(field.perimeter.auditor_role_arn)
    lines = compare(TEMPLATE.read_text(encoding="utf-8"), field.perimeter.parameters, session=session)
    if bad := [line for line in lines if line.bad]:
        raise RefusedError(f"{bad[0].resource}: {bad[0].trait} {bad[0].outcome}: {bad[0].said}")
    return lines


def _staged(field: Field) -> Any:
    session = field.role(field.perimeter.worker_role_arn) if field.perimeter.worker_role_arn else field.pipeline
    return session.client("s3").put_object(Bucket=field.perimeter.staging, Key="export.csv", Body=b"1")


LEGITIMATE = (
    Case(name="gate sends what was cleared", why="the work itself", act=_sent, must=Must.ACCEPTED),
    Case(name="gate takes a sending up that died", why="nothing is lost", act=_taken_up, must=Must.ACCEPTED),
    Case(
        name="releaser uploads a large file in parts",
        why="parts carry no tags, the session does",
        act=_parts,
        must=Must.ACCEPTED,
    ),
    Case(name="pipeline's role stages a file", why="data comes from there", act=_staged, must=Must.ACCEPTED),
    Case(
        name="pipeline within its boundary stages a file",
        why="data comes from there",
        act=lambda f: f.pipeline.client("s3").put_object(Bucket=f.perimeter.staging, Key="own.csv", Body=b"1"),
        must=Must.ACCEPTED,
    ),
    Case(
        name="gate's role reads staging",
        why="it judges what lies there",
        act=lambda f: (
            f.root_s3.put_object(Bucket=f.perimeter.staging, Key="read.csv", Body=b"1"),
            f.role(f.perimeter.gate_role_arn).client("s3").get_object(Bucket=f.perimeter.staging, Key="read.csv"),
        ),
        must=Must.ACCEPTED,
    ),
    Case(
        name="gate's role keeps evidence",
        why="heads of the ledger go there",
        act=lambda f: (
            f.role(f.perimeter.gate_role_arn)
            .client("s3")
            .put_object(Bucket=f.perimeter.evidence, Key="by-role.json", Body=b"{}")
        ),
        must=Must.ACCEPTED,
    ),
    Case(
        name="console reads evidence",
        why="people look at it there",
        act=lambda f: (
            f.evidence_version,
            f.role(f.perimeter.console_role_arn).client("s3").get_object(Bucket=f.perimeter.evidence, Key="head.json"),
        ),
        must=Must.ACCEPTED,
    ),
    Case(
        name="reader gets what was cleared",
        why="that is what it is there for",
        act=lambda f: f.admin_s3.get_object(Bucket=f.egress, Key=f.cleared_key),
        must=Must.ACCEPTED,
    ),
    Case(
        name="auditor reads what was sent, with its tags",
        why="the nightly audit compares it",
        act=lambda f: (
            f.role(f.perimeter.auditor_role_arn).client("s3").get_object_tagging(Bucket=f.egress, Key=f.cleared_key)
        ),
        must=Must.ACCEPTED,
    ),
    Case(
        name="auditor finds the whole perimeter as it must be, after all of this",
        why="what was refused has left nothing behind",
        act=_audited,
        must=Must.ACCEPTED,
    ),
)
