"""Ways round the roles: pipelines, the gate, the console and the auditor doing more than theirs; keys and evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from attack.case import Case
from attack.field import NONCE, TAGGED
from integration.fixtures_s3 import session_of

from infra.keys import Keys

if TYPE_CHECKING:
    import boto3
    from attack.field import Field

OTHER = [{"Key": "other", "Value": NONCE}]
SHORT = [{"Key": "clearance", "Value": "short"}]
BOTH = [{"Key": "clearance", "Value": NONCE}, {"Key": "department", "Value": "x"}]


def _key(field: Field) -> Any:
    return {"KeyId": field.perimeter.egress_key_arn}


def _strange(field: Field, name: str, secret: str) -> Any:
    s3 = session_of(Keys(id=name, secret=secret)).client("s3")
    return s3.put_object(Bucket=field.egress, Key="strange.csv", Body=b"1")


def _retention(field: Field) -> dict[str, Any]:
    return {
        "Bucket": field.perimeter.evidence,
        "Key": "head.json",
        "VersionId": field.evidence_version,
        "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)},
    }


def _unlock(field: Field) -> Any:
    days = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock: Any = {"ObjectLockEnabled": "Enabled", "Rule": days}
    return field.admin_s3.put_object_lock_configuration(Bucket=field.perimeter.evidence, ObjectLockConfiguration=lock)


def _put(session: boto3.Session, bucket: str) -> Any:
    return session.client("s3").put_object(Bucket=bucket, Key="by-role.csv", Body=b"1", **TAGGED)


BECOMING = (
    Case(
        name="administrator becomes the releaser",
        why="only the broker may, whatever an administrator's own policy allows",
        act=lambda f: f.admin.client("sts").assume_role(
            RoleArn=f.perimeter.releaser_role_arn,
            RoleSessionName=f"geogate-{NONCE}",
            Tags=[{"Key": "clearance", "Value": NONCE}],
        ),
        control=lambda f: f.admin.client("sts").assume_role(
            RoleArn=f.perimeter.auditor_role_arn, RoleSessionName="control"
        ),
    ),
    Case(
        name="gate's role becomes the releaser where a broker is named",
        why="who judges hostile files does not send",
        act=lambda f: (
            f.role(f.perimeter.gate_role_arn)
            .client("sts")
            .assume_role(
                RoleArn=f.perimeter.releaser_role_arn,
                RoleSessionName=f"geogate-{NONCE}",
                Tags=[{"Key": "clearance", "Value": NONCE}],
            )
        ),
    ),
    Case(
        name="broker becomes the releaser without a clearance",
        why="each write names its clearance",
        act=lambda f: f.become(Tags=[]),
        control=lambda f: f.become(),
    ),
    Case(
        name="broker becomes the releaser with a tag that is no nonce",
        why="a clearance could not be found by it",
        act=lambda f: f.become(Tags=SHORT),
    ),
    Case(
        name="broker becomes the releaser with another tag",
        why="the tag is the clearance's",
        act=lambda f: f.become(Tags=OTHER),
    ),
    Case(
        name="broker becomes the releaser with one tag more",
        why="tags of other policies could let it do more",
        act=lambda f: f.become(Tags=BOTH),
    ),
    Case(
        name="broker becomes the releaser under another session name",
        why="the log of the account would not name the clearance",
        act=lambda f: f.become(RoleSessionName="nobody"),
    ),
    Case(
        name="releaser becomes another role (chain)",
        why="a session for one object is no way to more",
        act=lambda f: (
            f.become().client("sts").assume_role(RoleArn=f.perimeter.auditor_role_arn, RoleSessionName="chain")
        ),
    ),
    Case(
        name="releaser becomes the releaser for another clearance",
        why="a session for one clearance is no way to the next",
        act=lambda f: (
            f.become()
            .client("sts")
            .assume_role(
                RoleArn=f.perimeter.releaser_role_arn,
                RoleSessionName=f"geogate-{'1' * 32}",
                Tags=[{"Key": "clearance", "Value": "1" * 32}],
            )
        ),
    ),
    Case(
        name="releaser writes a second key",
        why="a session is for one object",
        act=lambda f: f.releaser("one.csv").put_object(Bucket=f.egress, Key="two.csv", Body=b"1", **TAGGED),
    ),
    Case(
        name="releaser reads another object",
        why="a session is for one object",
        act=lambda f: f.releaser("one.csv").get_object(Bucket=f.egress, Key=f.cleared_key),
    ),
    Case(
        name="releaser writes after the clearance has expired",
        why="the session's own policy ends with the clearance",
        act=lambda f: f.releaser("late.csv", ends="2020-01-01T00:00:00Z").put_object(
            Bucket=f.egress, Key="late.csv", Body=b"1", **TAGGED
        ),
    ),
    Case(
        name="releaser deletes",
        why="what was sent stays",
        act=lambda f: f.unbound.client("s3").delete_object(Bucket=f.egress, Key=f.cleared_key),
    ),
    Case(
        name="releaser reads staging",
        why="it needs nothing there",
        act=lambda f: f.unbound.client("s3").list_objects_v2(Bucket=f.perimeter.staging),
    ),
    Case(
        name="releaser writes without encryption by the bucket's key",
        why="the key is the second lock",
        act=lambda f: (
            f.become()
            .client("s3")
            .put_object(Bucket=f.egress, Key="downgrade.csv", Body=b"1", ServerSideEncryption="AES256")
        ),
    ),
    Case(
        name="releaser makes an object public",
        why="an ACL goes past policies",
        act=lambda f: f.unbound.client("s3").put_object_acl(Bucket=f.egress, Key=f.cleared_key, ACL="public-read"),
    ),
)

ROLES = (
    Case(
        name="broker writes egress itself",
        why="only a session with a clearance may",
        act=lambda f: _put(f.broker, f.egress),
    ),
    Case(
        name="gate's role writes egress",
        why="who judges does not write",
        act=lambda f: _put(f.role(f.perimeter.gate_role_arn), f.egress),
    ),
    Case(
        name="console writes egress",
        why="people review there, and nothing is sent from it",
        act=lambda f: _put(f.role(f.perimeter.console_role_arn), f.egress),
    ),
    Case(
        name="console writes evidence",
        why="evidence is the gate's",
        act=lambda f: _put(f.role(f.perimeter.console_role_arn), f.perimeter.evidence),
    ),
    Case(
        name="console reads staging",
        why="the console shows counts, not data",
        act=lambda f: f.role(f.perimeter.console_role_arn).client("s3").list_objects_v2(Bucket=f.perimeter.staging),
    ),
    Case(
        name="auditor writes egress",
        why="the auditor reads",
        act=lambda f: _put(f.role(f.perimeter.auditor_role_arn), f.egress),
    ),
    Case(
        name="auditor changes the bucket policy",
        why="the auditor reads",
        act=lambda f: f.role(f.perimeter.auditor_role_arn).client("s3").delete_bucket_policy(Bucket=f.egress),
    ),
    Case(
        name="auditor reads staging",
        why="the auditor needs what left, not what did not",
        act=lambda f: f.role(f.perimeter.auditor_role_arn).client("s3").get_object(Bucket=f.perimeter.staging, Key="x"),
    ),
    Case(
        name="pipeline writes egress",
        why="a pipeline stages, whatever else it is allowed",
        act=lambda f: _put(f.pipeline, f.egress),
    ),
    Case(
        name="pipeline writes any other bucket",
        why="data would leave by another door",
        act=lambda f: _put(f.pipeline, f.elsewhere),
    ),
    Case(
        name="pipeline changes staging's policy",
        why="staging would be the door",
        act=lambda f: f.pipeline.client("s3").put_bucket_policy(Bucket=f.perimeter.staging, Policy="{}"),
    ),
    Case(
        name="pipeline takes its boundary off",
        why="the boundary would be worth nothing",
        act=lambda f: f.pipeline.client("iam").delete_user_permissions_boundary(UserName="attack-pipeline"),
    ),
    Case(
        name="pipeline makes itself a role without a boundary",
        why="the boundary would be worth nothing",
        act=lambda f: f.pipeline.client("iam").create_role(RoleName="way-round", AssumeRolePolicyDocument="{}"),
    ),
    Case(
        name="pipeline passes the gate's role to a function",
        why="code of a pipeline would run as the gate",
        act=lambda f: f.pipeline.client("lambda").create_function(
            FunctionName="way-round",
            Runtime="python3.13",
            Handler="a.b",
            Role=f.perimeter.gate_role_arn,
            Code={"ZipFile": b"PK\x05\x06" + b"\0" * 18},
        ),
    ),
    Case(
        name="nobody reads",
        why="the internet",
        act=lambda f: f.http("GET", f"{f.server.endpoint}/{f.egress}/{f.cleared_key}"),
    ),
    Case(
        name="nobody writes",
        why="the internet",
        act=lambda f: f.http("PUT", f"{f.server.endpoint}/{f.egress}/anonymous.csv", b"1"),
    ),
    Case(
        name="wrong secret of a right key",
        why="a key's id is no secret",
        act=lambda f: _strange(f, f.users.worker.keys.id, "wrong"),
    ),
    Case(name="key that nobody was given", why="the internet", act=lambda f: _strange(f, "AKIAUNKNOWNUNKNOWN00", "x")),
)

LOCKS = (
    Case(
        name="administrator encrypts with the key of egress",
        why="the key's own policy is the second lock",
        act=lambda f: f.admin.client("kms").generate_data_key(**_key(f), KeySpec="AES_256"),
    ),
    Case(
        name="administrator grants himself the key of egress",
        why="a grant goes past the key's policy",
        act=lambda f: f.admin.client("kms").create_grant(
            **_key(f), GranteePrincipal=f.users.administrator.arn, Operations=["GenerateDataKey"]
        ),
    ),
    Case(
        name="administrator writes evidence",
        why="evidence is the gate's",
        act=lambda f: _put(f.admin, f.perimeter.evidence),
        control=lambda f: _put(f.admin, f.elsewhere),
    ),
    Case(
        name="administrator deletes a version of evidence",
        why="evidence would be gone",
        act=lambda f: f.admin_s3.delete_object(
            Bucket=f.perimeter.evidence, Key="head.json", VersionId=f.evidence_version
        ),
    ),
    Case(
        name="administrator deletes evidence past governance",
        why="compliance mode has no way past",
        act=lambda f: f.admin_s3.delete_object(
            Bucket=f.perimeter.evidence,
            Key="head.json",
            VersionId=f.evidence_version,
            BypassGovernanceRetention=True,
        ),
    ),
    Case(
        name="administrator hides evidence behind a delete marker",
        why="who looks at the newest only would not see it",
        act=lambda f: (f.evidence_version, f.admin_s3.delete_object(Bucket=f.perimeter.evidence, Key="head.json")),
    ),
    Case(
        name="administrator shortens the lock of evidence",
        why="it could be deleted then",
        act=lambda f: f.admin_s3.put_object_retention(**_retention(f)),
    ),
    Case(name="administrator weakens the lock of new evidence", why="it could be deleted then", act=_unlock),
    Case(
        name="administrator opens evidence by policy",
        why="the policy is a lock too",
        act=lambda f: f.admin_s3.delete_bucket_policy(Bucket=f.perimeter.evidence),
    ),
    Case(
        name="the account's root deletes a version of evidence",
        why="compliance mode binds the root too",
        act=lambda f: f.root_s3.delete_object(
            Bucket=f.perimeter.evidence, Key="head.json", VersionId=f.evidence_version
        ),
    ),
)
