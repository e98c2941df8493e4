"""``geogate verify``: check a clearance and its files with the public key alone; no ledger, no network."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("verify", short_help="Check a clearance and its files offline.")
@click.argument("clearance", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Public key.")
@click.option("--expired-ok", is_flag=True, help="Check a clearance of the past: when it was issued, not now.")
def command(clearance: Path, files: tuple[Path, ...], key: Path, expired_ok: bool) -> int:  # noqa: FBT001
    """Check that CLEARANCE was signed with KEY's private half and permits exactly FILES."""
    from datetime import UTC, datetime

    from geogate.gate.verify import verify_files

    found = verify_files(clearance, files, key=key, at=None if expired_ok else datetime.now(UTC))
    click.echo(f"clearance {found.nonce} permits {_counted(len(found.files))}, byte for byte")
    click.echo(f"to {found.recipient} at {found.destination}")
    click.echo(f"policy {found.policy} {found.policy_digest[:12]}, from {found.issued_at} until {found.expires_at}")
    return 0


def _counted(files: int) -> str:
    return "this file" if files == 1 else f"these {files} files"
