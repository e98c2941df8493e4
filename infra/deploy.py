"""Deploys the egress perimeter by CloudFormation and reads back what came of it; ``CREATE_COMPLETE`` is no proof.

Run it as ``python -m infra.deploy --help`` from the root of the repository; boto3's usual variables name the
endpoint, the region and the credentials.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from geogate.destinations.perimeter_compare import Line, Outcome, compare
from geogate.model.errors import GeogateError
from infra.users import DemoUsers, create_demo_users

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATE: Final = Path(__file__).with_name("perimeter.yaml")
PREFIX: Final = "geogate"
EVIDENCE_DAYS: Final = 2555
PART_DAYS: Final = 2
KEYS: Final = ("Staging", "Egress", "Evidence")
BOUNDARIES: Final = {
    "releaser": "releaser-boundary",
    "pipeline": "worker-boundary",
    "gate": "house-boundary",
    "console": "house-boundary",
    "auditor": "house-boundary",
}
WAITER: Final[Any] = {"Delay": 1, "MaxAttempts": 600}


class PerimeterError(RuntimeError):
    """The perimeter is not as it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a deployment chooses; an ARN that is empty means what the template says of it.

    ``broker_arn`` is the user or role under which the gate sends. ``tls`` is false for a server on loopback only.
    ``complete`` applies what the server's CloudFormation dropped, and reports it.
    """

    broker_arn: str = ""
    runtime_arn: str = ""
    auditor_arn: str = ""
    keeper_arn: str = ""
    prefix: str = PREFIX
    tls: bool = True
    evidence_days: int = EVIDENCE_DAYS
    complete: bool = False

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the template."""
        return {
            "Prefix": self.prefix,
            "BrokerArn": self.broker_arn,
            "RuntimeArn": self.runtime_arn,
            "AuditorArn": self.auditor_arn,
            "KeeperArn": self.keeper_arn,
            "RequireTls": "true" if self.tls else "false",
            "EvidenceDays": str(self.evidence_days),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeter:
    """A perimeter that was read back; ``completed`` says what had to be applied besides the stack."""

    account: str
    staging: str
    egress: str
    evidence: str
    releaser_role_arn: str
    worker_role_arn: str
    gate_role_arn: str
    console_role_arn: str
    auditor_role_arn: str
    gate_policy_arn: str
    worker_boundary_arn: str
    egress_key_arn: str
    parameters: dict[str, str]
    completed: tuple[str, ...] = ()


def deploy(session: boto3.Session, options: Options) -> Perimeter:
    """Create or update the perimeter, wait for it, and read it back.

    Raises: PerimeterError when the stack fails or anything differs from the template.
    """
    outputs = _stack(session, options)
    account = session.client("sts").get_caller_identity()["Account"]
    completed: tuple[str, ...] = ()
    bad = _bad(session, options)
    if bad and options.complete:
        completed = tuple(_complete(session, line, outputs, options) for line in bad)
        bad = _bad(session, options)
    if bad:
        raise PerimeterError("the perimeter is not whole: " + "; ".join(map(_said, bad)))
    return Perimeter(
        account=account,
        staging=outputs["StagingBucket"],
        egress=outputs["EgressBucket"],
        evidence=outputs["EvidenceBucket"],
        releaser_role_arn=outputs["ReleaserRoleArn"],
        worker_role_arn=outputs["WorkerRoleArn"],
        gate_role_arn=outputs["GateRoleArn"],
        console_role_arn=outputs["ConsoleRoleArn"],
        auditor_role_arn=outputs["AuditorRoleArn"],
        gate_policy_arn=outputs["GatePolicyArn"],
        worker_boundary_arn=outputs["WorkerBoundaryArn"],
        egress_key_arn=outputs["EgressKeyArn"],
        parameters=options.parameters,
        completed=completed,
    )


def deploy_demo(
    session: boto3.Session, *, prefix: str = PREFIX, evidence_days: int = EVIDENCE_DAYS
) -> tuple[Perimeter, DemoUsers]:
    """Deploy on a server on loopback, with the users of the demonstration.

    Raises: PerimeterError, ClientError.
    """
    users = create_demo_users(session, prefix=prefix)
    options = Options(
        broker_arn=users.worker.arn,
        runtime_arn=users.administrator.arn,
        prefix=prefix,
        tls=False,
        evidence_days=evidence_days,
        complete=True,
    )
    perimeter = deploy(session, options)
    allow_worker(session, perimeter, users)
    return perimeter, users


def allow_worker(session: boto3.Session, perimeter: Perimeter, users: DemoUsers) -> None:
    """Give the worker the gate's permissions, which do not include writing egress."""
    session.client("iam").attach_user_policy(UserName=users.worker.name, PolicyArn=perimeter.gate_policy_arn)


def _stack(session: boto3.Session, options: Options) -> dict[str, str]:
    cloudformation = session.client("cloudformation")
    name = f"{options.prefix}-perimeter"
    call: Any = {
        "StackName": name,
        "TemplateBody": TEMPLATE.read_text(encoding="utf-8"),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in options.parameters.items()],
    }
    try:
        cloudformation.create_stack(**call)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=WAITER)
    except cloudformation.exceptions.AlreadyExistsException:
        _update(cloudformation, call)
    except BotoCoreError as error:
        raise PerimeterError(f"the stack {name} was not created: its events say why") from error
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _update(cloudformation: Any, call: Any) -> None:
    try:
        cloudformation.update_stack(**call)
        cloudformation.get_waiter("stack_update_complete").wait(StackName=call["StackName"], WaiterConfig=WAITER)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    except BotoCoreError as error:
        raise PerimeterError(f"the stack {call['StackName']} was not updated: its events say why") from error


def _bad(session: boto3.Session, options: Options) -> list[Line]:
    template = TEMPLATE.read_text(encoding="utf-8")
    return [line for line in compare(template, options.parameters, session=session) if line.bad]


def _said(line: Line) -> str:
    return f"{line.resource}: {line.trait} {line.outcome} ({line.said})"


def _complete(session: boto3.Session, line: Line, outputs: dict[str, str], options: Options) -> str:
    """Apply what the server's CloudFormation drops; nothing else is ever repaired.

    Raises: PerimeterError for anything else.
    """
    s3 = session.client("s3")
    where: Any = {"Bucket": line.resource}
    if line.outcome is not Outcome.DEVIATES:
        raise PerimeterError(f"the perimeter is not whole: {_said(line)}")
    match line.trait:
        case "lifecycle":
            abort = {"DaysAfterInitiation": PART_DAYS}
            rule: Any = {
                "ID": "abandoned-parts",
                "Status": "Enabled",
                "Filter": {},
                "AbortIncompleteMultipartUpload": abort,
            }
            s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": [rule]})
        case "object lock":
            kept = {"Mode": "COMPLIANCE", "Days": options.evidence_days}
            lock: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": kept}}
            s3.put_object_lock_configuration(**where, ObjectLockConfiguration=lock)
        case "encryption":
            key = next(outputs[f"{name}KeyArn"] for name in KEYS if outputs[f"{name}Bucket"] == line.resource)
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            encryption: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}
            s3.put_bucket_encryption(**where, ServerSideEncryptionConfiguration=encryption)
        case "boundary":
            role = line.resource.removeprefix("role ")
            boundary = BOUNDARIES[role.removeprefix(f"{options.prefix}-")]
            arn = outputs["GatePolicyArn"].removesuffix("-gate") + f"-{boundary}"
            session.client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
        case _:
            raise PerimeterError(f"the perimeter is not whole: {_said(line)}")
    return f"{line.resource}: {line.trait} applied, because CloudFormation had dropped it"


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy as the command line says; the perimeter goes to standard output as JSON."""
    chosen = _parse(arguments)
    session = boto3.Session()
    try:
        users = create_demo_users(session, prefix=chosen.prefix) if chosen.demo_users else None
        options = Options(
            broker_arn=users.worker.arn if users else chosen.broker_arn or "",
            runtime_arn=users.administrator.arn if users else chosen.runtime_arn,
            auditor_arn=chosen.auditor_arn,
            keeper_arn=chosen.keeper_arn,
            prefix=chosen.prefix,
            tls=not chosen.plain_http,
            evidence_days=chosen.evidence_days,
            complete=chosen.complete,
        )
        perimeter = deploy(session, options)
        if users:
            allow_worker(session, perimeter, users)
            _save(chosen.demo_users, users)
    except (PerimeterError, ClientError, BotoCoreError, GeogateError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 5
    for line in perimeter.completed:
        print(f"note: {line}", file=sys.stderr)
    print(json.dumps(asdict(perimeter), indent=2))
    return 0


def _save(path: Path, users: DemoUsers) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(users), file, indent=2)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--broker-arn", default="", help="the IAM user or role that sends; the gate's role unless named")
    who.add_argument(
        "--demo-users", type=Path, metavar="FILE", help="create an administrator and a worker; their keys go to FILE"
    )
    parser.add_argument("--runtime-arn", default="", help="who starts pipelines, gate and console; ECS unless named")
    parser.add_argument("--auditor-arn", default="", help="who becomes the auditor; the account unless named")
    parser.add_argument("--keeper-arn", default="", help="who changes the buckets; the root user unless named")
    parser.add_argument("--prefix", default=PREFIX, help="first part of all names (%(default)s)")
    parser.add_argument("--evidence-days", type=int, default=EVIDENCE_DAYS, help="retention (%(default)s)")
    parser.add_argument("--plain-http", action="store_true", help="for a server on loopback without TLS")
    parser.add_argument(
        "--complete", action="store_true", help="apply what the server's CloudFormation drops, and say so"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
