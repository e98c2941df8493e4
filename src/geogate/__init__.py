"""The gate between staged geospatial data and the outside: judge a dataset, send only what was cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from geogate.gate.house import Wish
    from geogate.gate.submit import Submission
    from geogate.model.verdict import Verdict

    Files = str | PathLike[str] | Sequence[str | PathLike[str]]

__all__ = ["screen", "submit"]


def screen(  # noqa: PLR0913 - one argument for each part of a wish
    dataset: Files,
    *,
    recipient: str,
    to: str,
    policy: str = "",
    purpose: str = "",
    assume_crs: str = "",
    declaration: Mapping[str, object] | None = None,
) -> Verdict:
    r"""Judge a dataset as it lies; nothing is stored or sent.

    ``dataset`` is a file, a folder, an ``s3://`` prefix or several files; ``policy`` and ``recipient`` are names in
    ``GEOGATE_POLICIES``; ``to`` is the destination's URI. ``policy`` may be left out where the place has adopted some;
    ``declaration`` says what the data does not, such as ``{"origins": ["DE"]}``.

    Raises: geogate.model.errors.GeogateError when no verdict was reached.

    >>> import os, tempfile
    >>> from pathlib import Path
    >>> outbox = Path(os.environ["GEOGATE_HOME"]).parent / "outbox" / "example-partner"
    >>> outbox.mkdir(parents=True, exist_ok=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "cafes.csv").write_text("name,lon,lat\nAt the lake,8.3,47.0\n")
    ...     verdict = screen(
    ...         Path(folder, "cafes.csv"), policy="baseline", recipient="example-partner", to="outbox/example-partner/"
    ...     )
    >>> verdict.decision.value, [str(finding.rule) for finding in verdict.findings]
    ('clear', [])
    """
    from geogate.gate.house import House
    from geogate.gate.screen import screen as judge

    wish = _wish(
        dataset,
        policy=policy,
        recipient=recipient,
        to=to,
        purpose=purpose,
        assume_crs=assume_crs,
        declaration=declaration or {},
    )
    return judge(wish, house=House.from_environment())


def submit(  # noqa: PLR0913 - one argument for each part of a wish
    dataset: Files,
    *,
    recipient: str,
    to: str,
    policy: str = "",
    purpose: str = "",
    assume_crs: str = "",
    declaration: Mapping[str, object] | None = None,
) -> Submission:
    r"""Seal and judge a dataset, and keep all of it in the ledger; a clear verdict gets a clearance.

    Returns the verdict together with what became of it: ``.verdict``, ``.decision``, ``.request`` and
    ``.clearance``, the id to send by. The parameters are those of ``screen``.

    Raises: geogate.model.errors.GeogateError when no verdict was reached; then nothing may leave.

    >>> import os, tempfile
    >>> from pathlib import Path
    >>> outbox = Path(os.environ["GEOGATE_HOME"]).parent / "outbox" / "example-partner"
    >>> outbox.mkdir(parents=True, exist_ok=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "homes.csv").write_text("name,lon,lat\nSomebody,8.3093072,47.0501682\n")
    ...     done = submit(
    ...         Path(folder, "homes.csv"), policy="baseline", recipient="example-partner", to="outbox/example-partner/"
    ...     )
    >>> done.decision.value, done.state.value, done.clearance
    ('deny', 'denied', None)
    """
    from geogate.gate.house import House
    from geogate.gate.submit import submit as process

    wish = _wish(
        dataset,
        policy=policy,
        recipient=recipient,
        to=to,
        purpose=purpose,
        assume_crs=assume_crs,
        declaration=declaration or {},
    )
    return process(wish, house=House.from_environment())


def _wish(  # noqa: PLR0913 - one argument for each part of a wish
    dataset: Files,
    *,
    policy: str,
    recipient: str,
    to: str,
    purpose: str,
    assume_crs: str,
    declaration: Mapping[str, object],
) -> Wish:
    from os import PathLike, fspath

    from geogate.gate.house import Wish
    from geogate.policy.declaration import declaration_from

    files = (dataset,) if isinstance(dataset, str | PathLike) else tuple(dataset)
    return Wish(
        dataset=tuple(fspath(file) for file in files),
        policy=policy,
        recipient=recipient,
        destination=to,
        purpose=purpose,
        assume_crs=assume_crs,
        declaration=declaration_from(declaration),
    )
