"""The committed description of the API is the one that the code would write."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.api import handler
from functions.api.response_schemas import RESPONSE_SCHEMAS
from tools.openapi import DOCUMENT, document, encoded


def test_the_document_is_fresh() -> None:
    """Stale? `python -m tools.openapi` writes it anew."""
    assert DOCUMENT.read_text() == encoded(document())


def test_every_operation_has_a_door() -> None:
    """What is described and not answered is a promise broken by the first call."""
    described = {
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    }

    assert described == set(handler._HANDLERS)


def test_every_reference_leads_somewhere() -> None:
    """Clients are generated from it, by programs that do not guess."""
    parts = document()["components"]["schemas"]

    assert references(document()) <= {f"#/components/schemas/{name}" for name in parts}


def references(part: Any) -> set[str]:  # noqa: ANN401 - any JSON
    """Find all references within a document."""
    match part:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return set().union(*map(references, part.values()))
        case list():
            return set().union(*map(references, part))
    return set()


@pytest.mark.parametrize("name", RESPONSE_SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    """A word that JSON Schema does not know would hold nothing."""
    Draft202012Validator.check_schema(RESPONSE_SCHEMAS[name])
