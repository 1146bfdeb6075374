"""Removal: empty what CloudFormation does not delete, and list what stays."""

from collections.abc import Iterator
from typing import Any

BUCKETS = ("InboxBucket", "ResultsBucket", "AccessLogsBucket")


def empty(s3: Any, bucket: str) -> int:  # noqa: ANN401 - an S3 client
    """Delete every version of every object of a bucket, and return how many."""
    deleted = 0
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        versions = [
            {"Key": found["Key"], "VersionId": found["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for found in page.get(kind, [])
        ]
        if versions:
            s3.delete_objects(
                Bucket=bucket, Delete={"Objects": versions, "Quiet": True}
            )
            deleted += len(versions)
    return deleted


def retained(cloudformation: Any, stack: str) -> Iterator[str]:  # noqa: ANN401 - a client
    """Yield type and name of each resource that a deleted stack leaves behind."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=stack
    )
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceStatus"] != "DELETE_COMPLETE":
                name = resource.get("PhysicalResourceId", "")
                yield f"{resource['ResourceType']:32} {name}"
