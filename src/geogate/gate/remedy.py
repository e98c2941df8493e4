"""Remedy: screen a dataset, carry out what is mechanical, write the result as a new artefact and screen that.

Nothing is said to pass but by the verdict on the bytes that were written: a plan is a proposal, the second screen is
the answer. The input is never written to, and the result is never put where something lies already.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from geogate.engines.local import cores
from geogate.gate.inspection import inspected
from geogate.gate.intake import dataset_files
from geogate.gate.opening import odd_parts
from geogate.gate.passes import tools_for
from geogate.gate.progress import logged
from geogate.gate.question import ask
from geogate.gate.reading import EncodedReport, Order
from geogate.gate.remedy_plan import Selection, plan_for
from geogate.gate.remedying import Writing, encode_changed
from geogate.gate.screen import looked_at, screen
from geogate.measures.source import UnreadableError
from geogate.model.errors import InputError, ServiceError, UsageError
from geogate.model.verdict import Decision
from geogate.remedies.proposal import Wishes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.examine import Question
    from geogate.gate.house import House, Wish
    from geogate.gate.passes import Means
    from geogate.gate.progress import Progress
    from geogate.gate.remedy_plan import Plan
    from geogate.gate.remedying import LayerChanges
    from geogate.model.finding import Finding
    from geogate.model.names import LayerName
    from geogate.model.verdict import LayerSummary, Verdict
    from geogate.remedies.proposal import Remedy

MOST_ROUNDS: Final = 4
"""Rounds of remedies: one can bring to light what another finding covered, and rounding again is coarser."""

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be done: where the result goes, which remedies, and how; without an output there is only a plan."""

    output: Path | None = None
    selection: Selection = field(default_factory=Selection)
    wishes: Wishes = field(default_factory=Wishes)
    docs: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRows:
    """How many rows a layer had and has; ``after`` is ``None`` where nothing was written."""

    layer: LayerName
    before: int
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedied:
    """What came of it.

    ``plan`` are the remedies for the dataset as it lies; ``done`` those that were carried out, round by round, and
    ``left`` those that remain for what was written. ``after`` is the verdict on it, ``None`` where nothing was written.
    ``now`` are its layers under the names that they had.
    """

    before: Verdict
    plan: tuple[Remedy, ...]
    done: tuple[tuple[Remedy, ...], ...] = ()
    left: tuple[Remedy, ...] = ()
    after: Verdict | None = None
    written: tuple[str, ...] = ()
    now: tuple[LayerSummary, ...] = ()

    @property
    def decision(self) -> Decision:
        """The decision on what was written, or where nothing was on the dataset as it lies."""
        return self.before.decision if self.after is None else self.after.decision

    @property
    def rows(self) -> tuple[LayerRows, ...]:
        """How many rows each layer of the dataset had, and has in what was written."""
        after = {layer.name: layer.rows for layer in self.now}
        stems = {_stem(name): rows for name, rows in after.items()}
        return tuple(
            LayerRows(layer=layer.name, before=layer.rows, after=after.get(layer.name, stems.get(_stem(layer.name))))
            for layer in self.before.layers
        )


def _stem(name: str) -> str:
    """Name a layer without the extension of its file, which a result in another format has not."""
    file, mark, layer = name.partition("/")
    return f"{PurePosixPath(file).stem}{mark}{layer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Everything that one run works with."""

    house: House
    question: Question
    means: Means
    orders: Orders


def remedy(wish: Wish, orders: Orders, *, house: House, progress: Progress | None = None) -> Remedied:
    """Plan the remedies for a dataset, and with an output carry out those that are chosen and screen the result.

    Raises: UsageError when something lies where the result is to go; InputError when a file is missing, or the changed
        layers cannot be written; and whatever ``ask`` raises.
    """
    if orders.output is not None:
        require_free(orders.output)
    question = ask(wish, house=house)
    # Counts in remedies are of all rows, also where a denial is certain before.
    whole = replace(question, policy=replace(question.policy, stop_early=False))
    orders = replace(orders, wishes=replace(orders.wishes, key=secrets.token_bytes(_KEY_BYTES)))
    desk = _Desk(house=house, question=whole, means=house.means(progress or logged("screening")), orders=orders)
    first = looked_at(wish.dataset, question=whole, means=desk.means)
    plan = plan_for(first, question=whole, wishes=orders.wishes, again=False)
    desk = replace(desk, orders=replace(orders, selection=orders.selection.among(plan.remedies)))
    found = Remedied(before=first.verdict, plan=plan.remedies)
    if orders.output is None or first.verdict.decision is Decision.CLEAR:
        return found
    with TemporaryDirectory(dir=_scratch(house), prefix="remedy-") as folder:
        found, made = _in_rounds(found, plan, wish.dataset, Path(folder), desk)
        if made is None:
            return found
        found = replace(found, written=put(made, orders.output))
    return _screened(found, wish, desk)


def _scratch(house: House) -> Path | None:
    return house.scratch() if house.settings.home.is_dir() else None


def _in_rounds(
    found: Remedied, plan: Plan, at: Sequence[str], folder: Path, desk: _Desk
) -> tuple[Remedied, Path | None]:
    """Carry out remedies, look at what came of them, and again with what that brings to light."""
    made: Path | None = None
    for number in range(MOST_ROUNDS):
        chosen = plan.chosen(desk.orders.selection)
        if not chosen:
            break
        made = _written(at, plan.orders(desk.orders.selection), folder / str(number), desk)
        at = (str(made),)
        again = looked_at(at, question=desk.question, means=desk.means)
        found = replace(found, done=(*found.done, chosen), now=again.verdict.layers)
        if again.verdict.decision is Decision.CLEAR:
            break
        plan = plan_for(again, question=desk.question, wishes=desk.orders.wishes, again=True)
    return found, made


def _written(dataset: Sequence[str], orders: Sequence[LayerChanges], into: Path, desk: _Desk) -> Path:
    """Let a child read the dataset and write it changed; return the folder with the files.

    Raises: InputError when it cannot be read or written as geogate's own encoding.
    """
    into.mkdir(mode=0o700)
    question = desk.question
    with TemporaryDirectory(prefix="geogate-") as scratch, dataset_files(dataset, scratch=Path(scratch)) as files:
        size = sum(path.stat().st_size for path in files)
        tools = tools_for(size, zone_lists=question.zone_lists, indexes=None)
        order = Order(
            files=tuple((name, name) for name in files.values()),
            assume_crs=question.assume_crs,
            as_is=False,
            tools=tools,
        )
        with inspected(order, files, minimum=question.policy.isolation, on_rows=_ignore, output=into) as inspection:
            _require_none([*inspection.findings, *odd_parts(inspection.parts, as_is=False)])
            writing = Writing(shapefile_as=question.policy.shapefile_as, tools=tools, workers=cores())
            try:
                said = inspection.ask(encode_changed, tuple(orders), writing, gives=EncodedReport)
            except UnreadableError as error:
                raise InputError(error.summary, hint=error.remedy) from None
            _require_none([*said.findings, *inspection.finish(said.names)])
    return into


def _require_none(findings: Sequence[Finding]) -> None:
    """Write nothing that a reader cannot vouch for.

    Raises: InputError.
    """
    for finding in findings:
        raise InputError(f"nothing was written: {finding.summary}", hint=finding.remedy)


def _ignore(_rows: int) -> None:
    """Take no notice: rows are told when they are judged."""


def require_free(output: Path) -> None:
    """Refuse an output where something lies, also where it only points elsewhere.

    Raises: UsageError.
    """
    if os.path.lexists(output):
        raise UsageError("something lies where the result is to go", hint="name a new file or folder with --output")
    if not output.parent.is_dir():
        raise UsageError("there is no folder for the result", hint="create it, or name another with --output")


def put(made: Path, output: Path) -> tuple[str, ...]:
    """Copy the result to where it goes: one file under the name that was given, several into a new folder.

    Raises: UsageError when the name does not fit the result, or something lies there by now; ServiceError.
    """
    files = sorted(path for path in made.rglob("*") if path.is_file())
    names = [path.relative_to(made).as_posix() for path in files]
    try:
        if not output.suffix:
            output.mkdir(mode=0o700)
            targets = [output / name for name in names]
        elif len(files) == 1 and files[0].suffix == output.suffix.lower():
            targets = [output]
        else:
            raise UsageError(
                f"the result is {_kinds(files)}", hint="name it so with --output, or a new folder without an extension"
            )
        for path, target in zip(files, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, target)
    except FileExistsError:
        raise UsageError("something lies where the result is to go", hint="name a new file or folder") from None
    except OSError as error:
        raise ServiceError(f"the result cannot be written ({error.strerror})", hint="make room on the disk") from error
    return tuple(names)


def _kinds(files: Sequence[Path]) -> str:
    return f"{len(files)} files" if len(files) > 1 else f"a {files[0].suffix} file"


def _copy(path: Path, target: Path) -> None:
    """Copy a file to a new one: nothing that came to lie there meanwhile is written over."""
    with path.open("rb") as file, target.open("xb") as new:
        shutil.copyfileobj(file, new, 1 << 20)


def _screened(found: Remedied, wish: Wish, desk: _Desk) -> Remedied:
    """Screen what lies where the result went, as anybody would; the verdict is about these bytes."""
    output = desk.orders.output
    if output is None:
        raise ValueError("nothing was written")
    result = replace(wish, dataset=(str(output),))
    after = screen(result, house=desk.house, docs=desk.orders.docs)
    if after.decision is Decision.CLEAR:
        return replace(found, after=after)
    again = looked_at(result.dataset, question=desk.question, means=desk.means)
    left = plan_for(again, question=desk.question, wishes=desk.orders.wishes, again=True)
    return replace(found, after=after, left=left.remedies)
