"""Great Expectations' side of a pass: datasource, asset and execution engine of one layer.

The engine answers all metrics of a suite from one pass. It must not decide, must not raise from the bundle and must
not leave an id unanswered: the library retries a bundle that raises dozens of times, and asks for ever for an id
that it did not get.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Dict, List, Literal, NoReturn, Sequence, Type  # noqa: UP035

from geogate.measures.measure import LayerFacts, MeasureId, Measurement, Unmeasured
from geogate.suites import gx  # noqa: F401  # the library is imported through its one door first

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.suites.subject import Subject

# isort: split
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.batch import BatchData, BatchMarkers, LegacyBatchDefinition
from great_expectations.core.id_dict import BatchSpec, IDDict
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.datasource.fluent import BatchRequest, DataAsset, Datasource
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.exceptions.exceptions import BuildBatchRequestError, ExecutionEngineError
from great_expectations.execution_engine import ExecutionEngine
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_partial

METRIC = "geogate.measurement"
ROWS = MeasureId("*rows*")
"""The id under which every rule asks how many rows were read, so that a pass is made whatever the rules need."""

RUN_ID = re.compile(r"[a-z0-9-]{1,80}")


class ExportBatch(BatchData):
    """The layer as the library sees it: not its rows, but what one pass found in them.

    ``failure`` is what ended the pass; then there are no facts, and there is no second attempt.
    """

    def __init__(self, engine: ExecutionEngine, subject: Subject) -> None:
        super().__init__(engine)
        self.subject = subject
        self.facts: LayerFacts | None = None
        self.failure: Exception | None = None
        self.passes = 0

    def answer(self, names: Sequence[MeasureId]) -> dict[MeasureId, Measurement | Unmeasured | int]:
        """Answer every name, from the pass that is made at the first call."""
        if self.facts is None and self.failure is None:
            self._measure(names)
        return {name: self._answer(name) for name in names}

    def _measure(self, names: Iterable[MeasureId]) -> None:
        self.passes += 1
        try:
            measures = [self.subject.measure(name) for name in dict.fromkeys(names) if name != ROWS]
            self.facts = self.subject.layer.run(measures)
        except Exception as error:  # noqa: BLE001
            # The library forces it: a bundle that raises is retried item by item, a pass each. The failure is kept,
            # and geogate.suites.judge raises it again or makes it a finding; until then it answers no rule.
            self.failure = error

    def _answer(self, name: MeasureId) -> Measurement | Unmeasured | int:
        if self.facts is None:
            return Unmeasured(reason="the layer could not be measured")
        if name == ROWS:
            return self.facts.rows
        value = self.facts.values.get(name, Unmeasured(reason="the pass did not answer"))
        if not isinstance(value, Unmeasured) and type(value) is not type(self.subject.measure(name).empty()):
            return Unmeasured(reason="the pass answered with a measurement of another kind")
        return value


class GeogateExecutionEngine(ExecutionEngine):
    """Answers measurements of one layer from one pass; knows no row conditions."""

    def get_batch_data_and_markers(self, batch_spec: BatchSpec) -> tuple[ExportBatch, BatchMarkers]:
        """Wrap the subject that the batch specification carries."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return ExportBatch(self, batch_spec["subject"]), BatchMarkers({"ge_load_time": now})

    def batch(self, domain_kwargs: dict[str, Any]) -> ExportBatch:
        """Return the batch that a domain names; a domain must name one and nothing else.

        Raises: ExecutionEngineError.
        """
        named = {key: value for key, value in domain_kwargs.items() if value is not None}
        if set(named) != {"batch_id"}:
            raise ExecutionEngineError(message="a domain is a batch id and nothing else")
        batch: ExportBatch = self.batch_manager.batch_data_cache[named["batch_id"]]
        return batch

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> ExportBatch:
        """Return the batch: a domain is always a whole layer."""
        return self.batch(domain_kwargs)

    def get_compute_domain(
        self, domain_kwargs: dict[str, Any], domain_type: object, accessor_keys: object = None
    ) -> tuple[ExportBatch, dict[str, Any], dict[str, Any]]:
        """Return the batch: a domain is always a whole layer."""
        del domain_type, accessor_keys
        return self.batch(domain_kwargs), dict(domain_kwargs), {}

    # The library passes the bundle by this name.
    def resolve_metric_bundle(self, metric_fn_bundle: Iterable[Any]) -> dict[Any, Any]:
        """Answer every metric of the bundle from the one pass of its batch."""
        asked: dict[int, tuple[ExportBatch, list[tuple[Any, MeasureId]]]] = {}
        for computation in metric_fn_bundle:
            batch = self.batch(computation.compute_domain_kwargs)
            metrics = asked.setdefault(id(batch), (batch, []))[1]
            metrics.append((computation.metric_configuration.id, computation.metric_fn))
        answers: dict[Any, Any] = {}
        for batch, metrics in asked.values():
            found = batch.answer([name for _, name in metrics])
            answers.update({metric: found[name] for metric, name in metrics})
        return answers

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise ExecutionEngineError(message="row conditions are refused: a rule judges the whole layer")

    # Abstract in the library since 1.8.
    _comparison_condition_to_filter_clause = _refuse
    _nullity_condition_to_filter_clause = _refuse
    _and_condition_to_filter_clause = _refuse
    _or_condition_to_filter_clause = _refuse
    condition_to_filter_clause = _refuse


class MeasurementMetric(MetricProvider):
    """The one metric of geogate: a measurement, by the id of its measure."""

    metric_name = METRIC
    domain_keys = ("batch_id", "row_condition", "condition_parser")
    value_keys = ("measure",)

    # The library calls it with the class as an ordinary argument.
    @metric_partial(
        engine=GeogateExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _measurement(
        cls,  # noqa: N805
        execution_engine: object,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: object,
        runtime_configuration: object,
    ) -> tuple[MeasureId, dict[str, Any], dict[str, Any]]:
        del execution_engine, metrics, runtime_configuration
        return MeasureId(metric_value_kwargs["measure"]), metric_domain_kwargs, {}


class GeoExportAsset(DataAsset):
    """The layers of one dataset; a batch is one of them, offered beforehand under a run id."""

    type: Literal["geo_export"] = "geo_export"
    _subjects: Dict[str, Any] = PrivateAttr(default_factory=dict)  # noqa: UP006

    def offer(self, run_id: str, subject: Subject) -> None:
        """Make a layer known under an id that was not used before; the id becomes part of names of results.

        Raises: BuildBatchRequestError.
        """
        if not RUN_ID.fullmatch(run_id) or run_id in self._subjects:
            raise BuildBatchRequestError(message="a run id is short, plain and used once")
        self._subjects[run_id] = subject

    def test_connection(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def get_batch_parameters_keys(self, partitioner: object = None) -> tuple[str, ...]:
        """Name the one parameter of a batch."""
        del partitioner
        return ("run_id",)

    def build_batch_request(
        self, options: dict[str, Any] | None = None, batch_slice: object = None, partitioner: object = None
    ) -> BatchRequest:
        """Ask for the layer that was offered under a run id.

        Raises: BuildBatchRequestError for anything else.
        """
        known = options is not None and set(options) == {"run_id"} and options["run_id"] in self._subjects
        if not known or batch_slice is not None or partitioner is not None:
            raise BuildBatchRequestError(message="a batch is asked for by the run id of an offered layer")
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=options)

    def _validate_batch_request(self, batch_request: BatchRequest) -> None:
        self.build_batch_request(dict(batch_request.options))

    def get_batch_identifiers_list(self, batch_request: BatchRequest) -> list[dict[str, Any]]:
        """Return the one batch that a request means."""
        return [dict(batch_request.options)]

    def get_batch(self, batch_request: BatchRequest) -> Batch:
        """Make the batch of an offered layer; nothing is read yet."""
        self._validate_batch_request(batch_request)
        spec = BatchSpec({"subject": self._subjects[batch_request.options["run_id"]]})
        data, markers = self.datasource.get_execution_engine().get_batch_data_and_markers(batch_spec=spec)
        identifiers = IDDict(batch_request.options)
        return Batch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            metadata=self._get_batch_metadata_from_batch_request(batch_request=batch_request),
            batch_markers=markers,
            # Ends up in the results, so it names the run and not the subject.
            batch_spec=BatchSpec(dict(batch_request.options)),
            batch_definition=LegacyBatchDefinition(
                datasource_name=self.datasource.name,
                data_connector_name="fluent",
                data_asset_name=self.name,
                batch_identifiers=identifiers,
            ),
        )


class GeogateExportDatasource(Datasource):
    """A dataset on its way out. Defining the class registers it as ``geogate_export``."""

    asset_types: ClassVar[Sequence[Type[DataAsset]]] = [GeoExportAsset]  # noqa: UP006
    type: Literal["geogate_export"] = "geogate_export"
    assets: List[GeoExportAsset] = []  # noqa: RUF012, UP006

    @property
    def execution_engine_type(self) -> Type[ExecutionEngine]:  # noqa: UP006
        """The engine that answers from one pass."""
        return GeogateExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:  # noqa: FBT001, FBT002
        """Do nothing: there is nothing to connect to."""
        del test_assets
