"""With `auth`, the emulator enforces roles and signatures."""

import uuid
from pathlib import Path

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.deploy import deploy
from local.emulator.process import Emulator
from tests.emulator import functions, roles
from tests.emulator.stacks import (
    FUNCTION_ROLE,
    Resources,
    write_assembly,
)

READ_SECRET = """
    import os

    import boto3

    def handler(event, context):
        secrets = boto3.client("secretsmanager")
        return secrets.get_secret_value(SecretId=os.environ["ARN"])["SecretString"]
"""


def test_function_reads_a_secret_that_its_role_allows(auth_emulator: Emulator) -> None:
    """The policy names the secret by ARN, as the CDK's grants do."""
    function = _create_reader(auth_emulator, granted=True)

    assert functions.invoke(auth_emulator, function) == "s3cret"


def test_function_reads_no_other_secret(auth_emulator: Emulator) -> None:
    """A missing grant is found before the stack is deployed."""
    function = _create_reader(auth_emulator, granted=False)

    error = functions.invoke(auth_emulator, function)

    assert "AccessDeniedException" in error["errorMessage"]


def _create_reader(auth_emulator: Emulator, *, granted: bool) -> str:
    """Create a function that reads a secret, with or without permission."""
    arn = auth_emulator.client("secretsmanager").create_secret(
        Name=f"secret-{uuid.uuid4()}", SecretString="s3cret"
    )["ARN"]
    resource = arn if granted else f"{arn}-other"
    role = roles.create(
        auth_emulator, roles.allow("secretsmanager:GetSecretValue", resource)
    )
    return functions.create(
        auth_emulator,
        READ_SECRET,
        Role=role,
        Environment={"Variables": {"ARN": arn}},
    )


def test_request_has_to_be_signed(
    auth_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A method with AWS_IAM and a function as its integration."""
    assembly, stack = write_assembly(
        tmp_path_factory.mktemp("api"), API, {"api": {"Ref": "Api"}}
    )
    api = deploy(assembly, stack, auth_emulator, {})["api"]
    url = f"{auth_emulator.endpoint}/_aws/execute-api/{api}/test/"

    assert requests.get(url, timeout=30).status_code == 403
    assert get_signed(url).status_code == 202


@pytest.mark.correction("client_path")
def test_function_knows_the_path_of_the_clients_url(
    auth_emulator: Emulator, tmp_path: Path
) -> None:
    """A link that it makes of that works on the host that the client called."""
    assembly, stack = write_assembly(tmp_path, API, {"api": {"Ref": "Api"}})
    api = deploy(assembly, stack, auth_emulator, {})["api"]
    path = f"/restapis/{api}/test/_user_request_/"

    assert get_signed(f"{auth_emulator.endpoint}{path}").text == path
    host = f"{api}.execute-api.localhost"
    own_host = get_signed(f"{auth_emulator.endpoint}/test/", Host=host)
    assert own_host.text == "/test/"


def get_signed(url: str, **headers: str) -> requests.Response:
    """Call an API as its owner."""
    signed = AWSRequest("GET", url, headers=headers)
    SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(signed)
    return requests.get(url, headers=dict(signed.headers), timeout=30)


ACCEPT = """
def handler(event, context):
    return {"statusCode": 202, "body": event["requestContext"]["path"]}
"""
FUNCTIONS_ARN = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
API: Resources = {
    "Role": FUNCTION_ROLE,
    "Accept": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": ACCEPT},
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.14",
        },
    },
    "Allow": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Accept"},
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
                "Uri": {"Fn::Sub": FUNCTIONS_ARN + "/${Accept.Arn}/invocations"},
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
