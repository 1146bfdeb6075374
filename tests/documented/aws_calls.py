"""Read a command of AWS' own command line as a call of boto3, by botocore's models."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

_SESSION = botocore.session.get_session()
#: The options of `aws s3 cp` that the documents use; it is no operation of the API.
_COPY_OPTIONS = {"--metadata": "Metadata"}
#: Where the command line has other names than the API.
_SERVICES = {"s3api": "s3"}
_OPTIONS = {"Subscribe": {"--endpoint": "--notification-endpoint"}}


class NotACommand(Exception):
    """AWS' command line would refuse it; the message says why."""


@dataclass(frozen=True, kw_only=True)
class AwsCall:
    """A call of an operation, with its arguments in the form of boto3."""

    service: str
    operation: str
    arguments: dict[str, Any]


def read_call(words: Sequence[str], *, folder: Path, is_whole: bool = True) -> AwsCall:
    """Return the call of `aws WORDS`; files are looked for in a folder.

    One that is not whole may lack arguments.

    Raises:
        NotACommand: There is no such command, option or file, or a value is wrong.
    """
    service, operation, *rest = words
    if (service, operation) == ("s3", "cp"):
        return _copy(rest, folder)
    service = _SERVICES.get(service, service)
    if service not in _SESSION.get_available_services():
        raise NotACommand(f"no service {service}")
    model = _SESSION.get_service_model(service)
    names = {_dashed(name): name for name in model.operation_names}
    if operation not in names:
        raise NotACommand(f"{service} has no {operation}")
    called = model.operation_model(names[operation])
    arguments = _arguments(called, rest, folder, is_whole=is_whole)
    return AwsCall(
        service=service, operation=xform_name(called.name), arguments=arguments
    )


def _arguments(
    called: OperationModel, words: Sequence[str], folder: Path, *, is_whole: bool
) -> dict[str, Any]:
    shape = called.input_shape or StructureShape("", {"type": "structure"}, None)
    others = _OPTIONS.get(called.name, {})
    options_of_api = {f"--{_dashed(name)}": name for name in shape.members}
    members = {others.get(o, o): name for o, name in options_of_api.items()}
    options, places = _split(words)
    if unknown := options.keys() - members.keys():
        raise NotACommand(f"{called.name} has no {min(unknown)}")
    arguments = {
        members[option]: _value(shape.members[members[option]], value, folder)
        for option, value in options.items()
    }
    if not is_whole and not words:
        return arguments
    # Where an answer is a stream, the file for it is named behind the options.
    if len(places) != int(called.has_streaming_output):
        raise NotACommand(f"{called.name} takes no {places}")
    report = ParamValidator().validate(arguments, shape)
    if report.has_errors():
        raise NotACommand(report.generate_report())
    return arguments


def _copy(words: Sequence[str], folder: Path) -> AwsCall:
    options, places = _split(words)
    if unknown := options.keys() - _COPY_OPTIONS.keys():
        raise NotACommand(f"s3 cp has no {min(unknown)}")
    source, target = places
    bucket, slash, key = target.removeprefix("s3://").partition("/")
    if not target.startswith("s3://") or not slash:
        raise NotACommand(f"{target} is no object's place")
    pairs = [pair.split("=", 1) for pair in options.get("--metadata", "").split(",")]
    return AwsCall(
        service="s3",
        operation="put_object",
        arguments={
            "Bucket": bucket,
            "Key": key + Path(source).name if key.endswith("/") else key,
            "Body": _file(source, folder),
            "Metadata": dict(pair for pair in pairs if len(pair) > 1),
        },
    )


def _split(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return options with their values, and what belongs to none."""
    options, places, rest = {}, [], list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            places.append(word)
        elif rest:
            options[word] = rest.pop(0)
        else:
            raise NotACommand(f"{word} has no value")
    return options, places


def _value(shape: Shape, text: str, folder: Path) -> Any:  # noqa: ANN401 - by its shape
    if text.startswith(("file://", "fileb://")):
        content = _file(text.partition("://")[2], folder)
        return content if shape.type_name == "blob" else content.decode()
    if shape.type_name in ("structure", "map", "list"):
        try:
            return json.loads(text)
        except ValueError:
            raise NotACommand(f"{text} is no JSON") from None
    return int(text) if shape.type_name in ("integer", "long") else text


def _file(name: str, folder: Path) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise NotACommand(f"there is no file {name}") from None


def _dashed(name: str) -> str:
    return xform_name(name).replace("_", "-")
