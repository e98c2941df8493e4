"""One Spark job: a task for each share of the work, answers merged on executors where they are many, then collected."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_answers import Answer, merge
from geogate.engines.spark_session import quiet_about_pandas, spark_failures
from geogate.engines.spark_task import ANSWERS, MeasureTasks, MergeAnswers
from geogate.engines.spark_work import SAME
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from pyspark.sql import SparkSession

    from geogate.engines.spark_work import Work

TOGETHER: Final = 64
"""Answers that one task merges; as many may come to the driver."""

_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """Work on its way through a session; ``on_rows`` hears of the rows of tasks that have ended, about right."""

    session: SparkSession
    work: Work
    on_rows: Callable[[int], None]

    def run(self) -> Mapping[int, Answer]:
        """Answer all runs, by the number of the layer.

        Raises: ServiceError when a task fails for good, or an answer cannot be read.
        """
        work = self.session.sparkContext.broadcast(self.work)
        try:
            return merge(map(Answer.read, self._texts(self._answers(work))), self.work.measures)
        except ValueError as error:
            raise ServiceError("an executor gave an answer that cannot be read", hint=SAME) from error
        except spark_failures() as error:
            hint = "Spark's own log of the executors says why; no verdict was reached"
            raise ServiceError("a Spark task failed for good", hint=hint) from error
        finally:
            work.destroy()

    def _answers(self, work: Any) -> Any:
        """Describe the job as a DataFrame: what was measured, merged until few enough answers are left."""
        tasks, bucket = len(self.work.tasks), TOGETHER
        with quiet_about_pandas():
            answers = self.session.range(0, tasks, 1, tasks).mapInArrow(MeasureTasks(work, bucket), ANSWERS)
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
        total = sum(run.rows for task in self.work.tasks for run in task)
        told = 0
        while not wait([texts], timeout=_LOOK_S).done:
            done = total * self._ended_tasks(group) // len(self.work.tasks)
            if done > told:
                self.on_rows(done - told)
                told = done
        if texts.exception() is None:
            self.on_rows(total - told)

    def _ended_tasks(self, group: str) -> int:
        """Count the measuring tasks that have ended; the stage is known by its number of tasks."""
        tracker = self.session.sparkContext.statusTracker()
        jobs = [job for job in map(tracker.getJobInfo, tracker.getJobIdsForGroup(group)) if job is not None]
        stages = [tracker.getStageInfo(stage) for job in jobs for stage in job.stageIds]
        tasks = len(self.work.tasks)
        return max((s.numCompletedTasks for s in stages if s is not None and s.numTasks == tasks), default=0)
