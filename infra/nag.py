"""Findings: records why a cdk-nag finding is accepted, on the construct it is about."""

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding, such as `AwsSolutions-IAM5[Resource::*]`, for a reason."""
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def logical_id(construct: IConstruct) -> str:
    """Return the name by which findings call the construct's resource."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)  # noqa: S101 - tells mypy what it is
    return Stack.of(construct).get_logical_id(resource)
