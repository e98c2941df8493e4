"""People of an Airflow in whose API server the console is mounted: Airflow says who has signed in, and nothing else.

What they may do, the roles of the protected place say, by the name that Airflow gives them, and by their roles in
Airflow as groups: ``airflow:Admin`` is not a group ``Admin`` of an identity provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from geogate.console.people import identified
from geogate.model.authority import Source
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from fastapi import Request

    from geogate.model.authority import Identity

USER: Final = "geogate.airflow.user"
"""Where the scope of a request holds Airflow's own object of the user; no header can write there."""

GROUP: Final = "airflow:"


async def signed_in(request: Request) -> Any:
    """Ask Airflow whose session the browser has, ``None`` for nobody.

    Only the session's cookie counts: pages are for browsers, and programs have tokens of the console.
    """
    from airflow.api_fastapi.core_api.security import get_user
    from starlette.exceptions import HTTPException

    try:
        return await get_user(request, None, None)
    except HTTPException:
        return None


def vouched(request: Request) -> Identity | None:
    """Give whom Airflow has signed in; nobody where it does not name one person."""
    user = request.scope.get(USER)
    return None if user is None else identity_of(user)


def identity_of(user: Any) -> Identity | None:
    """Make an identity of a user of Airflow, whichever auth manager it comes from."""
    try:
        return identified(user.get_name(), groups_of(user), Source.AIRFLOW)
    except UsageError:
        return None


def groups_of(user: Any) -> list[str]:
    """Name the roles that a user has in Airflow, where its auth manager knows roles."""
    found = [getattr(user, "role", None), *(getattr(user, "roles", None) or ())]
    names = [getattr(each, "name", each) for each in found]
    return sorted({f"{GROUP}{name}" for name in names if isinstance(name, str) and name})
