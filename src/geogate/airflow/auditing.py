"""Operators of a night's audit in parts: begin, judge each part, report, and fail where somebody has to do something.

The parts share the run that lies in the gate's home, which all workers must reach. Between tasks go names of parts and
counts; what was found is in the report, which names objects, and never in a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import Asset, BaseOperator

from geogate.airflow.failures import ChangedError, StoppedError, ending_the_task
from geogate.airflow.operators import house_of
from geogate.airflow.report import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

AUDIT: Final = Asset(name="geogate_audit", uri="geogate://audit")
"""Changes with each report; its event says what was found, by kinds."""


class BeginAuditOperator(BaseOperator):
    """Begin an audit of the last ``hours``, or of all that is within its retention; hand over the names of its parts.

    Raises: StoppedError, which is not retried; ServiceDownError, which is.
    """

    ui_color = "#6d9dc5"

    def __init__(self, *, hours: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hours = hours

    def execute(self, context: Context) -> list[str]:
        """Begin, or take up a run that did not end."""
        from geogate.gate.audit_run import begin

        with ending_the_task():
            return list(begin(hours=self.hours, house=house_of(context)).parts)


class JudgePartOperator(BaseOperator):
    """Judge the releases of one part again; to be mapped over what a BeginAuditOperator handed over.

    Raises: StoppedError, which is not retried; ServiceDownError, which is, and goes on where it stopped.
    """

    template_fields: Sequence[str] = ("part",)
    ui_color = "#6d9dc5"

    def __init__(self, *, part: str, hours: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part
        self.hours = hours

    def execute(self, context: Context) -> dict[str, int]:
        """Judge, and return counts."""
        from geogate.gate.audit_run import begin, judge_part

        with ending_the_task():
            house = house_of(context)
            done = judge_part(self.part, run=begin(hours=self.hours, house=house), house=house)
        return {"audited": done.audited, "same": done.same, "streamed": done.streamed, "found": len(done.findings)}


class ReportAuditOperator(BaseOperator):
    """Compare the destinations, look at all the rest, and write the report; its event tells assets what was found.

    Raises: StoppedError, which is not retried; ServiceDownError, which is.
    """

    ui_color = "#6d9dc5"

    def __init__(self, *, hours: int | None = None, **kwargs: Any) -> None:
        super().__init__(outlets=[AUDIT], **kwargs)
        self.hours = hours

    def execute(self, context: Context) -> str:
        """Report, and return the id of the run."""
        from geogate.gate.audit import audit
        from geogate.gate.audit_lineage import facets

        with ending_the_task():
            report = audit(hours=self.hours, house=house_of(context)).report
        kinds = {str(kind): count for kind, count in report.kinds}
        self.log.info("%d releases judged again, %d things need somebody", report.counts.audited, len(report.urgent))
        context["outlet_events"][AUDIT].extra = {"run": report.run, "kinds": kinds, "facets": facets(report)}
        return report.run


class RequireNothingOperator(BaseOperator):
    """Fail when the report of ``run`` has anything that somebody must do; the log says how much of what kind.

    Raises: ChangedError and StoppedError, which are not retried.
    """

    template_fields: Sequence[str] = ("run",)
    ui_color = "#6d9dc5"

    def __init__(self, *, run: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def execute(self, context: Context) -> None:
        """Look at the report."""
        from geogate.gate.audit import AuditReport
        from geogate.gate.audit_report import latest

        with ending_the_task():
            report = latest(house_of(context))
        if report is None or report.run != self.run:
            raise StoppedError("the report of this run is not there")
        found = AuditReport(report=report)
        for change in (*found.changes, *found.overdue):
            self.log.error("%s", plain(f"{change.request} {change.summary}".strip()))
        if report.urgent:
            kinds = ", ".join(f"{count} {kind}" for kind, count in report.kinds)
            raise ChangedError(f"{len(report.urgent)} things need somebody: {plain(kinds)}")
