"""SnapStart: API Gateway calls a published version, through its alias."""

from pathlib import Path

import requests

from local.deploy import deploy
from local.emulator.process import Emulator
from tests.emulator.stacks import (
    ASSET_KEY,
    ASSETS_BUCKET,
    FUNCTION_ROLE,
    Resources,
    write_assembly,
)

_INVOCATION = (
    "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Live}"
    "/invocations"
)
RESOURCES: Resources = {
    "Role": FUNCTION_ROLE,
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": {"Fn::Sub": ASSETS_BUCKET}, "S3Key": ASSET_KEY},
            "Handler": "app.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.14",
            "SnapStart": {"ApplyOn": "PublishedVersions"},
        },
    },
    "Version": {
        "Type": "AWS::Lambda::Version",
        "Properties": {"FunctionName": {"Ref": "Function"}},
    },
    "Live": {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
            "Name": "live",
        },
    },
    "Permission": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Live"},
            "Principal": "apigateway.amazonaws.com",
        },
    },
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "jobs"}},
    "Method": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "AuthorizationType": "NONE",
            "HttpMethod": "GET",
            "Integration": {
                "Type": "AWS_PROXY",
                "IntegrationHttpMethod": "POST",
                "Uri": {"Fn::Sub": _INVOCATION},
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
_SOURCE = """
import os

def handler(event, context):
    version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
    return {"statusCode": 200, "body": version}
"""


def test_the_api_reaches_a_version_with_a_snapshot(
    auth_emulator: Emulator, tmp_path: Path
) -> None:
    """An alias has an ARN and rights of its own."""
    assembly, stack = write_assembly(tmp_path, RESOURCES, {"api": {"Ref": "Api"}})
    (assembly / "asset.1" / "app.py").write_text(_SOURCE)
    api = deploy(assembly, stack, auth_emulator, {})["api"]

    answer = requests.get(
        f"{auth_emulator.endpoint}/_aws/execute-api/{api}/test/", timeout=60
    )

    assert (answer.status_code, answer.text) == (200, "1")
