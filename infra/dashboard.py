"""Dashboard: what an operator looks at, the most important first."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.core.metrics import Metric
from functions.core.model import Outcome
from functions.core.prices import PRICES_NOTED_ON
from infra.metrics import DAY, FIVE_MINUTES, StageMetrics

_WIDTH = 24
_LINES = Sequence[cloudwatch.IMetric]


class Dashboard(Construct):
    """One dashboard for a stage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        measures: StageMetrics,
        deadline_seconds: float,
        machine: sfn.IStateMachine,
        queues: Mapping[str, sqs.IQueue],
        functions: Mapping[str, lambda_.IFunction],
        alarms: Sequence[cloudwatch.IAlarm],
        queries: Sequence[str],
        runbook_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._measures = measures
        dashboard = cloudwatch.Dashboard(self, "Dashboard")
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="What needs a person", alarms=list(alarms), width=16, height=4
            ),
            cloudwatch.TextWidget(
                markdown=self._links(queries, runbook_url), width=8, height=4
            ),
        )
        dashboard.add_widgets(self._funnel())
        dashboard.add_widgets(*self._jobs(deadline_seconds))
        dashboard.add_widgets(*self._errors())
        dashboard.add_widgets(*self._provider())
        dashboard.add_widgets(*self._delivery())
        dashboard.add_widgets(*_services(machine, queues, functions))

    def _links(self, queries: Sequence[str], runbook_url: str) -> str:
        stack = Stack.of(self)
        console = (
            f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={stack.region}#logsV2:logs-insights"
        )
        listed = "\n".join(f"* [{name}]({console})" for name in queries)
        return (
            f"[Run-book]({runbook_url})\n\n"
            f"Saved queries, under *Saved* in Logs Insights:\n{listed}"
        )

    def _funnel(self) -> cloudwatch.IWidget:
        of = self._measures.of
        ends = [
            of(
                Metric.JOBS_ENDED,
                over=DAY,
                label=str(outcome).replace("_", " "),
                outcome=outcome,
            )
            for outcome in Outcome
            if outcome
        ]
        started = of(Metric.JOBS_STARTED, over=DAY, label="started")
        ended = of(Metric.JOBS_ENDED, over=DAY, label="ended")
        return cloudwatch.SingleValueWidget(
            title="Jobs of a day", metrics=[started, ended, *ends], width=_WIDTH
        )

    def _jobs(self, deadline_seconds: float) -> list[cloudwatch.IWidget]:
        of = self._measures.of
        return [
            _graph(
                "Age of the oldest running job (s)",
                [of(Metric.JOB_AGE_SECONDS, "Maximum", label="oldest")],
                limit=cloudwatch.HorizontalAnnotation(
                    value=deadline_seconds, label="the longest deadline"
                ),
            ),
            _graph(
                "Late by: the provider's finish to our notice (s)",
                [
                    of(Metric.LAG_SECONDS, one, label=one)
                    for one in ("p50", "p90", "p99")
                ],
            ),
            _graph(
                "How long jobs take (s)",
                [
                    of(Metric.JOB_SECONDS, one, label=one)
                    for one in ("p50", "p90", "p99")
                ],
            ),
        ]

    def _errors(self) -> list[cloudwatch.IWidget]:
        each = self._measures.each
        return [
            _graph("Errors that ended jobs", [each(Metric.JOB_ERRORS, "error")]),
            _graph("Errors that steps met", [each(Metric.STEP_ERRORS, "error")]),
            _graph("Rows of batches", [each(Metric.BATCH_ROWS, "outcome")]),
        ]

    def _provider(self) -> list[cloudwatch.IWidget]:
        of, each = self._measures.of, self._measures.each
        return [
            _graph(
                "Providers: what they refuse, and what we do not understand",
                [
                    each(Metric.PROVIDER_THROTTLES, "provider", label="throttles"),
                    of(Metric.UNKNOWN_STATUS_WORDS, label="unknown words"),
                    of(Metric.SUBMISSIONS_ADOPTED, label="submissions adopted"),
                ],
            ),
            _graph(
                "Webhooks, by what became of them",
                [
                    each(Metric.WEBHOOKS, "heard"),
                    of(Metric.WEBHOOKS_MISSED, label="missed"),
                    of(Metric.WEBHOOKS_WAITED_FOR, label="come before the wait"),
                ],
            ),
            _graph(
                "Time in each phase (s)",
                [each(Metric.PHASE_SECONDS, "provider", "phase", statistic="Average")],
            ),
        ]

    def _delivery(self) -> list[cloudwatch.IWidget]:
        of = self._measures.of
        return [
            _graph(
                "Delivered",
                [
                    of(Metric.ROWS_DELIVERED, label="rows"),
                    of(Metric.BYTES_DELIVERED, label="bytes"),
                ],
            ),
            _graph(
                "Downloads",
                [
                    of(Metric.DOWNLOAD_ATTEMPTS, "Maximum", label="most attempts"),
                    of(Metric.LINK_AGE_SECONDS, "Maximum", label="oldest link (s)"),
                    of(Metric.UPLOADS_NOT_ABORTED, label="uploads not aborted"),
                ],
            ),
            _graph(
                f"Cost (US dollars, list prices of {PRICES_NOTED_ON}), and checks",
                [
                    of(Metric.COST_OF_A_JOB, over=DAY, label="a day"),
                    of(Metric.COST_OF_A_JOB, "p90", over=DAY, label="a job, p90"),
                ],
                right=[of(Metric.CHECKS_OF_A_JOB, "p90", label="checks a job, p90")],
            ),
        ]


def _services(
    machine: sfn.IStateMachine,
    queues: Mapping[str, sqs.IQueue],
    functions: Mapping[str, lambda_.IFunction],
) -> list[cloudwatch.IWidget]:
    return [
        _graph(
            "Messages in queues, and their age (s)",
            [
                queue.metric_approximate_number_of_messages_visible(
                    statistic="Maximum", label=name, period=FIVE_MINUTES
                )
                for name, queue in queues.items()
            ],
            right=[
                queue.metric_approximate_age_of_oldest_message(
                    statistic="Maximum", label=f"{name}: oldest", period=FIVE_MINUTES
                )
                for name, queue in queues.items()
            ],
        ),
        _graph(
            "Lambda: errors, and what the account has in use",
            [
                function.metric_errors(label=name, period=FIVE_MINUTES)
                for name, function in functions.items()
            ],
            right=[
                _account("AWS/Lambda", "ConcurrentExecutions", "Maximum"),
                _account("AWS/Lambda", "Throttles", "Sum"),
            ],
        ),
        _graph(
            "Step Functions: throttled, and executions that are open",
            [
                machine.metric_throttled(label="executions", period=FIVE_MINUTES),
                sfn.StateTransitionMetric.metric_throttled_events(
                    statistic="Sum", label="transitions", period=FIVE_MINUTES
                ),
            ],
            right=[_account("AWS/States", "OpenExecutionCount", "Maximum")],
        ),
    ]


def _account(namespace: str, name: str, statistic: str) -> cloudwatch.Metric:
    """Give a metric of the whole account's in this region."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        label=f"account: {name}",
        period=FIVE_MINUTES,
    )


def _graph(
    title: str,
    left: _LINES,
    *,
    right: _LINES = (),
    limit: cloudwatch.HorizontalAnnotation | None = None,
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        right=list(right),
        left_annotations=[limit] if limit else [],
        width=_WIDTH // 3,
        period=Duration.minutes(5),
    )
