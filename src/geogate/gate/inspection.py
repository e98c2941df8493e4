"""The reading side of a verdict, as the gate sees it: layers that are opened and measured in a child process.

Nothing that a child says is believed as it stands: answers are read strictly, and whatever a child does besides
answering, such as a crash, a limit, a warning or a stray file, becomes a finding that denies.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeVar

from geogate.gate import reading
from geogate.gate.derived import JUDGED_BEFORE
from geogate.gate.here import Here
from geogate.gate.opening import ALWAYS
from geogate.gate.reading import EncodedReport, FactsReport, LayerReport, OpenedReport, Order
from geogate.measures.measure import LayerFacts, Unmeasured
from geogate.measures.source import UnreadableError
from geogate.model import errors
from geogate.model.document import from_json
from geogate.model.errors import GeogateError, ServiceError
from geogate.model.isolation import IsolationLevel
from geogate.model.verdict import LayerSummary
from geogate.policy.decide import gate_finding
from geogate.sandbox import ChildFailedError, ChildLimitError, Limits, Sandbox, shared_zygote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from geogate.gate.reading import Trouble
    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.measures.tools import Tools
    from geogate.model.dataset import FilePart, Format
    from geogate.model.finding import Finding
    from geogate.model.names import LayerName
    from geogate.sandbox import Child, Zygote

T = TypeVar("T")

WARM: Final = "geogate.gate.warming:warm_up"
WARM_KERNELS: Final = "geogate.gate.warming:warm_kernels"

LEAST_S: Final = 900.0
BYTES_A_SECOND: Final = 1 << 20
"""A child may take ``LEAST_S`` and a second more for each so many bytes; an honest pass takes a hundredth of that."""

READER_REMEDY: Final = "export the file again with a common tool; it is damaged or made to break its readers"


def readers(tools: Tools) -> Zygote:
    """Return what starts readers, begun now if it was not before; it loads its libraries beside whatever follows."""
    return shared_zygote((WARM, WARM_KERNELS) if tools.kernels else (WARM,))


def limits_for(size: int) -> Limits:
    """Give a child time for a dataset of this size.

    Units: bytes.
    """
    wall_s = LEAST_S + size / BYTES_A_SECOND
    return Limits(wall_s=wall_s, cpu_s=int(4 * wall_s))


@dataclass(slots=True)
class RemoteLayer:
    """One layer that a child has opened; it remembers what its pass found, and is read once."""

    report: LayerReport
    number: int
    inspection: Inspection
    facts: LayerFacts | None = field(default=None, init=False)

    @property
    def name(self) -> LayerName:
        """The name within the dataset."""
        return self.report.name

    @property
    def schema(self) -> LayerReport:
        """What is known before the pass."""
        return self.report

    def run(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Measure the layer in one pass, in the child.

        Raises: UnreadableError when the layer cannot be read, or was read before; ServiceError and other errors of the
            product when there is no verdict.
        """
        if self.facts is not None:
            raise UnreadableError("the layer was read twice", remedy="report this: it is a fault of geogate")
        said = self.inspection.ask(reading.measure, self.number, tuple(measures), gives=FactsReport)
        if said.refusal is not None:
            raise UnreadableError(said.refusal.summary, remedy=said.refusal.remedy, layer=said.refusal.layer)
        self.facts = LayerFacts(
            rows=said.rows, values=_values(said, measures), complete=said.complete, claimed=said.claimed
        )
        return self.facts

    def summary(self) -> LayerSummary:
        """Say what was seen of the layer."""
        return LayerSummary(name=self.name, rows=self.facts.rows if self.facts else 0, crs=self.report.crs)


@dataclass(slots=True, kw_only=True)
class Inspection:
    """A dataset that is open in a child.

    ``layers`` can be judged; ``findings`` are about all that cannot. ``isolation`` names the level and the mechanisms
    that were in force before the first byte was read.
    """

    child: Child | Here
    on_rows: Callable[[int], None]
    layers: tuple[RemoteLayer, ...] = ()
    findings: tuple[Finding, ...] = ()
    parts: tuple[FilePart, ...] = ()

    @property
    def isolation(self) -> tuple[str, ...]:
        """The level of isolation, then its mechanisms."""
        return (self.child.isolation.level.value, *self.child.isolation.mechanisms)

    @property
    def claimed(self) -> int | None:
        """The rows that all layers together claim, ``None`` where one makes no claim."""
        rows = [layer.report.rows for layer in self.layers]
        return None if None in rows else sum(filter(None, rows))

    def open(self, order: Order) -> None:
        """Open the files; where the child does not live through it there are no layers and a finding says why."""
        try:
            said = self.ask(reading.open_dataset, order, gives=OpenedReport)
        except UnreadableError as error:
            self.findings = (_stopped(error),)
            return
        self.layers, self.findings, self.parts = self._layers(said, first=0), said.findings, said.parts

    def hidden(self) -> tuple[tuple[RemoteLayer, ...], tuple[Finding, ...]]:
        """Name the layers of positions that hide in those that were measured, and findings where nobody can say."""
        try:
            said = self.ask(reading.find_hidden, gives=OpenedReport)
        except UnreadableError as error:
            return (), (_stopped(error),)
        return self._layers(said, first=len(self.layers)), said.findings

    def encode(self, shapefile_as: Format, *, kernels: bool, workers: int) -> EncodedReport:
        """Let the child write geogate's own encoding of what is open."""
        try:
            return self.ask(reading.encode_dataset, shapefile_as, kernels=kernels, workers=workers, gives=EncodedReport)
        except UnreadableError as error:
            return EncodedReport(findings=(_stopped(error),))

    def finish(self, written: Sequence[str] = ()) -> tuple[Finding, ...]:
        """End the child, and find what it did that no reader does."""
        try:
            ending = self.child.finish(written)
        except ChildLimitError as error:
            return (_stopped(UnreadableError(error.summary, remedy=error.remedy)),)
        if ending.warned:
            summary = "the readers of the dataset complained of it"
            return (gate_finding("reader-warned", summary=summary, remedy=READER_REMEDY),)
        return ()

    def ask(self, function: Callable[..., Any], *arguments: Any, gives: type[T], **named: Any) -> T:
        """Call a function in the child.

        Raises: UnreadableError when the child does not live through it; the product's error that it met.
        """
        try:
            said = self.child.call(function, *arguments, gives=gives, on_progress=self.on_rows, **named)
        except ChildLimitError as error:
            raise UnreadableError(error.summary, remedy=error.remedy) from None
        except ChildFailedError as error:
            raise UnreadableError(f"a reader failed on the dataset ({error.error})", remedy=READER_REMEDY) from None
        trouble: Trouble | None = getattr(said, "trouble", None)
        if trouble is not None:
            raise _error(trouble)
        return said

    def _layers(self, said: OpenedReport, *, first: int) -> tuple[RemoteLayer, ...]:
        return tuple(RemoteLayer(report, number, self) for number, report in enumerate(said.layers, start=first))


@contextmanager
def inspected(
    order: Order,
    files: Mapping[Path, str],
    *,
    minimum: IsolationLevel,
    on_rows: Callable[[int], None],
    indexes: Path | None = None,
    output: Path | None = None,
) -> Iterator[Inspection]:
    """Open a dataset in a child that is isolated at least so; it is gone with the block.

    Raises: ServiceError when the machine cannot isolate it so, or there is no verdict.
    """
    size = sum(path.stat().st_size for path in files)
    try:
        sandbox = Sandbox(readers(order.tools), minimum=minimum, limits=limits_for(size))
        child = sandbox.session(files, output=output, read_only=() if indexes is None else (indexes,))
    except ServiceError:
        if minimum is not IsolationLevel.NONE:
            raise
        with inspected_here(order, files, on_rows=on_rows, output=output) as here:
            yield here
        return
    with child:
        inspection = Inspection(child=child, on_rows=on_rows)
        inspection.open(order)
        yield inspection


@contextmanager
def inspected_here(
    order: Order, files: Mapping[Path, str], *, on_rows: Callable[[int], None], output: Path | None = None
) -> Iterator[Inspection]:
    """Open a dataset in this process, without any isolation, which only a policy that asks for none allows."""
    with TemporaryDirectory(prefix="geogate-") as scratch:
        paths = {name: str(path.absolute()) for path, name in files.items()}
        here = Here(scratch=Path(scratch), output=output, on_rows=on_rows)
        own = Order(
            files=tuple((paths[name], name) for _, name in order.files),
            assume_crs=order.assume_crs,
            as_is=order.as_is,
            tools=order.tools,
            endings=order.endings,
        )
        inspection = Inspection(child=here, on_rows=on_rows)
        inspection.open(own)
        yield inspection


def _values(said: FactsReport, measures: Sequence[Measure[Any]]) -> dict[MeasureId, Measurement | Unmeasured]:
    """Read what a child found, each measurement as one of its measure's kind.

    Raises: UnreadableError when it is not exactly that.
    """
    known: dict[str, Measure[Any]] = {measure.id: measure for measure in (*measures, *ALWAYS, *JUDGED_BEFORE)}
    try:
        return {known[fact.measure].id: _value(fact, known[fact.measure]) for fact in said.facts}
    except (ValueError, KeyError, RecursionError):
        raise UnreadableError(
            "a reader did not answer as it must", remedy="report this: it is a fault of geogate, or of a hostile file"
        ) from None


def _value(fact: reading.Fact, measure: Measure[Any]) -> Any:
    if fact.measurement is None:
        return Unmeasured(reason=fact.reason)
    return from_json(type(measure.empty()), fact.measurement)


def _stopped(error: UnreadableError) -> Finding:
    return gate_finding("reader-stopped", summary=error.summary, remedy=error.remedy)


def _error(trouble: Trouble) -> GeogateError:
    kind = getattr(errors, trouble.error, ServiceError)
    known = isinstance(kind, type) and issubclass(kind, GeogateError)
    return (kind if known else ServiceError)(trouble.summary, hint=trouble.hint)
