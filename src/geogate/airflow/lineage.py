"""A plugin that sees what hooks and object-storage paths write, and tells the ledger of what had no clearance.

It finds and does not prevent: code that talks to a store without Airflow's hooks is not seen. A reader of hook lineage
must be registered, or Airflow collects nothing.
"""

from __future__ import annotations

import logging
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from geogate.airflow import surroundings
from geogate.airflow.outgoing import is_own
from geogate.airflow.surroundings import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG: Final = logging.getLogger("geogate.airflow.lineage")
_STORES: Final = "s3 s3a s3n gs gcs wasb wasbs abfs abfss adl az azure sftp ftp ftps http https file hdfs webdav smb"
STORES: Final = frozenset(_STORES.split(" "))
_URI: Final = re.compile(r"([a-z][a-z0-9+.-]*)://(?:([^/@]*)@)?(.*)", re.DOTALL | re.IGNORECASE)
_CONNECTIONS: Final = ("aws_conn_id", "gcp_conn_id", "conn_id", "ssh_conn_id", "ftp_conn_id", "http_conn_id")
_USUAL: Final = frozenset({"aws_default", "google_cloud_default", "wasb_default", "sftp_default", "ftp_default"})
_told: Final[Counter[tuple[str, str]]] = Counter()
"""How often each address was told of; in one process several tasks may run, as in ``dag.test()``."""


class Reader:
    """Its presence makes Airflow collect what hooks read and write."""


class Watcher:
    """Looks at what a task wrote, after each try that ended where the task ran."""

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        """See what a task wrote that succeeded."""
        del previous_state
        tell(task_instance)

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        """See what a task wrote that failed: it may have written before."""
        del previous_state, error
        tell(task_instance)


WATCHER: Final = Watcher()


class Readers:
    """The list of readers, which Airflow goes through when a hook first tells something, and only then.

    Only then is the watcher needed, and only where tasks run. Airflow refuses every DAG with a sensor that ends from
    its trigger (``end_from_trigger``) while a plugin has a listener, so that the plugin must not have one.
    """

    def __iter__(self) -> Iterator[type[Reader]]:
        """Register the watcher, and give the reader."""
        from airflow.sdk.listener import get_listener_manager

        get_listener_manager().add_listener(WATCHER)
        yield Reader


class LineagePlugin(AirflowPlugin):
    """Registers the reader, and with it the watcher."""

    name = "geogate_lineage"
    hook_lineage_readers: ClassVar[Any] = Readers()


def tell(task_instance: Any) -> None:
    """Tell the ledger what a task wrote without a clearance; a fault in here is never the task's."""
    lineage = sys.modules.get("airflow.sdk.lineage")
    if lineage is None or surroundings.AT_START.mode is Mode.OFF:
        return
    collector = lineage.get_hook_lineage_collector()
    if not collector.has_collected:
        return
    outputs = collector.collected_assets.outputs
    addresses = list(_new(outputs))
    more = len(outputs) >= lineage.MAX_COLLECTED_ASSETS
    if addresses or more:
        _tell(task_instance, addresses, more=more)


def _tell(task_instance: Any, addresses: list[tuple[str, int]], *, more: bool) -> None:
    from geogate.airflow.report import plain
    from geogate.gate.house import House
    from geogate.gate.ungated import note_ungated
    from geogate.model.errors import GeogateError

    ti = task_instance
    by = plain(f"airflow:{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}")
    try:
        house = House.from_environment(surroundings.AT_START.geogate(), actor=f"airflow:{ti.dag_id}")
        found = note_ungated(addresses, by=by, more=more, house=house)
    except GeogateError as error:
        LOG.warning("geogate: the task wrote outside, and nobody could be told: %s", plain(str(error)))
        return
    if found is not None:
        stores = ", ".join(sorted({write.store for write in found.writes}))
        LOG.warning(
            "geogate: the task wrote to %s without a clearance; the ledger knows", plain(stores) or "many places"
        )


def _new(outputs: Any) -> Iterator[tuple[str, int]]:
    """Give the addresses outside that were written since the last time, and how often."""
    written: Counter[tuple[str, str]] = Counter()
    for output in outputs:
        written[address_of(str(output.asset.uri), output.context)] += output.count
    new = {where: times - _told[where] for where, times in written.items()}
    _told.update(new)
    for (address, via), times in new.items():
        own = is_own(address, via, surroundings.AT_START.internal)
        if times > 0 and address.partition("://")[0] in STORES and not own:
            yield address, times


def address_of(uri: str, hook: Any) -> tuple[str, str]:
    """Give an address without a connection in it, and the connection if it is not the usual one."""
    found = _URI.fullmatch(uri)
    if found is None:
        return uri, ""
    names = [found[2], *(getattr(hook, name, None) for name in _CONNECTIONS)]
    via = next((name for name in names if isinstance(name, str) and name), "")
    return f"{found[1].lower()}://{found[3]}", "" if via in _USUAL else via
