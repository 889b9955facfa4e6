"""What is counted: the name, the labels, and what becomes of it over processes."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
# Seconds; from a refresh without a network to what nobody waits for.
DURATIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
OTHER = "other"
"""What a label says of a word that is not in its vocabulary."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    Attributes:
        name: As Prometheus has it, with its unit; of counters without ``_total``.
        kind: What it is.
        about: One sentence for operators.
        labels: Names of labels. What stands in them comes from closed vocabularies.
        bounds: Of a histogram, its upper bounds; the last, infinity, is not named.
        merged: What several processes make of a gauge: together, or the largest.
    """

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    merged: Literal["sum", "max"] = "sum"

    @property
    def width(self) -> int:
        """How many numbers one set of labels takes: of a histogram, with the sum."""
        return len(self.bounds) + 2 if self.kind == "histogram" else 1

    @property
    def shown_name(self) -> str:
        """The name that expressions ask for; a histogram's are built on it."""
        return f"{self.name}_total" if self.kind == "counter" else self.name
