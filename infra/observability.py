"""Observability: connect the dashboard, the alarms and the saved queries."""

from collections.abc import Mapping

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.alarms import Alarms
from infra.dashboard import Dashboard
from infra.metrics import StageMetrics
from infra.queries import Queries

#: Functions with an alarm for their errors. Errors of the others show elsewhere: the
#: state machine fails the job, and intake's queue keeps the message.
_FUNCTIONS_WITH_ALARM = ("api", "finalize_execution", "sweep", "webhook")


class Observability(Construct):
    """The operations topic, the alarms that notify it, the dashboard, the queries."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        deadline_seconds: float,
        functions: Mapping[str, lambda_.Function],
        machine: sfn.StateMachine,
        machine_logs: logs.ILogGroup,
        queue: sqs.IQueue,
        dead_letters: Mapping[str, sqs.IQueue],
        runbook_url: str,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.operations = self._topic(key, removal_policy)
        metrics = StageMetrics(stage)
        alarms = Alarms(
            self,
            "Alarms",
            metrics=metrics,
            deadline_seconds=deadline_seconds,
            dead_letters=dead_letters,
            functions={name: functions[name] for name in _FUNCTIONS_WITH_ALARM},
            topic=self.operations,
            runbook_url=runbook_url,
        )
        queries = Queries(
            self,
            "Queries",
            log_groups=[
                *(function.log_group for function in functions.values()),
                machine_logs,
            ],
        )
        Dashboard(
            self,
            "Dashboard",
            metrics=metrics,
            deadline_seconds=deadline_seconds,
            machine=machine,
            queues={
                "intake": queue,
                **{f"dead letters of {n}": q for n, q in dead_letters.items()},
            },
            functions=functions,
            alarms=[alarms.composite, *alarms.all.values()],
            queries=queries.names,
            runbook_url=runbook_url,
        )

    def _topic(self, key: kms.IKey, removal_policy: RemovalPolicy) -> sns.Topic:
        """Return an encrypted topic that alarms of this account can publish to."""
        topic = sns.Topic(self, "Operations", master_key=key, enforce_ssl=True)
        topic.apply_removal_policy(removal_policy)
        topic.add_to_resource_policy(
            _allow_alarms("sns:Publish", resource=topic.topic_arn)
        )
        # In a key's policy, `*` is the key itself.
        key.add_to_resource_policy(
            _allow_alarms("kms:Decrypt", "kms:GenerateDataKey", resource="*")
        )
        return topic


def _allow_alarms(*actions: str, resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="AlarmsOfThisAccount",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=list(actions),
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
