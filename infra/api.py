"""API: the REST API in front of the api function, built from the route table."""

from aws_cdk import CfnResource, Duration, RemovalPolicy, Resource, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from functions.api.request_schemas import Extensions, Types
from functions.api.routes import Operation, operations
from infra.gateway_responses import add_gateway_responses
from infra.nag import acknowledge

#: The route for webhooks; `functions.webhook` reads the provider from the path.
WEBHOOKS = "/webhooks/{provider}"

#: API Gateway's names for the places of parameters.
_LOCATIONS = {"path": "path", "query": "querystring", "header": "header"}

#: The fields of the access log: neither bodies nor IP addresses.
_ACCESS_LOG_FIELDS = {
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
    """The API with its stage and access log, and with the web ACL if one is set."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        types: Types,
        extensions: Extensions,
        function: lambda_.IFunction,
        webhook_function: lambda_.IFunction,
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
            rest_api_name=Stack.of(self).stack_name,  # required, not unique
            description="Verdict Courier: start, follow, fetch and end jobs",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,  # _logging_account has a narrower one
            default_method_options=apigateway.MethodOptions(
                authorization_type=apigateway.AuthorizationType.IAM
            ),
            deploy_options=apigateway.StageOptions(
                stage_name=stage,
                access_log_destination=apigateway.LogGroupLogDestination(access_log),
                access_log_format=apigateway.AccessLogFormat.custom(
                    Stack.of(self).to_json_string(_ACCESS_LOG_FIELDS)
                ),
                logging_level=apigateway.MethodLoggingLevel.OFF,
                data_trace_enabled=False,
                metrics_enabled=True,
                tracing_enabled=True,
                throttling_rate_limit=requests_per_second,
                throttling_burst_limit=burst,
            ),
        )
        # The stack has an output of its own for the URL.
        self.rest.node.try_remove_child("Endpoint")
        account = self._logging_account()
        self.rest.deployment_stage.node.add_dependency(account)
        add_gateway_responses(self.rest)
        self._validators = {
            with_body: self.rest.add_request_validator(
                "Bodies" if with_body else "Parameters",
                validate_request_body=with_body,
                validate_request_parameters=True,
            )
            for with_body in (True, False)
        }
        integration = _integration(function)
        for operation in operations(types, extensions):
            self._add_operation(operation, integration)
        self._add_webhook(webhook_function)
        self._add_web_acl(web_acl_arn)

    def _add_webhook(self, function: lambda_.IFunction) -> None:
        """Add the only route without an AWS signature: providers have other schemes."""
        method = self.rest.root.resource_for_path(WEBHOOKS).add_method(
            "POST",
            _integration(function),
            operation_name="hearWebhook",
            authorization_type=apigateway.AuthorizationType.NONE,
            request_validator=self._validators[False],
        )
        for finding in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
            acknowledge(
                method,
                finding,
                "Providers call it. functions.webhook rejects every body that is not "
                "signed with the provider's secret, and all bodies without a secret.",
            )

    def _add_operation(
        self, operation: Operation, integration: apigateway.LambdaIntegration
    ) -> None:
        resource = self.rest.root.resource_for_path(operation.path)
        models: dict[str, apigateway.IModel] = {}
        # What API Gateway makes of a body that may be absent, its documentation does
        # not say: the function alone reads that.
        has_model = operation.body is not None and operation.body_is_required
        if has_model:
            models["application/json"] = self.rest.add_model(
                f"{operation.name[0].upper()}{operation.name[1:]}",
                content_type="application/json",
                # No more, because the function names what is wrong with a body.
                schema=apigateway.JsonSchema(type=apigateway.JsonSchemaType.OBJECT),
            )
        method = resource.add_method(
            operation.method,
            integration,
            operation_name=operation.name,
            request_validator=self._validators[has_model],
            request_parameters={
                f"method.request.{_LOCATIONS[parameter.place]}.{parameter.name}": (
                    parameter.place == "path"  # whether it is required
                )
                for parameter in operation.parameters
            },
            request_models=models or None,
        )
        acknowledge(
            method,
            "AwsSolutions-COG4",
            "Callers are AWS identities (AWS_IAM), not users of a pool.",
        )

    def _logging_account(self) -> apigateway.CfnAccount:
        """Return the setting that lets API Gateway write logs.

        It holds for all APIs of account and region: it outlives the stack for others.
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
            "API Gateway has one such role per account, and rejects a role that lacks "
            "any of these actions.",
        )
        account = apigateway.CfnAccount(
            self, "Account", cloud_watch_role_arn=role.role_arn
        )
        policy = role.node.find_child("DefaultPolicy")
        # API Gateway tries the role at once, and its policy is a resource of its own.
        account.node.add_dependency(policy)
        for resource in (role, policy, account):
            assert isinstance(resource, (CfnResource, Resource))  # noqa: S101 - for mypy
            resource.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return account

    def _add_web_acl(self, web_acl_arn: str) -> None:
        stage = self.rest.deployment_stage
        acknowledge(
            stage,
            "AwsSolutions-APIG6",
            "Execution logs would go to a log group without our key or an expiry. The "
            "access log has every request, the function's log every decision.",
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
                "Every route requires a signature, by AWS or by a provider. The "
                "setting web_acl_arn attaches a web ACL where it is wanted.",
            )


def _integration(function: lambda_.IFunction) -> apigateway.LambdaIntegration:
    return apigateway.LambdaIntegration(
        function, allow_test_invoke=False, timeout=Duration.seconds(29)
    )
