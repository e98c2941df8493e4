"""``geogate policy``: check, test, explain, compare and replay policies before they are put in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("policy", short_help="Check, test, explain, compare and replay policies.")
def command() -> None:
    """Check, test, explain, compare and replay policies."""


@command.command("check")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--stale-months", default=12, type=click.IntRange(1), show_default=True, help="Note older sources.")
def check(files: tuple[Path, ...], *, strict: bool, stale_months: int) -> int:
    """Check FILES, or every policy, recipient and zone list in GEOGATE_POLICIES; exit code 4 for an error."""
    from geogate.cli.policy_tables import print_remarks
    from geogate.cli.render import plain
    from geogate.gate.check import check_place, check_policy
    from geogate.gate.policy_lint import lint_files, lint_place

    checked = [check_policy(path) for path in files] if files else check_place()
    for result in checked:
        if result.problem:
            click.secho(f"{plain(result.name)}: {plain(result.problem)}", fg="red")
            if result.hint:
                click.echo(f"  {plain(result.hint)}")
        else:
            click.echo(f"{plain(result.name)}: {plain(result.summary)}")
    remarks = lint_files(files, stale_months=stale_months) if files else lint_place(stale_months=stale_months)
    bad = print_remarks(remarks, strict=strict)
    return 4 if bad or any(result.problem for result in checked) or not checked else 0


@command.command("test")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--case", "only", multiple=True, metavar="NAME", help="Run only this case; repeatable.")
@click.option("--coverage", "covered", is_flag=True, help="List what no case shows; exit code 4 if there is something.")
@click.option("--quiet", "-q", is_flag=True, help="Print only cases that differ.")
def test(files: tuple[Path, ...], *, only: tuple[str, ...], covered: bool, quiet: bool) -> int:
    """Run the cases in tests/<policy>/ beside FILES, or beside every policy in GEOGATE_POLICIES.

    Exit code 0 when each came out as expected, 4 when one did not, or there is none.
    """
    from geogate.cli.policy_tables import print_coverage, print_ran
    from geogate.gate.policy_cases import PolicyUnderTest, policies_to_test, run_cases
    from geogate.gate.policy_cases import covered as shown

    good, count = True, 0
    for path in policies_to_test(files):
        tested = PolicyUnderTest.read(path)
        ran = list(print_ran(run_cases(tested, only=only), name=str(tested.policy.name), quiet=quiet))
        good &= not any(each.wrong for each in ran)
        count += len(ran)
        if covered:
            good &= print_coverage(shown(tested, ran), name=str(tested.policy.name))
    if not count:
        click.secho("there are no cases", fg="red")
    return 0 if good and count else 4


@command.command("explain")
@click.argument("name", default="")
@click.option("--request", default="", metavar="ID", help="Explain the verdict on a request in the ledger.")
@click.option("--rule", default="", metavar="RULE", help="Explain one rule only.")
def explain(name: str, request: str, rule: str) -> int:
    """Say in sentences what policy NAME (or a file) demands, or why a verdict was reached."""
    from geogate.cli.policy_tables import print_explained, print_verdict_explained
    from geogate.gate.policy_explain import explained, verdict_explained
    from geogate.gate.policy_files import policy_named

    if bool(name) == bool(request):
        raise click.UsageError("name a policy, or a request with --request")
    if request:
        print_verdict_explained(verdict_explained(request))
    else:
        print_explained(explained(policy_named(name), only=rule))
    return 0


@command.command("diff")
@click.argument("before")
@click.argument("after")
@click.option("--policy", "only", multiple=True, metavar="NAME", help="Of two places, only this policy; repeatable.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
def diff(before: str, after: str, *, only: tuple[str, ...], form: str) -> int:
    """Compare two policies rule by rule: added, removed, stricter, looser, other.

    BEFORE and AFTER are files or names, or two places: folders, s3:// prefixes, or bundles that GEOGATE_POLICIES_KEY
    verifies.
    """
    from geogate.cli.policy_tables import print_differences
    from geogate.gate.policy_differ import differences, place_differences
    from geogate.gate.policy_files import is_place, place_named, policy_named

    if is_place(before) != is_place(after) or (only and not is_place(before)):
        raise click.UsageError("compare two policies, or two places (with --policy)")
    if is_place(before):
        found = place_differences(place_named(before), place_named(after), only=only)
    else:
        found = [differences(policy_named(before), policy_named(after))]
    print_differences(found, form=form, places=is_place(before))
    return 0


@command.command("sources")
@click.argument("names", nargs=-1)
@click.option("--format", "form", type=click.Choice(("text", "json", "csv")), default="text", help="How to print it.")
def sources(names: tuple[str, ...], form: str) -> int:
    """List every number of policies NAMES (or files; all by default) with its section, source and date."""
    from geogate.cli.policy_tables import print_sources
    from geogate.gate.policy_explain import sources_of
    from geogate.gate.policy_files import policies_named

    print_sources(sources_of(policies_named(names)), form=form)
    return 0


@command.command("replay")
@click.option("--policy", "candidate", required=True, metavar="FILE", help="The candidate: a file, or a name.")
@click.option("--since", type=click.DateTime(("%Y-%m-%d",)), help="Only releases that moved since this day.")
@click.option("--alone", is_flag=True, help="Judge every release by the candidate alone.")
@click.option("--with-data", is_flag=True, help="Read the sealed data where what was kept does not suffice.")
@click.option("--all", "every", is_flag=True, help="List releases whose verdict stays, too.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
def replay(candidate: str, *, since: datetime | None, alone: bool, with_data: bool, every: bool, form: str) -> int:
    """Judge past releases by a candidate policy, and print which verdicts would change; nothing is written."""
    from datetime import UTC

    from geogate.cli.policy_tables import print_replayed
    from geogate.gate.house import House
    from geogate.gate.policy_files import policy_named
    from geogate.gate.policy_replay import Plan
    from geogate.gate.policy_replay import replay as replayed

    plan = Plan(
        candidate=policy_named(candidate),
        alone=alone,
        with_data=with_data,
        since=None if since is None else since.replace(tzinfo=UTC),
    )
    print_replayed(replayed(plan, house=House.from_environment()), every=every, form=form)
    return 0


@command.command("digest")
def digest() -> int:
    """Print the digest of the whole place, as GEOGATE_POLICIES_DIGEST pins it."""
    from geogate.gate.house import House
    from geogate.gate.policy_source import place_digest, policy_root

    settings = replace(House.from_environment().settings, policies_digest="")
    click.echo(place_digest(policy_root(settings)))
    return 0


@command.command("bundle")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Private Ed25519 key in PEM form that only you can read.",
)
def bundle_(out: Path, key: Path) -> int:
    """Write the whole place into OUT as one document that KEY signs."""
    from geogate.gate.house import House
    from geogate.gate.keyfile import SigningKey
    from geogate.gate.policy_source import bundle, place_digest, policy_root

    root = policy_root(House.from_environment().settings)
    out.write_text(bundle(root, SigningKey.load(key)), encoding="utf-8")
    click.echo(f"{out.name}: policies {place_digest(root)}")
    return 0
