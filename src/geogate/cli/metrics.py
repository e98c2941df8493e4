"""``geogate metrics``: print the gate's metrics, or write them where a collector of text files reads them."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("metrics", short_help="Print the gate's metrics for Prometheus.")
@click.option("--write", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def command(path: Path | None) -> int:
    """Print metrics for Prometheus: what the ledger counts up to, what waits, and how the gate is.

    With --write FILE.prom into the folder of node-exporter's textfile collector, from a timer, no console is needed.
    """
    from geogate.gate.house import House
    from geogate.gate.metrics import exposition, write

    house = House.from_environment()
    if path is None:
        click.echo(exposition(house=house), nl=False)
    else:
        write(path, house=house)
    return 0
