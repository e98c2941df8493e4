"""The rule about how a release comes to be seen: after all of it was prepared, or in pieces as they arrive."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from geogate.model.finding import Problem
from geogate.model.parties import Circumstances  # noqa: TC001 - the registry reads the signature
from geogate.rules.bounds import Among
from geogate.rules.rule import CircumstanceRule, Judgement, Params

Piece = Literal["file by file", "feature by feature"]
"""The trait ``appears`` of a place that shows what has arrived before the rest is there."""

TRAIT: Final = "appears"
PREPARED: Final = frozenset({"az", "file", "gs", "s3", "sftp"})
"""Schemes of places where nothing is seen before all of a release was written there."""


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a value stands twice")
    return values


class WholeReleaseParams(Params):
    """In which pieces a release may be seen."""

    pieces_allowed: Annotated[tuple[Piece, ...], AfterValidator(_once)] = Field(
        description="Pieces in which a release may come to be seen; none if all of it must be prepared before."
    )


class ReleaseWhole(CircumstanceRule[WholeReleaseParams]):
    """A release is prepared as a whole before any of it can be seen, or in pieces that the policy allows.

    Why: what is seen before the rest may be taken for all of it, and stays alone when the sending ends in the middle.
    Params: ``pieces_allowed``.
    Finds: a place that shows files or features one by one as they arrive, where the policy does not allow that; a place
    that does not tell how it shows them.
    Misses: who looks while files that were prepared are shown one after the other, within moments; what the recipient
    makes of a part.
    Remedy: send one file with all layers, or choose a bucket, a directory or an SFTP server.
    Basis: the terms of a release; for example completeness in ISO 19157-1:2023.
    """

    expectation = "expect_release_to_appear_whole"
    params = WholeReleaseParams
    bounds = (Among("pieces_allowed"),)
    says = "All of a release is prepared before any of it can be seen; else it may be seen only in: {pieces_allowed}."

    def judge_circumstances(self, params: WholeReleaseParams, circumstances: Circumstances) -> Judgement:
        """Look at how the place says that it shows what arrives."""
        scheme, colon, _ = circumstances.destination.partition(":")
        told = dict(circumstances.posture.traits).get(TRAIT)
        if told is None and (scheme if colon else "file") in PREPARED:
            return Judgement(observed="prepared as a whole")
        observed = told or "not told"
        if told in params.pieces_allowed:
            return Judgement(observed=observed)
        problem = Problem(
            summary=f"the place shows a release {told}" if told else "the place does not tell how it shows a release",
            remedy="send one file with all layers where that is allowed, or choose a bucket, a directory or SFTP",
            measured=told or "unknown",
            operator="in",
            limit=", ".join(params.pieces_allowed) or "as a whole",
        )
        return Judgement(observed=observed, problems=(problem,))
