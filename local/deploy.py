"""Deploy a cloud assembly with boto3 alone, without the CDK's command and bootstrap."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.emulator import clients
from local.emulator.process import Emulator

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

ASSETS = "local-cdk-assets"

# The bucket that the CDK's bootstrapping would have created.
_BOOTSTRAP_BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_POLL_SECONDS, _COUNT_SECONDS = 0.2, 1.0
#: Within which another resource has to be there.
_PATIENCE_SECONDS = 120


class DeploymentFailed(RuntimeError):
    """The stack was not deployed; the message lists failed resources and reasons."""


def deploy(
    assembly: Path,
    stack: str,
    emulator: Emulator | str,
    parameters: Mapping[str, str] | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> dict[str, str]:
    """Create or update a stack, and return its outputs.

    `assembly` is the directory that `cdk synth` wrote (`cdk.out`); `emulator` is a
    running emulator or its endpoint. `on_progress` gets the number of resources.

    Raises:
        DeploymentFailed: A resource could not be created, or no further one is.
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
    cloudformation = clients.client(endpoint, "cloudformation")
    _apply(cloudformation, stack, f"{endpoint}/{ASSETS}/{key}", parameters or {})
    resources = len(json.loads(template)["Resources"])
    return _outputs(
        cloudformation,
        stack,
        lambda there: on_progress(f"{there} of {resources} resources"),
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
    cloudformation: "CloudFormationClient",
    stack: str,
    template_url: str,
    parameters: Mapping[str, str],
) -> None:
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


def _outputs(
    cloudformation: "CloudFormationClient",
    stack: str,
    on_progress: Callable[[int], None],
) -> dict[str, str]:
    """Wait until the stack is created or updated, and return its outputs."""
    done = 0
    news_at = counted_at = time.monotonic()
    while True:
        description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        status = description["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        now = time.monotonic()
        if now - counted_at > _COUNT_SECONDS:
            counted_at = now
            if (now_done := _done(cloudformation, stack)) > done:
                done, news_at = now_done, now
                on_progress(done)
        if now - news_at > _PATIENCE_SECONDS:
            raise DeploymentFailed(
                f"{stack} is still {status}, without news for {_PATIENCE_SECONDS} s"
            )
        time.sleep(_POLL_SECONDS)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        reasons = _failure_reasons(cloudformation, stack)
        raise DeploymentFailed("\n".join([f"{stack}:", *reasons]))
    return {
        output["OutputKey"]: output["OutputValue"]
        for output in description.get("Outputs", [])
    }


def _done(cloudformation: "CloudFormationClient", stack: str) -> int:
    """Return how many resources are created or updated."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=stack
    )
    return sum(
        resource["ResourceStatus"].endswith("_COMPLETE")
        for page in pages
        for resource in page["StackResourceSummaries"]
    )


def _failure_reasons(cloudformation: "CloudFormationClient", stack: str) -> list[str]:
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
