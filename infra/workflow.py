"""Workflow: stands in for the state machine until its definition lands."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct


class Workflow(Construct):
    """A machine of one task, with the logging and encryption of the real one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        submit: lambda_.IFunction,  # noqa: ARG002 - the definition will call it
        check: lambda_.IFunction,  # noqa: ARG002 - the definition will call it
        download: lambda_.IFunction,  # noqa: ARG002 - the definition will call it
        manifest: lambda_.IFunction,  # noqa: ARG002 - the definition will call it
        conclude: lambda_.IFunction,
        topic: sns.ITopic,  # noqa: ARG002 - the definition will notify it
        key: kms.IKey,
        log_retention: logs.RetentionDays,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            encryption_key=key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        conclusion = tasks.LambdaInvoke(
            self,
            "Conclude",
            lambda_function=conclude,
            payload_response_only=True,
            task_timeout=sfn.Timeout.duration(Duration.seconds(60)),
        )
        self.state_machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(conclusion),
            encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(key),
            logs=sfn.LogOptions(
                destination=log_group,
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            tracing_enabled=True,
            removal_policy=removal_policy,
        )
