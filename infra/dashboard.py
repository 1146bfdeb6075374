"""Dashboard: graphs of jobs, errors, providers and AWS, the most important first."""

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from functions.core.metrics import Metric
from functions.core.model import Outcome
from functions.core.prices import PRICES_NOTED_ON
from infra.metrics import DAY, FIVE_MINUTES, StageMetrics
from infra.runbook import PLACE

_WIDTH = 24
_PERCENTILES = ("p50", "p90", "p99")


class Dashboard(Construct):
    """The dashboard of a stage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metrics: StageMetrics,
        deadline_seconds: float,
        machine: sfn.IStateMachine,
        queues: Mapping[str, sqs.IQueue],
        functions: Mapping[str, lambda_.IFunction],
        alarms: Sequence[cloudwatch.IAlarm],
        queries: Sequence[str],
        runbook_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._metrics = metrics
        dashboard = cloudwatch.Dashboard(self, "Dashboard")
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Alarms", alarms=list(alarms), width=16, height=4
            ),
            cloudwatch.TextWidget(
                markdown=self._links(queries, runbook_url), width=8, height=4
            ),
        )
        dashboard.add_widgets(self._job_counts())
        dashboard.add_widgets(*self._job_times(deadline_seconds))
        dashboard.add_widgets(*self._errors())
        dashboard.add_widgets(*self._providers())
        dashboard.add_widgets(*self._deliveries())
        dashboard.add_widgets(*_aws_services(machine, queues, functions))

    def _links(self, queries: Sequence[str], runbook_url: str) -> str:
        region = Stack.of(self).region
        page = f"cloudwatch/home?region={region}#logsV2:logs-insights"
        console = f"https://{region}.console.aws.amazon.com/{page}"
        links = "\n".join(f"* [{name}]({console})" for name in queries)
        saved = f"Saved queries, under *Saved* in Logs Insights:\n{links}"
        runbook = f"[Run-book]({runbook_url})" if runbook_url else f"Run-book: {PLACE}"
        return f"{runbook}\n\n{saved}"

    def _job_counts(self) -> cloudwatch.IWidget:
        metric = self._metrics.metric
        return cloudwatch.SingleValueWidget(
            title="Jobs of a day",
            metrics=[
                metric(Metric.JOBS_STARTED, period=DAY, label="started"),
                metric(Metric.JOBS_ENDED, period=DAY, label="ended"),
                *(
                    metric(
                        Metric.JOBS_ENDED,
                        period=DAY,
                        label=str(outcome).replace("_", " "),
                        outcome=outcome,
                    )
                    for outcome in Outcome
                    if outcome
                ),
            ],
            width=_WIDTH,
        )

    def _job_times(self, deadline_seconds: float) -> list[cloudwatch.IWidget]:
        metric = self._metrics.metric
        return [
            _graph(
                "Age of the oldest running job (s)",
                [metric(Metric.JOB_AGE_SECONDS, "Maximum", label="oldest")],
                limit=cloudwatch.HorizontalAnnotation(
                    value=deadline_seconds, label="the longest deadline"
                ),
            ),
            _graph(
                "From the provider's finish to our notice of it (s)",
                [metric(Metric.LAG_SECONDS, p, label=p) for p in _PERCENTILES],
            ),
            _graph(
                "Duration of jobs (s), and forecasts of it",
                [metric(Metric.JOB_SECONDS, p, label=p) for p in _PERCENTILES],
                right=[
                    metric(Metric.FORECAST_ERROR_PERCENT, "p50", label="error (%)"),
                    metric(Metric.OUTSIDE_FORECAST, "Average", label="share outside"),
                ],
            ),
        ]

    def _errors(self) -> list[cloudwatch.IWidget]:
        search = self._metrics.search
        return [
            _graph("Errors that ended jobs", [search(Metric.JOB_ERRORS, "error")]),
            _graph("Errors that steps met", [search(Metric.STEP_ERRORS, "error")]),
            _graph(
                "Rows of batches by outcome", [search(Metric.BATCH_ROWS, "outcome")]
            ),
            _graph(
                "Verdicts recalled, and not remembered",
                [
                    search(Metric.VERDICTS_RECALLED, "provider", label="recalled"),
                    search(Metric.VERDICTS_NOT_REMEMBERED, "provider", label="lost"),
                ],
            ),
            _graph(
                "Manifests by verdict; rows missing or unexpected in joined lists",
                [
                    search(Metric.MANIFESTS, "verdict"),
                    search(Metric.ROWS_MISSING, "provider", label="missing"),
                    search(Metric.ROWS_UNEXPECTED, "provider", label="unexpected"),
                ],
            ),
        ]

    def _providers(self) -> list[cloudwatch.IWidget]:
        metric, search = self._metrics.metric, self._metrics.search
        return [
            _graph(
                "Providers: throttling, waits for credits, unknown words, late jobs",
                [
                    search(Metric.PROVIDER_THROTTLES, "provider", label="throttles"),
                    metric(
                        Metric.JOBS_WAITING_FOR_CREDITS,
                        "Maximum",
                        label="jobs waiting for credits",
                    ),
                    metric(
                        Metric.APPROVAL_WAIT_SECONDS,
                        "Maximum",
                        label="longest wait for approval (s)",
                    ),
                    metric(Metric.UNKNOWN_STATUS_WORDS, label="unknown words"),
                    metric(Metric.SUBMISSIONS_ADOPTED, label="submissions adopted"),
                    metric(Metric.JOBS_LATE, label="jobs late"),
                ],
            ),
            _graph(
                "Webhooks by outcome",
                [
                    search(Metric.WEBHOOKS, "heard"),
                    metric(Metric.WEBHOOKS_MISSED, label="missed"),
                    metric(Metric.WEBHOOKS_WAITED_FOR, label="arrived before the wait"),
                    metric(Metric.WEBHOOKS_UNDELIVERED, label="given up"),
                ],
            ),
            _graph(
                "Time in each phase (s)",
                [
                    search(
                        Metric.PHASE_SECONDS, "provider", "phase", statistic="Average"
                    )
                ],
            ),
        ]

    def _deliveries(self) -> list[cloudwatch.IWidget]:
        metric = self._metrics.metric
        return [
            _graph(
                "Delivered",
                [
                    metric(Metric.ROWS_DELIVERED, label="rows"),
                    metric(Metric.BYTES_DELIVERED, label="bytes"),
                ],
            ),
            _graph(
                "Downloads",
                [
                    metric(Metric.DOWNLOAD_ATTEMPTS, "Maximum", label="most attempts"),
                    metric(Metric.LINK_AGE_SECONDS, "Maximum", label="oldest link (s)"),
                    metric(Metric.UPLOADS_NOT_ABORTED, label="uploads not aborted"),
                    metric(Metric.RESULTS_DIFFERED, label="results that differed"),
                ],
            ),
            _graph(
                f"Cost (US dollars, list prices of {PRICES_NOTED_ON}) and checks",
                [
                    metric(Metric.COST_OF_A_JOB, period=DAY, label="a day"),
                    metric(Metric.COST_OF_A_JOB, "p90", period=DAY, label="a job, p90"),
                ],
                right=[
                    metric(Metric.CHECKS_OF_A_JOB, "p90", label="checks of a job, p90")
                ],
            ),
        ]


def _aws_services(
    machine: sfn.IStateMachine,
    queues: Mapping[str, sqs.IQueue],
    functions: Mapping[str, lambda_.IFunction],
) -> list[cloudwatch.IWidget]:
    return [
        _graph(
            "Queues: messages, and age of the oldest (s)",
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
            "Lambda: errors, and concurrency of the account",
            [
                function.metric_errors(label=name, period=FIVE_MINUTES)
                for name, function in functions.items()
            ],
            right=[
                _account_metric("AWS/Lambda", "ConcurrentExecutions", "Maximum"),
                _account_metric("AWS/Lambda", "Throttles", "Sum"),
            ],
        ),
        _graph(
            "Step Functions: throttling, and open executions",
            [
                machine.metric_throttled(label="executions", period=FIVE_MINUTES),
                sfn.StateTransitionMetric.metric_throttled_events(
                    statistic="Sum", label="transitions", period=FIVE_MINUTES
                ),
            ],
            right=[_account_metric("AWS/States", "OpenExecutionCount", "Maximum")],
        ),
    ]


def _account_metric(namespace: str, name: str, statistic: str) -> cloudwatch.Metric:
    """Return a metric of the whole account in this region."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        label=f"account: {name}",
        period=FIVE_MINUTES,
    )


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    *,
    right: Sequence[cloudwatch.IMetric] = (),
    limit: cloudwatch.HorizontalAnnotation | None = None,
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        right=list(right),
        left_annotations=[limit] if limit else [],
        width=_WIDTH // 3,
        period=FIVE_MINUTES,
    )
