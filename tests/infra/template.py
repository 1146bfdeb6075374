"""Template: reads a synthesized CloudFormation template the way the tests ask."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """The resources of one stage."""

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

    def named(self, kind: str, part: str) -> tuple[str, Json]:
        """Return the only resource of a type with `part` in its logical id."""
        ((name, properties),) = (
            item for item in self.properties(kind).items() if part in item[0]
        )
        return name, properties

    def functions(self) -> dict[str, Json]:
        """Return the properties of our functions, by the name of their module."""
        return {
            properties["Handler"].split(".")[1]: properties
            for properties in self.properties("AWS::Lambda::Function").values()
        }

    def statements(self, role: str) -> Iterator[Json]:
        """Go through what a role, named by its logical id, may do."""
        assert "Policies" not in self.body["Resources"][role]["Properties"]
        for policy in self.properties("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Roles"]:
                yield from policy["PolicyDocument"]["Statement"]

    def rights(self, role: str) -> set[tuple[str, str]]:
        """Return a role's rights as pairs of action and resource."""
        return {
            (action, text(resource))
            for statement in self.statements(role)
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }

    def definition(self) -> Json:
        """Return the state machine's definition, its references written `<Name>`."""
        (machine,) = self.properties("AWS::StepFunctions::StateMachine").values()
        definition: Json = json.loads(text(machine["DefinitionString"]))
        return definition


def text(value: Any) -> str:  # noqa: ANN401 - any CloudFormation value
    """Write a value as one text: `<Bucket.Arn>/*` for a join of a GetAtt."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Select": [6, {"Fn::Split": [":", {"Ref": name}]}]}:
            return f"<{name}.Name>"  # the last part of the ARN that a Ref gives
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
    raise AssertionError(f"no text for {value}")


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - any CloudFormation value
    """Return one value, or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def states(definition: Json) -> Iterator[tuple[str, Json]]:
    """Go through every state, those inside of maps and parallels too."""
    for name, state in definition["States"].items():
        yield name, state
        inner = [state.get("ItemProcessor"), state.get("Iterator")]
        for branch in [*inner, *state.get("Branches", [])]:
            if branch:
                yield from states(branch)
