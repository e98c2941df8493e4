"""One Spark job: a task for each share of the work, answers merged on executors where they are many, then collected."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_answers import ANSWERS, TOGETHER, Answer, MergeAnswers, merge, readable
from geogate.engines.spark_session import around_pyspark, spark_failures, staying
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from pyspark.sql import SparkSession

    from geogate.engines.spark_work import Work

_LOOK_S: Final = 0.5


def _nobody(_rows: int) -> None:
    """Take no notice of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work on its way through a session.

    ``tasks`` is how many measure, ``rows`` how many rows they claim together; ``on_rows`` hears of those of tasks that
    have ended, about right.
    """

    session: SparkSession
    work: Work
    tasks: int
    rows: int = 0
    on_rows: Callable[[int], None] = _nobody

    def run(self, begin: Callable[[Any], Any]) -> Mapping[int, Answer]:
        """Collect the answers, by the number of the layer.

        ``begin`` makes a DataFrame with the columns ``ANSWERS`` from Spark's broadcast of the work.

        Raises: ServiceError when a task fails for good, or an answer cannot be read.
        """
        work = self.session.sparkContext.broadcast(self.work)
        try:
            with around_pyspark():
                answers = self._merging(begin(work), work)
            with staying():
                texts = self._texts(answers)
        except spark_failures() as error:
            hint = "Spark's own log of the executors says why; no verdict was reached"
            raise ServiceError("a Spark task failed for good", hint=hint) from error
        finally:
            work.destroy()
        with readable():
            return merge(Answer.read(text, self.work.measures) for text in texts)

    def _merging(self, answers: Any, work: Any) -> Any:
        """Merge answers on executors until few enough are left to come to the driver."""
        tasks, bucket = self.tasks, TOGETHER
        while tasks > TOGETHER:
            tasks, bucket = -(-tasks // TOGETHER), bucket * TOGETHER
            answers = answers.repartition(tasks, "bucket").mapInArrow(MergeAnswers(work, bucket), ANSWERS)
        return answers.select("answer")

    def _texts(self, answers: Any) -> list[str]:
        """Run the job in a thread of its own, and watch it."""
        context = self.session.sparkContext
        group = f"geogate-{uuid.uuid4()}"

        def collect() -> list[str]:
            context.setJobGroup(group, "geogate: measure layers")
            return [row.answer for row in answers.collect()]

        with ThreadPoolExecutor(1, thread_name_prefix="geogate-spark") as thread:
            texts = thread.submit(collect)
            try:
                self._watch(texts, group)
            except BaseException:
                # Somebody interrupts: the executors must not go on for nobody.
                context.cancelJobGroup(group)
                raise
            return texts.result()

    def _watch(self, texts: Future[list[str]], group: str) -> None:
        """Tell how many rows are done until the job has ended."""
        told = 0
        while not wait([texts], timeout=_LOOK_S).done:
            done = self.rows * self._ended_tasks(group) // self.tasks
            if done > told:
                self.on_rows(done - told)
                told = done
        if texts.exception() is None:
            self.on_rows(self.rows - told)

    def _ended_tasks(self, group: str) -> int:
        """Count the measuring tasks that have ended; their stage is known by the number of its tasks."""
        tracker = self.session.sparkContext.statusTracker()
        jobs = [job for job in map(tracker.getJobInfo, tracker.getJobIdsForGroup(group)) if job is not None]
        stages = [tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds]
        return max((s.numCompletedTasks for s in stages if s is not None and s.numTasks == self.tasks), default=0)
