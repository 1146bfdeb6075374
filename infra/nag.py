"""Nag: accept a cdk-nag finding, with the reason, on the construct that has it."""

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """Accept one finding, such as `AwsSolutions-IAM5[Resource::*]`, for a reason."""
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def logical_id(construct: IConstruct) -> str:
    """Return the logical id of the construct's resource, as findings contain it."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)  # noqa: S101 - for mypy
    return Stack.of(construct).get_logical_id(resource)
