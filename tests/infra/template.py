"""Template: query a synthesized CloudFormation template."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """The template of one stage."""

    body: Json

    @classmethod
    def read(cls, assembly: Path) -> "Template":
        """Read the only template of an assembly."""
        (path,) = assembly.glob("*.template.json")
        return cls(json.loads(path.read_text()))

    def resources(self, kind: str) -> dict[str, Json]:
        """Return the resources of a type, such as `AWS::S3::Bucket`, by logical id."""
        found = {
            name: resource
            for name, resource in self.body["Resources"].items()
            if resource["Type"] == kind
        }
        assert found, f"no {kind} in the template"
        return found

    def properties(self, kind: str) -> dict[str, Json]:
        """Return the properties of the resources of a type, by logical id."""
        return {name: r["Properties"] for name, r in self.resources(kind).items()}

    def only(self, kind: str) -> Json:
        """Return the properties of the only resource of a type."""
        (properties,) = self.properties(kind).values()
        return properties

    def named(self, kind: str, part: str) -> tuple[str, Json]:
        """Return logical id and properties of the only such resource with `part` in it.

        `part` is a part of the logical id.
        """
        ((name, properties),) = (
            item for item in self.properties(kind).items() if part in item[0]
        )
        return name, properties

    def functions(self) -> dict[str, Json]:
        """Return the properties of the functions, by the names of their modules."""
        return {
            properties["Handler"].split(".")[1]: properties
            for properties in self.properties("AWS::Lambda::Function").values()
        }

    def environment(self, function: str) -> dict[str, Any]:
        """Return the environment variables of a function."""
        variables: Json = self.functions()[function]["Environment"]["Variables"]
        return variables

    def provider_settings(self) -> dict[str, Any]:
        """Return the settings of the providers, as the functions read them."""
        settings = text(self.environment("check")["COURIER_PROVIDERS"])
        providers: Json = json.loads(settings)
        return providers

    def role(self, function: str) -> str:
        """Return the logical id of a function's role."""
        return str(self.functions()[function]["Role"]["Fn::GetAtt"][0])

    def machine_role(self) -> str:
        """Return the logical id of the state machine's role."""
        machine = self.only("AWS::StepFunctions::StateMachine")
        return str(machine["RoleArn"]["Fn::GetAtt"][0])

    def statements(self, role: str) -> Iterator[Json]:
        """Yield the policy statements of a role, given by its logical id."""
        assert "Policies" not in self.body["Resources"][role]["Properties"]
        for policy in self.properties("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Roles"]:
                yield from policy["PolicyDocument"]["Statement"]

    def rights(self, role: str) -> set[tuple[str, str]]:
        """Return the rights of a role as pairs of action and resource."""
        return {
            (action, text(resource))
            for statement in self.statements(role)
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        }

    def definition(self) -> Json:
        """Return the state machine's definition, with references as `<Name>`."""
        machine = self.only("AWS::StepFunctions::StateMachine")
        definition: Json = json.loads(text(machine["DefinitionString"]))
        return definition


def text(value: Any) -> str:  # noqa: ANN401 - any CloudFormation value
    """Return a value as text: `<Bucket.Arn>/*` for a join with a GetAtt."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Select": [6, {"Fn::Split": [":", {"Ref": name}]}]}:
            return f"<{name}.Name>"  # the last part of an ARN
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
    raise AssertionError(f"no text for {value}")


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - any CloudFormation value
    """Return a list as it is, and any other value as a list of it."""
    return value if isinstance(value, list) else [value]


def states(definition: Json) -> Iterator[tuple[str, Json]]:
    """Yield name and body of every state, those inside of maps included."""
    for name, state in definition["States"].items():
        yield name, state
        inner = [state.get("ItemProcessor"), state.get("Iterator")]
        for branch in [*inner, *state.get("Branches", [])]:
            if branch:
                yield from states(branch)
