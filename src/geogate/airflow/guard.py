"""The check that goes with an outbound task to the worker: without a clearance in the ledger it does not execute.

It is a subclass that is put in the place of the operator's own class, so that it stands around ``execute`` itself:
hooks, callbacks and templates of the DAG file run before it, and plain, mapped and deferred tasks all go through it.
"""

from __future__ import annotations

import re
import types
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from geogate.airflow import surroundings
from geogate.airflow.outbound import row_of
from geogate.airflow.outgoing import UNKNOWN, class_of, is_internal, is_mapped, outgoing
from geogate.airflow.surroundings import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import Context

    from geogate.airflow.outgoing import Outgoing
    from geogate.gate.house import House
    from geogate.gate.transfers import Part, Permit

_FROZEN: Final = "_geogate_frozen"
_FIX: Final = "send it with SendOperator(clearance=<the gate>.output), which sends the sealed bytes itself"
_KINDS: Final[dict[type, type]] = {}
_LOOKED_AT: Final[set[int]] = set()
"""The tasks that are being executed: a class that was made from a guarded one checks once."""


def guard(task: Any) -> None:
    """Put the check around what a task executes."""
    task.start_from_trigger = False  # else the triggerer would start it, where nobody checks
    if is_mapped(task):
        task.operator_class = guarded(task.operator_class)
    else:
        object.__setattr__(task, "__class__", guarded(type(task)))


def guarded(kind: type) -> type:
    """Give a class of operators whose instances check before they execute."""
    if kind in _KINDS.values():
        return kind
    if kind not in _KINDS:

        def fill(namespace: dict[str, Any]) -> None:
            own = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
            namespace.update(own, **_methods(kind))

        _KINDS[kind] = types.new_class(kind.__name__, (kind,), {}, fill)
    return _KINDS[kind]


def _methods(kind: Any) -> dict[str, Any]:
    def execute(self: Any, context: Context) -> Any:
        return checked(self, context, lambda: kind.execute(self, context))

    def resume_execution(self: Any, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        return checked(self, context, lambda: kind.resume_execution(self, next_method, next_kwargs, context))

    def __setattr__(self: Any, name: str, value: Any) -> None:  # noqa: N807 - it is the method of that name
        from geogate.airflow.failures import StoppedError

        if name in self.__dict__.get(_FROZEN, ()) and value != self.__dict__.get(name):
            raise StoppedError(f"the task changed its own {name!r} after it was checked")
        kind.__setattr__(self, name, value)

    return {"execute": execute, "resume_execution": resume_execution, "__setattr__": __setattr__}


def checked(task: Any, context: Context, run: Callable[[], Any]) -> Any:
    """Execute a task that sends, if the ledger has a clearance for what it sends, and spend that.

    Raises: StoppedError, ServiceDownError.
    """
    if surroundings.AT_START.mode is Mode.OFF or id(task) in _LOOKED_AT:
        return run()
    _LOOKED_AT.add(id(task))
    try:
        return _checked(task, context, run)
    finally:
        _LOOKED_AT.discard(id(task))


def _checked(task: Any, context: Context, run: Callable[[], Any]) -> Any:
    found = outgoing(task)
    _freeze(task, found)
    if found is None:
        return run()
    with _only_warned(task) as refused:
        parts, permitted = _permitted(context, found)
    if refused:
        return run()
    result = run()
    if permitted is not None:
        with _only_warned(task):
            _settle(context, permitted, parts)
    return result


@contextmanager
def _only_warned(task: Any) -> Iterator[list[str]]:
    """Where the mode is warn, turn what would stop the task into a warning, which is put on the list."""
    from airflow.sdk.exceptions import AirflowException

    said: list[str] = []
    try:
        yield said
    except AirflowException as error:
        if surroundings.AT_START.mode is not Mode.WARN:
            raise
        said.append(str(error))
        task.log.warning("geogate: %s; it goes on, because the mode is warn", error)


def _permitted(context: Context, found: Outgoing) -> tuple[tuple[Part, ...], Permit | None]:
    """Claim the clearance for what would be sent; a place of the organisation's own needs none.

    Raises: StoppedError, ServiceDownError.
    """
    from geogate.airflow.failures import ending_the_task

    _require_same_connection(found)
    if is_internal(found, surroundings.AT_START.internal):
        return (), None
    with ending_the_task():
        from geogate.gate.transfers import permit

        parts = _parts(found)
        return parts, permit(parts, by=_by(context), house=_house(context))


def _settle(context: Context, permitted: Permit, parts: tuple[Part, ...]) -> None:
    from geogate.airflow.failures import ending_the_task

    with ending_the_task():
        from geogate.gate.transfers import settle

        settle(permitted, parts, house=_house(context))


def _freeze(task: Any, found: Outgoing | None) -> None:
    """Let nothing change what was looked at while the operator's own code runs; also why nothing leaves, if so."""
    _, row = row_of(class_of(task)) or ("", None)
    if row is None:
        return
    fields = {*(row.harmless or ("",))[:1]}
    if found is not None:
        own = [each for each in row.plain if not each.endswith("_hook")]  # operators make their hook when they execute
        fields |= {*re.findall(r"\{(\w+)", row.to), row.via, row.source, *own}
    task.__dict__[_FROZEN] = frozenset({row.names.get(each, each) for each in fields if each})


def _parts(found: Outgoing) -> tuple[Part, ...]:
    """Give the local files that would be sent, with their addresses.

    Raises: RefusedError where that cannot be said before they have left.
    """
    from geogate.gate.transfers import Part
    from geogate.model.errors import RefusedError

    if found.row is None or not found.row.source:
        raise RefusedError(f"nobody can see what {found.operator} sends before it has left", hint=_FIX)
    if found.odd:
        raise RefusedError(f"{found.operator} with {', '.join(found.odd)} sends otherwise than was cleared", hint=_FIX)
    if len(found.sources) != len(found.places) or UNKNOWN in {*found.sources, *found.places}:
        raise RefusedError(f"{found.operator} does not say which file goes where", hint=_FIX)
    files = tuple(Path(source.removeprefix("file://")) for source in found.sources)
    if not all(file.is_absolute() and file.is_file() for file in files):
        raise RefusedError(f"{found.operator} must send files on this machine, by their absolute paths", hint=_FIX)
    return tuple(Part(uri=uri, file=file) for uri, file in zip(found.places, files, strict=True))


def _require_same_connection(found: Outgoing) -> None:
    """Refuse a connection that leads elsewhere than the address says.

    Raises: StoppedError, so that a retry does not help.
    """
    from geogate.airflow.failures import StoppedError
    from geogate.airflow.report import plain

    name = found.via or (found.row.usual if found.row else "")
    variables = [f"AIRFLOW_CONN_{name.upper()}"] if name else []
    if surroundings.AT_START.changed(*variables, *surroundings.LEADING):
        raise StoppedError("a connection or an endpoint was changed after this process started")
    if name and any(place.startswith("s3:") for place in found.places) and _elsewhere(name):
        raise StoppedError(f"connection {plain(name)!r} names an endpoint of its own, so that s3:// is another place")


def _elsewhere(name: str) -> bool:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return False
    extra = connection.extra_dejson
    services = extra.get("service_config")
    named = {extra.get("endpoint_url"), connection.host}
    named |= {each.get("endpoint_url") for each in services.values()} if isinstance(services, dict) else set()
    usual = {surroundings.AT_START.environment.get(each) for each in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")}
    return bool(named - usual - {None, ""})


def _by(context: Context) -> str:
    ti = context["ti"]
    return f"airflow:{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"


def _house(context: Context) -> House:
    from geogate.gate.house import House

    return House.from_environment(surroundings.AT_START.geogate(), actor=f"airflow:{context['ti'].dag_id}")
