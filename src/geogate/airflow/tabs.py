"""The tab of a DAG, a run or a task instance: the releases that its gates asked for.

Airflow's XComs say which requests these are, and only to whom Airflow shows them. They can be edited by hand, so that
nothing but links is made of them: what a release is, and who may see it, the gate says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from geogate.airflow.held import REQUEST_KEY
from geogate.console.airflow_users import USER
from geogate.console.answering import SEE_OTHER, page
from geogate.console.desk import At, Desk, declared
from geogate.gate.reviews_listed import listed
from geogate.model.authority import Action, ForbiddenError
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from collections.abc import Iterable

router = APIRouter()

MOST: Final = 100
Name = Annotated[str, Query(max_length=250)]
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@router.get("/airflow", **declared(Action.SEE_OWN))
def tab(desk: At, dag: Name, run: Name = "", task: Name = "", map_index: Name = "") -> Response:
    """Show the releases of a DAG, a run or a task instance; that of a task instance at once."""
    _require_may_look(desk, dag)
    # Airflow leaves the placeholder as it is where a task is not mapped.
    index = int(map_index) if re.fullmatch(r"\d{1,9}", map_index) else -1
    kept = _kept(dag, run=run, task=task, index=index)
    found = listed(kept, house=desk.house)
    if task and len(found) == 1:
        return RedirectResponse(f"{desk.base}/releases/{found[0].request}", SEE_OTHER)
    hidden = len(kept) - len(found)
    return page(desk, "airflow.html", found=found, hidden=hidden, most=MOST, full=len(kept) == MOST, task=task)


def _require_may_look(desk: Desk, dag: str) -> None:
    """Refuse who may not read the XComs of the DAG in Airflow itself.

    Raises: ForbiddenError.
    """
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.models.dag import DagModel

    user: Any = desk.request.scope.get(USER)
    details = DagDetails(id=dag, team_name=DagModel.get_team_name(dag))
    entity = DagAccessEntity.XCOM
    if not get_auth_manager().is_authorized_dag(method="GET", access_entity=entity, details=details, user=user):
        raise ForbiddenError("Airflow does not show you this DAG", hint="an administrator of Airflow gives access")


def _kept(dag: str, *, run: str, task: str, index: int) -> tuple[RequestId, ...]:
    """Read the ids that gates kept, the newest first."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    wanted = [XComModel.dag_id == dag, XComModel.key == REQUEST_KEY]
    wanted += [XComModel.run_id == run] if run else []
    wanted += [XComModel.task_id == task, XComModel.map_index == index] if task else []
    with create_session() as session:
        rows = session.query(XComModel).filter(*wanted).order_by(XComModel.timestamp.desc()).limit(MOST).all()
        values = [XComModel.deserialize_value(row) for row in rows]
    return tuple(dict.fromkeys(_ids(values)))


def _ids(values: Iterable[Any]) -> Iterable[RequestId]:
    return (RequestId(value) for value in values if isinstance(value, str) and _ID.fullmatch(value))
