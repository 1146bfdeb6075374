"""Api: the REST API in front of the api function, built from the API's contract."""

from collections.abc import Mapping

from aws_cdk import CfnResource, Duration, RemovalPolicy, Resource, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from functions.api.json_schema import Schema
from functions.api.request_schemas import Extensions, Types
from functions.api.routes import Operation, operations
from infra.gateway_responses import add_gateway_responses
from infra.nag import acknowledge

#: Where providers call; `functions.webhook` takes the name from it.
WEBHOOKS = "/webhooks/{provider}"

#: What the access log keeps of a request: neither its body nor whence it came.
_LOGGED = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.userArn",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "integration_milliseconds": "$context.integrationLatency",
    "error": "$context.error.responseType",
}


class Api(Construct):
    """The API, its stage, its access log, and a web ACL where one is set."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        types: Types,
        endings: Extensions,
        function: lambda_.Function,
        webhook: lambda_.Function,
        requests_per_second: int,
        burst: int,
        web_acl_arn: str,
        key: kms.IKey,
        log_retention: logs.RetentionDays,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        access_log = logs.LogGroup(
            self,
            "AccessLog",
            encryption_key=key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        self.rest = apigateway.RestApi(
            self,
            "Rest",
            rest_api_name=Stack.of(self).stack_name,  # need not be unique
            description="Verdict Courier: start, follow, fetch and end jobs",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,  # a role of our own, below
            default_method_options=apigateway.MethodOptions(
                authorization_type=apigateway.AuthorizationType.IAM
            ),
            deploy_options=apigateway.StageOptions(
                stage_name=stage,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=apigateway.AccessLogFormat.custom(
                    Stack.of(self).to_json_string(_LOGGED)
                ),
                logging_level=apigateway.MethodLoggingLevel.OFF,
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=True,
                throttling_rate_limit=requests_per_second,
                throttling_burst_limit=burst,
            ),
        )
        self.rest.node.try_remove_child("Endpoint")  # an output; the stack has its own
        self.rest.deployment_stage.node.add_dependency(self._may_log())
        add_gateway_responses(self.rest)
        self._validators = {
            with_body: self.rest.add_request_validator(
                "Bodies" if with_body else "Parameters",
                validate_request_body=with_body,
                validate_request_parameters=True,
            )
            for with_body in (True, False)
        }
        integration = apigateway.LambdaIntegration(
            function, allow_test_invoke=False, timeout=Duration.seconds(29)
        )
        for operation in operations(types, endings):
            self._method(operation, integration)
        self._listen(webhook)
        self._guard(web_acl_arn)

    def _listen(self, function: lambda_.Function) -> None:
        """Open the one route without an AWS signature: providers have theirs."""
        method = self.rest.root.resource_for_path(WEBHOOKS).add_method(
            "POST",
            apigateway.LambdaIntegration(
                function, allow_test_invoke=False, timeout=Duration.seconds(29)
            ),
            operation_name="hearWebhook",
            authorization_type=apigateway.AuthorizationType.NONE,
            request_validator=self._validators[False],
        )
        for finding in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
            acknowledge(
                method,
                finding,
                "Providers call it: functions.webhook refuses every body that is not "
                "signed with their secret, and all of them while there is none.",
            )

    def _method(
        self, operation: Operation, integration: apigateway.LambdaIntegration
    ) -> None:
        method = self.rest.root.resource_for_path(operation.path).add_method(
            operation.method,
            integration,
            operation_name=operation.name,
            request_validator=self._validators[operation.body is not None],
            request_parameters=_parameters(operation),
            request_models=self._models(operation),
        )
        acknowledge(
            method,
            "AwsSolutions-COG4",
            "Callers are AWS identities (AWS_IAM): programs and engineers, not the "
            "users of a pool.",
        )

    def _models(self, operation: Operation) -> Mapping[str, apigateway.IModel] | None:
        if operation.body is None:
            return None
        model = self.rest.add_model(
            f"{operation.name[0].upper()}{operation.name[1:]}",
            content_type="application/json",
            schema=_json_schema(operation.body),
        )
        return {"application/json": model}

    def _may_log(self) -> apigateway.CfnAccount:
        """Let API Gateway write logs: one role for all APIs of the account and region.

        It outlives the stack, since another one's API may have come to need it.
        """
        role = iam.Role(
            self,
            "LogsRole",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            description="What API Gateway may do to write logs",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogGroups",
                    "logs:DescribeLogStreams",
                    "logs:FilterLogEvents",
                    "logs:GetLogEvents",
                    "logs:PutLogEvents",
                ],
                resources=["*"],
            )
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "API Gateway takes a role for the whole account only, and refuses one "
            "that lacks any of these.",
        )
        account = apigateway.CfnAccount(
            self, "Account", cloud_watch_role_arn=role.role_arn
        )
        for kept in (role, role.node.find_child("DefaultPolicy"), account):
            assert isinstance(kept, (CfnResource, Resource))  # noqa: S101 - tells mypy what they are
            kept.apply_removal_policy(RemovalPolicy.RETAIN)
        return account

    def _guard(self, web_acl_arn: str) -> None:
        stage = self.rest.deployment_stage
        acknowledge(
            stage,
            "AwsSolutions-APIG6",
            "Execution logs would go to a group without our key and without an end; "
            "the access log has every request, the function's log every decision.",
        )
        if web_acl_arn:
            wafv2.CfnWebACLAssociation(
                self,
                "WebAcl",
                resource_arn=stage.stage_arn,
                web_acl_arn=web_acl_arn,
            )
        else:
            acknowledge(
                stage,
                "AwsSolutions-APIG3",
                "Every route wants a signature, of this account's or of a provider's; "
                "the setting web_acl_arn attaches a web ACL where one is wanted.",
            )


def _parameters(operation: Operation) -> dict[str, bool]:
    places = {"path": "path", "query": "querystring", "header": "header"}
    return {
        f"method.request.{places[known.place]}.{known.name}": known.place == "path"
        for known in operation.parameters
    }


def _json_schema(schema: Schema) -> apigateway.JsonSchema:
    """Turn one of ours into the CDK's, which has names of its own."""
    if "oneOf" in schema:
        return apigateway.JsonSchema(
            schema=apigateway.JsonSchemaVersion.DRAFT4,
            one_of=[_json_schema(form) for form in schema["oneOf"]],
        )
    if schema["type"] != "object":
        return apigateway.JsonSchema(
            type=apigateway.JsonSchemaType.STRING,
            enum=schema.get("enum"),
            pattern=schema.get("pattern"),
            max_length=schema.get("maxLength"),
        )
    return apigateway.JsonSchema(
        type=apigateway.JsonSchemaType.OBJECT,
        properties={n: _json_schema(one) for n, one in schema["properties"].items()},
        required=schema["required"],
        additional_properties=False,
    )
