"""Look for what is odd about policies that are valid: rules that cannot fire, contradictions, numbers that are absurd.

It reads the same files as the gate and judges nothing by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.house import House
from geogate.gate.place import place_of
from geogate.model.errors import GeogateError
from geogate.policy.lint import Overlap, none_in_common, overlap
from geogate.policy.parse import COLUMNS, parse_policy
from geogate.policy.yaml_text import dotted, read_yaml
from geogate.rules.reach import never_broken, never_kept, reach_of
from geogate.rules.registry import parameter_models, registered
from geogate.rules.words import number_in_words, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from geogate.model.parties import RecipientBook
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.policy.yaml_text import Path as Keys
    from geogate.policy.yaml_text import Text
    from geogate.rules.rule import Rule

ORDINARY: Final = {
    "m": (0.01, 200_000.0, "are these kilometres, or degrees?"),
    "km": (0.01, 5_000.0, "are these metres?"),
    "s": (0.001, 86_400.0, "are these minutes, or milliseconds?"),
    "h": (1.0, 8_784.0, "are these minutes, or days?"),
    "days": (0.0, 3_660.0, "are these hours, or years?"),
    "years": (0.0, 100.0, "are these days?"),
    "km²": (0.0001, 600_000_000.0, "are these square metres?"),
    "m²": (0.01, 1e12, "are these square kilometres?"),
    "per m²": (0.0001, 10_000.0, "is this a number of points in a tile?"),
}
"""Between which numbers of a unit lies what is ordinary; zero is, too, where a rule allows it."""

SHORT_BUFFER_M: Final = 10.0
SMALL_SHARE: Final = 0.0005
ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about a policy: ``gravity`` is error, warning or note, ``where`` is file, line and key."""

    gravity: str
    where: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A policy with its text, so that remarks can say where."""

    text: Text
    policy: Policy
    today: date

    def index(self, rule: PolicyRule) -> int:
        return self.policy.rules.index(rule)

    def remark(self, gravity: str, rule: PolicyRule | None, path: Keys, text: str, *, hint: str = "") -> Remark:
        whole: Keys = path if rule is None else ("expectations", self.index(rule), *path)
        return Remark(
            gravity=gravity, where=f"{self.text.file}:{self.text.line(whole)}: {dotted(whole)}", text=text, hint=hint
        )


def lint_files(paths: Sequence[Path], *, stale_months: int) -> tuple[Remark, ...]:
    """Look at files wherever they lie, by themselves; what is invalid is left to ``check``."""
    today = House.from_environment().today()
    drafts = [draft for path in paths if (draft := _draft(path, today)) is not None]
    remarks = [remark for draft in drafts for remark in lint(draft, stale_months=stale_months)]
    with_lists = {path.name: path.parent / "zones" for path in paths if (path.parent / "zones").is_dir()}
    unknown = (_unknown_lists(draft, with_lists[draft.text.file]) for draft in drafts if draft.text.file in with_lists)
    return (*remarks, *(remark for some in unknown for remark in some))


def lint_place(house: House | None = None, *, stale_months: int) -> tuple[Remark, ...]:
    """Look at all policies of the place, with the recipients and policies that they name."""
    house = house or House.from_environment()
    place = place_of(house)
    paths = [place.root / f"{name}.yaml" for name in place.policies()]
    drafts = [draft for path in paths if (draft := _draft(path, house.today())) is not None]
    remarks = [remark for draft in drafts for remark in lint(draft, stale_months=stale_months)]
    remarks += [remark for draft in drafts for remark in _unknown_lists(draft, place.root / "zones")]
    try:
        book = place.recipients()
    except GeogateError:
        return tuple(remarks)
    known = {str(each.id) for each in book.recipients}
    remarks += [remark for draft in drafts for remark in _unknown_recipients(draft, known)]
    return (*remarks, *_unknown_policies(book, place.policies(), place.root / "recipients.yaml"))


def _draft(path: Path, today: date) -> _Draft | None:
    try:
        data = path.read_bytes()
        policy = parse_policy(data, file=path.name, rules=parameter_models())
        return _Draft(text=read_yaml(data, file=path.name), policy=policy, today=today)
    except (GeogateError, OSError):
        return None


def lint(draft: _Draft, *, stale_months: int) -> Iterator[Remark]:
    """Say what is odd about one policy."""
    for rule in draft.policy.rules:
        yield from _absurd(draft, rule)
        yield from _out_of_reach(draft, rule)
        yield from _never_fires(draft, rule)
    yield from _pairs(draft)
    yield from _uncovered(draft)
    yield from _stale(draft, months=stale_months)
    if _months(draft.policy.as_of, draft.today) > stale_months:
        text = f"the policy was last reviewed {_months(draft.policy.as_of, draft.today)} months ago"
        yield draft.remark(NOTE, None, ("meta", "as_of"), text)


def _rule(use: PolicyRule) -> Rule[Any]:
    return registered()[use.expectation]


def _absurd(draft: _Draft, use: PolicyRule) -> Iterator[Remark]:
    for number in numbers_of(_rule(use), use.params):
        path: Keys = ("kwargs", *_keys(number.path))
        said = number_in_words(number.value, number.unit)
        if number.unit in ORDINARY and number.value:
            least, most, asks = ORDINARY[number.unit]
            if not least <= number.value <= most:
                yield draft.remark(WARNING, use, path, f"{said} is out of the ordinary", hint=asks)
                continue
        if number.unit == "share" and 0 < number.value < SMALL_SHARE:
            yield draft.remark(WARNING, use, path, f"{said} is out of the ordinary", hint="shares go from 0 to 1")
        if number.path.endswith("buffer_m") and 0 < number.value < SHORT_BUFFER_M:
            yield draft.remark(WARNING, use, path, f"{said} is a short buffer", hint="are these kilometres?")


def _out_of_reach(draft: _Draft, use: PolicyRule) -> Iterator[Remark]:
    """Name the limits that nothing that can be measured breaks, or that nothing keeps."""
    if use.disabled:
        return
    for number in numbers_of(_rule(use), use.params):
        reach = reach_of(use.expectation, number)
        if reach is None:
            continue
        path: Keys = ("kwargs", *_keys(number.path))
        said = number_in_words(number.value, number.unit)
        if never_broken(number, reach):
            text = f"nothing ever breaks the limit {number.operator} {said}: measured are {reach.said}"
            yield draft.remark(WARNING, use, path, text, hint="leave the rule out, or write the number that is meant")
        elif never_kept(number, reach):
            text = f"nothing ever keeps the limit {number.operator} {said}: measured are {reach.said}"
            yield draft.remark(WARNING, use, path, text, hint="expect_release_not_to_be_prohibited says that plainly")


def _keys(path: str) -> Keys:
    """Cut ``owner_limits[0].share`` into keys."""
    keys: list[str | int] = []
    for part in path.split("."):
        name, *numbers = part.replace("]", "").split("[")
        keys += [name, *map(int, numbers)]
    return tuple(keys)


def _never_fires(draft: _Draft, use: PolicyRule) -> Iterator[Remark]:
    if use.disabled:
        return
    why = none_in_common(draft.policy.scope, use.when)
    if why:
        text = f"the rule can never apply: {why} of the policy's scope and of when have nothing in common"
        yield draft.remark(ERROR, use, ("meta", "when"), text)
    mine = _rule(use).kinds_of(use.params)
    if not mine & set(draft.policy.kinds) and use.expectation != COLUMNS:
        kinds = ", ".join(sorted(mine))
        text = (
            f"the rule can never fire: it judges layers of kind {kinds}, the policy covers {_list(draft.policy.kinds)}"
        )
        yield draft.remark(ERROR, use, ("type",), text, hint="add the kind to meta.kinds, or leave the rule out")
    if use.shadow_until is not None and use.shadow_until < draft.today:
        text = f"the shadow ended on {use.shadow_until}: the rule is enforced now"
        yield draft.remark(WARNING, use, ("meta", "shadow_until"), text, hint="write status: enforced")


def _list(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _pairs(draft: _Draft) -> Iterator[Remark]:
    """Compare each two uses of a rule that are asked of the same releases."""
    asked = draft.policy.asked
    for number, one in enumerate(asked):
        for other in asked[number + 1 :]:
            if one.expectation == other.expectation:
                yield from _pair(draft, one, other)


def _pair(draft: _Draft, one: PolicyRule, other: PolicyRule) -> Iterator[Remark]:
    rule = _rule(one)
    if overlap(one.when, other.when) is not Overlap.NONE and rule.excludes(one.params, other.params):
        text = f"nothing satisfies both this rule and {one.id}"
        both = overlap(one.when, other.when) is Overlap.ALL
        yield draft.remark(ERROR if both else WARNING, other, ("kwargs",), text)
        return
    for strict, loose in ((one, other), (other, one)):
        if strict.shadow_until is None and rule.implies(strict.params, loose.params) and _covers(strict, loose):
            text = f"the rule decides nothing: whatever breaks it breaks {strict.id}, which is as grave or graver"
            yield draft.remark(WARNING, loose, ("kwargs",), text, hint="leave it out, or make it stricter")
            return


def _covers(strict: PolicyRule, loose: PolicyRule) -> bool:
    """Say that the one rule is asked wherever the other is, and is as grave."""
    order = ("critical", "warning", "info")
    grave = order.index(strict.severity) <= order.index(loose.severity)
    return grave and (strict.when is None or strict.when == loose.when)


def _uncovered(draft: _Draft) -> Iterator[Remark]:
    for kind in draft.policy.kinds:
        rules = [_rule(use) for use in draft.policy.asked if kind in _rule(use).kinds_of(use.params)]
        if not any(type(rule).measures is not _circumstances() for rule in rules):
            text = f"no rule looks at layers of kind {kind}, so that they are denied"
            yield draft.remark(WARNING, None, ("meta", "kinds"), text)


def _circumstances() -> Any:
    from geogate.rules.rule import CircumstanceRule

    return CircumstanceRule.measures


def _stale(draft: _Draft, *, months: int) -> Iterator[Remark]:
    old: list[tuple[int, PolicyRule, Keys]] = []
    for use in draft.policy.rules:
        for number, basis in enumerate(use.legal_basis):
            path: Keys = ("meta", "legal_basis", number, "as_of")
            if basis.as_of > draft.today:
                yield draft.remark(WARNING, use, path, "the day lies in the future")
            elif _months(basis.as_of, draft.today) > months:
                old.append((_months(basis.as_of, draft.today), use, path))
    if old:
        age, use, path = max(old, key=lambda each: each[0])
        text = f"{len(old)} sources were compared more than {months} months ago, this one {age} months ago"
        yield draft.remark(NOTE, use, path, text if len(old) > 1 else f"the source was compared {age} months ago")


def _months(since: date, today: date) -> int:
    return (today.year - since.year) * 12 + today.month - since.month - (today.day < since.day)


def _unknown_lists(draft: _Draft, folder: Path) -> Iterator[Remark]:
    """Name the zone lists that rules ask for and that are not beside the policy."""
    for use in draft.policy.asked:
        for name in _rule(use).zone_lists(use.params):
            if not (folder / f"{name}.yaml").is_file():
                text = f"there is no zone list {name!r}"
                yield draft.remark(ERROR, use, ("kwargs",), text, hint=f"add zones/{name}.yaml, or disable the rule")


def _unknown_recipients(draft: _Draft, known: set[str]) -> Iterator[Remark]:
    scopes = [(None, ("meta", "scope", "recipients"), draft.policy.scope)]
    scopes += [(use, ("meta", "when", "recipients"), use.when) for use in draft.policy.rules]  # type: ignore[misc]
    for use, path, scope in scopes:
        for number, recipient in enumerate(scope.recipients if scope else ()):
            if recipient not in known:
                yield draft.remark(
                    ERROR, use, (*path, number), f"there is no recipient {recipient!r} in recipients.yaml"
                )


def _unknown_policies(book: RecipientBook, names: Sequence[str], path: Path) -> Iterator[Remark]:
    try:
        text = read_yaml(path.read_bytes(), file=path.name)
    except (GeogateError, OSError):
        return
    for index, recipient in enumerate(book.recipients):
        for number, policy in enumerate(recipient.policies):
            if policy not in names:
                keys: Keys = ("recipients", index, "policies", number)
                where = f"{path.name}:{text.line(keys)}: {dotted(keys)}"
                yield Remark(gravity=ERROR, where=where, text=f"there is no policy {policy!r}")
