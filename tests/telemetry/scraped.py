"""Metrics as Prometheus would read them."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Scraped:
    """All samples by name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def of(cls, text: str) -> Scraped:
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name, frozenset(sample.labels.items())] = sample.value
        return cls(found)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def labels(self, *, but: str = "") -> set[str]:
        """Give every value of every label, but those of one family."""
        return {value for (name, labels) in self.samples for _, value in labels if not but or not name.startswith(but)}
