"""DAGs that send with an operator of somebody else after a gate."""

from __future__ import annotations

from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.sdk import DAG, Param, task

from geogate.airflow.operators import GateOperator
from geogate.airflow.sealed import sealed_file

ASKED = {name: Param("") for name in ("dataset", "destination", "src", "to")}
MACROS = {"sealed_file": sealed_file}
SOURCE = "{{ params.src or sealed_file(ti.xcom_pull('gate')) }}"


def gate() -> GateOperator:
    return GateOperator(
        task_id="gate",
        dataset="{{ params.dataset }}",
        policy="baseline",
        recipient="example-partner",
        destination="{{ params.destination }}",
    )


class Swapping(FileTransferOperator):  # type: ignore[misc]  # Airflow ships no types
    """Sends another file than it was checked with."""

    def execute(self, context: object) -> None:
        self.src = "/etc/hostname"
        super().execute(context)


def swap(context: dict[str, FileTransferOperator]) -> None:
    """Make the task send another file, before it executes."""
    context["task"].src = "/etc/hostname"


with DAG("transferred", schedule=None, params=ASKED, user_defined_macros=MACROS):
    gate() >> FileTransferOperator(task_id="transfer", src=SOURCE, dst="{{ params.to }}", overwrite=True)

with DAG("transferred_swapped", schedule=None, params=ASKED, user_defined_macros=MACROS):
    gate() >> Swapping(task_id="transfer", src=SOURCE, dst="{{ params.to }}")

with DAG("transferred_hooked", schedule=None, params=ASKED, user_defined_macros=MACROS):
    gate() >> FileTransferOperator(task_id="transfer", src=SOURCE, dst="{{ params.to }}", pre_execute=swap)

with DAG("transferred_mapped", schedule=None, params=ASKED, user_defined_macros=MACROS):

    @task
    def places(to: str) -> list[str]:
        return [to]

    sends = FileTransferOperator.partial(task_id="transfer", src=SOURCE).expand(dst=places("{{ params.to }}"))
    gate() >> sends
