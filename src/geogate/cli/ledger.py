"""``geogate ledger``: show the entries, verify them, sign and keep heads, prove entries, and give rights to a role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from geogate.cli.options import actor_option
from geogate.model.names import SHA256, Sha256

if TYPE_CHECKING:
    from geogate.gate.anchors import Compared

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("ledger", short_help="Show, verify, sign and prove the ledger.")
def command() -> None:
    """Show and verify the ledger, sign its head and keep it elsewhere, and prove what it holds."""


@command.command("show")
@click.option("--request", default="", metavar="ID", help="Only this request's entries.")
@click.option("--last", default=50, type=click.IntRange(1), show_default=True, help="How many entries, from the end.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def show(request: str, last: int, form: str) -> int:
    """Print entries, oldest first."""
    from geogate.cli.render import console, plain, print_json
    from geogate.gate.history import history

    entries = history(request=request, last=last)
    if form == "json":
        print_json([entry.document() for entry in entries])
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("entry", "at", "kind", "request", "by", "what"):
        table.add_column(column, header_style="dim", overflow="fold")
    for entry in entries:
        row = (str(entry.seq), entry.at[:19], entry.kind, entry.request, entry.actor, entry.what)
        table.add_row(*map(plain, row))
    console().print(table)
    return 0


@command.command("verify")
@click.option("--anchor", default="", metavar="SEQ:HASH", help="A head from an earlier run, kept elsewhere.")
@click.option("--anchors", multiple=True, metavar="PLACE", help="Where heads are kept; default: GEOGATE_LEDGER_ANCHOR.")
@click.option("--key", "keys", multiple=True, type=FILE, help="An earlier public key that signed heads.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print.")
def verify(anchor: str, anchors: tuple[str, ...], keys: tuple[Path, ...], form: str) -> int:
    """Check every entry, the chain, and that the tables say what the entries say; exit code 11 on any problem.

    A chain cannot show by itself that its end was cut off, or that all of it was written anew. Keep heads elsewhere
    with geogate ledger anchor: with --anchors the ledger has to be what each of them says. PLACE is a head, a folder of
    them, or s3://bucket/folder/.
    """
    from geogate.cli.render import print_json
    from geogate.gate.anchors import compare
    from geogate.gate.house import House
    from geogate.gate.keyfile import PublicKey

    known = [PublicKey.load(key) for key in keys]
    found = compare(anchors, keys=known, anchor=_anchor(anchor), house=House.from_environment())
    if form == "json":
        print_json(_document(found))
    else:
        _print_report(found)
    return 11 if found.report.problems else 0


def _document(found: Compared) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(found.report), "heads": found.heads}


def _print_report(found: Compared) -> None:
    from geogate.cli.render import plain

    report = found.report
    for problem in report.problems:
        click.secho(f"entry {problem.seq}: {plain(problem.what)}", fg="red")
    state = "broken" if report.problems else "whole"
    click.echo(f"{report.entries} entries, the chain is {state}, head {report.head_seq}:{report.head_hash}")
    if found.heads:
        click.echo(f"compared with {found.heads} kept heads")
    if found.left_behind:
        click.echo(f"{found.left_behind} heads are over entries that were lost before a restore (geogate ledger show)")


@command.command("head")
@click.option("--save", type=NEW_FILE, help="Write the signed head to a new file.")
def head(save: Path | None) -> int:
    """Sign what the whole ledger is now: number of entries, root of their tree, hash of the last one."""
    from geogate.gate.heads import current_head
    from geogate.gate.house import House

    signed = current_head(house=House.from_environment())
    if save is not None:
        _write(save, signed.envelope)
    click.echo(f"{signed.head.size} entries, root {signed.head.root}")
    click.echo(f"signed at {signed.head.at:%Y-%m-%d %H:%M:%S} UTC with key {signed.key[:16]}")
    return 0


@command.command("anchor")
@click.option("--to", "place", default="", metavar="PLACE", help="A folder on other storage, or s3://bucket/folder/.")
def anchor(place: str) -> int:
    """Sign the ledger's head and keep it at a place out of the gate's reach; nothing there is ever replaced.

    A bucket must have Object Lock with a default retention in compliance mode.
    """
    from geogate.cli.render import plain
    from geogate.gate.anchors import anchor
    from geogate.gate.house import House

    kept = anchor(place, house=House.from_environment())
    what = "kept" if kept.fresh else "is kept already"
    click.echo(f"the head of {kept.signed.head.size} entries {what} as {kept.name} at {plain(kept.place)}")
    return 0


@command.command("prove")
@click.argument("what", metavar="REQUEST|SEQ", default="")
@click.option("--since", type=FILE, help="Prove instead that the ledger only grew since this signed head.")
@click.option("--output", "-o", type=NEW_FILE, help="Write to a new file instead of printing.")
@actor_option
def prove(what: str, since: Path | None, output: Path | None, actor: str) -> int:
    """Prove that the entries of REQUEST, or entry SEQ, are in the ledger; geogate ledger check-proof checks it."""
    from geogate.gate.house import House
    from geogate.gate.proofs import document, prove, prove_growth
    from geogate.model.errors import UsageError

    if bool(what) == (since is not None):
        raise UsageError("name a request or a number of an entry, or --since a head")
    house = House.from_environment(actor=actor)
    if since is not None:
        text = document(prove_growth(since.read_text(encoding="utf-8"), house=house))
    else:
        text = document(prove(what, house=house))
    if output is None:
        click.echo(text)
    else:
        _write(output, text)
    return 0


@command.command("check-proof")
@click.argument("file", type=FILE)
@click.option("--key", "keys", required=True, multiple=True, type=FILE, help="Public key of the gate; repeatable.")
def check_proof(file: Path, keys: tuple[Path, ...]) -> int:
    """Check a proof with the public key alone; no ledger, no network."""
    from geogate.cli.render import plain
    from geogate.gate.keyfile import PublicKey
    from geogate.gate.proofs import check

    try:
        text = file.read_text(encoding="utf-8").strip()
    except ValueError:
        text = ""  # which is no proof
    for line in check(text, keys=[PublicKey.load(key) for key in keys]):
        click.echo(plain(line))
    return 0


@command.command("roles")
@click.option("--writer", required=True, metavar="ROLE", help="The role of PostgreSQL's that runs the gate.")
def roles(writer: str) -> int:
    """Let ROLE run the gate and no more: it reads, and writes through the ledger's functions only.

    Run this as the owner of the tables, as geogate init; the role is made where there is none, without a password.
    """
    from geogate.gate.house import House

    with House.from_environment().ledger() as ledger:
        made = ledger.let_write(writer)
    click.echo(f"role {writer} {'was made, and may' if made else 'may'} write through the ledger's functions only")
    return 0


def _write(path: Path, text: str) -> None:
    from geogate.model.errors import UsageError

    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
    except FileExistsError as error:
        raise UsageError("the file is there already", hint="name a new one") from error
    except OSError as error:
        raise UsageError(f"the file cannot be written ({error.strerror})") from error


@command.command("clearance")
@click.argument("clearance", metavar="CLEARANCE")
def clearance(clearance: str) -> int:
    """Print the signed document of CLEARANCE, by its id: what ``geogate verify`` checks and ``geogate send`` takes."""
    from geogate.gate.history import envelope_of

    click.echo(envelope_of(clearance))
    return 0


def _anchor(text: str) -> tuple[int, Sha256] | None:
    if not text:
        return None
    seq, _, digest = text.partition(":")
    if not seq.isdecimal() or not SHA256.fullmatch(digest):
        raise click.BadParameter("give it as SEQ:HASH, as this command prints the head", param_hint="--anchor")
    return int(seq), Sha256(digest)
