"""The protected place of the demonstration: the shipped policies, with recipients whose buckets are the perimeter's."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from infra.demo.folder import REPOSITORY, DemoError

if TYPE_CHECKING:
    from infra.demo.folder import Folder
    from infra.deploy import Perimeter

EXAMPLE_ACCOUNT: Final = "000000000000"
EXAMPLE_BUCKET: Final = f"geogate-egress-{EXAMPLE_ACCOUNT}"
ENDS: Final = re.compile(r"(?<=ends: )\d{4}-\d{2}-\d{2}")
CONTRACT: Final = timedelta(days=365)


def write_policies(folder: Folder, *, perimeter: Perimeter) -> None:
    """Copy ``expectations/`` and put the real bucket and account in place of the example's.

    Raises: DemoError when the example has changed, so that nothing was replaced.
    """
    shutil.copytree(REPOSITORY / "expectations", folder.policies)
    file = folder.policies / "recipients.yaml"
    text = file.read_text(encoding="utf-8")
    ends = (date.today() + CONTRACT).isoformat()  # noqa: DTZ011 - a contract ends by the calendar
    adapted = text.replace(EXAMPLE_BUCKET, perimeter.egress).replace(EXAMPLE_ACCOUNT, perimeter.account)
    adapted, contracts = ENDS.subn(ends, adapted)
    if EXAMPLE_BUCKET not in text or not contracts:
        raise DemoError("recipients.yaml has no longer the example that the demonstration adapts")
    file.write_text(adapted, encoding="utf-8")
    for recipient in re.findall(r"uri: file:outbox/([a-z0-9-]+)/", adapted):
        (folder.outbox / recipient).mkdir(parents=True)
