"""Alarms: what wakes a person, each with the section of the run-book that helps.

Every alarm tells the operations topic of itself. The composite tells it when the
first goes off and when the last is quiet: a composite alone would say nothing of a
second cause while the first one lasts.

What is not measured is no alarm (`NOT_BREACHING`) in all of them: where nothing runs
nothing is measured, and that must not wake anybody. What could stop the measuring
itself is told by the services' own metrics: dead letters and errors of functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
    OutOfCredits,
)
from functions.core.metrics import Metric
from functions.core.model import Outcome
from infra.metrics import FIVE_MINUTES, HOUR, StageMetrics

#: What a job may take after its deadline: results are fetched, each for two hours at
#: the most while the provider is in trouble.
OVERDUE_SECONDS = 3 * 3600
#: Of the jobs that end within an hour: how many failures, and which share of all.
FAILURES = 4
FAILED_PERCENT = 25
#: Of the ends that we hear of within an hour: how many without a webhook.
MISSED = 3
MISSED_PERCENT = 50
#: Periods of five minutes in a row.
THROTTLED_PERIODS = 6


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """When an alarm goes off, and its one sentence on what is wrong then."""

    wrong: str
    metric: cloudwatch.IMetric
    above: float = 0
    periods: int = 1


class Alarms(Construct):
    """The alarms, by name, and the composite of them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        measures: StageMetrics,
        deadline_seconds: float,
        dead_letters: Mapping[str, sqs.IQueue],
        fronts: Mapping[str, lambda_.IFunction],
        topic: sns.ITopic,
        runbook_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._measures = measures
        self._runbook_url = runbook_url
        self._tell = actions.SnsAction(topic)
        rules = {
            "Job overdue": AlarmRule(
                wrong="A job still runs though its deadline has long passed.",
                metric=measures.of(Metric.JOB_AGE_SECONDS, "Maximum", over=HOUR),
                above=deadline_seconds + OVERDUE_SECONDS,
            ),
            "Jobs failing": AlarmRule(
                wrong="A large share of the jobs that end, end badly.",
                metric=self._failed_share(),
                above=FAILED_PERCENT,
            ),
            **{
                f"Dead letters of {name}": AlarmRule(
                    wrong=f"A message that {name} could not handle was put aside.",
                    metric=queue.metric_approximate_number_of_messages_visible(
                        statistic="Maximum", period=FIVE_MINUTES
                    ),
                )
                for name, queue in dead_letters.items()
            },
            "Credentials refused": AlarmRule(
                wrong="A provider does not take our key, or there is none.",
                metric=self._met(
                    CredentialsMissing, CredentialsRejected, AccountRefused
                ),
            ),
            "Credits used up": AlarmRule(
                wrong="A provider wants to be paid before it goes on.",
                metric=self._met(OutOfCredits),
            ),
            "Unknown status word": AlarmRule(
                wrong="A provider uses a status word that we do not know.",
                metric=measures.of(Metric.UNKNOWN_STATUS_WORDS),
            ),
            "Provider throttling": AlarmRule(
                wrong="For half an hour a provider has refused calls as too many.",
                metric=measures.of(Metric.PROVIDER_THROTTLES),
                periods=THROTTLED_PERIODS,
            ),
            "Webhooks missing": AlarmRule(
                wrong="Most jobs end without the webhook that should tell of it.",
                metric=self._missed_share(),
                above=MISSED_PERCENT,
            ),
            "Clean-up failing": AlarmRule(
                wrong="Parts of a broken upload could not be thrown away.",
                metric=measures.of(Metric.UPLOADS_NOT_ABORTED),
            ),
            **{
                f"Errors of {name}": AlarmRule(
                    wrong=f"The function {name} fails, and nobody repeats its work.",
                    metric=function.metric_errors(period=FIVE_MINUTES),
                )
                for name, function in fronts.items()
            },
        }
        self.all = {name: self._alarm(name, rule) for name, rule in rules.items()}
        self.composite = self._composite()

    def _alarm(self, name: str, rule: AlarmRule) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in name.replace("-", " ").split()),
            alarm_description=f"{rule.wrong} {self._runbook_url}#{section(name)}",
            metric=rule.metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=rule.above,
            evaluation_periods=rule.periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._tell)
        alarm.add_ok_action(self._tell)
        return alarm

    def _composite(self) -> cloudwatch.CompositeAlarm:
        composite = cloudwatch.CompositeAlarm(
            self,
            "Any",
            alarm_description="Something needs a person: the alarms within say what. "
            f"{self._runbook_url}#alarms",
            alarm_rule=cloudwatch.AlarmRule.any_of(*self.all.values()),
        )
        composite.add_alarm_action(self._tell)
        composite.add_ok_action(self._tell)
        return composite

    def _met(self, *errors: type[Exception]) -> cloudwatch.IMetric:
        """Count what steps met of some errors."""
        measured = {
            f"m{number}": self._measures.of(Metric.STEP_ERRORS, error=error.__name__)
            for number, error in enumerate(errors)
        }
        return cloudwatch.MathExpression(
            expression=" + ".join(f"FILL({name}, 0)" for name in measured),
            using_metrics=measured,
            period=FIVE_MINUTES,
        )

    def _failed_share(self) -> cloudwatch.IMetric:
        ended, of = Metric.JOBS_ENDED, self._measures.of
        bad = "(FILL(failed, 0) + FILL(timed_out, 0))"
        return cloudwatch.MathExpression(
            expression=f"IF({bad} >= {FAILURES}, 100 * {bad} / ended, 0)",
            using_metrics={
                "failed": of(ended, over=HOUR, outcome=Outcome.FAILED),
                "timed_out": of(ended, over=HOUR, outcome=Outcome.TIMED_OUT),
                "ended": of(ended, over=HOUR),
            },
            period=HOUR,
        )

    def _missed_share(self) -> cloudwatch.IMetric:
        of = self._measures.of
        heard = "FILL(woke, 0) + FILL(early, 0)"
        share = f"100 * FILL(missed, 0) / (FILL(missed, 0) + {heard})"
        return cloudwatch.MathExpression(
            expression=f"IF(FILL(missed, 0) >= {MISSED}, {share}, 0)",
            using_metrics={
                "missed": of(Metric.WEBHOOKS_MISSED, over=HOUR),
                "woke": of(Metric.WEBHOOKS, over=HOUR, heard="woke"),
                "early": of(Metric.WEBHOOKS, over=HOUR, heard="early"),
            },
            period=HOUR,
        )


def section(name: str) -> str:
    """Give the anchor of an alarm's section; one may be for several alike."""
    kind = name.partition(" of ")[0]
    return f"alarm-{kind.lower().replace(' ', '-')}"
