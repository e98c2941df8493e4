"""The sealed file of a clearance, for transfers that are not geogate's own: these bytes were judged, and no others."""

from __future__ import annotations

from geogate.airflow import surroundings
from geogate.airflow.failures import StoppedError, ending_the_task


def sealed_file(handed: object) -> str:
    """Give the path of the one file of a clearance; ``handed`` is what the gate returned.

    For templates: ``DAG(..., user_defined_macros={"sealed_file": sealed_file})`` and
    ``"{{ sealed_file(ti.xcom_pull('gate')) }}"``.

    Raises: StoppedError without a clearance, or where it is for several files; ServiceDownError.
    """
    from geogate.airflow.operators import clearance_id
    from geogate.gate.house import House

    with ending_the_task():
        house = House.from_environment(surroundings.AT_START.geogate(), actor="airflow")
        with house.ledger() as ledger:
            clearance, _ = ledger.clearance(clearance_id(handed))
        if len(clearance.files) != 1:
            raise StoppedError("the clearance is for several files: send them with SendOperator")
        return str(house.staging().open(clearance.files[0].sha256))
