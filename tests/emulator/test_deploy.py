"""A CDK assembly deploys without the CDK, and its resources work together."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from local.deploy import DeploymentFailed, deploy
from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.polling import until

Resources = dict[str, dict[str, Any]]

BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
# Takes a batch, and fails the records whose key says so.
TAKES = """
    import json

    def handler(event, context):
        bad = [
            record["messageId"]
            for record in event["Records"]
            if "bad" in json.loads(record["body"])["detail"]["object"]["key"]
        ]
        return {"batchItemFailures": [{"itemIdentifier": item} for item in bad]}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ],
}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": TRUST},
}
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
            "VisibilityTimeout": 1,
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
    "Role": ROLE,
    "Take": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Architectures": ["arm64"],
            "Code": {"S3Bucket": {"Fn::Sub": BUCKET}, "S3Key": "asset.zip"},
            "Handler": "app.handler",
            "ReservedConcurrentExecutions": 3,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.14",
            "Timeout": 10,
        },
    },
    "Mapping": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "BatchSize": 10,
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "FunctionName": {"Ref": "Take"},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    },
}


def assembly(path: Path, resources: Resources, **template: Any) -> tuple[Path, str]:  # noqa: ANN401 - JSON
    """What `cdk synth` would write, and the name of the stack."""
    stack = f"stack-{uuid.uuid4()}"
    document = {"Resources": resources, **template}
    (path / f"{stack}.template.json").write_text(json.dumps(document))
    asset = path / "asset.1"
    asset.mkdir(exist_ok=True)
    (asset / "app.py").write_text(functions.dedented(TAKES))
    destination = {"bucketName": BUCKET, "objectKey": "asset.zip"}
    source = {"path": "asset.1", "packaging": "zip"}
    manifest = {"files": {"1": {"source": source, "destinations": {"d": destination}}}}
    (path / f"{stack}.assets.json").write_text(json.dumps(manifest))
    return path, stack


def outputs(**values: object) -> dict[str, Any]:
    """The Outputs of a template."""
    return {name: {"Value": value} for name, value in values.items()}


@pytest.fixture(scope="module")
def intake(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The outputs of a stack that takes objects in, as the project's does."""
    template, stack = assembly(
        tmp_path_factory.mktemp("intake"),
        INTAKE,
        Outputs=outputs(
            inbox={"Ref": "Inbox"},
            queue={"Ref": "Queue"},
            dead={"Ref": "DeadLetters"},
            take={"Ref": "Take"},
        ),
    )
    return deploy(template, stack, emulator, {})


def test_a_refused_object_ends_in_the_dead_letter_queue(
    emulator: Emulator, intake: dict[str, str]
) -> None:
    """Object to event to queue to function; the good record of a batch is done."""
    s3, sqs = emulator.client("s3"), emulator.client("sqs")

    for key in ("ipqs/email/good.csv", "ipqs/email/bad.csv"):
        s3.put_object(Bucket=intake["inbox"], Key=key, Body=b"a")

    messages = until(
        lambda: sqs.receive_message(QueueUrl=intake["dead"]).get("Messages")
    )
    keys = [json.loads(m["Body"])["detail"]["object"]["key"] for m in messages]
    assert keys == ["ipqs/email/bad.csv"]
    waiting = sqs.get_queue_attributes(
        QueueUrl=intake["queue"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"


@pytest.mark.holds("reserved_concurrency")
def test_reserved_concurrency_is_applied(
    emulator: Emulator, intake: dict[str, str]
) -> None:
    """It is what keeps us within a provider's limits."""
    found = emulator.client("lambda").get_function_concurrency(
        FunctionName=intake["take"]
    )

    assert found["ReservedConcurrentExecutions"] == 3


@pytest.mark.holds("secret_reference")
def test_a_secret_refers_to_itself_by_arn(emulator: Emulator, tmp_path: Path) -> None:
    """Grants and the CDK's `secret_arn` are made of it; and it deletes again."""
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {}}
    template, stack = assembly(
        tmp_path, {"Key": secret}, Outputs=outputs(arn={"Ref": "Key"})
    )

    arn = deploy(template, stack, emulator, {})["arn"]

    assert arn.startswith("arn:aws:secretsmanager:")
    secrets = emulator.client("secretsmanager")
    assert secrets.describe_secret(SecretId=arn)["ARN"] == arn
    emulator.client("cloudformation").delete_stack(StackName=stack)
    until(lambda: _is_gone(secrets, arn))


def test_parameters_reach_the_template(emulator: Emulator, tmp_path: Path) -> None:
    """And a second deployment updates the stack, or finds nothing to do."""
    template, stack = assembly(
        tmp_path,
        {"Queue": {"Type": "AWS::SQS::Queue"}},
        Parameters={"Word": {"Type": "String", "Default": "none"}},
        Outputs=outputs(word={"Ref": "Word"}),
    )

    assert deploy(template, stack, emulator, {"Word": "one"}) == {"word": "one"}
    assert deploy(template, stack, emulator, {"Word": "one"}) == {"word": "one"}
    assert deploy(template, stack, emulator.endpoint, {"Word": "two"}) == {
        "word": "two"
    }


def test_a_failure_names_the_resource_and_the_reason(
    emulator: Emulator, tmp_path: Path
) -> None:
    """One look has to be enough."""
    broken = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"DefinitionString": '{"StartAt": "Nowhere", "States": {}}'},
    }
    template, stack = assembly(tmp_path, {"Workflow": broken})

    with pytest.raises(DeploymentFailed, match=r"Workflow .*Nowhere"):
        deploy(template, stack, emulator, {})


@pytest.mark.holds("request_validators")
def test_requests_are_validated_as_the_template_says(
    emulator: Emulator, tmp_path: Path
) -> None:
    """A request that lacks a required parameter does not reach the function."""
    template, stack = assembly(tmp_path, API, Outputs=outputs(api={"Ref": "Api"}))
    api = deploy(template, stack, emulator, {})["api"]

    assert _status(f"{emulator.endpoint}/_aws/execute-api/{api}/test/") == 400
    assert _status(f"{emulator.endpoint}/_aws/execute-api/{api}/test/?job=1") == 200


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


def _status(url: str) -> int:
    return requests.get(url, timeout=10).status_code


def _is_gone(secrets: Any, arn: str) -> bool:  # noqa: ANN401 - a client
    try:
        found = secrets.describe_secret(SecretId=arn)
    except ClientError as error:
        return error.response["Error"]["Code"] == "ResourceNotFoundException"
    return "DeletedDate" in found
