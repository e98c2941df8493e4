"""The drill: controls first, then each sabotage in its turn; what no test notices is a gap in the tests."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar

from infra.drill.sabotage import PACKAGE, DrillError
from infra.drill.workspace import RED, Run, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from infra.drill.sabotage import Sabotage

T = TypeVar("T")

WIDER: Final = ("tests/unit", "tests/property", "tests/rules", "tests/formats", "tests/hostile", "tests/integration")
"""What is asked when the few tests of a sabotage do not notice it."""

SECONDS: Final = 300.0
SECONDS_WIDER: Final = 1800.0

BREAKS: Final = frozenset({"ImportError", "ModuleNotFoundError", "NameError", "SyntaxError", "UnboundLocalError"})
"""What a sabotage raises that breaks the gate instead of opening it; a broken gate proves nothing about the tests."""

ALARM: Final = "the drill's own alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one sabotage: the test that caught it, or nothing; ``wider`` where its own tests did not.

    ``fault`` says why the drill cannot tell.
    """

    sabotage: Sabotage
    seconds: float
    caught_by: str = ""
    wider: bool = False
    fault: str = ""


class Drill:
    """Workspaces, one for each process that runs at a time."""

    def __init__(self, workspaces: Sequence[Workspace], *, wider: Sequence[str] = WIDER) -> None:
        self._free: SimpleQueue[Workspace] = SimpleQueue()
        self._count, self._wider = len(workspaces), wider
        for workspace in workspaces:
            self._free.put(workspace)

    @classmethod
    @contextmanager
    def over(cls, repository: Path, *, processes: int, wider: Sequence[str] = WIDER) -> Iterator[Drill]:
        """Make the copies, and remove them at the end of the block; ``wider`` is what is asked after a sabotage's own.

        Raises: DrillError when the repository cannot be copied.
        """
        with tempfile.TemporaryDirectory(prefix="drill-") as folder:
            yield cls(
                [Workspace.make(repository, Path(folder) / str(number)) for number in range(processes)], wider=wider
            )

    def controls(self, sabotages: Sequence[Sabotage]) -> float:
        """Prove that the tests are green without a sabotage, and red when the copied geogate cannot be imported.

        Returns how many seconds the tests take together.

        Raises: DrillError.
        """
        tests = _tests_of(sabotages)
        shares = [tests[number :: self._count] for number in range(self._count)]
        runs = self._each([lambda share=share: self._green(share) for share in shares if share])  # type: ignore[misc]
        self._alarmed(tests)
        return sum(run.seconds for run in runs)

    def all(self, sabotages: Sequence[Sabotage], *, on_outcome: Callable[[Outcome], None]) -> tuple[Outcome, ...]:
        """Apply each sabotage by itself and say what became of it."""

        def one(sabotage: Sabotage) -> Outcome:
            try:
                outcome = self._one(sabotage)
            except DrillError as error:
                outcome = Outcome(sabotage=sabotage, seconds=0.0, fault=str(error))
            on_outcome(outcome)
            return outcome

        return self._each([lambda sabotage=sabotage: one(sabotage) for sabotage in sabotages])  # type: ignore[misc]

    def _each(self, work: Sequence[Callable[[], T]]) -> tuple[T, ...]:
        with ThreadPoolExecutor(self._count) as pool:
            futures = [pool.submit(each) for each in work]
            try:
                return tuple(future.result() for future in futures)
            finally:
                for future in futures:
                    future.cancel()

    @contextmanager
    def _workspace(self) -> Iterator[Workspace]:
        workspace = self._free.get()
        try:
            yield workspace
        finally:
            self._free.put(workspace)

    def _green(self, tests: Sequence[str]) -> Run:
        with self._workspace() as workspace:
            run = workspace.run(tests, seconds=SECONDS_WIDER)
        if not run.green:
            raise DrillError(f"without a sabotage the tests are not green: {_why(run)}")
        return run

    def _alarmed(self, tests: Sequence[str]) -> None:
        """Make the copied geogate raise when it is imported: whoever then passes imports another one."""
        with (
            self._workspace() as workspace,
            workspace.written(PACKAGE / "__init__.py", f"raise RuntimeError({ALARM!r})"),
        ):
            run = workspace.run(tests, seconds=SECONDS)
        if run.passed or run.code == 0 or ALARM not in run.said:
            raise DrillError("the tests do not import the copy of geogate, so that no sabotage could be noticed")

    def _one(self, sabotage: Sabotage) -> Outcome:
        with self._workspace() as workspace:
            with workspace.sabotaged(sabotage):
                run = workspace.run(sabotage.tests, seconds=SECONDS)
                caught = _caught(sabotage, run)
                if caught:
                    return Outcome(sabotage=sabotage, seconds=run.seconds, caught_by=caught)
                if not self._wider:
                    return Outcome(sabotage=sabotage, seconds=run.seconds)
                wider = workspace.run(self._wider, seconds=SECONDS_WIDER)
                caught = _caught(sabotage, wider)
            # A test that fails without the sabotage too has noticed nothing.
            if caught and not workspace.run([caught], seconds=SECONDS).green:
                raise DrillError(f"{sabotage.id}: {caught} fails without the sabotage too")
        return Outcome(sabotage=sabotage, seconds=run.seconds + wider.seconds, caught_by=caught, wider=True)


def _tests_of(sabotages: Sequence[Sabotage]) -> list[str]:
    """List the tests of some sabotages, each once: a test of a file that is asked as a whole is asked with it."""
    asked = sorted({test for each in sabotages for test in each.tests})
    return [test for test in asked if "::" not in test or test.partition("::")[0] not in asked]


def _caught(sabotage: Sabotage, run: Run) -> str:
    """Name the test that noticed the sabotage, empty where all passed.

    Raises: DrillError when the tests could not run, or the sabotage broke the gate.
    """
    if run.green:
        return ""
    if run.code != RED or run.broken or not run.failed:
        raise DrillError(f"{sabotage.id}: the tests could not run: {_why(run)}")
    test, kind = run.failed[0]
    if kind in BREAKS:
        raise DrillError(f"{sabotage.id}: it breaks the gate instead of opening it ({kind} in {test})")
    return test


def _why(run: Run) -> str:
    names = [*(test for test, _ in run.failed), *run.broken]
    return ", ".join(names) if names else f"pytest ended with {run.code}: {run.said.strip()[-600:]}"
