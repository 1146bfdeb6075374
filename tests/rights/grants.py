"""Grants: read the policies of a template, one grant for each action and resource."""

import re
from collections.abc import Iterator
from typing import Any

from functions.core import keys
from infra.config import stack_name
from tests.infra.template import Template, as_list
from tests.rights.policy import Grant, conditions
from tests.world.deployment import STATE_MACHINE_ARN, resolve

ACCOUNT = "000000000000"
_PLACE = f"us-east-1:{ACCOUNT}"
#: The ARN of a resource by its type; `{}` is the name by which the world knows it.
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_PLACE}:table/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{_PLACE}:rule/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{_PLACE}:key/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_PLACE}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_PLACE}:log-group:{{}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{_PLACE}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_PLACE}:{{}}",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{_PLACE}:secret:{{}}",
    "AWS::StepFunctions::StateMachine": STATE_MACHINE_ARN,
}
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
}
#: The policies of resources: the property that names these.
_RESOURCE_POLICIES = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SQS::QueuePolicy": "Queues",
    "AWS::SNS::TopicPolicy": "Topics",
}


STATE_MACHINE = "state machine"
API_GATEWAY = "API Gateway"


def arn(kind: str, name: str) -> str:
    """Return the ARN of a resource by the name that the world has for it."""
    return _ARNS[kind].format(name)


class Account:
    """What a template makes of an account: its resources, and the grants on them."""

    def __init__(self, template: Template) -> None:
        functions = {id(p): name for name, p in template.functions().items()}
        self._names: dict[str, str] = {**_PSEUDO}
        for logical_id, resource in template.body["Resources"].items():
            name = functions.get(id(resource.get("Properties")), logical_id)
            if resource["Type"] == "AWS::S3::Bucket":
                name = name.lower()
            kind = resource["Type"]
            self._names[logical_id] = arn(kind, name) if kind in _ARNS else name
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                machine_name = STATE_MACHINE_ARN.rpartition(":")[2]
                self._names[f"{logical_id}.Name"] = machine_name
        self._template = template
        #: The ARNs of the roles by who has them: functions and two services.
        self.roles = {
            **{name: self._arn(template.role(name)) for name in template.functions()},
            STATE_MACHINE: self._arn(template.machine_role()),
            API_GATEWAY: self.only("AWS::IAM::Role", "ApiLogsRole"),
        }
        stage = template.environment("check")[keys.ENV_STAGE]
        self.log_groups = f"arn:aws:logs:{_PLACE}:log-group:{stack_name(stage)}-one"
        self.key = self.only("AWS::KMS::Key")
        self.grants = [*self._of_roles(), *self._of_resources()]

    def resources(self, kind: str) -> dict[str, str]:
        """Return the ARNs of the resources of a type by logical id."""
        return {name: self._arn(name) for name in self._template.resources(kind)}

    def only(self, kind: str, part: str = "") -> str:
        """Return the ARN of the only resource of a type with `part` in its id."""
        (arn,) = (v for k, v in self.resources(kind).items() if part in k)
        return arn

    def invocations(self) -> Iterator[tuple[str, str, str]]:
        """Yield who calls a function, the ARN for which it does, and the function's."""
        for logical_id, rule in self._template.properties("AWS::Events::Rule").items():
            for target in resolve(rule["Targets"], self._names):
                if ":lambda:" in target["Arn"]:
                    yield "events", self._arn(logical_id), target["Arn"]
        (stage,) = self._template.resources("AWS::ApiGateway::Stage")
        for method in self._template.properties("AWS::ApiGateway::Method").values():
            function = re.search(
                "functions/(.+)/invocations",
                resolve(method["Integration"].get("Uri", ""), self._names),
            )
            if function:
                path = self._path(method["ResourceId"])
                api = f"execute-api:{_PLACE}:{method['RestApiId']['Ref']}/{stage}"
                source = f"arn:aws:{api}/{method['HttpMethod']}{path}"
                yield "apigateway", source, function[1]

    def _path(self, resource: Any) -> str:  # noqa: ANN401 - a reference
        """Return the path of an API's resource, with an asterisk for each variable."""
        if "Ref" not in resource:  # the root
            return ""
        found = self._template.properties("AWS::ApiGateway::Resource")[resource["Ref"]]
        part = re.sub(r"{.+}", "*", found["PathPart"])
        return f"{self._path(found['ParentId'])}/{part}"

    def _arn(self, logical_id: str) -> str:
        return self._names[logical_id]

    def _of_roles(self) -> Iterator[Grant]:
        for logical_id, policy in self._template.properties("AWS::IAM::Policy").items():
            for role in policy["Roles"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield from self._expanded(
                        statement, logical_id, holder=self._arn(role["Ref"])
                    )

    def _of_resources(self) -> Iterator[Grant]:
        for kind in _RESOURCE_POLICIES:
            for logical_id, policy in self._template.properties(kind).items():
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield from self._expanded(statement, logical_id)
        for logical_id, key in self._template.properties("AWS::KMS::Key").items():
            for statement in key["KeyPolicy"]["Statement"]:
                yield from self._expanded(
                    statement, logical_id, key=self._arn(logical_id)
                )

        # Lambda API reference, "AddPermission": the policy that it makes of these.
        for logical_id, permission in self._template.properties(
            "AWS::Lambda::Permission"
        ).items():
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": permission["Principal"]},
                "Action": permission["Action"],
                "Resource": permission["FunctionName"],
                "Condition": {"ArnLike": {"aws:SourceArn": permission["SourceArn"]}},
            }
            yield from self._expanded(statement, logical_id)

    def _expanded(
        self,
        statement: Any,  # noqa: ANN401 - any JSON
        source: str,
        *,
        holder: str = "",
        key: str = "",
    ) -> Iterator[Grant]:
        """Yield a statement's grants; in a key's policy `*` is the key itself."""
        resolved = resolve(statement, self._names)
        assert not resolved.keys() & {"NotAction", "NotResource", "NotPrincipal"}
        principals = resolved.get("Principal", {})
        if isinstance(principals, str):
            principals = {"AWS": principals}
        for action in as_list(resolved["Action"]):
            for resource in as_list(resolved["Resource"]):
                yield Grant(
                    action=action,
                    resource=key or resource,
                    holder=holder,
                    principals=tuple(
                        one for each in principals.values() for one in as_list(each)
                    ),
                    conditions=conditions(resolved.get("Condition", {})),
                    allows=resolved["Effect"] == "Allow",
                    source=source,
                )
