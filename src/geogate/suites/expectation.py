"""Every registered rule as a real expectation class of Great Expectations; a rule never imports the library itself."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from geogate.measures.measure import UnmeasurableError, Unmeasured
from geogate.model.document import canonical_json
from geogate.model.finding import Problem  # noqa: TC001  # read at run time by geogate.model.document
from geogate.suites.engine import METRIC, ROWS, ExportBatch, GeogateExecutionEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.rules.rule import Params, Rule

# isort: split
from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.validator.metric_configuration import MetricConfiguration

RAISED = "it raised {}"
"""The only text about an exception that reaches a result; the class is named, the message is not."""


class RuleFailedError(Exception):
    """A rule raised an exception while it judged; it has not spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a rule said of a layer, as it travels through a result: JSON text under ``details.answer``.

    ``unmeasured`` has the reasons why the rule could not be judged.
    """

    observed: str
    problems: tuple[Problem, ...]
    unmeasured: tuple[str, ...]

    @property
    def success(self) -> bool:
        """Whether the rule spoke and found no problem."""
        return not self.problems and not self.unmeasured


class RuleExpectation(BatchExpectation):
    """The base of all wrapped rules; it asks for the rule's measures and lets the rule judge."""

    rule: ClassVar[Any] = None
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    _configured: Any = pydantic.PrivateAttr(default=None)

    @classmethod
    def is_abstract(cls) -> bool:
        """Keep the base, which wraps no rule, out of the library's registry."""
        return cls.rule is None

    @pydantic.root_validator(pre=True)
    def _parameters_are_the_rule_s(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        parameters_of(cls.rule, values)
        return values

    @property
    def configuration(self) -> Any:
        """The same configuration each time: the library asks for it once for each key, and changes copies only."""
        if self._configured is None or self._configured.id != self.id:
            self._configured = super().configuration
        return self._configured

    def get_validation_dependencies(self, execution_engine: Any = None, runtime_configuration: Any = None) -> Any:
        """Ask for each of the rule's measures, and for the number of rows whatever they are."""
        dependencies = super().get_validation_dependencies(
            execution_engine=execution_engine, runtime_configuration=runtime_configuration
        )
        for name in (ROWS, *(measure.id for measure in self._measures(self._batch(execution_engine)))):
            metric = MetricConfiguration(
                metric_name=METRIC,
                metric_domain_kwargs={"batch_id": self.batch_id},
                metric_value_kwargs={"measure": name},
            )
            dependencies.set_metric_configuration(metric_name=name, metric_configuration=metric)
        return dependencies

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: object = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration
        answer = self._answer(metrics, self._batch(execution_engine))
        return {
            "success": answer.success,
            "result": {"observed_value": answer.observed, "details": {"answer": canonical_json(answer)}},
        }

    def _answer(self, metrics: Mapping[str, Any], batch: ExportBatch) -> Answer:
        kind = batch.subject.layer.kind
        if kind not in self.rule.kinds_of(self._params()) and not isinstance(metrics[ROWS], Unmeasured):
            return Answer(observed=f"does not concern a layer of kind {kind}", problems=(), unmeasured=())
        measures = self._measures(batch)
        found = {measure.id: metrics[measure.id] for measure in measures}
        reasons = tuple(value.reason for value in (metrics[ROWS], *found.values()) if isinstance(value, Unmeasured))
        if reasons:
            return Answer(observed="not measurable", problems=(), unmeasured=tuple(dict.fromkeys(reasons)))
        try:
            judgement = self.rule.judge(self._params(), found, batch.subject.circumstances)
        except UnmeasurableError as error:
            return Answer(observed="not measurable", problems=(), unmeasured=(str(error),))
        except Exception as error:  # noqa: BLE001
            # The library would copy the exception's text, which may hold a coordinate, into its results.
            raise RuleFailedError(RAISED.format(type(error).__name__)) from None
        return Answer(observed=judgement.observed, problems=tuple(judgement.problems), unmeasured=())

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: object = None
    ) -> list[RenderedStringTemplateContent]:
        del runtime_configuration
        config = configuration or result.expectation_config
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                # A parameter of the template, which the library escapes, as it does not do with the template itself.
                string_template={"template": "$sentence", "params": {"sentence": sentence_of(config)}, "styling": {}},
            )
        ]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls, configuration: object = None, result: Any = None, runtime_configuration: object = None
    ) -> str:
        del configuration, runtime_configuration
        # The library puts it into its pages as it is.
        return html.escape(str((result.result or {}).get("observed_value", "--")))

    def _batch(self, engine: Any) -> ExportBatch:
        if not isinstance(engine, GeogateExecutionEngine):
            raise TypeError("geogate's expectations run on geogate's execution engine only")
        return engine.batch({"batch_id": self.batch_id})

    def _params(self) -> Params:
        return parameters_of(self.rule, {name: getattr(self, name) for name in self.rule.params.model_fields})

    def _measures(self, batch: ExportBatch) -> tuple[Any, ...]:
        if batch.subject.layer.kind not in self.rule.kinds_of(self._params()):
            return ()
        return batch.subject.measures[self.expectation_type, self._params().model_dump_json()]


def parameters_of(rule: Rule[Any], values: Mapping[str, Any]) -> Params:
    """Read a rule's parameters from the fields of its expectation, as strictly as from a policy file.

    Raises: ValueError.
    """
    own = {name: value for name, value in values.items() if name in rule.params.model_fields}
    return rule.params.model_validate_json(json.dumps(own, allow_nan=False))


def sentence_of(config: Any) -> str:
    """Say what an expectation expects, for people: what its rule is about, and the parameters."""
    made = get_expectation_impl(config.type)
    about = (made.__doc__ or config.type).splitlines()[0].rstrip(".")
    params = ", ".join(f"{name} {_plain(config.kwargs[name])}" for name in made.rule.params.model_fields)
    return f"{about} ({params})"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_plain, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{key} {_plain(each)}" for key, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def expectation_name(expectation: str) -> str:
    """Return the class name that belongs to an expectation type: ``expect_no_x`` is ``ExpectNoX``."""
    return "".join(word.capitalize() for word in expectation.split("_"))


@cache
def _expectation_class(rule_type: type[Rule[Any]]) -> type[RuleExpectation]:
    rule = rule_type()
    fields = rule.params.model_fields
    described = {name: pydantic.Field(..., description=field.description or name) for name, field in fields.items()}
    namespace = {
        "__module__": __name__,
        "__doc__": rule_type.__doc__,
        "__annotations__": {"rule": "ClassVar[Any]", "success_keys": "ClassVar[tuple[str, ...]]"}
        | dict.fromkeys(fields, Any),
        "rule": rule,
        "success_keys": tuple(fields),
        **described,
    }
    meta: Any = type(RuleExpectation)
    made: type[RuleExpectation] = meta(expectation_name(rule.expectation), (RuleExpectation,), namespace)
    if made.expectation_type != rule.expectation:
        raise ValueError(f"Great Expectations would call {rule.expectation} {made.expectation_type}")
    return made


def expectation_class(rule: Rule[Any]) -> type[RuleExpectation]:
    """Return the expectation class of a rule, made and registered with the library at the first call."""
    return _expectation_class(type(rule))
