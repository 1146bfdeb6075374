"""The committed description of the API is current and consistent."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.api import handler
from functions.api.response_schemas import RESPONSE_SCHEMAS
from tools.openapi import DOCUMENT, document, to_text


def test_the_document_is_current() -> None:
    """If not, run `make openapi`."""
    assert DOCUMENT.read_text() == to_text(document())


def test_every_operation_has_a_handler() -> None:
    """The first call of a described operation must not fail."""
    documented = {
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    }

    assert documented == set(handler._HANDLERS)


def test_every_reference_has_a_target() -> None:
    """Programs generate clients from the document."""
    schemas = document()["components"]["schemas"]

    assert references(document()) <= {f"#/components/schemas/{s}" for s in schemas}


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
def test_a_response_schema_is_valid(name: str) -> None:
    """A misspelled keyword would validate nothing."""
    Draft202012Validator.check_schema(RESPONSE_SCHEMAS[name])
