"""Compare two policies rule by rule: what was added and removed, what is stricter and what looser."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from geogate.gate.policy_differ_duties import changed_obligations
from geogate.gate.policy_explain import explained_rule, scope_in_words
from geogate.model.dataset import Encoding
from geogate.model.errors import UsageError
from geogate.model.isolation import LEVELS
from geogate.rules.registry import registered
from geogate.rules.words import number_in_words, numbers_of, value_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

    from geogate.gate.place import PolicyPlace
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.rules.rule import Rule

Change = Literal["added", "removed", "stricter", "looser", "other"]
SEVERITIES: Final = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedNumber:
    """A number of a rule before and after, ``None`` where there was or is none."""

    parameter: str
    operator: str
    before: float | None
    after: float | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which policies differ; ``lines`` say how, for people."""

    change: Change
    what: str
    lines: tuple[str, ...]
    numbers: tuple[ChangedNumber, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All in which two policies differ."""

    head: str
    changes: tuple[Difference, ...]

    @property
    def summary(self) -> str:
        """How many changes of each kind there are."""
        counts = Counter(each.change for each in self.changes)
        return ", ".join(f"{count} {change}" for change, count in counts.items()) or "no difference in what is decided"

    def document(self) -> dict[str, Any]:
        """Give all as plain data."""
        changes = [
            {
                "change": each.change,
                "what": each.what,
                "lines": list(each.lines),
                "numbers": [asdict(number) for number in each.numbers],
            }
            for each in self.changes
        ]
        return {"policies": self.head, "changes": changes}


def differences(before: Policy, after: Policy) -> Differences:
    """Compare two policies."""
    old, new = ({rule.id: rule for rule in policy.rules} for policy in (before, after))
    changes: list[Difference] = [*_options(before, after)]
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            changes.append(Difference(change="removed", what=f"rule {name}", lines=(_sentence(old[name]),)))
        elif name not in old:
            changes.append(Difference(change="added", what=f"rule {name}", lines=(_sentence(new[name]),)))
        elif old[name] != new[name]:
            changes.append(_rule(old[name], new[name]))
    return Differences(
        head=f"{before.name} {before.version} {before.digest[:12]} to {after.name} {after.version} {after.digest[:12]}",
        changes=tuple(changes),
    )


def place_differences(before: PolicyPlace, after: PolicyPlace, *, only: Sequence[str] = ()) -> list[Differences]:
    """Compare the policies of two places by their names; ``only`` are names, all by default.

    Raises: UsageError for a name that neither has; PolicyError when a policy is invalid.
    """
    old, new = before.policies(), after.policies()
    for name in only:
        if name not in {*old, *new}:
            raise UsageError(
                f"neither place has a policy {name!r}", hint=f"they have {', '.join(sorted({*old, *new}))}"
            )
    found = []
    for name in only or sorted({*old, *new}):
        if name in old and name in new:
            each = differences(before.policy(name), after.policy(name))
        else:
            place = after if name in new else before
            change: Change = "added" if name in new else "removed"
            policy = place.policy(name)
            lines = (f"{len(policy.asked)} rules that are asked",)
            whole = Difference(change=change, what=f"policy {name}", lines=lines)
            each = Differences(head=f"{name} {policy.version} {policy.digest[:12]}", changes=(whole,))
        if each.changes or only:
            found.append(each)
    return found


def _sentence(rule: PolicyRule) -> str:
    said = explained_rule(rule)
    return f"{said.sentence} {said.consequence}"


def _rule(old: PolicyRule, new: PolicyRule) -> Difference:
    moves: list[tuple[Change, str]] = []
    if old.expectation != new.expectation:
        moves.append(("other", f"rule: {old.expectation} to {new.expectation}"))
    elif old.params != new.params:
        moves.append((_params_change(old, new), _params_lines(old, new)))
    if old.severity is not new.severity:
        graver = SEVERITIES.index(new.severity) > SEVERITIES.index(old.severity)
        moves.append(("stricter" if graver else "looser", f"severity: {old.severity} to {new.severity}"))
    if (old.disabled, old.shadow_until) != (new.disabled, new.shadow_until):
        moves.append((_status_change(old, new), f"status: {_status(old)} to {_status(new)}"))
    if old.when != new.when:
        change: Change = "stricter" if new.when is None else "looser" if old.when is None else "other"
        moves.append((change, f"applies: {scope_in_words(old.when)}\n     to: {scope_in_words(new.when)}"))
    moves += [("other", line) for line in _words(old, new)]
    decisive = {change for change, line in moves if change != "other" or not line.startswith("text")}
    whole: Change = decisive.pop() if len(decisive) == 1 else "other"
    lines = tuple(line for _, line in moves)
    return Difference(change=whole, what=f"rule {new.id}", lines=lines, numbers=tuple(_numbers(old, new)))


def _numbers(old: PolicyRule, new: PolicyRule) -> Iterator[ChangedNumber]:
    """List the numbers that changed, and those that came or went."""
    one, other = (
        {number.path: number for number in numbers_of(registered()[rule.expectation], rule.params)}
        for rule in (old, new)
    )
    for path in dict.fromkeys([*one, *other]):
        before, after = one.get(path), other.get(path)
        number = after or before
        if number is not None and before != after:
            yield ChangedNumber(
                parameter=path,
                operator=number.operator,
                before=None if before is None else before.value,
                after=None if after is None else after.value,
                unit=number.unit,
            )


def _params_change(old: PolicyRule, new: PolicyRule) -> Change:
    rule = registered()[new.expectation]
    stricter, looser = rule.implies(new.params, old.params), rule.implies(old.params, new.params)
    return "stricter" if stricter and not looser else "looser" if looser and not stricter else "other"


def _params_lines(old: PolicyRule, new: PolicyRule) -> str:
    rule = registered()[new.expectation]
    one, other = rule.parts(old.params), rule.parts(new.params)
    if not other:
        return "\n".join(_fields(old.params, new.params, rule))
    if [(path, part) for path, part, _ in one] != [(path, part) for path, part, _ in other]:
        return f"it said: {rule.sentence(old.params)}\nit says: {rule.sentence(new.params)}"
    lines = [
        line
        for (_, part, mine), (_, _, theirs) in zip(one, other, strict=True)
        for line in _fields(mine, theirs, part, about=f"{part.expectation.removeprefix('expect_')}, ")
    ]
    lines += [f"{name} changed" for name in ("because",) if getattr(old.params, name) != getattr(new.params, name)]
    return "\n".join(lines)


def _fields(old: BaseModel, new: BaseModel, rule: Rule[Any], *, about: str = "") -> Iterator[str]:
    """Say which parameters differ, numbers with their units."""
    for name in type(new).model_fields:
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            yield f"{about}{name}: {_said(name, one, rule, old)} to {_said(name, other, rule, new)}"


def _said(name: str, value: object, rule: Rule[Any], params: BaseModel) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_in_words(value, rule.unit(name, params))
    return _shown(name, value)


def _shown(name: str, value: object) -> str:
    return value_in_words(name, value)


def _status(rule: PolicyRule) -> str:
    if rule.disabled:
        return "disabled"
    return "enforced" if rule.shadow_until is None else f"shadow until {rule.shadow_until}"


def _status_change(old: PolicyRule, new: PolicyRule) -> Change:
    ranks = [0 if rule.disabled else 2 if rule.shadow_until is None else 1 for rule in (old, new)]
    if ranks == [1, 1] and old.shadow_until is not None and new.shadow_until is not None:
        return "looser" if new.shadow_until > old.shadow_until else "stricter"
    return "stricter" if ranks[1] > ranks[0] else "looser" if ranks[1] < ranks[0] else "other"


def _words(old: PolicyRule, new: PolicyRule) -> Iterator[str]:
    for name in ("remedy", "notes", "confidence", "legal_basis"):
        if getattr(old, name) != getattr(new, name):
            yield f"text of {name.replace('_', ' ')} changed"


def _options(before: Policy, after: Policy) -> Iterator[Difference]:
    """Compare what holds for a policy as a whole."""
    yield from _ordered(before, after, "reviewers", more="stricter", less="looser")
    yield from _ordered(before, after, "review_days", more="looser", less="stricter")
    yield from _ordered(before, after, "clearance_hours", more="looser", less="stricter")
    if before.encoding is not after.encoding:
        change: Change = "stricter" if after.encoding is Encoding.CANONICAL else "looser"
        yield _option("encoding", change, before.encoding, after.encoding)
    if before.isolation is not after.isolation:
        # Levels stand with the strongest first.
        stronger = LEVELS.index(after.isolation) < LEVELS.index(before.isolation)
        yield _option("isolation", "stricter" if stronger else "looser", before.isolation, after.isolation)
    if set(before.kinds) != set(after.kinds):
        fewer, more = set(after.kinds) < set(before.kinds), set(after.kinds) > set(before.kinds)
        kind: Change = "stricter" if fewer else "looser" if more else "other"
        yield _option("kinds", kind, ", ".join(before.kinds), ", ".join(after.kinds))
    if before.scope != after.scope:
        scope: Change = "stricter" if after.scope is None else "looser" if before.scope is None else "other"
        yield _option("scope", scope, scope_in_words(before.scope), scope_in_words(after.scope))
    yield from _ordered(before, after, "waiver_days", more="looser", less="stricter")
    for name in ("shapefile_as", "stop_early", "min_confidence"):
        if getattr(before, name) != getattr(after, name):
            yield _option(name, "other", getattr(before, name), getattr(after, name))
    for moved, name, lines in changed_obligations(before, after):
        yield Difference(change=moved, what=f"obligation {name}", lines=lines)


def _ordered(before: Policy, after: Policy, name: str, *, more: Change, less: Change) -> Iterator[Difference]:
    old, new = getattr(before, name), getattr(after, name)
    if old != new:
        yield _option(name, more if new > old else less, old, new)


def _option(name: str, change: Change, old: object, new: object) -> Difference:
    return Difference(change=change, what=name.replace("_", " "), lines=(f"{old} to {new}",))
