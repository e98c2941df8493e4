"""The plan of remedies: for each finding that denies or holds what would help, and who does it.

It is made from what was measured and from the policy's own numbers. It holds counts, never a coordinate or a feature.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.gate.across import columns_beside
from geogate.gate.derived import NAMES, WITH_TEXTS, carriers_of
from geogate.gate.remedying import LayerChanges
from geogate.measures.hidden.text import TextPositions, TextScan, name_positions
from geogate.measures.hidden.text_halves import together
from geogate.measures.inventory import Inventory, LayerInventory
from geogate.measures.measure import UnmeasurableError
from geogate.model.dataset import LayerKind
from geogate.model.errors import UsageError
from geogate.model.finding import GATE, Effect
from geogate.model.names import LayerName
from geogate.remedies.assembly import in_order, with_lattice
from geogate.remedies.changes import DropHeights, SuppressCells
from geogate.remedies.planning import proposals
from geogate.remedies.planning_columns import without_columns
from geogate.remedies.proposal import ORDER, Kind, Proposal, Remedy, View, Wishes, by_people
from geogate.rules.complementary_suppression import ComplementarySuppression
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from geogate.gate.examine import Examined, Question
    from geogate.model.finding import Finding
    from geogate.model.names import RuleId
    from geogate.suites.judge import LayerAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which remedies are carried out: those of some kinds or with some numbers; all where neither is named.

    ``resolved`` are the layers and kinds that the numbers stand for in the first plan: a later one counts anew.
    """

    kinds: tuple[Kind, ...] = ()
    ids: tuple[str, ...] = ()
    resolved: tuple[tuple[LayerName, Kind], ...] = ()

    def among(self, remedies: Sequence[Remedy]) -> Selection:
        """Find the numbers in a plan.

        Raises: UsageError when one is not there.
        """
        known = {each.id: (each.layer, each.proposal.kind) for each in remedies}
        if missing := [each for each in self.ids if each not in known]:
            raise UsageError(f"the plan has no remedy {missing[0]!r}", hint="see --plan for their numbers")
        return replace(self, resolved=tuple(known[each] for each in self.ids))

    def has(self, remedy: Remedy) -> bool:
        """Tell whether a remedy is chosen."""
        if not self.kinds and not self.ids:
            return True
        return remedy.proposal.kind in self.kinds or (remedy.layer, remedy.proposal.kind) in self.resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Remedies for all findings of a verdict, in the order in which they are carried out."""

    remedies: tuple[Remedy, ...]
    tables: tuple[SuppressCells, ...] = ()

    def chosen(self, selection: Selection) -> tuple[Remedy, ...]:
        """Give the remedies that geogate would carry out."""
        return tuple(each for each in self.remedies if each.proposal.mechanical and selection.has(each))

    def orders(self, selection: Selection) -> tuple[LayerChanges, ...]:
        """Give the changes of each layer."""
        by_layer: dict[LayerName, list[Proposal]] = defaultdict(list)
        for remedy in self.chosen(selection):
            by_layer[remedy.layer].append(remedy.proposal)
        return tuple(LayerChanges(layer=layer, changes=in_order(own, self.tables)) for layer, own in by_layer.items())


@dataclass(frozen=True, slots=True)
class _Measured:
    """A layer as searches for hidden positions take it: what is known before the pass, and what was found."""

    answer: LayerAnswer

    @property
    def name(self) -> LayerName:
        return self.answer.layer

    @property
    def schema(self) -> LayerAnswer:
        return self.answer

    @property
    def facts(self) -> Any:
        return self.answer.facts


def plan_for(examined: Examined, *, question: Question, wishes: Wishes, again: bool) -> Plan:
    """Say what would help against every finding that denies or holds."""
    answers = examined.answer.layers if examined.answer else ()
    hidden = _hidden(answers)
    shown = [answer for answer in answers if answer.layer not in hidden]
    measured = [None if answer.facts is None else answer.facts.values for answer in shown]
    views = {
        answer.layer: _view(answer, beside, question=question, wishes=wishes, again=again)
        for answer, beside in zip(shown, columns_beside(measured), strict=True)
    }
    found: dict[LayerName, list[tuple[Proposal, RuleId, Effect]]] = defaultdict(list)
    # What a waiver covers stands in the way of nothing.
    open_findings = [each for each in examined.verdict.findings if each.effect is not Effect.NOTE and not each.waived]
    in_the_way = {(each.rule, each.layer) for each in open_findings}
    for answer in answers:
        own = replace(answer, outcomes=tuple(o for o in answer.outcomes if (o.rule, o.layer) in in_the_way))
        for proposal, rule, effect in _asked(own, views, hidden, question=question):
            found[hidden.get(answer.layer, (answer.layer, ()))[0]].append((proposal, rule, effect))
    for finding in open_findings:
        if finding.rule.startswith(GATE):
            for each in _of_gate(finding, views):
                found[finding.layer].append((each, finding.rule, finding.effect))
    return Plan(remedies=_numbered(found, views), tables=_tables(question))


def _view(answer: LayerAnswer, beside: tuple[str, ...], *, question: Question, wishes: Wishes, again: bool) -> View:
    return View(
        name=answer.layer,
        kind=answer.kind,
        values={} if answer.facts is None else answer.facts.values,
        zone_lists=question.zone_lists,
        wishes=wishes,
        beside=beside,
        again=again,
    )


def _hidden(answers: Sequence[LayerAnswer]) -> dict[LayerName, tuple[LayerName, tuple[str, ...]]]:
    """Name for each layer of hidden positions the layer that hides them, and the columns."""
    taken = {answer.layer for answer in answers}
    layers: Any = [_Measured(answer) for answer in answers]
    found: dict[LayerName, tuple[LayerName, tuple[str, ...]]] = {}
    derived = [name for name in taken if "#" in name]
    if not derived:
        return {}
    shown = [layer for layer in layers if not _is_derived(layer.name, taken)]
    halves = _halves(shown)
    for layer in shown:
        carriers, _ = carriers_of(layer, halves=halves)
        for number, carrier in enumerate(carriers, start=1):
            name = LayerName(f"{layer.name}#{number}")
            if name in taken:
                found[name] = (layer.name, carrier.columns)
    for name in derived:
        if name not in found and _is_derived(name, taken):
            found[name] = (LayerName(""), ())
    return found


def _halves(layers: Sequence[_Measured]) -> frozenset[str]:
    """Name the forms that count as halves of positions, from all texts and names of the dataset."""
    texts = [
        layer.facts.values.get(TextScan().id) for layer in layers if layer.facts and layer.answer.kind in WITH_TEXTS
    ]
    names: list[str] = []
    for layer in layers:
        inventory = layer.facts.values.get(LayerInventory().id) if layer.facts else None
        columns = inventory.columns if isinstance(inventory, Inventory) else None
        names += [layer.name, *(column.name for column in columns or ())]
    return together([name_positions(tuple(dict.fromkeys(names))), *(t for t in texts if isinstance(t, TextPositions))])


def _is_derived(name: LayerName, taken: Collection[LayerName]) -> bool:
    """Tell whether a layer is one of hidden positions, by its name and the layer that it comes from."""
    before, mark, number = name.rpartition("#")
    return bool(mark) and number.isdecimal() and (LayerName(before.rstrip("#")) in taken or before == NAMES)


def _asked(
    answer: LayerAnswer, views: dict[LayerName, View], hidden: Any, *, question: Question
) -> Iterator[tuple[Proposal, RuleId, Effect]]:
    """Propose for each rule that a layer breaks; for hidden positions to leave out the columns that hide them."""
    uses = {use.id: use for use in question.policy.rules}
    for outcome in answer.outcomes:
        use = uses[outcome.rule]
        if not outcome.problems or use.effect is Effect.NOTE:
            continue
        remedy = "; ".join(dict.fromkeys(problem.remedy for problem in outcome.problems))
        if answer.layer in hidden:
            found = _without_carriers(hidden[answer.layer], views, remedy)
        else:
            try:
                found = proposals(use.expectation, use.params, views[answer.layer], remedy=remedy)
            except UnmeasurableError as error:
                found = (by_people(f"{remedy} ({error})"),)
        for proposal in found:
            yield proposal, use.id, use.effect


def _without_carriers(
    carrier: tuple[LayerName, tuple[str, ...]], views: dict[LayerName, View], remedy: str
) -> tuple[Proposal, ...]:
    layer, columns = carrier
    if layer not in views or not columns:
        return (by_people(f"rename files, layers or columns whose names tell positions, or: {remedy}"),)
    if views[layer].kind is LayerKind.PHOTO:
        return proposals("", None, views[layer], remedy=remedy)
    return tuple(without_columns(columns, views[layer], why="that hide positions"))


def _of_gate(finding: Finding, views: dict[LayerName, View]) -> Iterator[Proposal]:
    """Propose for what the gate itself found."""
    if finding.rule == f"{GATE}unjudged-ordinates" and finding.layer in views:
        yield Proposal(
            kind=Kind.DROP_HEIGHTS,
            does="drop the heights and measures of all positions, at which no rule looks",
            changes=(DropHeights(heights=True, measures=True),),
        )
    else:
        yield by_people(finding.remedy)


def _numbered(
    found: dict[LayerName, list[tuple[Proposal, RuleId, Effect]]], views: dict[LayerName, View]
) -> tuple[Remedy, ...]:
    """Put the same proposals together, and number them in the order in which they are carried out."""
    remedies: list[Remedy] = []
    for layer, asked in sorted(found.items()):
        own = tuple(dict.fromkeys(proposal for proposal, _, _ in asked))
        settled = with_lattice(own, views[layer]) if layer in views else own
        for proposal in sorted(settled, key=lambda each: ORDER[each.kind]):
            whose = [
                (rule, effect)
                for each, rule, effect in asked
                if each == proposal or (each.kind is proposal.kind is Kind.COARSEN)
            ]
            rules = tuple(dict.fromkeys(rule for rule, _ in whose)) or tuple(
                dict.fromkeys(rule for each, rule, _ in asked if each.kind is Kind.COARSEN)
            )
            effect = Effect.DENY if any(each is Effect.DENY for _, each in whose) else Effect.HOLD
            remedies.append(Remedy(id="", layer=layer, rules=rules, effect=effect, proposal=proposal))
    return tuple(replace(each, id=f"r{number}") for number, each in enumerate(remedies, start=1))


def _tables(question: Question) -> tuple[SuppressCells, ...]:
    """Give the sums of which the policy speaks."""
    found: list[SuppressCells] = []
    for use in question.policy.rules:
        if isinstance(registered()[use.expectation], ComplementarySuppression) and use.effect is not Effect.NOTE:
            view = View(name=LayerName(""), kind=LayerKind.VECTOR, values={}, zone_lists={}, wishes=Wishes())
            for proposal in proposals(use.expectation, use.params, view, remedy=""):
                found += [change for change in proposal.changes if isinstance(change, SuppressCells)]
    return tuple(found)
