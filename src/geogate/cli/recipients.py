"""``geogate recipients``: list who may get data, and check what ends, is missing or bound to nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.recipients_overview import ListedRecipient

DAYS = click.option(
    "--days", default=30, type=click.IntRange(0), show_default=True, help="Warn of what ends within so many days."
)


@click.group("recipients", short_help="List and check recipients.")
def command() -> None:
    """List and check the recipients in GEOGATE_POLICIES."""


@command.command("list")
@DAYS
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
def list_(*, days: int, form: str) -> int:
    """List all recipients; exit code 4 when the file is invalid or one is bound to a policy that there is not."""
    found = _found(days)
    if form == "json":
        from geogate.cli.render import print_json

        print_json([asdict(each) | {"contract_ends": _text(each.contract_ends)} for each in found])
        return _code(found)
    for each in found:
        _print(each)
    return _code(found)


@command.command("check")
@DAYS
@click.option("--strict", is_flag=True, help="Take warnings for problems.")
def check(*, days: int, strict: bool) -> int:
    """Print only what somebody must look at; exit code 4 for a problem, and with --strict for a warning."""
    from geogate.cli.render import plain

    found = _found(days)
    for each in found:
        for problem in each.problems:
            click.secho(f"{plain(each.id)}: {plain(problem)}", fg="red")
        for warning in each.warnings:
            click.secho(f"{plain(each.id)}: {plain(warning)}", fg="yellow")
    problems, warnings = (sum(len(getattr(each, kind)) for each in found) for kind in ("problems", "warnings"))
    click.echo(f"{len(found)} recipients, {problems} problems, {warnings} warnings")
    return 4 if strict and warnings else _code(found)


def _found(days: int) -> Sequence[ListedRecipient]:
    from geogate.gate.house import House
    from geogate.gate.recipients_overview import list_recipients

    return list_recipients(House.from_environment(), days=days)


def _code(found: Sequence[ListedRecipient]) -> int:
    return 4 if any(each.problems for each in found) else 0


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _print(each: ListedRecipient) -> None:
    from geogate.cli.render import plain

    contract = (
        f"contract until {each.contract_ends}, {each.days_left} days left" if each.contract_ends else "no contract"
    )
    click.echo(f"{plain(each.id)}: {plain(each.name)}, {each.country}")
    click.echo(f"  owners {each.owned:.2%}, {contract}, {each.destinations} destinations")
    click.echo(f"  policies: {plain(', '.join(each.policies)) or 'any'}")
    for problem in each.problems:
        click.secho(f"  {plain(problem)}", fg="red")
    for warning in each.warnings:
        click.secho(f"  {plain(warning)}", fg="yellow")
