"""What the recipient of a feed got before, as far as the numbers of a batch add up to it.

A release that is thinned out into many batches must not get what it would not get whole. Rules whose limits hold for
all layers of a release count on from everything that left for the recipient, in this feed and outside of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from geogate.gate.exposure import artefact_digest
from geogate.gate.remembered import Remembered
from geogate.measures.hidden.columns import ColumnContents
from geogate.model.dataset import LayerKind
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError
from geogate.model.past import MeasuredLayer
from geogate.rules.recipient_total_window import first_day
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from geogate.gate.house import House
    from geogate.ledger.disclosed import Disclosed
    from geogate.ledger.transaction import Transaction
    from geogate.measures.hidden.numbers_possible import Lone
    from geogate.measures.measure import Measure
    from geogate.model.names import RecipientId, Sha256
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.zones.zone import ZoneList


class Running(Protocol):
    """Says what the recipient got before, for rules whose numbers add up, and what the batch before ended with."""

    @property
    def lone(self) -> tuple[Lone, ...]:
        """The columns of the batch before that could be one axis of positions."""
        ...

    def __call__(self, besides: Callable[[], Sha256], /) -> tuple[MeasuredLayer, ...]:
        """Say it; ``besides`` is asked for the digest of what is judged."""
        ...

    def within(self, tx: Transaction, besides: Sha256) -> tuple[MeasuredLayer, ...]:
        """Say it in a transaction, when nobody else can clear."""
        ...


def adding(
    policy: Policy, zone_lists: Mapping[str, ZoneList]
) -> tuple[tuple[PolicyRule, ...], tuple[Measure[Any], ...]]:
    """Name the rules of a policy whose numbers add up over releases, and the measures by which they do."""
    uses: list[PolicyRule] = []
    measures: dict[str, Measure[Any]] = {}
    for use in policy.rules:
        found = registered()[use.expectation].adds_up(use.params, zone_lists)
        if found is not None:
            uses.append(use)
            measures |= {str(measure.id): measure for measure in found}
    return tuple(uses), tuple(measures.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Reads what left for a recipient since a day; nothing where no number adds up."""

    house: House
    recipient: RecipientId
    measures: tuple[Measure[Any], ...]
    since: date | None
    lone: tuple[Lone, ...] = field(default=())

    @classmethod
    def of(
        cls,
        policy: Policy,
        zone_lists: Mapping[str, ZoneList],
        *,
        recipient: RecipientId,
        window: str,
        house: House,
        lone: tuple[Lone, ...] = (),
    ) -> Earlier:
        """Find out what the rules of a policy count on by."""
        uses, measures = adding(policy, zone_lists)
        since = first_day(window, house.today()) if uses else None
        return cls(house=house, recipient=recipient, measures=measures, since=since, lone=lone)

    def __call__(self, besides: Callable[[], Sha256], /) -> tuple[MeasuredLayer, ...]:
        """Read it.

        Raises: RefusedError where it is not known what was in a release; ServiceError.
        """
        if self.since is None:
            return ()
        with self.house.ledger() as ledger:
            return self._layers(ledger.disclosed_to(self.recipient, now=self.house.clock()), besides())

    def within(self, tx: Transaction, besides: Sha256) -> tuple[MeasuredLayer, ...]:
        """Read it in a transaction.

        Raises: RefusedError where it is not known what was in a release.
        """
        return () if self.since is None else self._layers(tx.disclosed_to(self.recipient), besides)

    def _layers(self, releases: Iterable[Disclosed], besides: Sha256) -> tuple[MeasuredLayer, ...]:
        found: dict[tuple[LayerKind, bool, tuple[str, ...]], MeasuredLayer] = {}
        for release in releases:
            too_old = release.on is not None and self.since is not None and release.on < self.since
            if too_old or _digest(release) == besides:
                continue
            for layer in self._of(release):
                key = (layer.kind, layer.again, tuple(sorted(map(str, layer.values))))
                found[key] = _sum(found[key], layer) if key in found else layer
        return tuple(found.values())

    def _of(self, release: Disclosed) -> tuple[MeasuredLayer, ...]:
        names = (str(each.id) for each in self.measures)
        return _READ.of(release.measurements or "", names, lambda text: _read(text, self.measures))


_READ: Final[Remembered[tuple[MeasuredLayer, ...]]] = Remembered(20_000)


def _digest(release: Disclosed) -> Sha256 | None:
    return None if release.artefact is None else artefact_digest(release.artefact)


def _read(text: str, measures: tuple[Measure[Any], ...]) -> tuple[MeasuredLayer, ...]:
    """Read what was measured of a release; layers that say what hides in others have none of their rows.

    Raises: RefusedError where that is not wholly known.
    """
    try:
        layers = tuple(_layer(layer, measures) for layer in json.loads(text)["layers"].values())
    except (ValueError, TypeError, KeyError, AttributeError):
        layers = ()
    if not layers:
        raise RefusedError(
            "of a release to the recipient it is not known what was in it, so that nothing can be added to it",
            hint="wait until it has left the window of the feed, or have the feed changed",
        )
    return layers


def _layer(layer: Any, measures: tuple[Measure[Any], ...]) -> MeasuredLayer:
    if layer["complete"] is not True or type(layer["rows"]) is not int:
        raise ValueError("the layer was not read to its end")
    values: dict[str, Any] = {}
    for measure in measures:
        value = layer["values"].get(measure.id)
        if value is not None and set(value) != {"reason"}:
            values[measure.id] = from_json(type(measure.empty()), canonical_json(value))
    kind = LayerKind(layer.get("kind", LayerKind.VECTOR))
    # Columns are looked into where they are, and not again in what hides in them.
    hides = layer["rows"] > 0 and layer["values"].get(ColumnContents().id, {}).get("rows") == 0
    return MeasuredLayer(kind=kind, rows=layer["rows"], values=values, again=hides)


def _sum(one: MeasuredLayer, other: MeasuredLayer) -> MeasuredLayer:
    values = {name: one.values[name] + value for name, value in other.values.items()}
    return MeasuredLayer(kind=one.kind, rows=one.rows + other.rows, values=values, again=one.again)
