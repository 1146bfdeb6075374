"""Functions: the Lambdas, alike but for the table below.

Logs are text to Lambda: Powertools writes JSON lines itself, Logs Insights reads
the platform's REPORT lines as they are, and Lambda's own JSON mode would filter
by level once more, metric lines included.
"""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.core.function_table import FUNCTIONS
from infra.bundling import bundle
from infra.nag import acknowledge

RUNTIME = lambda_.Runtime.PYTHON_3_14


class Functions(Construct):
    """The Lambdas, each with its own role, log group and share of concurrency."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        log_level: str,
        debug_sample_rate: float,
        otel_layer_arn: str,
        log_retention: logs.RetentionDays,
        reserved_concurrency: Mapping[str, int],
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._code = lambda_.Code.from_asset(str(bundle()))
        self._log_retention = log_retention
        self._key = key
        self._removal_policy = removal_policy
        self._environment = {
            "COURIER_STAGE": stage,
            "POWERTOOLS_SERVICE_NAME": "verdict-courier",
            "POWERTOOLS_LOG_LEVEL": log_level,
        }
        if debug_sample_rate:  # it stands on every line then
            self._environment["POWERTOOLS_LOGGER_SAMPLE_RATE"] = str(debug_sample_rate)
        self._layers: list[lambda_.ILayerVersion] = []
        if otel_layer_arn:
            self._layers.append(
                lambda_.LayerVersion.from_layer_version_arn(
                    self, "OpenTelemetry", otel_layer_arn
                )
            )
            self._environment |= {
                "AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument",
                # They would record addresses, and some hold a provider's key.
                "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests,urllib,urllib3",
            }
        self.intake = self._function("intake", reserved_concurrency)
        self.submit = self._function("submit", reserved_concurrency)
        self.check = self._function("check", reserved_concurrency)
        self.download = self._function("download", reserved_concurrency)
        self.manifest = self._function("manifest", reserved_concurrency)
        self.conclude = self._function("conclude", reserved_concurrency)
        self.finalize_execution = self._function(
            "finalize_execution", reserved_concurrency
        )
        self.api = self._function("api", reserved_concurrency)
        self.listen = self._function("listen", reserved_concurrency)
        self.webhook = self._function("webhook", reserved_concurrency)
        self.prepare = self._function("prepare", reserved_concurrency)
        self.gather = self._function("gather", reserved_concurrency)

    @property
    def all(self) -> dict[str, lambda_.Function]:
        """The functions, by the names of their modules."""
        return {name: getattr(self, name) for name in FUNCTIONS}

    def _function(self, name: str, reserved: Mapping[str, int]) -> lambda_.Function:
        spec = FUNCTIONS[name]
        title = spec.construct_id or name.capitalize()
        log_group = logs.LogGroup(
            self,
            f"{title}Logs",
            encryption_key=self._key,
            retention=self._log_retention,
            removal_policy=self._removal_policy,
        )
        role = iam.Role(
            self,
            f"{title}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {name} may do",
        )
        log_group.grant_write(role)
        function = lambda_.Function(
            self,
            title,
            description=f"Verdict Courier: {name}",
            code=self._code,
            handler=spec.handler or f"functions.{name}.handler",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=spec.memory,
            timeout=Duration.seconds(spec.timeout),
            reserved_concurrent_executions=reserved.get(name),
            environment=self._environment,
            layers=self._layers,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.TEXT,
            tracing=lambda_.Tracing.ACTIVE,
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray knows no resources: PutTraceSegments and PutTelemetryRecords take "
            "'*' only.",
        )
        acknowledge(
            function,
            "Serverless-LambdaDLQ",
            "Lambda puts asynchronous events there. The state machine, SQS and API "
            "Gateway call and keep or answer what failed themselves; "
            "finalize_execution, the only one called so, has a destination instead.",
        )
        return function
