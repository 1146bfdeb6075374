"""Deploy a cloud assembly with boto3 alone, without the CDK's command and bootstrap."""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import ClientError
from mypy_boto3_cloudformation import CloudFormationClient

from local.emulator import clients
from local.emulator.process import Emulator

ASSETS = "local-cdk-assets"

# The bucket that the CDK's bootstrapping would have created.
_BOOTSTRAP_BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_POLL_SECONDS, _DEADLINE_SECONDS = 0.2, 120


class DeploymentFailed(RuntimeError):
    """The stack was not deployed; the message lists failed resources and reasons."""


def deploy(
    assembly: Path,
    stack: str,
    emulator: Emulator | str,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Create or update a stack, and return its outputs.

    `assembly` is the directory that `cdk synth` wrote (`cdk.out`); `emulator` is a
    running emulator or its endpoint.

    Raises:
        DeploymentFailed: A resource could not be created, or it takes too long.
    """
    endpoint = emulator if isinstance(emulator, str) else emulator.endpoint
    template = (assembly / f"{stack}.template.json").read_text()
    manifest = json.loads((assembly / f"{stack}.assets.json").read_text())

    s3 = clients.client(endpoint, "s3")
    s3.create_bucket(Bucket=ASSETS)
    for asset in manifest["files"].values():
        body = _asset_content(assembly / asset["source"]["path"], asset["source"])
        for destination in asset["destinations"].values():
            s3.put_object(Bucket=ASSETS, Key=destination["objectKey"], Body=body)
            template = template.replace(destination["bucketName"], ASSETS)
    template = template.replace(_BOOTSTRAP_BUCKET, ASSETS)
    key = f"{stack}.template.json"
    s3.put_object(Bucket=ASSETS, Key=key, Body=template.encode())

    clients.client(endpoint, "ssm").put_parameter(
        Name=_BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True
    )
    return _apply(
        clients.client(endpoint, "cloudformation"),
        stack,
        f"{endpoint}/{ASSETS}/{key}",
        parameters or {},
    )


def _asset_content(path: Path, source: Mapping[str, str]) -> bytes:
    if source.get("packaging") != "zip":
        return path.read_bytes()
    content = io.BytesIO()
    # Not compressed: it goes nowhere, and that of Join takes seconds to compress.
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(path))
    return content.getvalue()


def _apply(
    cloudformation: CloudFormationClient,
    stack: str,
    template_url: str,
    parameters: Mapping[str, str],
) -> dict[str, str]:
    exists = any(
        summary["StackName"] == stack and summary["StackStatus"] != "DELETE_COMPLETE"
        for summary in cloudformation.list_stacks()["StackSummaries"]
    )
    apply = cloudformation.update_stack if exists else cloudformation.create_stack
    try:
        apply(
            StackName=stack,
            TemplateURL=template_url,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeploymentFailed(f"{stack}: {error}") from error
    return _outputs(cloudformation, stack)


def _outputs(cloudformation: CloudFormationClient, stack: str) -> dict[str, str]:
    """Wait until the stack is created or updated, and return its outputs."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        status = description["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"{stack} is still {status}")
        time.sleep(_POLL_SECONDS)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        reasons = _failure_reasons(cloudformation, stack)
        raise DeploymentFailed("\n".join([f"{stack}:", *reasons]))
    return {
        output["OutputKey"]: output["OutputValue"]
        for output in description.get("Outputs", [])
    }


def _failure_reasons(cloudformation: CloudFormationClient, stack: str) -> list[str]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(
        StackName=stack
    )
    return [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): "
        f"{event.get('ResourceStatusReason', event['ResourceStatus'])}"
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceStatus"].endswith("_FAILED")
    ]
