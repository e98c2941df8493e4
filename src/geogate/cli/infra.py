"""``geogate infra``: compare the perimeter that is there with the one that must be there."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from geogate.gate.perimeter import Line

REFUSED = 11


@click.group("infra")
def command() -> None:
    """Look at the perimeter: buckets, keys and roles that refuse what the gate did not clear."""


@command.command("verify", short_help="Compare the perimeter with its template.")
@click.argument("template", type=click.Path(path_type=Path), default=Path("infra/perimeter.yaml"))
@click.option("--prefix", default="geogate", show_default=True, help="First part of all names.")
@click.option("--broker-arn", default="", metavar="ARN", help="Who sends, as the stack was deployed.")
@click.option("--runtime-arn", default="", metavar="ARN", help="Who starts pipelines, gate and console.")
@click.option("--auditor-arn", default="", metavar="ARN", help="Who becomes the auditor.")
@click.option("--keeper-arn", default="", metavar="ARN", help="Who changes the buckets.")
@click.option("--evidence-days", default=2555, show_default=True, help="Days for which evidence is locked.")
@click.option("--plain-http", is_flag=True, help="For a server on loopback without TLS.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def verify(template: Path, form: str, *, plain_http: bool, evidence_days: int, **named: str) -> int:
    """Ask S3, IAM and KMS for every property that TEMPLATE says something of, and for what must not be there.

    What is not answered counts as a deviation. The exit code is 0 when everything is as wanted, 11 when not.
    """
    from geogate.cli.render import print_json
    from geogate.gate.perimeter import verify_perimeter

    lines = verify_perimeter(
        template,
        {
            "Prefix": named["prefix"],
            "BrokerArn": named["broker_arn"],
            "RuntimeArn": named["runtime_arn"],
            "AuditorArn": named["auditor_arn"],
            "KeeperArn": named["keeper_arn"],
            "EvidenceDays": str(evidence_days),
            "RequireTls": "false" if plain_http else "true",
        },
    )
    bad = [line for line in lines if line.bad]
    if form == "json":
        print_json({"as_wanted": not bad, "properties": [asdict(line) for line in lines]})
    else:
        _print(lines)
    sys.stdout.flush()
    return REFUSED if bad or not lines else 0


def _print(lines: tuple[Line, ...]) -> None:
    """Show what is not as wanted, and of the rest how much there is."""
    from rich.table import Table
    from rich.text import Text

    from geogate.cli.render import console, plain

    out = console()
    style = {"as wanted": "green", "deviates": "bold red", "unanswered": "bold yellow", "not asked": "yellow"}
    shown = [line for line in lines if line.outcome.value != "as wanted"]
    if shown:
        table = Table(box=None, pad_edge=False)
        for column in ("resource", "property", "", "what"):
            table.add_column(column, header_style="dim", overflow="fold")
        for line in shown:
            outcome = Text(line.outcome.value, style=style[line.outcome.value])
            table.add_row(plain(line.resource), line.trait, outcome, plain(line.said))
        out.print(table)
        out.print()
    counts = {name: sum(1 for line in lines if line.outcome.value == name) for name in style}
    resources = len({line.resource for line in lines})
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    out.print(f"{len(lines):,} properties of {resources} resources: {said or 'none'}")
