"""A CDK assembly deploys without the CDK, and its resources work together."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from local.deploy import DeploymentFailed, deploy
from local.emulator.process import Emulator
from tests.emulator import queues
from tests.emulator.polling import wait_for
from tests.emulator.stacks import (
    ASSET_KEY,
    ASSETS_BUCKET,
    FUNCTION_ROLE,
    Resources,
    write_assembly,
)

INTAKE: Resources = {
    "Inbox": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "NotificationConfiguration": {
                "EventBridgeConfiguration": {"EventBridgeEnabled": True}
            },
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    },
    "DeadLetters": {"Type": "AWS::SQS::Queue"},
    "Queue": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "VisibilityTimeout": 2,
            "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
                "maxReceiveCount": 2,
            },
        },
    },
    "Rule": {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [{"Ref": "Inbox"}]}},
            },
            "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
        },
    },
    "Role": FUNCTION_ROLE,
    "Intake": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Architectures": ["arm64"],
            "Code": {"S3Bucket": {"Fn::Sub": ASSETS_BUCKET}, "S3Key": ASSET_KEY},
            "Handler": "app.handler",
            "ReservedConcurrentExecutions": 3,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.14",
            "Timeout": 2,
        },
    },
    "Mapping": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "BatchSize": 10,
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "FunctionName": {"Ref": "Intake"},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    },
}


@pytest.fixture(scope="module")
def intake(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The outputs of a stack that receives objects as the project's does."""
    assembly, stack = write_assembly(
        tmp_path_factory.mktemp("intake"),
        INTAKE,
        {
            "inbox": {"Ref": "Inbox"},
            "queue": {"Ref": "Queue"},
            "dead_letters": {"Ref": "DeadLetters"},
            "function": {"Ref": "Intake"},
        },
    )
    return deploy(assembly, stack, emulator, {})


def test_failed_record_ends_in_the_dead_letter_queue(
    emulator: Emulator, intake: dict[str, str]
) -> None:
    """Of a batch with one bad object, only that object's event is retried and kept."""
    s3, sqs = emulator.client("s3"), emulator.client("sqs")

    for key in ("ipqs/email/good.csv", "ipqs/email/bad.csv"):
        s3.put_object(Bucket=intake["inbox"], Key=key, Body=b"a")

    event = queues.receive(emulator, intake["dead_letters"])
    assert event["detail"]["object"]["key"] == "ipqs/email/bad.csv"
    for queue in ("queue", "dead_letters"):
        attributes = sqs.get_queue_attributes(
            QueueUrl=intake[queue], AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == "0"


@pytest.mark.correction("reserved_concurrency")
def test_reserved_concurrency_is_applied(
    emulator: Emulator, intake: dict[str, str]
) -> None:
    """Reserved concurrency keeps the project within a provider's limits."""
    concurrency = emulator.client("lambda").get_function_concurrency(
        FunctionName=intake["function"]
    )

    assert concurrency["ReservedConcurrentExecutions"] == 3


@pytest.mark.correction("visibility_timeout")
def test_queue_must_hide_a_message_as_long_as_a_call_takes(
    emulator: Emulator, tmp_path: Path, intake: dict[str, str]
) -> None:
    """Otherwise a second call gets the message while the first still works on it.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    url, arn = queues.create(emulator)
    emulator.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "1"}
    )
    mapping = {"EventSourceArn": arn, "FunctionName": intake["function"]}
    words = "Queue visibility timeout: 1 seconds is less than Function timeout: 2"

    with pytest.raises(ClientError, match=words):
        emulator.client("lambda").create_event_source_mapping(**mapping)
    resource = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}
    assembly, stack = write_assembly(tmp_path, {"Mapping": resource})
    with pytest.raises(DeploymentFailed, match=words):
        deploy(assembly, stack, emulator, {})


@pytest.mark.correction("monitoring_resources")
def test_monitoring_is_accepted_and_an_alarm_can_be_set(
    emulator: Emulator, tmp_path: Path
) -> None:
    """The template deploys as it is, and SetAlarmState notifies as `make smoke` needs.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
    """
    queue, arn = queues.create(emulator)
    sns, cloudwatch = emulator.client("sns"), emulator.client("cloudwatch")
    topic = sns.create_topic(Name=f"operations-{queue[-8:]}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assembly, stack = write_assembly(
        tmp_path, monitoring(topic), {"alarm": {"Ref": "Share"}}
    )
    name = deploy(assembly, stack, emulator, {})["alarm"]

    cloudwatch.put_metric_data(
        Namespace="-", MetricData=[{"MetricName": "-", "Value": 100}]
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    cloudwatch.set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="by hand"
    )

    message = json.loads(queues.receive(emulator, queue)["Message"])
    assert (message["AlarmName"], message["NewStateReason"]) == (name, "by hand")
    emulator.client("cloudformation").delete_stack(StackName=stack)
    wait_for(lambda: not cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"])


@pytest.mark.correction("secret_reference")
def test_ref_of_a_secret_is_its_arn(emulator: Emulator, tmp_path: Path) -> None:
    """Grants and the CDK's `secret_arn` need the ARN; the secret still deletes."""
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {}}
    assembly, stack = write_assembly(tmp_path, {"Key": secret}, {"arn": {"Ref": "Key"}})

    arn = deploy(assembly, stack, emulator, {})["arn"]

    assert arn.startswith("arn:aws:secretsmanager:")
    secrets = emulator.client("secretsmanager")
    assert secrets.describe_secret(SecretId=arn)["ARN"] == arn
    emulator.client("cloudformation").delete_stack(StackName=stack)
    wait_for(lambda: _is_deleted(secrets, arn))


def test_parameters_reach_the_template(emulator: Emulator, tmp_path: Path) -> None:
    """A second deployment updates the stack, or finds nothing to do."""
    assembly, stack = write_assembly(
        tmp_path,
        {"Queue": {"Type": "AWS::SQS::Queue"}},
        {"word": {"Ref": "Word"}},
        Parameters={"Word": {"Type": "String", "Default": "none"}},
    )

    assert deploy(assembly, stack, emulator, {"Word": "one"}) == {"word": "one"}
    assert deploy(assembly, stack, emulator, {"Word": "one"}) == {"word": "one"}
    assert deploy(assembly, stack, emulator.endpoint, {"Word": "two"}) == {
        "word": "two"
    }


def test_failure_names_the_resource_and_the_reason(
    emulator: Emulator, tmp_path: Path
) -> None:
    """The message alone has to suffice to find the mistake."""
    broken = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"DefinitionString": '{"StartAt": "Nowhere", "States": {}}'},
    }
    assembly, stack = write_assembly(tmp_path, {"Workflow": broken})

    with pytest.raises(DeploymentFailed, match=r"Workflow .*Nowhere"):
        deploy(assembly, stack, emulator, {})


@pytest.mark.correction("request_validators")
def test_requests_are_validated_as_the_template_says(
    emulator: Emulator, tmp_path: Path
) -> None:
    """A request that lacks a required parameter does not reach the function."""
    assembly, stack = write_assembly(tmp_path, API, {"api": {"Ref": "Api"}})
    api = deploy(assembly, stack, emulator, {})["api"]
    url = f"{emulator.endpoint}/_aws/execute-api/{api}/test/"

    assert requests.get(url, timeout=30).status_code == 400
    assert requests.get(f"{url}?job=1", timeout=30).status_code == 200


API: Resources = {
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "jobs"}},
    "Validator": {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ValidateRequestParameters": True,
        },
    },
    "Method": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "AuthorizationType": "NONE",
            "HttpMethod": "GET",
            "Integration": {
                "Type": "MOCK",
                "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                "IntegrationResponses": [{"StatusCode": "200"}],
            },
            "MethodResponses": [{"StatusCode": "200"}],
            "RequestParameters": {"method.request.querystring.job": True},
            "RequestValidatorId": {"Ref": "Validator"},
            "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "RestApiId": {"Ref": "Api"},
        },
    },
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "DependsOn": ["Method"],
        "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "test"},
    },
}


def monitoring(topic: str) -> Resources:
    """Return an alarm on an expression, a composite alarm of it, and a saved query."""
    return {
        "Share": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmActions": [topic],
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Metrics": [{"Id": "share", "Expression": "1 + 1"}],
                "Threshold": 1,
            },
        },
        "Any": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmRule": {"Fn::Sub": 'ALARM("${Share.Arn}")'},
                "OKActions": [topic],
            },
        },
        "Query": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {"Name": "courier/job", "QueryString": "fields @message"},
        },
    }


def _is_deleted(secrets: Any, arn: str) -> bool:  # noqa: ANN401 - a client
    try:
        found = secrets.describe_secret(SecretId=arn)
    except ClientError as error:
        return error.response["Error"]["Code"] == "ResourceNotFoundException"
    return "DeletedDate" in found
