"""The deployed API: signed requests only, validated, logged and throttled."""

import json

import jsonschema
import pytest

from functions.api.routes import operations
from infra import config
from tests.infra.conftest import CHANGED
from tests.infra.template import Json, Template, text

PROVIDERS = config.stage("prod", config.context()["courier"]).providers
TYPES = {name: provider.types for name, provider in PROVIDERS.items()}
EXTENSIONS = {name: provider.extensions for name, provider in PROVIDERS.items()}
#: The operation that providers call; it is not in the table of routes.
WEBHOOK = "hearWebhook"
OPERATIONS = {operation.name: operation for operation in operations(TYPES, EXTENSIONS)}


def methods(template: Template) -> dict[str, Json]:
    """Return the methods of the API, by operation."""
    return {
        method["OperationName"]: method
        for method in template.properties("AWS::ApiGateway::Method").values()
    }


@pytest.mark.fault(88)
def test_every_route_but_one_requires_a_signature(template: Template) -> None:
    """A route that was forgotten would be open to the whole internet."""
    found = template.properties("AWS::ApiGateway::Method").values()
    authorization = {
        name: method["AuthorizationType"] for name, method in methods(template).items()
    }

    assert len(found) == len(OPERATIONS) + 1
    assert authorization.pop(WEBHOOK) == "NONE"
    assert set(authorization.values()) == {"AWS_IAM"}


def test_every_operation_has_a_route(template: Template) -> None:
    """Clients can call what the handler implements, and nothing else."""
    routes = {name: method["HttpMethod"] for name, method in methods(template).items()}

    expected = {name: operation.method for name, operation in OPERATIONS.items()}
    assert routes == {**expected, WEBHOOK: "POST"}


def test_the_open_route_calls_only_the_webhook_function(template: Template) -> None:
    """That function can complete waits, but neither start a job nor read one."""
    method = methods(template)[WEBHOOK]
    (webhook,) = (
        name
        for name, function in template.properties("AWS::Lambda::Function").items()
        if function["Handler"] == "functions.webhook.handler"
    )
    resources = template.properties("AWS::ApiGateway::Resource")
    resource = resources[method["ResourceId"]["Ref"]]
    parent = resources[resource["ParentId"]["Ref"]]
    called = {
        name: webhook in json.dumps(method["Integration"])
        for name, method in methods(template).items()
    }

    assert called == {name: name == WEBHOOK for name in called}
    assert (parent["PathPart"], resource["PathPart"]) == ("webhooks", "{provider}")
    assert text(parent["ParentId"]).endswith(".RootResourceId>")


def test_only_api_gateway_may_call_the_webhook_function(template: Template) -> None:
    """And only by its route and stage, so that nobody bypasses the throttle."""
    (permission,) = (
        permission
        for permission in template.properties("AWS::Lambda::Permission").values()
        if "Webhook" in text(permission["FunctionName"])
    )

    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert text(permission["SourceArn"]).endswith("/POST/webhooks/*")


@pytest.mark.fault(87)
@pytest.mark.parametrize("name", OPERATIONS)
def test_api_gateway_validates_requests(template: Template, name: str) -> None:
    """What is no request at all costs no call of a function."""
    method = methods(template)[name]
    validators = template.properties("AWS::ApiGateway::RequestValidator")
    validator = validators[method["RequestValidatorId"]["Ref"]]
    operation = OPERATIONS[name]
    has_body = bool(operation.body) and operation.body_is_required

    assert validator["ValidateRequestParameters"] is True
    assert validator["ValidateRequestBody"] is has_body
    assert ("RequestModels" in method) is has_body


@pytest.mark.parametrize("name", ["createUpload", "startJob"])
@pytest.mark.parametrize(
    "body",
    [
        {"provider": "ipqs", "type": "email"},
        {"provider": "ipqs", "type": "email", "name": "June.csv"},
        {"provider": "ipqs", "type": "email", "provider_ref": "17"},
        {"provider": "ipqs", "type": "email", "provider_ref": "1 7"},
        {"provider": "other", "type": "email", "provider_ref": "17"},
        {"key": "ipqs/email/list.csv", "version_id": "abc"},
        {"key": "ipqs/email/a folder/é.csv", "version_id": "abc"},
        {"key": "ipqs/email/", "version_id": "abc"},
        {"key": "ipqs/other/list.csv", "version_id": "abc"},
        {"key": "ipqs/email/list.csv"},
        {"key": "ipqs/email/list.csv", "version_id": "abc", "provider": "ipqs"},
        {},
        [],
        "ipqs",
        None,
    ],
    ids=json.dumps,
)
def test_api_gateway_leaves_the_members_of_a_body_to_the_function(
    template: Template, name: str, body: object
) -> None:
    """API Gateway would refuse them without a word about which one is wrong."""
    method = methods(template)[name]
    model = method["RequestModels"]["application/json"]["Ref"]
    schema = template.properties("AWS::ApiGateway::Model")[model]["Schema"]

    accepted = jsonschema.Draft4Validator(schema).is_valid(body)

    assert accepted is isinstance(body, dict)


def test_errors_of_api_gateway_are_problem_documents(template: Template) -> None:
    """Clients parse one format of errors, whoever rejected the request."""
    responses = template.properties("AWS::ApiGateway::GatewayResponse").values()

    types = {response["ResponseType"] for response in responses}
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= types
    for response in responses:
        problem = json.loads(response["ResponseTemplates"]["application/json"])
        assert problem["type"].startswith("urn:verdict-courier:problem:")
        # A default with a status would replace those that AWS sets.
        default = response["ResponseType"].startswith("DEFAULT")
        assert ("StatusCode" in response) is ("status" in problem) is not default
        assert str(problem.get("status", "")) == response.get("StatusCode", "")
        assert response["ResponseParameters"] == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'"
        }


def test_the_access_log_has_no_bodies_and_no_addresses(template: Template) -> None:
    """It says who did what and when, without personal data."""
    stage = template.only("AWS::ApiGateway::Stage")
    logged = json.loads(stage["AccessLogSetting"]["Format"])
    groups = template.properties("AWS::Logs::LogGroup")
    destination = text(stage["AccessLogSetting"]["DestinationArn"])

    assert "$context.identity.userArn" in logged.values()
    assert not any("sourceIp" in v or "body" in v.lower() for v in logged.values())
    assert any(name in destination for name in groups)
    (settings,) = stage["MethodSettings"]
    assert settings["DataTraceEnabled"] is False
    assert settings["LoggingLevel"] == "OFF"
    assert stage["TracingEnabled"] is True


@pytest.mark.fault(89)
@pytest.mark.fault(93)
def test_api_gateway_throttles_all_callers_together(prod: Template) -> None:
    """Every call costs, and a job that is started is paid for at the provider, too."""
    (settings,) = prod.only("AWS::ApiGateway::Stage")["MethodSettings"]

    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert settings["ThrottlingRateLimit"] == 20
    assert settings["ThrottlingBurstLimit"] == 40


def test_a_web_acl_is_attached_if_one_is_set(changed: Template) -> None:
    """Whoever has rules for all of their APIs applies them to this one, too."""
    (stage,) = changed.resources("AWS::ApiGateway::Stage")
    association = changed.only("AWS::WAFv2::WebACLAssociation")

    assert association["WebACLArn"] == CHANGED["web_acl_arn"]
    assert f"/stages/<{stage}>" in text(association["ResourceArn"])


def test_no_web_acl_is_attached_if_none_is_set(template: Template) -> None:
    """Nothing is paid for."""
    kinds = {resource["Type"] for resource in template.body["Resources"].values()}

    assert not [kind for kind in kinds if kind.startswith("AWS::WAF")]


def test_functions_time_out_before_api_gateway(prod: Template) -> None:
    """API Gateway gives up after 29 seconds; nobody reads what comes later."""
    functions = prod.functions()

    assert functions["api"]["Timeout"] < 29
    assert functions["webhook"]["Timeout"] < 29


def test_the_role_for_access_logs_outlives_the_stack(template: Template) -> None:
    """The account has one; APIs of other stacks could not log without it."""
    retained = {
        name
        for kind in ("Role", "Policy")
        for name, resource in template.resources(f"AWS::IAM::{kind}").items()
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    (account,) = template.resources("AWS::ApiGateway::Account").values()

    assert account["DeletionPolicy"] == "RetainExceptOnCreate"
    assert len(retained) == 2
    assert all("LogsRole" in name for name in retained)
