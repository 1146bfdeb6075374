"""OpenAPI: the committed document is the one that the code generates."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.api import handler
from functions.api.response_schemas import RESPONSE_SCHEMAS
from tools.openapi import DOCUMENT, document, encoded


def test_the_document_is_up_to_date() -> None:
    """If not, `python -m tools.openapi` regenerates it."""
    assert DOCUMENT.read_text() == encoded(document())


def test_every_operation_has_a_handler() -> None:
    """The first call of an operation without a handler would fail."""
    documented = {
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    }

    assert documented == set(handler._HANDLERS)


def test_every_reference_has_a_target() -> None:
    """Programs generate clients from the document."""
    schemas = document()["components"]["schemas"]

    assert references(document()) <= {
        f"#/components/schemas/{name}" for name in schemas
    }


def references(part: Any) -> set[str]:  # noqa: ANN401 - any JSON
    """Return all references within a document."""
    match part:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return set().union(*map(references, part.values()))
        case list():
            return set().union(*map(references, part))
    return set()


@pytest.mark.parametrize("name", RESPONSE_SCHEMAS)
def test_every_response_schema_is_valid(name: str) -> None:
    """A misspelt keyword would be ignored silently."""
    Draft202012Validator.check_schema(RESPONSE_SCHEMAS[name])
