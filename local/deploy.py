"""Deploy a synthesized CDK assembly with boto3 alone: no CDK CLI, no bootstrap."""

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

# The CDK's own bucket name, which bootstrapping would have made.
_PLACEHOLDER = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_POLL_SECONDS, _DEADLINE_SECONDS = 0.2, 120


class DeploymentFailed(RuntimeError):
    """The stack was not created; the message has each failed resource and why."""


def deploy(
    assembly: Path,
    stack: str,
    emulator: Emulator | str,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Create the stack, or update the one of that name, and return its outputs.

    `assembly` is the directory that `cdk synth` wrote (`cdk.out`), `emulator` one
    that runs or its endpoint.
    """
    endpoint = emulator if isinstance(emulator, str) else emulator.endpoint
    template = (assembly / f"{stack}.template.json").read_text()
    manifest = json.loads((assembly / f"{stack}.assets.json").read_text())

    s3 = clients.client(endpoint, "s3")
    s3.create_bucket(Bucket=ASSETS)
    for asset in manifest["files"].values():
        body = _packed(assembly / asset["source"]["path"], asset["source"])
        for destination in asset["destinations"].values():
            s3.put_object(Bucket=ASSETS, Key=destination["objectKey"], Body=body)
            template = template.replace(destination["bucketName"], ASSETS)
    template = template.replace(_PLACEHOLDER, ASSETS)
    key = f"{stack}.template.json"
    s3.put_object(Bucket=ASSETS, Key=key, Body=template.encode())

    clients.client(endpoint, "ssm").put_parameter(
        Name=_BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True
    )
    return _applied(
        clients.client(endpoint, "cloudformation"),
        stack,
        f"{endpoint}/{ASSETS}/{key}",
        parameters or {},
    )


def _packed(path: Path, source: Mapping[str, str]) -> bytes:
    if source.get("packaging") != "zip":
        return path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(path))
    return packed.getvalue()


def _applied(
    cloudformation: CloudFormationClient,
    stack: str,
    template_url: str,
    parameters: Mapping[str, str],
) -> dict[str, str]:
    exists = any(
        found["StackName"] == stack and found["StackStatus"] != "DELETE_COMPLETE"
        for found in cloudformation.list_stacks()["StackSummaries"]
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
        if "No updates are to be performed" in str(error):
            return _outputs(cloudformation, stack)
        raise DeploymentFailed(f"{stack}: {error}") from error
    return _outputs(cloudformation, stack)


def _outputs(cloudformation: CloudFormationClient, stack: str) -> dict[str, str]:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"{stack} is still {found['StackStatus']}")
        time.sleep(_POLL_SECONDS)

    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentFailed(
            "\n".join([f"{stack}:", *_reasons(cloudformation, stack)])
        )
    return {
        output["OutputKey"]: output["OutputValue"]
        for output in found.get("Outputs", [])
    }


def _reasons(cloudformation: CloudFormationClient, stack: str) -> list[str]:
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
