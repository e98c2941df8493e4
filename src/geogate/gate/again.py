"""Judge a request again: the sealed bytes, by today's policy, recipients, zone lists and destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.gate.house import Wish
from geogate.gate.question import ask
from geogate.gate.submit import judge_artefact
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from geogate.gate.examine import Examined, Question
    from geogate.gate.house import House
    from geogate.model.release import ReleaseRequest


def ask_again(request: ReleaseRequest, *, house: House) -> Question:
    """Read today's basis for a request.

    Raises: UsageError, PolicyError, ServiceError as ``ask``.
    """
    wish = Wish(
        dataset=(),
        policy=request.policy,
        recipient=request.recipient,
        destination=request.destination,
        purpose=request.purpose,
        assume_crs=request.assume_crs,
        declaration=request.declaration,
        called=request.dataset.name if request.dataset else "",
        requester=request.requester,
    )
    return ask(wish, house=house)


def judge_again(request: ReleaseRequest, *, question: Question, house: House) -> Examined:
    """Judge the sealed bytes of a request.

    Raises: RefusedError when there are none, or they have changed.
    """
    if request.artefact is None:
        raise RefusedError(f"request {request.id} has no artefact that could be judged")
    return judge_artefact(request.artefact, staging=house.staging(), question=question, means=house.means())
