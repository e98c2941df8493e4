"""Where a run happens: a perimeter on a store that dies, a ledger in a database that dies, and one gate's home."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from chaos.check import Evidence, Request, Stored
from chaos.moments import Target
from chaos.servers import Database, Store, descendants
from gating.gate import Gate
from integration.fixtures_s3 import session_of

from geogate.gate.home import initialise
from geogate.ledger.ledger import Ledger
from geogate.seal.staging import ABANDONED_S
from infra.deploy import Perimeter, deploy_demo
from infra.ministack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from chaos.plan import Planned

    from geogate.gate.house import House, Wish
LEDGER: Final = "ledger"
WRITER: Final = "gate_writer"
PREFIX: Final = "chaos/"
STUCK: Final = timedelta(days=8)
"""After so long the gate itself ends what nobody went on with."""

GRACE_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A gate with its servers; ``environment`` is what a worker acts in."""

    store: Store
    database: Database
    gate: Gate
    perimeter: Perimeter
    environment: Mapping[str, str]

    @property
    def servers(self) -> dict[Target, Any]:
        """What dies besides processes."""
        return {Target.STORE: self.store, Target.DATABASE: self.database}

    @property
    def destination(self) -> str:
        """Where the partner gets the data."""
        return f"s3://{self.perimeter.egress}/{PREFIX}"

    def wish(self, planned: Planned) -> Wish:
        """Say what is asked for."""
        return self.gate.wish(*planned.files, destination=self.destination)

    def root(self) -> Any:
        """Return a client past all policies, to look and to plant."""
        return session_of(ROOT).client("s3")

    def house(self, actor: str = "auditor") -> House:
        """Return the surroundings of somebody who looks afterwards."""
        return self.gate.house(actor)

    def evidence(self, plan: Sequence[Planned], *, before: frozenset[int]) -> Evidence:
        """Gather what is left, when the gate has ended what nobody went on with.

        ``before`` are the processes that ran below this one before the workers were there.
        """
        names = {path.name: each.name for each in plan for path in each.files}
        left = [*self._left(before)]
        damage = [*self._damage()]
        self._end_stuck()
        return Evidence(
            fates={each.name: each.fate for each in plan},
            stored=tuple(self._stored()),
            uploads=tuple(self._uploads()),
            requests=tuple(self._requests(names)),
            damage=tuple(damage),
            left=tuple(left),
        )

    def _stored(self) -> Iterator[Stored]:
        bucket, client = self.perimeter.egress, self.root()
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for each in page.get("DeleteMarkers", []):
                yield Stored(uri=f"s3://{bucket}/{each['Key']}", version=each["VersionId"], sha256="")
            for each in page.get("Versions", []):
                body = client.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
                digest = hashlib.sha256(body).hexdigest()
                yield Stored(uri=f"s3://{bucket}/{each['Key']}", version=each["VersionId"], sha256=digest)

    def _uploads(self) -> Iterator[str]:
        for page in self.root().get_paginator("list_multipart_uploads").paginate(Bucket=self.perimeter.egress):
            yield from (each["Key"] for each in page.get("Uploads", []))

    def _requests(self, names: Mapping[str, str]) -> Iterator[Request]:
        with self.house().ledger() as ledger:
            for each in ledger.requests():
                kept, receipt = ledger.clearance_of(each.id), ledger.receipt(each.id)
                files = each.dataset.files if each.dataset else ()
                cleared = {kept[0].destination + file.name: str(file.sha256) for file in kept[0].files} if kept else {}
                yield Request(
                    id=str(each.id),
                    dataset=next((names[file.name] for file in files if file.name in names), ""),
                    state=str(each.state),
                    cleared=cleared,
                    received={each.uri: str(each.sha256) for each in receipt.deliveries} if receipt else {},
                )

    def _damage(self) -> Iterator[str]:
        """Verify the chain, compare it with the heads that are kept elsewhere, and let the audit look at everything."""
        from geogate.gate.anchors import anchor, compare
        from geogate.gate.audit import audit

        with self.house().ledger() as ledger:
            yield from (f"the ledger is damaged: {each.what}" for each in ledger.verify().problems)
        anchor(house=self.house())
        yield from (f"a head: {each.what}" for each in compare(house=self.house()).report.problems)
        # Past all policies: this server forgets the tags of uploads in parts, by which an auditor may read them.
        with patch.dict(os.environ, self.store.server.environment(ROOT)):
            report = audit(everything=True, house=self.house()).report
        yield from (f"the audit: {each.about} {each.kind}: {each.summary}" for each in report.urgent)

    def _end_stuck(self) -> None:
        from geogate.gate.reviews_times import expire

        later = datetime.now(UTC) + STUCK
        expire(house=replace(self.house(), clock=lambda: later))

    def _left(self, before: frozenset[int]) -> Iterator[str]:
        until = time.monotonic() + GRACE_S
        while (left := [*self._running(before)]) and time.monotonic() < until:
            time.sleep(0.2)
        yield from left
        work = self.gate.home / "staging" / "work"
        for path in work.glob("*"):
            os.utime(path, (time.time() - ABANDONED_S - 1,) * 2)
        with self.house().staging().scratch() as own:  # which clears away what the killed have left an hour ago
            yield from (f"{path.name} is left in the work of staging" for path in work.glob("*") if path != own)
        for path in sorted(self.gate.home.rglob("*.new")):
            yield f"{path.name} is left half-written"

    def _running(self, before: frozenset[int]) -> Iterator[str]:
        kept = set(before)
        for server in (self.store, self.database):
            kept |= {server.pid, *descendants(server.pid)}
        for pid in sorted({*descendants(os.getpid())} - kept):
            yield f"process {pid} still runs"
        if connections := self.database.connections():
            yield f"{connections} connections to the database are open"


@contextmanager
def opened(folder: Path) -> Iterator[Field]:
    """Start both servers, deploy the perimeter, and initialise a gate that sends there; all is stopped at the end."""
    store, database = Store(folder), Database()
    try:
        store.start()
        database.start()
        with patch.dict(os.environ, store.server.environment(ROOT)):
            perimeter, users = deploy_demo(session_of(ROOT))
        store.keep()
        with database.connect() as connection:
            connection.execute(f"CREATE DATABASE {LEDGER}")
        with Ledger.create(database.url(LEDGER)) as ledger:
            ledger.let_write(WRITER)
        aws = store.server.environment(users.worker.keys)
        gate = Gate(root=folder / "gate")
        (folder / "heads").mkdir()
        gate.settings |= {
            "GEOGATE_LEDGER": database.url(LEDGER, user=WRITER),
            "GEOGATE_LEDGER_ANCHOR": str(folder / "heads"),
            "GEOGATE_RELEASER_ROLE": perimeter.releaser_role_arn,
        }
        gate.policies.build()
        uri = f"s3://{perimeter.egress}/{PREFIX}"
        gate.policies.write_recipients({"uri": uri, "owner": perimeter.account})
        with patch.dict(os.environ, aws):
            list(initialise(gate.house().settings))
            environment = gate.environment()
            yield Field(store=store, database=database, gate=gate, perimeter=perimeter, environment=environment)
    finally:
        store.stop()
        database.stop()
