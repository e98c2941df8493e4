"""``geogate kernels``: say whether the kernels are compiled, compile them, or remove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from geogate.kernels.state import State


@click.command("kernels", short_help="Show or compile the kernels that measure large data fast.")
@click.option("--compile", "compiling", is_flag=True, help="Compile what is not compiled yet for this machine.")
@click.option("--clear", "clearing", is_flag=True, help="Remove the compiled kernels first.")
def command(*, compiling: bool, clearing: bool) -> int:
    """Say whether the kernels are compiled, where they are kept and for what they were made.

    Kernels are never compiled while data is judged: without them the same numbers are found more slowly.
    """
    from geogate.kernels.state import clear, compile_all, state

    if clearing:
        click.echo(f"{clear()} files of compiled kernels removed", err=True)
    if compiling:
        total = 0.0

        def on_module(name: str, seconds: float) -> None:
            nonlocal total
            total += seconds
            click.echo(f"{name}: {seconds:.1f} s", err=True)

        compile_all(on_module=on_module)
        click.echo(f"compiled in {total:.1f} s", err=True)
    _show(state())
    return 0


def _show(found: State) -> None:
    if found.reason:
        click.secho(f"not used: {found.reason}; plain numpy measures, more slowly", fg="yellow")
        click.echo("compile them with geogate kernels --compile")
    else:
        click.echo("compiled, and used")
    click.echo(f"folder: {found.folder or 'none can be written'}")
    for name, value in found.made_for.items():
        if value:
            click.echo(f"{name}: {value}")
