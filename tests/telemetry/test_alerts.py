"""Alerts and the dashboard speak of metrics that there are, and Prometheus' own tool finds nothing wrong with them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from docs.markdown import ROOT
from gating.files import MIDDLE, stage
from telemetry.looked import looked_at

from geogate.gate.anchors import anchor
from geogate.gate.audit import audit
from geogate.gate.metrics import exposition
from infra.observability.dashboard import PANELS, PLACE, dashboard

if TYPE_CHECKING:
    from gating.gate import Gate

FOLDER = ROOT / "infra/observability"
ALERTS = FOLDER / "alerts.yaml"
NAME = re.compile(r"geogate_[a-z_]+")


def promtool(*arguments: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the tool, which infra/system-packages.sh installs."""
    return subprocess.run(
        ["promtool", *arguments], cwd=FOLDER, input=said, capture_output=True, timeout=60, check=False
    )


def test_promtool_reads_the_rules_and_their_cases_hold() -> None:
    for arguments in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")):
        done = promtool(*arguments)
        assert done.returncode == 0, (done.stdout, done.stderr)


@pytest.fixture
def page(gate: Gate) -> bytes:
    """All metrics of a gate that has done everything once."""
    gate.send(gate.clear(stage("CSV", gate.staged)))
    gate.hold(stage("CSV", gate.staged, MIDDLE, stem="middle"))
    (gate.root / "elsewhere").mkdir()
    anchor(str(gate.root / "elsewhere"), house=gate.house())
    audit(house=gate.house())
    looked_at(gate)
    return exposition(house=gate.house())


def test_alerts_and_panels_name_metrics_that_there_are(page: bytes) -> None:
    there = {line.split("{")[0].split(" ")[0] for line in page.decode().splitlines()}
    declared = set(re.findall(r"# TYPE (\S+)", page.decode()))
    said = {*NAME.findall(ALERTS.read_text()), *NAME.findall(" ".join(panel[2] for panel in PANELS))}

    assert said - there - declared == set()


def test_promtool_finds_nothing_wrong_with_the_metrics(page: bytes) -> None:
    done = promtool("check", "metrics", said=page)

    assert done.returncode == 0, (done.stdout, done.stderr)


def test_the_dashboard_is_what_its_script_writes() -> None:
    assert PLACE.read_text() == dashboard(), "run python infra/observability/dashboard.py"
