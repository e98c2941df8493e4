"""Prints the demonstration: one line a step while it works, and then what happened and why."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.gate.review import Tally
    from geogate.ledger.audit import LedgerReport
    from infra.demo.bucket import Arrived, ByHand
    from infra.demo.flow import Run
    from infra.demo.next_steps import Step
    from infra.demo.outcomes import Outcome

WIDTH: Final = 100
COLOUR: Final = {"clear": "bold green", "hold": "bold yellow", "deny": "bold red"}
SENT: Final = {"sent": Text("yes", style="green"), "held": Text("not yet", style="yellow")}
INDENT: Final = (0, 0, 0, 2)


@dataclass(slots=True)
class Show:
    """The output of a run."""

    console: Console = field(default_factory=lambda: terminal())  # noqa: PLW0108 - defined below
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Print a line about a step with its seconds, once it is done."""
        start = time.monotonic()
        with self.console.status(Text(f"{what} …")) if self.console.is_terminal else _nothing():
            yield
        seconds = f"{time.monotonic() - start:6.1f} s"
        dots = "·" * max(1, WIDTH - 6 - len(what) - len(seconds))
        self.console.print(Text.assemble(("  ✓ ", "green"), f"{what} ", (f"{dots} {seconds}", "dim")))

    def title(self, text: str) -> None:
        """Print the heading of a part."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def lines(self, *lines: str | Text) -> None:
        """Print indented lines, wrapped."""
        for line in lines:
            self.console.print(Padding(Text(line) if isinstance(line, str) else line, INDENT, expand=False))

    def failed(self, what: str) -> None:
        """Say why the demonstration is worth nothing this time."""
        self.console.print()
        self.console.print(Text.assemble(("THE DEMONSTRATION FAILED  ", "bold red"), what))

    def outcomes(self, found: tuple[Outcome, ...]) -> None:
        """Print what became of each export and why."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
        for column in ("export", "format", "rows", "recipient", "decision", "why", "sent"):
            right = column == "rows"
            table.add_column(
                column,
                header_style="dim",
                justify="right" if right else "left",
                no_wrap=column != "why",
                overflow="fold",
            )
        for outcome in found:
            table.add_row(*_cells(outcome))
        self.console.print(Padding(table, INDENT, expand=False))

    def staged(self) -> None:
        """Print what each export is."""
        from infra.demo.exports import EXPORTS

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        for export in EXPORTS:
            table.add_row(Text(export.name, style="bold"), export.what)
        self.console.print(Padding(table, INDENT, expand=False))

    def run(self, run: Run, *, log: str) -> None:
        """Say how Airflow's run ended, and that red is right."""
        self.console.print()
        self.lines(
            Text.assemble(
                "Airflow's run of export_gate ",
                (run.state, "bold red" if run.state == "failed" else "bold"),
                ", as it must: an export that is held or denied fails its own gate, stops no other one, "
                "and turns the run red.",
            ),
            f"Gates: {run.count('gate', 'success')} passed, {run.count('gate', 'failed')} failed. "
            f"Sends: {run.count('send', 'success')} done, {run.count('send', 'upstream_failed')} never began. "
            f"Log: {log}",
        )

    def arrived(self, found: tuple[Arrived, ...], cleared: Mapping[str, str]) -> None:
        """Print the bucket's listing, each object with its digest and the one that its clearance has."""
        for each in found:
            self.lines(Text.assemble((each.key, "bold"), f"  {each.size:,} bytes"))
            digest = cleared.get(each.key, "none")
            equal = (" equal", "green") if digest == each.sha256 else (" DIFFERS", "bold red")
            self.lines(
                Text.assemble(("  sha256 of its bytes  ", "dim"), each.sha256),
                Text.assemble(("  in its clearance     ", "dim"), digest, equal),
            )

    def by_hand(self, tried: ByHand) -> None:
        """Print the two copies by hand."""
        self.lines(
            Text.assemble(f"put {tried.file} into s3://{tried.staging}/by-hand/  ", ("done", "green")),
            Text.assemble(f"put {tried.file} into s3://{tried.egress}/by-hand/  ", ("refused", "bold red")),
        )
        self.console.print(Padding(Text(tried.answer, style="red"), (0, 0, 0, 4), expand=False))

    def review(self, outcome: Outcome, tallies: tuple[Tally, ...], names: tuple[str, ...]) -> None:
        """Print who voted on the held release."""
        self.lines(
            f"{outcome.request.requester}, who asked for {outcome.export.name}, tries to approve it: refused.",
            *(
                f"{name} approves: {tally.votes} of {tally.needed} votes, the release is {tally.state}."
                + (" The sealed bytes were judged once more." if tally.clearance else "")
                for name, tally in zip(names, tallies, strict=True)
            ),
        )

    def ledger(self, report: LedgerReport) -> None:
        """Print what verifying the ledger found."""
        problems = Text("  no problem", style="green") if report.whole else Text("  BROKEN", style="bold red")
        self.lines(
            Text(f"{report.entries} entries, each hashed together with the one before it:") + problems,
            Text(f"head {report.head_seq} {report.head_hash}", style="dim"),
        )

    def next_steps(self, steps: tuple[Step, ...]) -> None:
        """Print commands, each on one line so that it can be copied."""
        for step in steps:
            self.lines(Text(f"# {step.why}", style="dim"))
            self.console.print(Text(f"  {step.command}", style="bold"), soft_wrap=True)

    def end(self) -> None:
        """Print how long all took."""
        self.console.print()
        self.lines(Text(f"{time.monotonic() - self.began:.0f} seconds in all", style="dim"))


def terminal() -> Console:
    """Open standard output, in a width that can be read; colours only where it is a terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal or console.width > WIDTH:
        console.width = WIDTH
    return console


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _cells(outcome: Outcome) -> tuple[str | Text, ...]:
    decision, export = outcome.verdict.decision.value, outcome.export
    return (
        Text(export.name, style="bold"),
        export.format,
        "" if outcome.rows is None else f"{outcome.rows:,}",
        export.recipient,
        Text(decision.upper(), style=COLOUR[decision]),
        _why(outcome),
        SENT.get(outcome.request.state.value, Text("no")),
    )


def _why(outcome: Outcome) -> str:
    reason = outcome.reason
    if reason is None:
        return "every rule is satisfied"
    limit = f"; the policy wants {reason.operator} {reason.limit} m" if reason.unit == "m" else ""
    return reason.summary + limit
