"""Write the pages that follow from the code: rules, commands, the life cycle; a test compares them with the files."""  # noqa: INP001

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geogate.cli.main import COMMANDS, cli
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.policy.parse import parse_policy
from geogate.rules.registry import SECTIONS, parameter_models, registered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.policy.policy import Policy
    from geogate.rules.rule import Rule

DOCS = Path(__file__).parent
BASELINE = DOCS.parent / "expectations" / "baseline.yaml"
NOTE = "<!-- Written by docs/generate.py; change the code instead. -->"
LIFE_CYCLE = re.compile(
    r"(<!-- life cycle: written by docs/generate\.py -->\n).*?(<!-- end of life cycle -->)", re.DOTALL
)
EFFECTS = {"critical": "denies", "warning": "holds", "info": "notes"}


def pages() -> dict[str, str]:
    """Return every page that is generated, wholly or in part, by its path below this folder."""
    baseline = parse_policy(BASELINE.read_bytes(), file=BASELINE.name, rules=parameter_models())
    found = {f"rules/{name}.md": rule_page(rule, baseline) for name, rule in registered().items()}
    found["rules/index.md"] = rules_index(registered())
    found["commands.md"] = commands_page()
    how = (DOCS / "how-it-works.md").read_text(encoding="utf-8")
    diagram = life_cycle()
    found["how-it-works.md"] = LIFE_CYCLE.sub(lambda place: place[1] + diagram + place[2], how)
    return found


def life_cycle() -> str:
    """Draw the table of transitions as a Mermaid diagram; every state without a way on is an end."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.DRAFT}"]
    for before, after in TRANSITIONS.items():
        lines += [f"    {before} --> {state}" for state in after] or [f"    {before} --> [*]"]
    return "\n".join([*lines, "```", ""])


def sections(rule: Rule[Any]) -> tuple[str, dict[str, str]]:
    """Cut a rule's docstring into its first line and its sections."""
    text = inspect.getdoc(type(rule)) or ""
    parts = re.split(rf"^({'|'.join(SECTIONS)}):", text, flags=re.MULTILINE)
    bodies = {name: " ".join(body.split()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    return " ".join(parts[0].split()), {name: body.replace("``", "`") for name, body in bodies.items()}


def rule_page(rule: Rule[Any], baseline: Policy) -> str:
    """Write the page of one rule."""
    summary, bodies = sections(rule)
    lines = [NOTE, "", f"# {rule.expectation}", "", summary, ""]
    for name in ("Why", "Finds", "Misses", "Remedy", "Basis"):
        lines += [f"**{name}.** {_sentence(bodies[name])}", ""]
    lines += ["## Parameters", "", "All are required.", "", *_parameters(rule), ""]
    lines += ["## In the baseline", "", *_uses(rule, baseline)]
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _parameters(rule: Rule[Any]) -> Iterator[str]:
    schema = rule.params.model_json_schema()
    yield "| Parameter | Is | Means |"
    yield "|---|---|---|"
    yield from _rows(schema, schema, prefix="")
    for name, part in schema.get("$defs", {}).items():
        if "properties" in part:
            yield from _rows(part, schema, prefix=f"{name}.")


def _rows(node: Mapping[str, Any], schema: Mapping[str, Any], *, prefix: str) -> Iterator[str]:
    for name, part in node["properties"].items():
        kind = _kind(part, schema).replace("|", "\\|")
        yield f"| `{prefix}{name}` | {kind} | {part.get('description', '')} |"


def _kind(node: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Say in words what a parameter may be."""
    if "$ref" in node:
        return f"`{node['$ref'].rsplit('/', 1)[-1]}`"
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return " or ".join(f"`{json.dumps(each)}`" for each in node["enum"])
    if "anyOf" in node:
        return " or ".join(_kind(each, schema) for each in node["anyOf"])
    if node.get("type") == "array":
        return f"list of {_kind(node['items'], schema).replace(' or ', ', ')}"
    return {"string": "text", "boolean": "`true` or `false`", "integer": "whole number"}.get(
        node["type"], str(node["type"])
    ) + _range(node)


def _range(node: Mapping[str, Any]) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    said = [f"{word} {node[key]:g}" for key, word in words.items() if key in node]
    return f", {' '.join(said)}" if said else ""


def _uses(rule: Rule[Any], baseline: Policy) -> Iterator[str]:
    used = [each for each in baseline.rules if each.expectation == rule.expectation]
    if not used:
        yield "It is not used."
    for each in used:
        yield f"- `{each.id}` {EFFECTS[each.severity]} ({each.severity}): `{each.params_json}`"
    yield ""


def rules_index(rules: Mapping[str, Rule[Any]]) -> str:
    """Write the list of all rules."""
    lines = [NOTE, "", "# Rules", "", "A policy is made of these. [Policies](../policies.md) says how.", ""]
    lines += ["| Rule | Says |", "|---|---|"]
    lines += [f"| [{name}]({name}.md) | {sections(rule)[0]} |" for name, rule in rules.items()]
    lines += ["", "Findings whose rule begins with `gate/` are the gate's own and always deny;", "see "]
    lines[-1] += "[what they mean](../operation.md#findings-of-the-gate-itself)."
    return "\n".join([*lines, ""])


def commands_page() -> str:
    """Write every command with its options, as its help has them."""
    lines = [NOTE, "", "# Commands", "", "The verdict goes to standard output, everything else to standard error."]
    lines += ["[Exit codes](operation.md#exit-codes) say how a command ended.", ""]
    root = click.Context(cli, info_name="geogate")
    for name in COMMANDS:
        command = cli.get_command(root, name)
        if command is None:
            raise LookupError(name)
        lines += _command(command, click.Context(command, info_name=name, parent=root))
    return "\n".join(lines)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _command(child, click.Context(child, info_name=name, parent=context))
        return
    yield f"## {context.command_path}"
    yield ""
    yield " ".join((command.help or "").split()).replace("``", "`")
    yield ""
    yield f"`{' '.join([context.command_path, *command.collect_usage_pieces(context)])}`"
    yield ""
    options = [each.get_help_record(context) for each in command.params if isinstance(each, click.Option)]
    yield from (f"- `{record[0]}`: {record[1]}" for record in options if record)
    yield from ("",) if options else ()


if __name__ == "__main__":
    for page, content in pages().items():
        (DOCS / page).write_text(content, encoding="utf-8")
