"""Ways past the gate: everybody but the releaser writing, opening a way out, or taking the locks off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attack.case import Case
from attack.field import NONCE, TAGGED

if TYPE_CHECKING:
    from attack.field import Field

OPEN = {"Version": "2012-10-17", "Statement": []}


def _put(field: Field, bucket: str, **more: Any) -> Any:
    return field.admin_s3.put_object(Bucket=bucket, Key="by-hand.csv", Body=b"1", **more)


def _copy(field: Field, bucket: str) -> Any:
    field.admin_s3.put_object(Bucket=field.perimeter.staging, Key="by-hand.csv", Body=b"1")
    source = {"Bucket": field.perimeter.staging, "Key": "by-hand.csv"}
    return field.admin_s3.copy_object(Bucket=bucket, Key="by-hand.csv", CopySource=source)


def _presigned(field: Field, bucket: str) -> Any:
    url = field.admin_s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "presigned.csv"})
    return field.http("PUT", url, b"1")


def _form(field: Field, bucket: str) -> Any:
    form = field.admin_s3.generate_presigned_post(bucket, "form.csv")
    lines = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in form["fields"].items()]
    lines.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n1\r\n--x--\r\n')
    return field.http(
        "POST", form["url"], "".join(lines).encode(), **{"Content-Type": "multipart/form-data; boundary=x"}
    )


def _tag(field: Field, bucket: str, key: str) -> Any:
    tags = {"TagSet": [{"Key": "clearance", "Value": NONCE}]}
    return field.admin_s3.put_object_tagging(Bucket=bucket, Key=key, Tagging=tags)


def _part(field: Field) -> Any:
    key, upload = field.upload
    return field.admin_s3.upload_part(Bucket=field.egress, Key=key, UploadId=upload, PartNumber=1, Body=b"1")


def _complete(field: Field) -> Any:
    key, upload = field.upload
    part = field.releaser(key).upload_part(Bucket=field.egress, Key=key, UploadId=upload, PartNumber=2, Body=b"2")
    parts = {"Parts": [{"PartNumber": 2, "ETag": part["ETag"]}]}
    return field.admin_s3.complete_multipart_upload(
        Bucket=field.egress, Key=key, UploadId=upload, MultipartUpload=parts
    )


def _elsewhere(field: Field, key: str = "gone.csv") -> dict[str, Any]:
    field.root_s3.put_object(Bucket=field.elsewhere, Key=key, Body=b"1")
    return {"Bucket": field.elsewhere, "Key": key}


WRITING = (
    Case(
        name="administrator puts an object",
        why="the plain way past the gate",
        act=lambda f: _put(f, f.egress),
        control=lambda f: _put(f, f.elsewhere),
    ),
    Case(
        name="administrator puts an object with a made-up clearance tag",
        why="an object's tag is not a clearance",
        act=lambda f: _put(f, f.egress, **TAGGED),
        control=lambda f: _put(f, f.elsewhere, **TAGGED),
    ),
    Case(
        name="administrator copies from staging",
        why="a copy by hand is not judged",
        act=lambda f: _copy(f, f.egress),
        control=lambda f: _copy(f, f.elsewhere),
    ),
    Case(
        name="administrator begins an upload in parts",
        why="parts carry no tags",
        act=lambda f: f.admin_s3.create_multipart_upload(Bucket=f.egress, Key="parts-by-hand.bin"),
        control=lambda f: f.admin_s3.create_multipart_upload(Bucket=f.elsewhere, Key="parts-by-hand.bin"),
    ),
    Case(name="administrator adds a part to the releaser's upload", why="other bytes under a clearance", act=_part),
    Case(name="administrator completes the releaser's upload", why="half a file under a clearance", act=_complete),
    Case(
        name="administrator's presigned URL",
        why="somebody without an account writes",
        act=lambda f: _presigned(f, f.egress),
        control=lambda f: _presigned(f, f.elsewhere),
    ),
    Case(
        name="administrator's form (POST policy)",
        why="a browser writes",
        act=lambda f: _form(f, f.egress),
        control=lambda f: _form(f, f.elsewhere),
    ),
    Case(
        name="administrator tags what was planted",
        why="a late tag would make it look cleared",
        act=lambda f: _tag(f, f.egress, f.uncleared_key),
        control=lambda f: _tag(f, f.elsewhere, "legitimate.csv"),
    ),
    Case(
        name="administrator takes a clearance's tag away",
        why="nobody could tell any more what was cleared",
        act=lambda f: f.admin_s3.delete_object_tagging(Bucket=f.egress, Key=f.cleared_key),
        control=lambda f: f.admin_s3.delete_object_tagging(Bucket=f.elsewhere, Key="legitimate.csv"),
    ),
    Case(
        name="administrator reads what was planted",
        why="what nobody cleared is not handed on",
        act=lambda f: f.admin_s3.get_object(Bucket=f.egress, Key=f.uncleared_key),
        control=lambda f: f.admin_s3.get_object(Bucket=f.elsewhere, Key="legitimate.csv"),
    ),
    Case(
        name="administrator deletes what was sent",
        why="the proof of what left would be gone",
        act=lambda f: f.admin_s3.delete_object(Bucket=f.egress, Key=f.cleared_key),
        control=lambda f: f.admin_s3.delete_object(**_elsewhere(f)),
    ),
    Case(
        name="administrator deletes a version of what was sent",
        why="the proof of what left would be gone for good",
        act=lambda f: f.admin_s3.delete_object(
            Bucket=f.egress, Key=f.cleared_key, VersionId=f.version_of(f.egress, f.cleared_key)
        ),
    ),
    Case(
        name="administrator deletes many at once",
        why="another request that deletes",
        act=lambda f: f.admin_s3.delete_objects(Bucket=f.egress, Delete={"Objects": [{"Key": f.cleared_key}]}),
        control=lambda f: f.admin_s3.delete_objects(
            Bucket=f.elsewhere, Delete={"Objects": [{"Key": _elsewhere(f)["Key"]}]}
        ),
    ),
    Case(
        name="administrator makes an object public",
        why="an ACL goes past policies",
        act=lambda f: f.admin_s3.put_object_acl(Bucket=f.egress, Key=f.cleared_key, ACL="public-read"),
        control=lambda f: f.admin_s3.put_object_acl(Bucket=f.elsewhere, Key="legitimate.csv", ACL="public-read"),
    ),
)


def _configured(call: str, /, **parameters: Any) -> dict[str, Any]:
    return {
        "act": lambda f: getattr(f.admin_s3, call)(Bucket=f.egress, **parameters),
        "control": lambda f: getattr(f.admin_s3, call)(Bucket=f.elsewhere, **parameters),
    }


def _policy(field: Field, bucket: str) -> Any:
    arn = f"arn:aws:s3:::{bucket}/*"
    who = {"AWS": field.users.administrator.arn}
    allow = {"Effect": "Allow", "Principal": who, "Action": "s3:*", "Resource": arn}
    return field.admin_s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(OPEN | {"Statement": [allow]}))


def _logging(field: Field, bucket: str) -> Any:
    target = {"TargetBucket": field.elsewhere, "TargetPrefix": "log/"}
    return field.admin_s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})


def _replication(field: Field, bucket: str) -> Any:
    target = "replica-of-the-perimeter"
    if target not in field.kept:
        field.kept[target] = True
        field.root_s3.create_bucket(Bucket=target, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        field.root_s3.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": f"arn:aws:s3:::{target}"}}
    asked = {"Role": field.perimeter.gate_role_arn, "Rules": [rule]}
    return field.admin_s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=asked)


def _access_point(field: Field, bucket: str) -> Any:
    """Make an access point, which the bucket's account may, and write through it."""
    control = field.admin.client("s3control")
    account = field.perimeter.account

    def address(request: Any, **_: Any) -> None:
        request.url = request.url.replace(f"//{account}.", "//", 1)

    control.meta.events.register("before-sign.s3-control", address)
    made = control.create_access_point(AccountId=account, Name="way-round", Bucket=bucket)
    try:
        return field.admin_s3.put_object(Bucket=made["Alias"], Key="way-round.csv", Body=b"1")
    finally:
        control.delete_access_point(AccountId=account, Name="way-round")


EXPIRE = {"Rules": [{"ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}
AES = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
NOT_BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), False
)

OPENING = (
    Case(
        name="administrator writes another bucket policy",
        why="the policy is the lock",
        act=lambda f: _policy(f, f.egress),
        control=lambda f: _policy(f, f.elsewhere),
    ),
    Case(
        name="administrator deletes the bucket policy",
        why="the policy is the lock",
        **_configured("delete_bucket_policy"),
    ),
    Case(
        name="administrator lifts the public access block",
        why="the internet reads",
        **_configured("put_public_access_block", PublicAccessBlockConfiguration=NOT_BLOCKED),
    ),
    Case(
        name="administrator deletes the public access block",
        why="the internet reads",
        **_configured("delete_public_access_block"),
    ),
    Case(
        name="administrator gives the bucket to everybody by ACL",
        why="the internet reads",
        **_configured("put_bucket_acl", ACL="public-read"),
    ),
    Case(
        name="administrator replicates to another bucket",
        why="a copy of everything that is sent, elsewhere",
        act=lambda f: _replication(f, f.egress),
        control=lambda f: _replication(f, f.elsewhere),
    ),
    Case(
        name="administrator makes a website of it",
        why="the internet reads",
        **_configured("put_bucket_website", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}),
    ),
    Case(
        name="administrator lets writers own their objects",
        why="ACLs would count again",
        **_configured(
            "put_bucket_ownership_controls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
    ),
    Case(
        name="administrator stops keeping versions",
        why="a delete would leave no trace",
        **_configured("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
    ),
    Case(
        name="administrator changes the default encryption",
        why="the key is the second lock",
        **_configured("put_bucket_encryption", ServerSideEncryptionConfiguration=AES),
    ),
    Case(
        name="administrator lets everything expire",
        why="deletes what was sent without a delete",
        **_configured("put_bucket_lifecycle_configuration", LifecycleConfiguration=EXPIRE),
    ),
    Case(
        name="administrator lets other origins read",
        why="pages of others read with a colleague's session",
        **_configured(
            "put_bucket_cors",
            CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
        ),
    ),
    Case(
        name="administrator has access logged elsewhere",
        why="names of everything that is sent",
        act=lambda f: _logging(f, f.egress),
        control=lambda f: _logging(f, f.elsewhere),
    ),
    Case(
        name="administrator is notified of each object",
        why="names of everything that is sent",
        **_configured("put_bucket_notification_configuration", NotificationConfiguration={}),
    ),
    Case(
        name="administrator writes through an access point",
        why="an access point has a policy of its own",
        act=lambda f: _access_point(f, f.egress),
        control=lambda f: _access_point(f, f.elsewhere),
    ),
)
