"""Damaged files of every format for about a minute, always the same; ``make fuzz`` goes on for an hour with others."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import fuzzing
import pytest
from fuzzing.inside import tried
from fuzzing.mutate import Change, How, changed, mutated
from fuzzing.run import through_the_gate
from fuzzing.seeds import FAMILIES, seeds
from fuzzing.trial import BAD, End
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geogate.readers import open_named
from geogate.readers.dataset import OPENERS
from geogate.readers.recognise_glimpse import Container

if TYPE_CHECKING:
    from geogate.model.dataset import Format

INPUTS = 40
SECONDS = 40.0
SEED = 20261122
FUZZING = Path(next(iter(fuzzing.__path__)))

CHANGES = st.lists(
    st.builds(
        Change,
        how=st.sampled_from(How),
        at=st.integers(-4096, 4096),
        length=st.integers(1, 64),
        value=st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def test_there_is_a_seed_of_every_format_and_of_every_container(tmp_path: Path) -> None:
    found: set[Format] = set()
    for seed in seeds().values():
        folder = tmp_path / seed.name
        scratch = folder / "scratch"
        scratch.mkdir(parents=True)
        files = {}
        for name, data in seed.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            files[path] = name
        found |= {source.format for source in open_named(files, scratch=scratch).sources}
    assert found == set(OPENERS)
    names = " ".join(name for name, seed in seeds().items() if seed.family == "containers")
    assert all(container.value in names for container in Container)


@pytest.mark.parametrize("family", FAMILIES)
def test_damaged_files_are_refused_or_read_in_the_words_of_the_product(family: str) -> None:
    own = [seed for seed in seeds().values() if seed.family == family]

    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(own), CHANGES)
    def each(seed: object, changes: list[Change]) -> None:
        assert seed in own
        whole = own[own.index(seed)]
        new = changed(whole.files[whole.main], changes)
        with warnings.catch_warnings():
            # Where the gate reads, they are noise of the child, and deny.
            warnings.simplefilter("ignore")
            trial = tried(dict(whole.files) | {whole.main: new}, as_is=len(new) % 2 == 0, encode=len(new) % 2 == 1)
        assert trial.end not in BAD, trial.seen

    each()


def test_damaged_datasets_end_in_a_verdict_that_does_not_clear_and_leave_nothing_behind(tmp_path: Path) -> None:
    row = through_the_gate(SECONDS, seed=SEED, kept=tmp_path, most=INPUTS)
    assert row.inputs
    kept = [path.read_text() for path in tmp_path.rglob("*.txt")]
    assert not {end: row.ends[end] for end in BAD if row.ends[end]}, kept


def test_damage_can_be_done_again_from_its_seed() -> None:
    one, other = seeds()["zip"], seeds()["csv"]
    again = [mutated(one, other, Random(SEED)) for _ in range(2)]
    assert again[0] == again[1]
    assert any(mutated(one, other, Random(number)) != one.files for number in range(3))


def test_a_seed_through_the_gate_is_measured_and_denied() -> None:
    from fuzzing.gated import POLICIES, gated

    with gated() as gate:
        ends = [gate.tried(seeds()[name].files) for name in ("geojson", "photo.jpg") for _ in POLICIES]
    assert [trial.end for trial in ends] == [End.READ] * len(ends), ends


def test_fuzzing_by_coverage_starts(tmp_path: Path) -> None:
    kept, corpus = tmp_path / "kept", tmp_path / "corpus"
    kept.mkdir()
    corpus.mkdir()
    # A process inherits the peak of the one that starts it, so that libFuzzer's own limit would judge pytest.
    options = ["-max_total_time=5", "-print_final_stats=1", "-rss_limit_mb=0", f"-artifact_prefix={kept}/"]
    command = [sys.executable, str(FUZZING / "coverage.py"), "words", str(kept), str(corpus), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "stat::number_of_executed_units" in done.stderr
    assert not list(kept.iterdir())
