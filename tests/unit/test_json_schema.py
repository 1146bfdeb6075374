"""The validator agrees with JSON Schema, for the part that the API uses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from functions.api import request_schemas
from functions.api.json_schema import validation_errors

TYPES = {"ipqs": ("email", "phone"), "other": ("card",)}
EXTENSIONS = {"ipqs": (".csv",), "other": (".json", ".csv")}
SCHEMAS = [
    request_schemas.upload_schema(TYPES, EXTENSIONS),
    request_schemas.job_schema(TYPES),
    request_schemas.upload_schema({"a": ("b",)}, {"a": (".c",)}),
]

words = st.sampled_from(
    [
        *("provider", "type", "name", "provider_ref", "key", "version_id", "x"),
        *("label", "fresh"),
    ]
)
values = st.one_of(
    st.sampled_from(["ipqs", "other", "email", "card", "a", "b", "list.csv", "17"]),
    st.sampled_from(["ipqs/email/a.csv", "ipqs/email/", "list.csv\n", "other/card/é"]),
    st.text(max_size=8),
    st.integers(),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=2), max_size=2),
)


@given(
    body=st.dictionaries(words, values, max_size=5) | values,
    schema=st.sampled_from(SCHEMAS),
)
def test_agrees_with_json_schema(body: Any, schema: Any) -> None:  # noqa: ANN401 - any JSON
    """Clients validate by the same schemas, with another validator."""
    # Python's `$` matches before a last line break, that of ECMAScript does not.
    has_line_break = any(
        "\n" in str(value) for value in getattr(body, "values", list)()
    )

    valid = Draft202012Validator(schema).is_valid(body) and not has_line_break

    assert bool(validation_errors(body, schema)) is not valid


def test_every_error_is_reported() -> None:
    """A client can correct all errors after one response."""
    body = {"provider": "ipqs", "type": "card", "name": "x", "secret": 1}

    pointers = {
        error["pointer"]
        for error in validation_errors(
            body, request_schemas.upload_schema(TYPES, EXTENSIONS)
        )
    }

    assert pointers == {"/type", "/name", "/"}


def test_errors_are_about_the_closest_form() -> None:
    """Errors about the other forms would only confuse the client."""
    body = {"key": "ipqs/email/a.csv"}

    (error,) = validation_errors(body, request_schemas.job_schema(TYPES))

    assert error == {"pointer": "/version_id", "detail": "is missing"}


@given(text=st.text(min_size=1))
def test_errors_do_not_quote_the_request(text: str) -> None:
    """A request may hold personal data, and clients log responses."""
    secret = f"person-{text}@example.com"

    errors = validation_errors(
        {"provider": secret, secret: secret}, request_schemas.job_schema(TYPES)
    )

    assert errors
    assert not any(secret in value for error in errors for value in error.values())


@pytest.mark.parametrize(
    ("limit", "valid"),
    [(0, False), (1, True), (100, True), (101, False), (True, False)],
)
def test_integers_have_inclusive_bounds(limit: object, *, valid: bool) -> None:
    """The limit of a page may be 1 or 100; `true` is not an integer."""
    schema = {"type": "integer", "minimum": 1, "maximum": 100}

    assert (not validation_errors(limit, schema)) is valid


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"provider": "nobody", "type": "card"}, "must be one of ipqs, other"),
        ({"provider": "other", "type": "email"}, "must be one of card"),
        ({"provider": "nobody", "type": "x"}, "must be one of ipqs, other"),
        ({"provider": ["ipqs"], "type": "card"}, "must be of type string"),
    ],
)
def test_a_wrong_word_is_told_with_all_that_there_are(
    body: dict[str, Any], detail: str
) -> None:
    """The words of one provider alone would hide all others."""
    details = [error["detail"] for error in validation_errors(body, SCHEMAS[0])]

    assert detail in details
