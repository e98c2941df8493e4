"""The ``geogate`` command: parse, call the gate, render; heavy libraries are imported where they are used."""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from geogate.model.errors import GeogateError
from geogate.telemetry import work
from geogate.telemetry.begin import begin
from geogate.telemetry.fields import Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

COMMANDS: Mapping[str, tuple[str, str]] = {
    "screen": ("geogate.cli.screen", "Pre-check a dataset: the verdict, and nothing is stored or sent."),
    "remedy": ("geogate.cli.remedy", "Carry out mechanical remedies as a new artefact, and screen it."),
    "submit": ("geogate.cli.submit", "Seal and judge a dataset; a clear verdict gets a clearance."),
    "send": ("geogate.cli.send", "Send what a clearance permits, once."),
    "feed": ("geogate.cli.feed", "Gate batches of a feed, and stop at the first that may not leave."),
    "review": ("geogate.cli.review", "List, show, vote on, return and withdraw held releases."),
    "console": ("geogate.cli.console", "Serve the web console, and make tokens for services."),
    "notify": ("geogate.cli.notify", "Tell people what waits for them, by mail and chat."),
    "verify": ("geogate.cli.verify", "Check a clearance and its files offline."),
    "audit": ("geogate.cli.audit", "Judge again what was sent, under today's policies."),
    "recalls": ("geogate.cli.recalls", "List what has to come back, and follow it up."),
    "waivers": ("geogate.cli.waivers", "Ask for, approve, revoke and list waivers."),
    "obligations": ("geogate.cli.obligations", "List what is due by law, and discharge it."),
    "ledger": ("geogate.cli.ledger", "Show, verify, sign and prove the ledger."),
    "evidence": ("geogate.cli.evidence", "Write the evidence pack of a release."),
    "evidence-verify": ("geogate.cli.evidence_verify", "Check an evidence pack offline."),
    "policy": ("geogate.cli.policy", "Check, test, explain, compare and replay policies."),
    "zones": ("geogate.cli.zones", "Import, pin, sign, check, list and compare zone lists."),
    "recipients": ("geogate.cli.recipients", "List and check recipients."),
    "kernels": ("geogate.cli.kernels", "Show or compile the kernels that measure large data fast."),
    "infra": ("geogate.cli.infra", "Compare the perimeter with its template."),
    "keys": ("geogate.cli.keys", "List, rotate, retire and revoke the keys that sign."),
    "backup": ("geogate.cli.backup", "Back up ledger and sealed bytes, as one signed whole."),
    "restore": ("geogate.cli.restore", "Restore a backup; the gate stays shut until it is settled."),
    "reopen": ("geogate.cli.reopen", "Settle what a restored ledger lacks, and open the gate."),
    "metrics": ("geogate.cli.metrics", "Print the gate's metrics for Prometheus."),
    "doctor": ("geogate.cli.doctor", "Check all that the gate needs, with the fix for each."),
    "init": ("geogate.cli.init", "Create the gate's home: ledger, staging and signing key."),
}
"""Every command: the module that defines it under the name ``command``, and its line in the help."""


ACTING: Mapping[str, frozenset[str]] = {
    "submit": frozenset(),
    "feed": frozenset({"run", "stop"}),
    "review": frozenset({"approve", "reject", "return", "withdraw", "expire"}),
    "waivers": frozenset({"ask", "approve", "revoke"}),
    "obligations": frozenset({"done"}),
    "audit": frozenset(),
}
"""Commands, with those of their subcommands, after which people are notified; with none it is the command itself."""

NOTIFIER = "geogate"
"""Who notes that somebody was told after a step: the gate itself, whoever took the step."""


class LazyGroup(click.Group):
    """A group that imports a command when it runs, so that ``--help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the work."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


EXIT_CODES = """\
\b
Exit codes:
   0  cleared, and nothing else      5  a service is down
   1  crash                         10  held for review
   2  wrong usage                   11  denied or refused
   3  input unreadable
   4  policy, recipients or zones invalid
"""


def _debug(ctx: click.Context, option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    del ctx, option
    if value:
        sys.excepthook = sys.__excepthook__


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="geogate")
@click.option(
    "--debug", is_flag=True, is_eager=True, expose_value=False, callback=_debug, help="Show where a crash came from."
)
def cli() -> None:
    """Judge outgoing geospatial data against policy, and send only what was cleared."""


def _crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say that it was a crash, which is no verdict; a traceback could show values and paths."""
    del error, trace
    click.secho(f"geogate: crashed ({kind.__name__}); no verdict was reached by this command", err=True, fg="red")
    click.echo("  run it again with geogate --debug and report what it shows", err=True)


def _say(error: GeogateError) -> None:
    from geogate.cli.render import plain

    click.secho(f"geogate: {plain(error.summary)}", err=True, fg="red")
    if error.hint:
        click.echo(f"  {plain(error.hint)}", err=True)


def _acted(arguments: Sequence[str]) -> bool:
    """Say whether a command took a step that somebody may have to be told of."""
    command, *rest = [each for each in arguments if not each.startswith("-")] or [""]
    return command in ACTING and (not ACTING[command] or bool(ACTING[command] & set(rest[:1])))


def _tell() -> None:
    """Notify who has to know at once; what goes wrong is said, and changes nothing."""
    if not os.environ.get("GEOGATE_NOTIFICATIONS"):
        return
    from geogate.gate.house import House
    from geogate.gate.notify import notify_after

    if wrong := notify_after(house=House.from_environment(actor=NOTIFIER)):
        click.echo(f"{wrong} (geogate notify tries again)", err=True)


def main() -> None:
    """Run the command and leave with the code that says how it went."""
    sys.excepthook = _crash  # before anything of a command is imported
    began = time.monotonic()
    try:
        _main()
    except SystemExit as left:
        _log(left.code, time.monotonic() - began)
        raise


def _log(code: object, seconds: float) -> None:
    """Write the line about the whole command, when its code is known."""
    named = next((each for each in sys.argv[1:] if not each.startswith("-")), "")
    command = named if named in COMMANDS else "other"
    work.event(Event.COMMAND, command=command, exit_code=code, duration_ms=seconds * 1000)


def _main() -> None:
    try:
        begin(os.environ, whole=True)
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted: no verdict was reached; what send had begun, the same send takes up", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except GeogateError as error:
        _say(error)
        sys.exit(error.exit_code)
    if _acted(sys.argv[1:]):
        _tell()
    sys.exit(code if isinstance(code, int) else 0)
