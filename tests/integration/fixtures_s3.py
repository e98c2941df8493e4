"""A real S3 server with the perimeter deployed, once for all tests, and the keys of those who meet there."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
import pytest

from geogate.destinations.channel import ChannelSettings
from geogate.destinations.leave import Leave
from geogate.model.dataset import FileDigest, content_digest
from geogate.model.names import Nonce, PolicyName, RecipientId, RequestId, Sha256
from geogate.model.release import Clearance

sys.path.append(str(Path(__file__).resolve().parents[2]))  # infra has scripts and is not installed

from infra.deploy import Perimeter, deploy_demo
from infra.ministack import ROOT, Ministack, ministack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from types_boto3_s3 import S3Client

    from infra.keys import Keys
    from infra.users import DemoUsers


_LOADER = botocore.loaders.create_loader()  # the service models are read once for all sessions


def session_of(keys: Keys) -> boto3.Session:
    """Return a session with these keys; the endpoint comes from the environment that ``s3_server`` sets."""
    core = botocore.session.Session()
    core.register_component("data_loader", _LOADER)
    return boto3.Session(keys.id, keys.secret, keys.token or None, botocore_session=core)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    """Run the server; boto3 finds it through the environment, where there are no credentials."""
    with ministack(tmp_path_factory.mktemp("ministack")) as server, pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in server.environment(ROOT).items():
            patch.setenv(name, value)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield server


@pytest.fixture(scope="session")
def deployed(s3_server: Ministack) -> tuple[Perimeter, DemoUsers]:
    """Deploy the perimeter and its users once."""
    assert s3_server.port
    return deploy_demo(session_of(ROOT))


@pytest.fixture(scope="session")
def perimeter(deployed: tuple[Perimeter, DemoUsers]) -> Perimeter:
    """Return the deployed perimeter."""
    return deployed[0]


@pytest.fixture(scope="session")
def demo_users(deployed: tuple[Perimeter, DemoUsers]) -> DemoUsers:
    """Return the administrator and the worker."""
    return deployed[1]


@pytest.fixture(scope="session")
def root_s3(perimeter: Perimeter) -> S3Client:
    """Return a client that skips all policies: to look and to set up, never to prove that something is allowed."""
    assert perimeter.account
    client: S3Client = session_of(ROOT).client("s3")
    return client


@pytest.fixture(scope="session")
def admin_keys(demo_users: DemoUsers) -> Keys:
    """Return the keys of an ordinary administrator, whose own permissions allow everything."""
    return demo_users.administrator.keys


@pytest.fixture(scope="session")
def admin_session(admin_keys: Keys) -> boto3.Session:
    """Return the administrator's session."""
    return session_of(admin_keys)


@pytest.fixture(scope="session")
def worker_keys(demo_users: DemoUsers) -> Keys:
    """Return the keys of the user under which the gate runs."""
    return demo_users.worker.keys


@pytest.fixture(scope="session")
def worker_session(worker_keys: Keys) -> boto3.Session:
    """Return the session of the user under which the gate runs."""
    return session_of(worker_keys)


@pytest.fixture
def as_worker(s3_server: Ministack, worker_keys: Keys, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the worker's credentials into the environment, as a gate has them; also for the environment of a process."""
    environment = s3_server.environment(worker_keys)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@dataclass(slots=True)
class Trusting:
    """A broker that allows whatever it is asked, for tests of a channel alone."""

    nonce: Nonce
    writes_until: datetime | None = datetime(2030, 1, 2, tzinfo=UTC)
    asked: list[str] = field(default_factory=list)

    def leave(self, uri: str) -> Leave:
        """Allow it."""
        self.asked.append(uri)
        return Leave(nonce=self.nonce, writes_until=self.writes_until)


def nonce_of(destination: str) -> Nonce:
    """Return the nonce that clearances for the destination have."""
    return Nonce(hashlib.sha256(destination.encode()).hexdigest()[:32])


def releasing(perimeter: Perimeter, destination: str, **more: Any) -> ChannelSettings:
    """Return settings with which a channel becomes the releaser without a ledger."""
    broker = Trusting(nonce_of(destination))
    return ChannelSettings(releaser_role=perimeter.releaser_role_arn, broker=broker, **more)


def stage(folder: Path, contents: dict[str, bytes]) -> list[tuple[FileDigest, Path]]:
    """Write files and describe them as the gate hands them to a channel."""
    staged = []
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sha256 = Sha256(hashlib.sha256(content).hexdigest())
        staged.append((FileDigest(name=name, size=len(content), sha256=sha256), path))
    return staged


def clearance_for(
    staged: Sequence[tuple[FileDigest, Path]], *, destination: str, owner: str = "", **changes: Any
) -> Clearance:
    """Make a clearance as the gate would; its nonce follows from the destination."""
    files = tuple(digest for digest, _ in staged)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    fields: dict[str, Any] = {
        "nonce": nonce_of(destination),
        "request": RequestId("r1"),
        "files": files,
        "artefact": content_digest(files) if files else Sha256("0" * 64),
        "recipient": RecipientId("acme"),
        "destination": destination,
        "destination_owner": owner,
        "policy": PolicyName("baseline"),
        "policy_digest": Sha256("1" * 64),
        "recipients_digest": Sha256("2" * 64),
        "zones": (),
        "issued_at": now,
        "expires_at": now + timedelta(days=1),
    }
    return Clearance(**(fields | changes))
