"""Recordings: states, items and documents that earlier releases wrote."""

import json
from pathlib import Path
from typing import Any

_RELEASES = sorted(Path(__file__).with_name("recorded").glob("20*"))


def state(name: str) -> dict[str, Any]:
    """Return the state of an execution."""
    document: dict[str, Any] = json.loads(content(f"states/{name}.json"))
    return document


def item(name: str) -> dict[str, dict[str, str]]:
    """Return an item as DynamoDB stores it, such as `jobs/intent`."""
    document: dict[str, dict[str, str]] = json.loads(content(f"items/{name}.json"))
    return document


def document(name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a recorded object of the buckets as JSON."""
    return json.loads(content(f"documents/{name}"))


def definition() -> str:
    """Return the definition of the state machine; its references are `<Id.Arn>`."""
    return content("definition.json").decode()


def content(path: str) -> bytes:
    """Return the bytes of a recorded file."""
    (file,) = (release / path for release in _RELEASES if (release / path).exists())
    return file.read_bytes()


def names(folder: str) -> set[str]:
    """Return the names of the files in a folder, without their suffix."""
    return {path.stem for release in _RELEASES for path in (release / folder).glob("*")}
