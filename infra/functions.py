"""Functions: create the Lambda functions, one for each line of the function table.

The log format is text because Powertools writes JSON lines itself. Lambda's own JSON
format would filter these by level again, lines that carry metrics included.
"""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.core import keys
from functions.core.function_table import FUNCTIONS, OPTIONAL_FUNCTIONS
from infra.bundling import ASSETS, HOST, LAMBDA, Platform
from infra.config import LOCAL
from infra.nag import acknowledge

RUNTIME = lambda_.Runtime.PYTHON_3_14


class Functions(Construct):
    """The functions, each with its own role, log group and reserved concurrency."""

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
        api_snap_start: bool,
        forwards_notices: bool,
        key: kms.IKey,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._reserved_concurrency = reserved_concurrency
        platform = HOST if stage == LOCAL else LAMBDA
        self._code = _code("functions", platform)
        self._own_code = {"join": _code("join", platform)}
        if forwards_notices:
            self._own_code["forward_notice"] = _code("notices", platform)
        self._log_retention = log_retention
        self._key = key
        self._removal_policy = removal_policy
        self._environment = {
            keys.ENV_STAGE: stage,
            "POWERTOOLS_SERVICE_NAME": "verdict-courier",
            "POWERTOOLS_LOG_LEVEL": log_level,
        }
        if debug_sample_rate:  # Powertools adds the rate to every line
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
                # Spans of HTTP calls record URLs, and some URLs contain a key.
                "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests,urllib,urllib3",
            }
        self.intake = self._function("intake")
        self.begin = self._function("begin")
        self.submit = self._function("submit")
        self.check = self._function("check")
        self.download = self._function("download")
        self.manifest = self._function("manifest")
        self.conclude = self._function("conclude")
        self.finalize_execution = self._function("finalize_execution")
        self.api = self._function("api", snap_start=api_snap_start)
        #: What API Gateway calls. Only a published version has a snapshot; the alias
        #: leads to the newest, and the one before is deleted.
        self.api_entry: lambda_.IFunction = self.api
        if api_snap_start:
            self.api_entry = lambda_.Alias(
                self,
                "ApiLive",
                alias_name="live",
                version=self.api.current_version,
            )
        self.check_now = self._function("check_now")
        self.listen = self._function("listen")
        self.approve = self._function("approve")
        self.webhook = self._function("webhook")
        self.prepare = self._function("prepare")
        self.gather = self._function("gather")
        self.join = self._function("join")
        self.sweep = self._function("sweep")
        #: None in a stage without receivers of notices.
        self.forward_notice = (
            self._function("forward_notice") if forwards_notices else None
        )

    @property
    def all(self) -> dict[str, lambda_.Function]:
        """All functions, by their names in the function table."""
        needed: dict[str, lambda_.Function] = {n: getattr(self, n) for n in FUNCTIONS}
        optional = {name: getattr(self, name) for name in OPTIONAL_FUNCTIONS}
        return needed | {name: made for name, made in optional.items() if made}

    @property
    def tasks(self) -> tuple[lambda_.Function, ...]:
        """The functions that the state machine calls."""
        return (
            self.begin,
            self.submit,
            self.check,
            self.listen,
            self.approve,
            self.download,
            self.prepare,
            self.gather,
            self.join,
            self.manifest,
            self.conclude,
        )

    @property
    def calling_providers(self) -> tuple[lambda_.Function, ...]:
        """The functions that call a provider, and need its key."""
        return (self.submit, self.check, self.check_now, self.download, self.sweep)

    def _function(self, name: str, *, snap_start: bool = False) -> lambda_.Function:
        spec = FUNCTIONS.get(name) or OPTIONAL_FUNCTIONS[name]
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
            code=self._own_code.get(name, self._code),
            handler=spec.handler or f"functions.{name}.handler",
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=spec.memory,
            timeout=Duration.seconds(spec.timeout),
            ephemeral_storage_size=Size.mebibytes(spec.disk),
            reserved_concurrent_executions=self._reserved_concurrency.get(name),
            environment=self._environment,
            layers=self._layers,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.TEXT,
            tracing=lambda_.Tracing.ACTIVE,
            snap_start=(
                lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None
            ),
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray has no resources: PutTraceSegments and PutTelemetryRecords take '*' "
            "only.",
        )
        acknowledge(
            function,
            "Serverless-LambdaDLQ",
            "The queue is for asynchronous calls. Only finalize_execution and sweep "
            "get these, and they have a failure destination; the state machine, SQS "
            "and API Gateway handle failed calls themselves.",
        )
        return function


def _code(asset: str, platform: Platform) -> lambda_.Code:
    path = str(ASSETS[asset](platform))
    return lambda_.Code.from_asset(path, display_name=asset)
