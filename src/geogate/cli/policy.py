"""``geogate policy``: check policy files before they are put in place."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("policy", short_help="Check policy files.")
def command() -> None:
    """Check policy files."""


@command.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> int:
    """Check FILES, or every policy, recipient and zone list in GEOGATE_POLICIES."""
    from geogate.gate.check import check_place, check_policy

    checked = [check_policy(path) for path in files] if files else check_place()
    for result in checked:
        if result.problem:
            click.secho(f"{result.name}: {result.problem}", fg="red")
            if result.hint:
                click.echo(f"  {result.hint}")
        else:
            click.echo(f"{result.name}: {result.summary}")
    return 4 if any(result.problem for result in checked) or not checked else 0
