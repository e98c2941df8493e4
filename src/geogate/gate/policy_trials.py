"""Judge the cases of a policy; what several of them have in common is written, read and measured once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.exposure import NothingBefore
from geogate.gate.policy_case_place import CasePlace, ZoneLists, question_of
from geogate.gate.policy_data import write_data
from geogate.gate.policy_measured import Files, measure
from geogate.model.document import canonical_json
from geogate.model.errors import PolicyError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from geogate.gate.examine import Question
    from geogate.gate.policy_measured import Measured
    from geogate.model.verdict import Verdict
    from geogate.policy.cases import PolicyCase
    from geogate.policy.policy import Policy


AT_ONCE: Final = 12
"""Datasets that are measured together; the time to decide on them grows by the square of their number."""


@dataclass(slots=True, kw_only=True)
class Trials:
    """Judges cases; datasets under the same zone lists are measured together, and each dataset once."""

    policy: Policy
    beside: Path
    root: Path
    _recipients: bytes | None = field(default=None, init=False)
    _lists: dict[str, ZoneLists] = field(default_factory=dict, init=False)
    _measured: dict[str, Measured] = field(default_factory=dict, init=False)
    _count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        path = self.beside / "recipients.yaml"
        self._recipients = path.read_bytes() if path.is_file() else None

    def prepare(self, cases: Sequence[PolicyCase]) -> None:
        """Measure the datasets of many cases, as far as they can be measured together."""
        groups: dict[str, dict[str, PolicyCase]] = {}
        for case in cases:
            groups.setdefault(_setting(case), {}).setdefault(_dataset(case), case)
        for group in groups.values():
            # What is wrong with a dataset is said of the case that has it.
            files: dict[str, Files] = {}
            for key, case in group.items():
                with suppress(PolicyError):
                    files[key] = self._write(case)
            for keys in _chunks(files):
                if len(keys) > 1:
                    self._measure_together({key: files[key] for key in keys}, next(iter(group.values())))

    def verdict(self, case: PolicyCase) -> Verdict:
        """Judge one case.

        Raises: PolicyError when it cannot be judged.
        """
        question = self._question(case)
        key = _dataset(case)
        if key not in self._measured:
            self._measured[key] = measure([self._write(case)], self._everything(case, question))
        return self._measured[key].verdict(question, case.measured)

    def _measure_together(self, files: Mapping[str, Files], case: PolicyCase) -> None:
        try:
            question = self._everything(case, self._question(case))
        except PolicyError:
            return
        together = measure(tuple(files.values()), question)
        for key, own in files.items():
            alone = together.alone(own)
            if alone is not None:
                self._measured[key] = alone

    def _question(self, case: PolicyCase) -> Question:
        place = CasePlace(root=self._folder(), home=self.root, parsed=self.policy, lists=self._lists_of(case))
        try:
            return question_of(case, place, home=self.root / "home", registered_here=self._recipients)
        except RefusedError as error:
            raise PolicyError(error.summary, hint=error.hint) from error

    def _everything(self, case: PolicyCase, question: Question) -> Question:
        """Ask all rules that are ever asked, and read every layer to its end."""
        rules = tuple(replace(rule, when=None) for rule in self.policy.asked)
        return replace(
            question,
            policy=replace(self.policy, scope=None, rules=rules, stop_early=False),
            policies=(),
            passed_over=(),
            zone_lists=self._lists_of(case).on(question.at.date()),
            recall=NothingBefore(),
        )

    def _folder(self) -> Path:
        self._count += 1
        folder = self.root / str(self._count)
        folder.mkdir()
        return folder

    def _lists_of(self, case: PolicyCase) -> ZoneLists:
        key = _plain(case.zones)
        if key not in self._lists:
            self._lists[key] = ZoneLists.pinned(self.policy, case.zones, beside=self.beside, folder=self._folder())
        return self._lists[key]

    def _write(self, case: PolicyCase) -> Files:
        folder = self._folder()
        beside = self.beside / "tests" / str(self.policy.name)
        paths = [
            write_data(shape, stem=f"data-{index}", folder=folder, beside=beside)
            for index, shape in enumerate(case.data, start=1)
        ]
        return Files(folder=folder, paths=tuple(paths))


def _chunks(keys: Iterable[str]) -> Iterator[tuple[str, ...]]:
    left = iter(keys)
    while some := tuple(islice(left, AT_ONCE)):
        yield some


def _plain(shapes: Mapping[str, Any]) -> str:
    return canonical_json({name: shape.model_dump_json() for name, shape in shapes.items()})


def _setting(case: PolicyCase) -> str:
    """Say under what a dataset is measured."""
    return canonical_json([_plain(case.zones), case.assume_crs])


def _dataset(case: PolicyCase) -> str:
    return canonical_json([_setting(case), [each.model_dump_json() for each in case.data]])
