"""Order: nothing uses a role before the role has its rights."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.template import Json, Template, as_list

#: Their policies only name roles, as principals.
RESOURCE_POLICIES = {
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}


#: Rights to wake executions, which nobody starts before the stack is complete.
LATER = "WaitsFor"


def _references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any CloudFormation value
    """Yield the logical ids to which a value refers."""
    if isinstance(value, dict):
        match value:
            case {"Fn::GetAtt": [str(name), _]} | {"Ref": str(name)}:
                yield name
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _created_before(body: Json, name: str) -> set[str]:
    """Return all that CloudFormation creates before a resource."""
    resources = body["Resources"]
    found: set[str] = set()
    waiting = [name]
    while waiting:
        resource = resources[waiting.pop()]
        direct = {*as_list(resource.get("DependsOn", []))}
        direct |= set(_references(resource.get("Properties", {}))) & resources.keys()
        waiting.extend(direct - found)
        found |= direct
    return found


def _too_early(template: Template) -> set[str]:
    """Return the types of resources that may exist before a role of theirs has rights.

    Rights on the resource itself can only follow it, and do not count.
    """
    resources = template.body["Resources"]
    policies = template.properties("AWS::IAM::Policy")
    early = set()
    for name, resource in resources.items():
        if resource["Type"] in RESOURCE_POLICIES:
            continue
        used = set(_references(resource.get("Properties", {})))
        needed = {
            policy
            for policy, content in policies.items()
            if any(role["Ref"] in used for role in content["Roles"])
            and LATER not in policy
            and name not in _created_before(template.body, policy)
        }
        if not needed <= _created_before(template.body, name):
            early.add(resource["Type"])
    return early


@pytest.mark.fault(95)
def test_a_role_has_its_rights_before_it_is_used(template: Template) -> None:
    """API Gateway tries its role at once: too early, and a first deployment fails."""
    assert _too_early(template) == set()


@pytest.mark.fault(95)
def test_the_check_names_what_is_too_early(template: Template) -> None:
    """A check of the order must notice the one dependency that was once missing."""
    (account,) = template.resources("AWS::ApiGateway::Account").values()
    depends_on = account.pop("DependsOn")
    try:
        assert _too_early(template) == {"AWS::ApiGateway::Account"}
    finally:
        account["DependsOn"] = depends_on
