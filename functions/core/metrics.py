"""Metrics: define all metrics, and build the log lines that carry them to CloudWatch.

CloudWatch stores and bills a metric once for each of its sets of dimensions, so there
are few sets. Each has the stage, because the stages of an account share the namespace.
A value that is different for each job, such as its id, is a field of the log line that
carries the metric, for queries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

NAMESPACE = "VerdictCourier"

#: The dimension that is in every set.
STAGE = "stage"

#: One measurement, or several of the same metric.
Value = float | Sequence[float]
#: The measurements of one log line.
Values = Mapping["Metric", Value]


class Unit(StrEnum):
    """A unit of CloudWatch."""

    COUNT = "Count"
    SECONDS = "Seconds"
    BYTES = "Bytes"
    PERCENT = "Percent"
    NONE = "None"  # for US dollars, which are no unit of CloudWatch


@dataclass(frozen=True)
class MetricDefinition:
    """A metric's unit, meaning, and sets of dimensions; the stage is added to each."""

    unit: Unit
    meaning: str
    sets: tuple[tuple[str, ...], ...] = ((),)


_PROVIDER = ((), ("provider",))
_TYPE = ((), ("provider", "type"))


class Metric(Enum):
    """Every metric; its name in CloudWatch is the member's name in camel case."""

    JOBS_STARTED = MetricDefinition(
        Unit.COUNT, "jobs started; retries are not counted", _TYPE
    )
    JOBS_ENDED = MetricDefinition(
        Unit.COUNT,
        "jobs that ended, by outcome; each retry ends once more",
        ((), ("outcome",), ("provider", "type", "outcome")),
    )
    JOBS_LATE = MetricDefinition(
        Unit.COUNT,
        "jobs whose results came after their deadline, and were fetched by the sweep",
        _PROVIDER,
    )
    JOB_ERRORS = MetricDefinition(
        Unit.COUNT, "jobs that ended badly, by error", (("error",),)
    )
    STEP_ERRORS = MetricDefinition(
        Unit.COUNT,
        "errors of steps, by error; a later try may have succeeded",
        (("error",),),
    )
    MANIFESTS = MetricDefinition(
        Unit.COUNT,
        "jobs that ended with a manifest, by its verdict on their rows",
        (("verdict",),),
    )
    JOB_SECONDS = MetricDefinition(
        Unit.SECONDS, "from the receipt of a job, or from its retry, to its end", _TYPE
    )
    JOB_AGE_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "how long a running job has been waiting, at each step: the maximum is the "
        "age of the oldest job",
        _PROVIDER,
    )
    PHASE_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "how long a job was in a phase at the provider, as the checks saw it",
        (("provider", "phase"),),
    )
    LAG_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "from the finish that the provider reports, or else from its webhook, until a "
        "check noticed it; not measured where there is neither",
        _PROVIDER,
    )
    FORECAST_ERROR_PERCENT = MetricDefinition(
        Unit.PERCENT,
        "how far the end of a job was from the one forecast, by its duration",
        _PROVIDER,
    )
    OUTSIDE_FORECAST = MetricDefinition(
        Unit.COUNT,
        "1 for a job that ended outside the range that was forecast, 0 for one inside: "
        "the average is the share of those outside, and should be below 0.2",
        _PROVIDER,
    )
    CHECKS_OF_A_JOB = MetricDefinition(Unit.COUNT, "checks of a job", _PROVIDER)
    BYTES_DELIVERED = MetricDefinition(
        Unit.BYTES, "bytes of a job's results", _PROVIDER
    )
    ROWS_DELIVERED = MetricDefinition(Unit.COUNT, "rows of a job's results", _PROVIDER)
    ROWS_MISSING = MetricDefinition(
        Unit.COUNT,
        "records of joined lists that were sent and have no row of the result",
        _PROVIDER,
    )
    ROWS_UNEXPECTED = MetricDefinition(
        Unit.COUNT,
        "rows of the results of joined lists that belong to no record",
        _PROVIDER,
    )
    VERDICTS_RECALLED = MetricDefinition(
        Unit.COUNT,
        "values of lists that were not sent, because a verdict was remembered",
        _PROVIDER,
    )
    VERDICTS_NOT_REMEMBERED = MetricDefinition(
        Unit.COUNT,
        "verdicts that could not be written into the memory, and are paid for again",
        _PROVIDER,
    )
    BATCH_ROWS = MetricDefinition(
        Unit.COUNT,
        "rows of batches, by outcome; a retry counts all rows once more",
        (("outcome",),),
    )
    DOWNLOAD_ATTEMPTS = MetricDefinition(
        Unit.COUNT, "tries to download a result", _PROVIDER
    )
    LINK_AGE_SECONDS = MetricDefinition(
        Unit.SECONDS, "age of a download link when it was opened", _PROVIDER
    )
    RESULTS_DIFFERED = MetricDefinition(
        Unit.COUNT,
        "results that came with other bytes than those stored by an earlier try, which "
        "were kept",
    )
    UPLOADS_NOT_ABORTED = MetricDefinition(
        Unit.COUNT, "broken uploads whose parts could not be deleted from S3"
    )
    PROVIDER_THROTTLES = MetricDefinition(
        Unit.COUNT, "answers of a provider that it is called too often", _PROVIDER
    )
    JOBS_WAITING_FOR_CREDITS = MetricDefinition(
        Unit.COUNT,
        "jobs that wait for credits, measured whenever one of them looks for them; a "
        "batch counts as one",
        _PROVIDER,
    )
    APPROVAL_WAIT_SECONDS = MetricDefinition(
        Unit.SECONDS,
        "how long a job has been waiting for approval, measured every hour",
        _PROVIDER,
    )
    UNKNOWN_STATUS_WORDS = MetricDefinition(
        Unit.COUNT,
        "status words of a provider that the adapter does not know",
        _PROVIDER,
    )
    SUBMISSIONS_ADOPTED = MetricDefinition(
        Unit.COUNT,
        "submissions without an answer that were found in the provider's list",
        _PROVIDER,
    )
    WEBHOOKS = MetricDefinition(
        Unit.COUNT,
        "webhooks, by what happened to them: woke, early, late, duplicate, unknown, or "
        "why they were refused",
        (("heard",), ("provider", "heard")),
    )
    WEBHOOKS_MISSED = MetricDefinition(
        Unit.COUNT,
        "finished jobs that a check noticed before any webhook, unasked by a person",
        _PROVIDER,
    )
    WEBHOOKS_UNDELIVERED = MetricDefinition(
        Unit.COUNT,
        "answers in which a provider says that it could not deliver a webhook",
        _PROVIDER,
    )
    WEBHOOKS_WAITED_FOR = MetricDefinition(
        Unit.COUNT, "waits that began after their webhook had come", _PROVIDER
    )
    COST_OF_A_JOB = MetricDefinition(
        Unit.NONE,
        "what AWS charges for a job, in US dollars, by `functions/core/cost.py`",
        _PROVIDER,
    )

    @property
    def title(self) -> str:
        """The metric's name in CloudWatch."""
        return self.name.title().replace("_", "")

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """The metric's sets of dimensions, each with the stage."""
        return tuple((STAGE, *names) for names in self.value.sets)


def emf_document(
    values: Values, fields: Mapping[str, str], *, now: float
) -> dict[str, Any]:
    """Return a log line in CloudWatch's embedded metric format.

    `fields` are the dimensions and further fields for queries; `now` is the time of
    the measurements, in Unix seconds.

    Raises:
        KeyError: A dimension of a metric is missing or empty.
    """
    by_sets: dict[tuple[tuple[str, ...], ...], list[Metric]] = {}
    for metric in values:
        by_sets.setdefault(metric.sets, []).append(metric)
        for name in {name for names in metric.sets for name in names}:
            if not fields[name]:
                raise KeyError(name)  # CloudWatch would drop the metric silently
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
        **{
            metric.title: list(value) if isinstance(value, Sequence) else value
            for metric, value in values.items()
        },
    }
