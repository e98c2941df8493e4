"""Where the attacks happen: the perimeter on a real server, everybody's sessions, and a gate with clearances."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gating.files import stage
from gating.gate import Gate
from integration.fixtures_s3 import session_of

from geogate.destinations.s3_session import session_policy
from geogate.gate.home import initialise
from geogate.model.lifecycle import State
from infra.keys import Keys
from infra.ministack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import boto3

    from geogate.gate.house import House
    from geogate.model.names import Nonce
    from infra.deploy import Perimeter
    from infra.ministack import Ministack
    from infra.users import DemoUsers

NONCE = "0123456789abcdef" * 2
ELSEWHERE = "outside-of-the-perimeter"
TAGGED: Any = {"Tagging": f"clearance={NONCE}"}


@dataclass(kw_only=True)
class Field:
    """Everybody who acts, and what they act on; things are made when they are first needed."""

    server: Ministack
    perimeter: Perimeter
    users: DemoUsers
    folder: Path
    kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def egress(self) -> str:
        """The bucket that it is all about."""
        return self.perimeter.egress

    @cached_property
    def admin(self) -> boto3.Session:
        """An administrator, whose own permissions allow everything."""
        return session_of(self.users.administrator.keys)

    @cached_property
    def broker(self) -> boto3.Session:
        """The user under which the gate sends."""
        return session_of(self.users.worker.keys)

    @cached_property
    def admin_s3(self) -> Any:
        return self.admin.client("s3")

    @cached_property
    def broker_s3(self) -> Any:
        return self.broker.client("s3")

    @cached_property
    def root_s3(self) -> Any:
        """Past all policies: to set up and to look."""
        return session_of(ROOT).client("s3")

    @cached_property
    def sts(self) -> Any:
        return self.broker.client("sts")

    @cached_property
    def pipeline(self) -> boto3.Session:
        """A pipeline whose own permissions allow everything, within the boundary."""
        iam = session_of(ROOT).client("iam")
        iam.create_user(UserName="attack-pipeline", PermissionsBoundary=self.perimeter.worker_boundary_arn)
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="attack-pipeline", PolicyName="all", PolicyDocument=json.dumps(everything))
        key = iam.create_access_key(UserName="attack-pipeline")["AccessKey"]
        return session_of(Keys(id=key["AccessKeyId"], secret=key["SecretAccessKey"]))

    def role(self, arn: str) -> boto3.Session:
        """Start what runs under a role of the perimeter."""
        if arn not in self.kept:
            answer = self.admin.client("sts").assume_role(RoleArn=arn, RoleSessionName="attack")
            self.kept[arn] = _session(answer)
        found: boto3.Session = self.kept[arn]
        return found

    def become(self, **changes: Any) -> boto3.Session:
        """Become the releaser with the broker's own key, as the parameters say."""
        asked: dict[str, Any] = {
            "RoleArn": self.perimeter.releaser_role_arn,
            "RoleSessionName": f"geogate-{NONCE}",
            "Tags": [{"Key": "clearance", "Value": NONCE}],
        }
        return _session(self.sts.assume_role(**(asked | changes)))

    @cached_property
    def unbound(self) -> boto3.Session:
        """The releaser with a clearance, but without the policy that the broker gives a session."""
        return self.become()

    def releaser(self, key: str, *, ends: str = "2999-01-01T00:00:00Z") -> Any:
        """Return a client of the releaser for one key, as the broker makes it."""
        if (key, ends) not in self.kept:
            until = datetime.fromisoformat(ends)
            policy = session_policy("aws", self.egress, key, writes_until=until)
            self.kept[key, ends] = self.become(Policy=policy).client("s3")
        return self.kept[key, ends]

    @cached_property
    def cleared_key(self) -> str:
        """An object that lies in egress under a clearance."""
        self.releaser("legitimate.csv").put_object(Bucket=self.egress, Key="legitimate.csv", Body=b"1", **TAGGED)
        return "legitimate.csv"

    @cached_property
    def uncleared_key(self) -> str:
        """An object that lies in egress without a clearance's tag, however it came there."""
        self.root_s3.put_object(Bucket=self.egress, Key="planted.csv", Body=b"1")
        return "planted.csv"

    @cached_property
    def elsewhere(self) -> str:
        """A bucket of the same account that nothing protects, with an object."""
        where: Any = {"LocationConstraint": "eu-central-1"}
        self.root_s3.create_bucket(Bucket=ELSEWHERE, CreateBucketConfiguration=where, ObjectOwnership="ObjectWriter")
        self.root_s3.delete_public_access_block(Bucket=ELSEWHERE)
        self.root_s3.put_bucket_versioning(Bucket=ELSEWHERE, VersioningConfiguration={"Status": "Enabled"})
        self.root_s3.put_object(Bucket=ELSEWHERE, Key="legitimate.csv", Body=b"1")
        return ELSEWHERE

    @cached_property
    def evidence_version(self) -> str:
        """A piece of evidence that the gate has kept."""
        where = {"Bucket": self.perimeter.evidence, "Key": "head.json"}
        return str(self.broker_s3.put_object(**where, Body=b"{}")["VersionId"])

    @cached_property
    def upload(self) -> tuple[str, str]:
        """An upload in parts that the releaser has begun."""
        key = "parts.bin"
        return key, self.releaser(key).create_multipart_upload(Bucket=self.egress, Key=key, **TAGGED)["UploadId"]

    def version_of(self, bucket: str, key: str) -> str:
        """Return the newest version of an object."""
        return str(self.root_s3.head_object(Bucket=bucket, Key=key)["VersionId"])

    def stored(self) -> set[str]:
        """Name everything that lies in egress."""
        pages = self.root_s3.get_paginator("list_object_versions").paginate(Bucket=self.egress)
        pages = list(pages)
        assert not any(page.get("DeleteMarkers") for page in pages)
        return {version["Key"] for page in pages for version in page.get("Versions", [])}

    def http(self, method: str, url: str, body: bytes | None = None, **headers: str) -> int:
        """Ask without any client's help."""
        request = urllib.request.Request(url, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request) as answer:
            status: int = answer.status
            return status

    @cached_property
    def gate(self) -> Gate:
        """A gate that sends to egress."""
        return self._gate("gate")

    def _gate(self, name: str) -> Gate:
        gate = Gate(root=self.folder / name)
        gate.policies.build()
        gate.outbox.mkdir()
        list(initialise(gate.house().settings))
        gate.policies.write_recipients({"uri": self.to(name), "owner": self.perimeter.account})
        gate.settings["GEOGATE_RELEASER_ROLE"] = self.perimeter.releaser_role_arn
        return gate

    def to(self, name: str = "gate") -> str:
        """Where the partner gets the data."""
        return f"s3://{self.egress}/{name}/"

    def clear(self, stem: str) -> Nonce:
        """Have a dataset of its own judged and cleared."""
        number = len(self.kept)
        self.kept[f"cleared {stem}"] = stem
        path = stage("CSV", self.gate.staged, [(float(number % 60), 47.1)], stem=stem)
        return self.gate.clear(path, destination=self.to())

    @cached_property
    def unspent(self) -> Nonce:
        """A clearance that is good and not used yet."""
        return self.clear("unspent")

    @cached_property
    def spent(self) -> Nonce:
        """A clearance that was used."""
        nonce = self.clear("spent")
        self.gate.send(nonce)
        return nonce

    @cached_property
    def died(self) -> Nonce:
        """A clearance whose sending died right after its claim."""
        nonce, house = self.clear("died"), self.house
        with self.gate.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.claim(nonce)
        return nonce

    @cached_property
    def withdrawn(self) -> Nonce:
        """A clearance whose request was withdrawn before it was used."""
        nonce = self.clear("withdrawn")
        request = self.gate.clearance(nonce)[0].request
        house = self.house
        with self.gate.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.move(request, State.WITHDRAWN, reason="it must not leave after all")
        return nonce

    @cached_property
    def late(self) -> tuple[Gate, Nonce]:
        """A gate whose clock says that its clearance has expired."""
        gate = self._gate("late")
        gate.now = datetime.now(UTC)
        nonce = gate.clear(stage("CSV", gate.staged, stem="late"), destination=self.to("late"))
        gate.now += timedelta(days=400)
        return gate, nonce

    @property
    def house(self) -> House:
        """The surroundings of the gate."""
        return self.gate.house()


def _session(answer: Any) -> boto3.Session:
    keys = answer["Credentials"]
    return session_of(Keys(id=keys["AccessKeyId"], secret=keys["SecretAccessKey"], token=keys["SessionToken"]))
