"""Metrics: what is measured, in which unit, and by what it can be asked for.

Each metric exists once for every set of dimensions that it has, and the stage is in
all of them, since the stages of an account share the namespace. CloudWatch bills by
the set, so there are few; what has many values, such as a job's id, is a field of the
log line that carries the metric, and is found by a query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

NAMESPACE = "VerdictCourier"

#: A dimension of every set.
STAGE = "stage"

#: One measurement, or several of the same thing.
Value = float | Sequence[float]
#: What was measured, at one moment, of one thing.
Values = Mapping["Metric", Value]


class Unit(StrEnum):
    """A unit of CloudWatch's."""

    COUNT = "Count"
    SECONDS = "Seconds"
    BYTES = "Bytes"
    NONE = "None"  # dollars: CloudWatch has none


@dataclass(frozen=True)
class MetricDefinition:
    """A metric's unit, its meaning, and its sets of dimensions besides the stage."""

    unit: Unit
    meaning: str
    sets: tuple[tuple[str, ...], ...] = ((),)


_PROVIDER = ((), ("provider",))
_TYPE = ((), ("provider", "type"))


class Metric(Enum):
    """Every metric that there is; its name in CloudWatch is its own, in one word."""

    JOBS_STARTED = MetricDefinition(
        Unit.COUNT, "jobs taken on, each once; retries not", _TYPE
    )
    JOBS_ENDED = MetricDefinition(
        Unit.COUNT,
        "jobs that ended, by how; each retry ends once more",
        ((), ("outcome",), ("provider", "type", "outcome")),
    )
    JOB_ERRORS = MetricDefinition(
        Unit.COUNT, "jobs that ended badly, by the error that ended them", (("error",),)
    )
    STEP_ERRORS = MetricDefinition(
        Unit.COUNT,
        "errors that a step met, those included that a later try mended",
        (("error",),),
    )
    JOB_SECONDS = MetricDefinition(
        Unit.SECONDS, "from a job's reception (or its retry) to its end", _TYPE
    )
    JOB_AGE_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "how long a running job has been waited for, told by each step: its maximum "
        "is the oldest job's",
        _PROVIDER,
    )
    PHASE_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "how long a job was in a phase of the provider's, as the checks saw it",
        (("provider", "phase"),),
    )
    LAG_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "from the provider's finish to our notice of it; where the provider does not "
        "tell when it finished, from its webhook; else not known",
        _PROVIDER,
    )
    CHECKS_OF_A_JOB = MetricDefinition(
        Unit.COUNT, "how often a job was asked about", _PROVIDER
    )
    BYTES_DELIVERED = MetricDefinition(Unit.BYTES, "size of a job's results", _PROVIDER)
    ROWS_DELIVERED = MetricDefinition(Unit.COUNT, "lines of a job's results", _PROVIDER)
    BATCH_ROWS = MetricDefinition(
        Unit.COUNT, "rows of batches, by what became of each", (("outcome",),)
    )
    DOWNLOAD_ATTEMPTS = MetricDefinition(
        Unit.COUNT, "tries that a result took", _PROVIDER
    )
    LINK_AGE_SECONDS = MetricDefinition(
        Unit.SECONDS, "age of a one-time link when it was opened", _PROVIDER
    )
    UPLOADS_NOT_ABORTED = MetricDefinition(
        Unit.COUNT, "broken uploads whose parts S3 did not let us throw away"
    )
    PROVIDER_THROTTLES = MetricDefinition(
        Unit.COUNT, "answers of a provider's that we call too often", _PROVIDER
    )
    UNKNOWN_STATUS_WORDS = MetricDefinition(
        Unit.COUNT, "status words of a provider's that we do not know", _PROVIDER
    )
    SUBMISSIONS_ADOPTED = MetricDefinition(
        Unit.COUNT,
        "submissions whose answer was lost, found in the provider's list",
        _PROVIDER,
    )
    WEBHOOKS = MetricDefinition(
        Unit.COUNT,
        "webhooks, by what became of them: woke, early, late, duplicate, unknown, or "
        "why they were refused",
        (("heard",), ("provider", "heard")),
    )
    WEBHOOKS_MISSED = MetricDefinition(
        Unit.COUNT, "ends that a check found before any webhook told of them", _PROVIDER
    )
    WEBHOOKS_WAITED_FOR = MetricDefinition(
        Unit.COUNT, "waits that a webhook had come before", _PROVIDER
    )
    COST_OF_A_JOB = MetricDefinition(
        Unit.NONE,
        "what AWS takes for a job, in US dollars, by `functions/core/cost.py`",
        _PROVIDER,
    )

    @property
    def title(self) -> str:
        """The metric's name in CloudWatch."""
        return self.name.title().replace("_", "")

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """Its sets of dimensions, each complete."""
        return tuple((STAGE, *names) for names in self.value.sets)


def emf_document(
    values: Values, fields: Mapping[str, str], *, now: float
) -> dict[str, Any]:
    """Give the log line of which CloudWatch makes metrics: its embedded format.

    `fields` are the dimensions, and what else a query may look for.

    Raises:
        KeyError: A dimension of a metric is not among the fields.
    """
    by_sets: dict[tuple[tuple[str, ...], ...], list[Metric]] = {}
    for metric in values:
        by_sets.setdefault(metric.sets, []).append(metric)
        for name in _names(metric.sets):
            if not fields[name]:
                raise KeyError(name)  # CloudWatch would drop the metric
    return {
        "_aws": {
            "Timestamp": int(now * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(names) for names in sets],
                    "Metrics": [
                        {"Name": metric.title, "Unit": str(metric.value.unit)}
                        for metric in metrics
                    ],
                }
                for sets, metrics in by_sets.items()
            ],
        },
        **fields,
        **{metric.title: _plain(value) for metric, value in values.items()},
    }


def _names(sets: Iterable[Iterable[str]]) -> set[str]:
    return {name for names in sets for name in names}


def _plain(value: Value) -> float | list[float]:
    return list(value) if isinstance(value, Sequence) else value
