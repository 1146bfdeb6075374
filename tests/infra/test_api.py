"""The API as it is deployed: signed requests only, checked, counted and bounded."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest
from aws_cdk import App

from functions.api.json_schema import validation_errors
from functions.api.routes import operations
from infra import config
from infra.stack import VerdictCourier
from tests.infra.template import Json, Template, text

PROVIDERS = config.stage("prod", config.context()["courier"]).providers
TYPES = {name: known.types for name, known in PROVIDERS.items()}
ENDINGS = {name: known.extensions for name, known in PROVIDERS.items()}
#: The operation that is no part of the contract: providers call it, not people.
WEBHOOK = "hearWebhook"
OPERATIONS = {operation.name: operation for operation in operations(TYPES, ENDINGS)}


def methods(template: Template) -> dict[str, Json]:
    """Return the methods of the API, by the names of their operations."""
    return {
        method["OperationName"]: method
        for method in template.properties("AWS::ApiGateway::Method").values()
    }


def stage_of(template: Template) -> Json:
    """Return the only stage."""
    (stage,) = template.properties("AWS::ApiGateway::Stage").values()
    return stage


@pytest.mark.fault(88)
def test_every_route_but_one_wants_a_signature(template: Template) -> None:
    """A route that was forgotten here would be open to the whole internet."""
    found = template.properties("AWS::ApiGateway::Method").values()
    asking = {
        name: method["AuthorizationType"] for name, method in methods(template).items()
    }

    assert len(found) == len(OPERATIONS) + 1
    assert asking.pop(WEBHOOK) == "NONE"
    assert set(asking.values()) == {"AWS_IAM"}


def test_every_operation_of_the_contract_is_a_route(template: Template) -> None:
    """What the handlers answer can be called, and nothing else."""
    routes = {name: method["HttpMethod"] for name, method in methods(template).items()}

    contract = {name: known.method for name, known in OPERATIONS.items()}
    assert routes == {**contract, WEBHOOK: "POST"}


def test_what_is_open_leads_to_the_webhook_function_only(template: Template) -> None:
    """It may end waits, and nothing else: neither start a job nor read one."""
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
        name: webhook in json.dumps(known["Integration"])
        for name, known in methods(template).items()
    }

    assert called == {name: name == WEBHOOK for name in called}
    assert (parent["PathPart"], resource["PathPart"]) == ("webhooks", "{provider}")
    assert text(parent["ParentId"]).endswith(".RootResourceId>")


def test_only_the_gateway_may_call_the_open_function(template: Template) -> None:
    """By that route, of that stage: nobody calls it past the gateway's throttle."""
    (permission,) = (
        known
        for known in template.properties("AWS::Lambda::Permission").values()
        if "Webhook" in text(known["FunctionName"])
    )

    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert text(permission["SourceArn"]).endswith("/POST/webhooks/*")


@pytest.mark.fault(87)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_is_checked_at_the_gateway(template: Template, name: str) -> None:
    """What is malformed costs no call of a function."""
    method = methods(template)[name]
    validators = template.properties("AWS::ApiGateway::RequestValidator")
    validator = validators[method["RequestValidatorId"]["Ref"]]

    assert validator["ValidateRequestParameters"] is True
    assert validator["ValidateRequestBody"] is bool(OPERATIONS[name].body)
    assert ("RequestModels" in method) is bool(OPERATIONS[name].body)


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
def test_gateway_and_function_refuse_the_same(
    template: Template, name: str, body: object
) -> None:
    """One schema, two judges: a difference would be a request that neither owns."""
    method = methods(template)[name]
    model = method["RequestModels"]["application/json"]["Ref"]
    schema = template.properties("AWS::ApiGateway::Model")[model]["Schema"]

    at_the_gateway = jsonschema.Draft4Validator(schema).is_valid(body)

    known = OPERATIONS[name].body
    assert known is not None
    assert at_the_gateway is not bool(validation_errors(body, known))


def test_a_refusal_of_the_gateway_is_a_problem_like_others(template: Template) -> None:
    """Clients read one form of error, whoever refused."""
    refusals = template.properties("AWS::ApiGateway::GatewayResponse").values()

    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= {one["ResponseType"] for one in refusals}
    for refusal in refusals:
        problem = json.loads(refusal["ResponseTemplates"]["application/json"])
        assert problem["type"].startswith("urn:verdict-courier:problem:")
        # A default of ours must not replace the statuses that AWS has for others.
        default = refusal["ResponseType"].startswith("DEFAULT")
        assert ("StatusCode" in refusal) is ("status" in problem) is not default
        assert str(problem.get("status", "")) == refusal.get("StatusCode", "")
        assert refusal["ResponseParameters"] == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'"
        }


def test_requests_are_logged_without_what_they_say(template: Template) -> None:
    """Who did what and when; neither bodies nor addresses of people."""
    stage = stage_of(template)
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
def test_a_flood_ends_at_the_gateway(prod: Template) -> None:
    """Every start may be paid for, at the provider too."""
    (settings,) = stage_of(prod)["MethodSettings"]

    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert settings["ThrottlingRateLimit"] == 20
    assert settings["ThrottlingBurstLimit"] == 40


@pytest.mark.parametrize("web_acl", ["", "arn:aws:wafv2:eu-west-1:1:regional/webacl/x"])
def test_a_web_acl_is_attached_where_one_is_set(web_acl: str) -> None:
    """Without the setting there is none, and nothing to pay for."""
    settings = deepcopy(config.context()["courier"])
    settings["every_stage"]["web_acl_arn"] = web_acl

    app = App(context=config.context())
    stack = VerdictCourier(app, "Guarded", stage=config.stage("prod", settings))

    association = stack.api.node.try_find_child("WebAcl")
    assert (association is not None) is bool(web_acl)


@pytest.mark.fault(84)
def test_only_bad_ends_of_our_machine_are_reflected(template: Template) -> None:
    """Good ones have told of themselves; other machines are none of our business."""
    _, rule = template.named("AWS::Events::Rule", "Reflection")
    (machine,) = template.resources("AWS::StepFunctions::StateMachine")

    assert rule["EventPattern"]["source"] == ["aws.states"]
    assert rule["EventPattern"]["detail"] == {
        "stateMachineArn": [{"Ref": machine}],
        "status": ["ABORTED", "FAILED", "TIMED_OUT"],
    }
    (target,) = rule["Targets"]
    assert "DeadLetterConfig" in target


def test_an_end_that_cannot_be_reflected_is_kept(template: Template) -> None:
    """Three tries of Lambda's, then two weeks for a person."""
    (invoke,) = template.properties("AWS::Lambda::EventInvokeConfig").values()
    queue, kept = template.named("AWS::SQS::Queue", "ReflectionDeadLetters")

    assert invoke["MaximumRetryAttempts"] == 2
    destination = text(invoke["DestinationConfig"]["OnFailure"]["Destination"])
    assert destination == f"<{queue}.Arn>"
    assert kept["MessageRetentionPeriod"] == 14 * 86400


def test_jobs_are_listed_by_an_index(template: Template) -> None:
    """A scan reads the whole table, and grows with it."""
    _, table = template.named("AWS::DynamoDB::Table", "Jobs")
    (index,) = table["GlobalSecondaryIndexes"]

    assert index["IndexName"] == "by_month"
    assert [key["AttributeName"] for key in index["KeySchema"]] == [
        "month",
        "received_at",
    ]
    for role in template.resources("AWS::IAM::Role"):
        assert "dynamodb:Scan" not in {action for action, _ in template.rights(role)}


def test_the_function_gives_up_before_the_gateway(
    assembly: Callable[[str], Path],
) -> None:
    """The gateway gives up after 29 seconds; what runs on then runs for nobody."""
    functions = Template.read(assembly("prod")).functions()

    assert functions["api"]["Timeout"] < 29
    assert functions["webhook"]["Timeout"] < 29


def test_the_right_to_log_outlives_the_stack(template: Template) -> None:
    """It is the account's: another stack's API would fall silent without it."""
    kept = {
        name
        for kind in ("Role", "Policy")
        for name, resource in template.resources(f"AWS::IAM::{kind}").items()
        if resource.get("DeletionPolicy") == "Retain"
    }
    (account,) = template.resources("AWS::ApiGateway::Account").values()

    assert account["DeletionPolicy"] == "Retain"
    assert len(kept) == 2
    assert all("LogsRole" in name for name in kept)
