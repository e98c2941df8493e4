"""Attack the perimeter on a real server: each attack must be refused, each legitimate action accepted."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from attack.case import Case, Must, holds  # noqa: E402 - found by the line above
from attack.corpus import ACCEPTED, REFUSED, SENT_BY_CASES  # noqa: E402
from attack.field import Field  # noqa: E402
from attack.not_evaluated import ALSO, UNPROVED, present  # noqa: E402
from integration.fixtures_s3 import session_of  # noqa: E402

from infra.deploy import deploy_demo  # noqa: E402
from infra.ministack import ROOT, ministack  # noqa: E402


def main() -> int:
    """Deploy, try everything, and say how it ended; the last line counts."""
    with tempfile.TemporaryDirectory(prefix="geogate-attack-") as name, ministack(Path(name)) as server:
        with patch.dict(os.environ, server.environment(ROOT)):
            perimeter, users = deploy_demo(session_of(ROOT))
        folder = Path(name) / "gates"
        folder.mkdir()
        with patch.dict(os.environ, server.environment(users.worker.keys)):
            return attack(Field(server=server, perimeter=perimeter, users=users, folder=folder))


def attack(field: Field) -> int:
    """Try all cases on a field."""
    refused = [_show(case, field) for case in REFUSED]
    accepted = [_show(case, field) for case in ACCEPTED]
    strange = {key for key in field.stored() if not key.startswith(("gate/", "late/"))} - SENT_BY_CASES
    _say("\nnot evaluated by this server, and not counted; the policy in force has these statements:")
    for each in UNPROVED:
        _say(f"  {'has' if present(field, each) else 'LACKS'} {each.statement:<22} {each.name}")
    for also in ALSO:
        _say(f"  {also}")
    for key in sorted(strange):
        _say(f"! something was left in egress: {key}")
    _say(f"\nrefused {sum(refused)} of {len(refused)}, accepted {sum(accepted)} of {len(accepted)}")
    return 0 if all(refused) and all(accepted) and not strange else 1


def _show(case: Case, field: Field) -> bool:
    right, ended = holds(case, field)
    mark = "  " if right else "! "
    _say(f"{mark}{ended.word:<9} {case.name:<76} {ended.said if not right or case.must is Must.REFUSED else ''}")
    return right


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
