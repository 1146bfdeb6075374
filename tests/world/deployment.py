"""Deployment: what the synthesized template says of functions and state machine."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from functions.core import keys
from functions.core.function_table import FUNCTIONS
from functions.core.provider_settings import (
    IpqsSettings,
    ProviderSettings,
    parse_providers,
    to_json,
)
from infra import config
from infra.config import stack_name

STAGE = "local"  # the only one whose providers may be simulators
STATE_MACHINE_ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:courier"
#: The settings that make the local stack quick; a world has its own clock, so that it
#: has those of a deployed stage.
_QUICKENED = ("poll", "settle_seconds", "rate")


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The functions' variables by function, and the names of what they use."""

    definition: Mapping[str, Any]
    variables: Mapping[str, Mapping[str, str]]
    intake_tries: int  # before a message goes to the dead-letter queue
    finalize_tries: int
    announced_statuses: tuple[str, ...]  # of executions, to finalize_execution
    outputs: Mapping[str, str]  # names by environment variable

    @classmethod
    def read(cls, assembly: Path, parameters: Mapping[str, str]) -> Self:
        """Read a cloud assembly; `parameters` are those of the stack."""
        template = json.loads(
            (assembly / f"{stack_name(STAGE)}.template.json").read_text()
        )
        resources = template["Resources"]
        handlers = {
            settings.handler or f"functions.{name}.handler": name
            for name, settings in FUNCTIONS.items()
        }
        names = {"AWS::Partition": "aws", **parameters}
        for logical_id, resource in resources.items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                names[logical_id] = STATE_MACHINE_ARN
            elif resource["Type"] == "AWS::Lambda::Function":
                names[logical_id] = handlers[properties["Handler"]]
            else:
                names[logical_id] = _resource_name(logical_id, resource["Type"])
        by_type: dict[str, list[Any]] = {}
        for resource in resources.values():
            properties = resolve(resource.get("Properties", {}), names)
            by_type.setdefault(resource["Type"], []).append(properties)
        (machine,) = by_type["AWS::StepFunctions::StateMachine"]
        variables = {
            handlers[function["Handler"]]: {
                name: _deployed_settings(value) if name == keys.ENV_PROVIDERS else value
                for name, value in function["Environment"]["Variables"].items()
            }
            for function in by_type["AWS::Lambda::Function"]
        }
        redrives = [
            queue["RedrivePolicy"]
            for queue in by_type["AWS::SQS::Queue"]
            if "RedrivePolicy" in queue
        ]
        return cls(
            definition=json.loads(machine["DefinitionString"]),
            variables=variables,
            intake_tries=int(redrives[0]["maxReceiveCount"]),
            finalize_tries=1
            + by_type["AWS::Lambda::EventInvokeConfig"][0]["MaximumRetryAttempts"],
            announced_statuses=tuple(
                status
                for rule in by_type["AWS::Events::Rule"]
                for status in rule.get("EventPattern", {})
                .get("detail", {})
                .get("status", ())
            ),
            outputs={
                name: value
                for variables_ in variables.values()
                for name, value in variables_.items()
                if name != keys.ENV_PROVIDERS
            },
        )

    def with_providers(self, settings: Mapping[str, ProviderSettings]) -> "Deployment":
        """Return the deployment with other settings of the providers."""
        text = json.dumps({name: to_json(each) for name, each in settings.items()})
        variables = {
            function: {
                name: text if name == keys.ENV_PROVIDERS else value
                for name, value in own.items()
            }
            for function, own in self.variables.items()
        }
        return replace(self, variables=variables)

    def with_changes(self, changes: Mapping[str, Mapping[str, Any]]) -> "Deployment":
        """Return the deployment with some settings of some providers changed."""
        if not changes:
            return self
        return self.with_providers(
            {
                name: replace(each, **changes.get(name, {}))
                for name, each in self.providers.items()
            }
        )

    @cached_property
    def without_webhooks(self) -> "Deployment":
        """The deployment with settings in which no provider has webhooks."""
        return self.with_providers(
            {name: replace(each, webhook=None) for name, each in self.providers.items()}
        )

    def remembering(self, days: int) -> "Deployment":
        """Return the deployment with a memory of verdicts."""
        return self.with_providers(
            {
                name: replace(each, remember_days=days)
                if isinstance(each, IpqsSettings)
                else each
                for name, each in self.providers.items()
            }
        )

    @cached_property
    def providers(self) -> dict[str, ProviderSettings]:
        """The settings of the providers, as the functions read them."""
        text = self.variables["submit"][keys.ENV_PROVIDERS]
        return parse_providers(json.loads(text), where="the deployment")


def _resource_name(logical_id: str, type_: str) -> str:
    if type_ == "AWS::S3::Bucket":
        return logical_id.lower()
    if type_ == "AWS::SNS::Topic":
        return f"arn:aws:sns:us-east-1:000000000000:{logical_id}"
    return logical_id


def _deployed_settings(text: str) -> str:
    """Return the settings of the stage `dev`, at the simulators' addresses."""
    local = parse_providers(json.loads(text), where=keys.ENV_PROVIDERS)
    deployed = config.stage("dev", config.context()["courier"]).providers
    slowed = {
        name: replace(
            settings,
            **{field: getattr(deployed[name], field) for field in _QUICKENED},
        )
        for name, settings in local.items()
    }
    return json.dumps({name: to_json(each) for name, each in slowed.items()})


def resolve(  # noqa: PLR0911 - one line for each kind of reference
    value: Any,  # noqa: ANN401 - any JSON
    names: Mapping[str, str],
) -> Any:  # noqa: ANN401 - any JSON
    """Return a value of the template with its references resolved."""
    match value:
        case {"Ref": str(name), **nothing} if not nothing:
            return names.get(name, name)
        case {"Fn::GetAtt": [str(name), str(attribute)], **nothing} if not nothing:
            of_another = f"{name}.{attribute}"
            return (
                names[name] if attribute == "Arn" else names.get(of_another, of_another)
            )
        case {"Fn::Select": [int(number), list_], **nothing} if not nothing:
            return resolve(list_, names)[number]
        case {"Fn::Split": [str(separator), joined], **nothing} if not nothing:
            return resolve(joined, names).split(separator)
        case {"Fn::Join": [str(separator), list(parts)], **nothing} if not nothing:
            return separator.join(str(resolve(part, names)) for part in parts)
        case dict():
            return {key: resolve(each, names) for key, each in value.items()}
        case list():
            return [resolve(each, names) for each in value]
    return value


def function_of(arn: str) -> str:
    """Return the name of the function in a definition."""
    return re.sub(r":\$LATEST$", "", arn)
