"""The demonstration from its beginning to its end: set the stage, run the DAG, look at the bucket, review, show."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from infra.demo.bucket import arrived, copy_by_hand, keep_clearances, require_only_cleared, upload_staged
from infra.demo.flow import finish_migration, run_dag, start_migration
from infra.demo.folder import DemoError
from infra.demo.next_steps import next_steps, write_settings
from infra.demo.policies import write_policies
from infra.demo.surroundings import Stage, acting_in, clean_environment, session_of, worker_environment
from infra.deploy import deploy_demo
from infra.ministack import ROOT, ministack

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.gate.review import Tally
    from geogate.ledger.audit import LedgerReport
    from infra.demo.bucket import Arrived, ByHand
    from infra.demo.flow import Run
    from infra.demo.folder import Folder
    from infra.demo.outcomes import Outcome
    from infra.demo.show import Show


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the demonstration saw, for the report."""

    run: Run
    first: tuple[Outcome, ...]
    listed: tuple[Arrived, ...]
    by_hand: ByHand
    completed: tuple[str, ...]
    tallies: tuple[Tally, ...]
    last: tuple[Outcome, ...]
    listed_after: tuple[Arrived, ...]
    docs: Path
    ledger: LedgerReport


def tell(folder: Folder, *, show: Show) -> None:
    """Run everything and print it.

    Raises: DemoError when anything is not as it must be.
    """
    show.console.print("geogate: six exports of real data, one Airflow run, one bucket", style="bold")
    show.console.print()
    folder.renew()
    migration = start_migration(folder)
    try:
        with _set_stage(folder, show=show, migration=migration) as stage:
            seen = _play(stage, show=show)
    finally:
        migration.kill()
    write_settings(folder)
    _report(folder, seen, show=show)


@contextmanager
def _set_stage(folder: Folder, *, show: Show, migration: subprocess.Popen[bytes]) -> Iterator[Stage]:
    """Bring up the server and make everything that the DAG needs; inside, this process is the gate's worker.

    Raises: DemoError, MinistackError, PerimeterError.
    """
    with ministack(folder.server) as server:
        with (
            show.step("S3 server on loopback, the egress perimeter deployed and read back"),
            acting_in(clean_environment() | {"AWS_ENDPOINT_URL": server.endpoint}),
        ):
            perimeter, users = deploy_demo(session_of(ROOT))
        stage = Stage(folder=folder, server=server, perimeter=perimeter, users=users)
        with acting_in(worker_environment(stage)):
            with show.step("six exports staged: real data from airportsdata, bokeh-sampledata, Natural Earth"):
                from infra.demo.exports import EXPORTS, build

                build(EXPORTS, into=folder.outgoing, bucket=perimeter.egress)
            with show.step("geogate init: policies, signing key and ledger"):
                write_policies(folder, perimeter=perimeter)
                _initialise()
            with show.step("airflow db migrate"):
                finish_migration(migration)
            yield stage


def _initialise() -> None:
    from geogate.gate.home import initialise
    from geogate.gate.settings import Settings

    for _ in initialise(Settings.from_environment(os.environ)):
        pass


def _play(stage: Stage, *, show: Show) -> Seen:
    """Run the DAG, look at the bucket, let people review what is held, and look again.

    Raises: DemoError when anything is not as it must be.
    """
    from geogate.gate.history import verify_ledger
    from geogate.gate.house import House
    from infra.demo.docs import write_docs
    from infra.demo.exports import EXPORTS
    from infra.demo.outcomes import of_kind, outcomes, require_expected
    from infra.demo.people import approve_held, send_approved

    house = House.from_environment(actor="demo")
    bucket = stage.perimeter.egress
    with show.step("airflow dags test export_gate: each export through gate and send"):
        run = run_dag(stage, staged=upload_staged(stage))
        first = outcomes(house, bucket=bucket)
        require_expected(first)
    with show.step("the bucket listed, fetched and compared with the clearances; a copy by hand tried"):
        listed = arrived(stage)
        require_only_cleared(listed, first)
        denied = of_kind(first, "deny").export
        by_hand = copy_by_hand(stage, next((stage.folder.outgoing / denied.name).glob("*.csv")))
    with show.step("two reviewers approve the held release, it is sent, and the bucket listed again"):
        tallies = approve_held(of_kind(first, "hold"))
        send_approved(tallies[-1])
        last = outcomes(house, bucket=bucket)
        listed_after = arrived(stage)
        require_only_cleared(listed_after, last)
        keep_clearances(stage, last)
    with show.step("Data Docs of Great Expectations, offline; the ledger verified"):
        docs = write_docs(stage.folder, first)
        ledger = verify_ledger(house=house)
        if not ledger.whole:
            raise DemoError(f"the ledger has {len(ledger.problems)} problems")
    if len(listed_after) != len(listed) + 1 or len(first) != len(EXPORTS):
        raise DemoError("the reviewed release did not arrive as one more object")
    return Seen(
        run=run,
        first=first,
        listed=listed,
        by_hand=by_hand,
        completed=stage.perimeter.completed,
        tallies=tallies,
        last=last,
        listed_after=listed_after,
        docs=docs,
        ledger=ledger,
    )


def _report(folder: Folder, seen: Seen, *, show: Show) -> None:
    from infra.demo.outcomes import cleared_digests, of_kind
    from infra.demo.people import REVIEWERS

    show.title("What was staged in the staging bucket")
    show.staged()
    show.title("What became of it, and why")
    show.outcomes(seen.first)
    show.run(seen.run, log=folder.shown(folder.airflow_log))
    show.title("In the bucket after the run: what was cleared, and nothing else")
    show.arrived(seen.listed, cleared_digests(seen.first))
    show.title("Past the gate: a copy by hand with an administrator's key, whose own policy allows everything")
    show.by_hand(seen.by_hand)
    show.lines(Text(_caution(seen.completed), style="dim"))
    show.title("The held release: people decide")
    show.review(of_kind(seen.first, "hold"), seen.tallies, tuple(name for name, _ in REVIEWERS))
    show.lines("Sent. In the bucket now:")
    show.arrived(seen.listed_after, cleared_digests(seen.last))
    show.title("The ledger")
    show.ledger(seen.ledger)
    show.title("The full findings as Data Docs, offline")
    show.lines(folder.shown(seen.docs))
    show.title("What to try next")
    show.next_steps(next_steps(folder, seen.first))
    show.end()


def _caution(completed: tuple[str, ...]) -> str:
    """Say what the server that was used does not prove."""
    dropped = (
        f" Its CloudFormation had dropped {len(completed)} traits, which were set afterwards." if completed else ""
    )
    return (
        "The server is ministack, which evaluates IAM and bucket policies on loopback."
        f"{dropped} docs/perimeter.md says what remains to be checked in a real account."
    )
