"""Alarms: notify an operator, and say what to do.

Every alarm notifies the operations topic, and so does a composite of all alarms: when
the first one goes off, and when the last one is OK again. The composite alone would not
report a second cause while the first one lasts.

Missing data counts as OK, because a stack without jobs measures nothing. If the
measuring itself fails, metrics of AWS show it: dead letters and errors of functions.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.core.errors import (
    AccountRefused,
    CredentialsMissing,
    CredentialsRejected,
)
from functions.core.metrics import Metric
from functions.core.model import Outcome
from functions.core.rows import RowsVerdict
from functions.core.schedule import DAY_SECONDS
from infra.metrics import FIVE_MINUTES, HOUR, StageMetrics
from infra.runbook import alarm_description

#: How long a job may run after its deadline: downloading its results may take two
#: hours while the provider is in trouble.
OVERDUE_SECONDS = 3 * 3600
#: An alarm goes off at this number of failures within an hour, if they are more than
#: this share of all ended jobs.
FAILURES = 4
FAILED_PERCENT = 25
#: The same for missed webhooks, of all jobs that waited for one.
MISSED = 3
MISSED_PERCENT = 50
#: Consecutive periods of five minutes with throttling.
THROTTLED_PERIODS = 6


@dataclass(frozen=True, kw_only=True)
class AlarmDefinition:
    """A sentence on what is wrong, and the metric that exceeds its threshold then."""

    description: str
    metric: cloudwatch.IMetric
    threshold: float = 0
    periods: int = 1


class Alarms(Construct):
    """The alarms, by name, and their composite."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metrics: StageMetrics,
        deadline_seconds: float,
        dead_letters: Mapping[str, sqs.IQueue],
        functions: Mapping[str, lambda_.IFunction],
        topic: sns.ITopic,
        runbook_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        definitions = {
            "Job overdue": AlarmDefinition(
                description="A job is still running long after its deadline.",
                metric=metrics.metric(Metric.JOB_AGE_SECONDS, "Maximum", period=HOUR),
                threshold=deadline_seconds + OVERDUE_SECONDS,
            ),
            "Jobs failing": AlarmDefinition(
                description="A large share of the jobs that end fail or time out.",
                metric=_failed_percent(metrics),
                threshold=FAILED_PERCENT,
            ),
            **{
                f"Dead letters of {name}": AlarmDefinition(
                    description=f"A message that {name} could not handle is in its "
                    "dead-letter queue.",
                    metric=queue.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", period=FIVE_MINUTES
                    ),
                )
                for name, queue in dead_letters.items()
            },
            "Credentials refused": AlarmDefinition(
                description="A provider refuses our credentials, or they are missing.",
                metric=_error_count(
                    metrics, CredentialsMissing, CredentialsRejected, AccountRefused
                ),
            ),
            "Credits used up": AlarmDefinition(
                description="As many jobs as the alarm's value wait for credits at a "
                "provider; buy credits, and they go on by themselves.",
                # An hour, so that it does not end between two looks.
                metric=metrics.metric(
                    Metric.JOBS_WAITING_FOR_CREDITS, "Maximum", period=HOUR
                ),
            ),
            "Quote unanswered": AlarmDefinition(
                description="A job has been waiting for approval for more than a day.",
                # Two hours, because a wait is looked at every hour.
                metric=metrics.metric(
                    Metric.APPROVAL_WAIT_SECONDS, "Maximum", period=Duration.hours(2)
                ),
                threshold=DAY_SECONDS,
            ),
            "Unknown status word": AlarmDefinition(
                description="A provider uses a status word that we do not know.",
                metric=metrics.metric(Metric.UNKNOWN_STATUS_WORDS),
            ),
            "Provider throttling": AlarmDefinition(
                description="A provider has throttled our calls for half an hour.",
                metric=metrics.metric(Metric.PROVIDER_THROTTLES),
                periods=THROTTLED_PERIODS,
            ),
            "Jobs late": AlarmDefinition(
                description="Jobs finished after their deadline; the sweep fetched "
                "their results.",
                metric=metrics.metric(Metric.JOBS_LATE, period=HOUR),
            ),
            "Rows unaccounted": AlarmDefinition(
                description="Rows of a delivered job may be missing, or do not add up.",
                metric=_verdict_count(
                    metrics,
                    RowsVerdict.UNACCOUNTED,
                    RowsVerdict.CONTRADICTORY,
                    RowsVerdict.UNJOINED,
                ),
            ),
            "Webhooks missing": AlarmDefinition(
                description="Most jobs end without a webhook that announces it.",
                metric=_missed_webhook_percent(metrics),
                threshold=MISSED_PERCENT,
            ),
            "Clean-up failing": AlarmDefinition(
                description="Parts of a broken upload could not be deleted.",
                metric=metrics.metric(Metric.UPLOADS_NOT_ABORTED),
            ),
            **{
                f"Errors of {name}": AlarmDefinition(
                    description=f"The function {name} raised an error.",
                    metric=function.metric_errors(period=FIVE_MINUTES),
                )
                for name, function in functions.items()
            },
        }
        self.all = {
            name: cloudwatch.Alarm(
                self,
                "".join(word.capitalize() for word in re.split("[ _-]", name)),
                alarm_description=alarm_description(
                    alarm.description,
                    name.partition(" of ")[0],  # `Errors of …` share a section
                    runbook_url=runbook_url,
                ),
                metric=alarm.metric,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                threshold=alarm.threshold,
                evaluation_periods=alarm.periods,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for name, alarm in definitions.items()
        }
        self.composite = cloudwatch.CompositeAlarm(
            self,
            "Any",
            alarm_description="At least one alarm is active; each sends its own "
            "notification, which says what to do.",
            alarm_rule=cloudwatch.AlarmRule.any_of(*self.all.values()),
        )
        action = actions.SnsAction(topic)
        for alarm in (*self.all.values(), self.composite):
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)


def _error_count(metrics: StageMetrics, *errors: type[Exception]) -> cloudwatch.IMetric:
    """Return a metric of how often steps raised any of the errors."""
    return _sum(
        metrics.metric(Metric.STEP_ERRORS, error=error.__name__) for error in errors
    )


def _verdict_count(metrics: StageMetrics, *verdicts: str) -> cloudwatch.IMetric:
    """Return a metric of how many jobs ended with any of the verdicts."""
    return _sum(
        metrics.metric(Metric.MANIFESTS, verdict=verdict) for verdict in verdicts
    )


def _sum(summands: Iterable[cloudwatch.IMetric]) -> cloudwatch.IMetric:
    counts = {f"m{number}": metric for number, metric in enumerate(summands)}
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in counts),
        using_metrics=counts,
        period=FIVE_MINUTES,
    )


def _failed_percent(metrics: StageMetrics) -> cloudwatch.IMetric:
    metric, ended = metrics.metric, Metric.JOBS_ENDED
    failed = "(FILL(failed, 0) + FILL(timed_out, 0))"
    return cloudwatch.MathExpression(
        expression=f"IF({failed} >= {FAILURES}, 100 * {failed} / ended, 0)",
        using_metrics={
            "failed": metric(ended, period=HOUR, outcome=Outcome.FAILED),
            "timed_out": metric(ended, period=HOUR, outcome=Outcome.TIMED_OUT),
            "ended": metric(ended, period=HOUR),
        },
        period=HOUR,
    )


def _missed_webhook_percent(metrics: StageMetrics) -> cloudwatch.IMetric:
    metric = metrics.metric
    received = "FILL(woke, 0) + FILL(early, 0)"
    share = f"100 * FILL(missed, 0) / (FILL(missed, 0) + {received})"
    return cloudwatch.MathExpression(
        expression=f"IF(FILL(missed, 0) >= {MISSED}, {share}, 0)",
        using_metrics={
            "missed": metric(Metric.WEBHOOKS_MISSED, period=HOUR),
            "woke": metric(Metric.WEBHOOKS, period=HOUR, heard="woke"),
            "early": metric(Metric.WEBHOOKS, period=HOUR, heard="early"),
        },
        period=HOUR,
    )
