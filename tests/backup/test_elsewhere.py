"""Where no backup goes: it holds what was denied, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from geogate.gate.backup import back_up
from geogate.model.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from gating.gate import Gate


def test_no_backup_goes_to_a_place_where_a_recipient_reads(gate: Gate) -> None:
    outbox = gate.outbox
    outbox.mkdir(exist_ok=True)
    link = gate.root / "looks-like-ours"
    link.symlink_to(outbox)
    for place in (str(outbox), f"file://{outbox}", str(outbox / "deeper"), str(link), f"{outbox}/../outbox"):
        with pytest.raises(UsageError, match="recipient partner reads at that place"):
            back_up(place, house=gate.house("adam"))
    gate.policies.write_recipients({"uri": "s3://partner-data/in/", "owner": "111122223333"})
    with pytest.raises(UsageError, match="recipient partner reads at that place"):
        back_up("s3://partner-data/in/backup/", house=gate.house("adam"))
    assert not list(outbox.iterdir())
    back_up(str(outbox), house=gate.house("adam"))  # it is nobody's any more


def test_where_nobody_knows_who_reads_there_is_no_backup(gate: Gate) -> None:
    (gate.policies.root / "recipients.yaml").write_text("recipients: no\n")
    with pytest.raises(PolicyError):
        back_up(str(gate.root / "backups"), house=gate.house("adam"))
