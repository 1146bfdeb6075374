"""With `auth` on, roles and signatures count."""

import json
import uuid
from collections.abc import Iterator

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.deploy import deploy
from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.test_deploy import ROLE, TRUST, Resources, assembly, outputs

READS = """
    import os

    import boto3

    def handler(event, context):
        secrets = boto3.client("secretsmanager")
        return secrets.get_secret_value(SecretId=os.environ["ARN"])["SecretString"]
"""


@pytest.fixture(scope="module")
def guarded() -> Iterator[Emulator]:
    """An emulator that enforces what the others accept."""
    with Emulator.started(auth=True) as emulator:
        yield emulator


def test_a_function_reads_a_secret_that_its_role_names(guarded: Emulator) -> None:
    """By ARN, as the CDK's grants do."""
    function = _reader(guarded, granted=True)

    assert functions.call(guarded, function) == "s3cret"


def test_a_function_reads_no_other_secret(guarded: Emulator) -> None:
    """A missing grant shows here, before it is deployed."""
    function = _reader(guarded, granted=False)

    refused = functions.call(guarded, function)

    assert "AccessDeniedException" in refused["errorMessage"]


def _reader(guarded: Emulator, *, granted: bool) -> str:
    """A function that reads a secret, with a role that may or may not."""
    iam, name = guarded.client("iam"), f"role-{uuid.uuid4()}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = guarded.client("secretsmanager").create_secret(
        Name=f"secret-{uuid.uuid4()}", SecretString="s3cret"
    )["ARN"]
    statement = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": arn if granted else f"{arn}-other",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(
        RoleName=name, PolicyName="read", PolicyDocument=json.dumps(policy)
    )
    return functions.create(
        guarded,
        READS,
        Role=role["Role"]["Arn"],
        Environment={"Variables": {"ARN": arn}},
    )


def test_a_request_has_to_be_signed(
    guarded: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """AWS_IAM on a method that ends in a function."""
    template, stack = assembly(
        tmp_path_factory.mktemp("api"), API, Outputs=outputs(api={"Ref": "Api"})
    )
    api = deploy(template, stack, guarded, {})["api"]
    url = f"{guarded.endpoint}/_aws/execute-api/{api}/test/"
    signed = AWSRequest("GET", url)
    SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(signed)

    refused = requests.get(url, timeout=10)
    answered = requests.get(url, headers=dict(signed.headers), timeout=10)

    assert refused.status_code == 403
    assert (answered.status_code, answered.text) == (202, "accepted")


TAKE = "def handler(event, context): return {'statusCode': 202, 'body': 'accepted'}"
ARN = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
API: Resources = {
    "Role": ROLE,
    "Take": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": TAKE},
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.14",
        },
    },
    "Allow": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Take"},
            "Principal": "apigateway.amazonaws.com",
        },
    },
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "jobs"}},
    "Method": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "AuthorizationType": "AWS_IAM",
            "HttpMethod": "GET",
            "Integration": {
                "Type": "AWS_PROXY",
                "IntegrationHttpMethod": "POST",
                "Uri": {"Fn::Sub": ARN + "/${Take.Arn}/invocations"},
            },
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
