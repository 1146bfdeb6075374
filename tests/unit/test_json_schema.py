"""The validator says what JSON Schema says, for all that the API uses of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from functions.api import request_schemas
from functions.api.json_schema import validation_errors

TYPES = {"ipqs": ("email", "phone"), "other": ("card",)}
ENDINGS = {"ipqs": (".csv",), "other": (".json", ".csv")}
SCHEMAS = [
    request_schemas.upload_schema(TYPES, ENDINGS),
    request_schemas.job_schema(TYPES),
    request_schemas.upload_schema({"a": ("b",)}, {"a": (".c",)}),
]

words = st.sampled_from(
    ["provider", "type", "name", "provider_ref", "key", "version_id", "x"]
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
    """API Gateway judges by the same schemas, with a validator of its own."""
    # Python's `$` lets a last line break pass, ECMA's and ours do not.
    broken = any("\n" in str(value) for value in getattr(body, "values", list)())

    valid = Draft202012Validator(schema).is_valid(body) and not broken

    assert bool(validation_errors(body, schema)) is not valid


def test_names_every_place_that_is_wrong() -> None:
    """One answer to mend them all."""
    body = {"provider": "ipqs", "type": "card", "name": "x", "secret": 1}

    found = {
        error["pointer"]
        for error in validation_errors(
            body, request_schemas.upload_schema(TYPES, ENDINGS)
        )
    }

    assert found == {"/type", "/name", "/"}


def test_complains_about_the_form_that_was_meant() -> None:
    """Of three forms, the other two would only confuse."""
    body = {"key": "ipqs/email/a.csv"}

    (error,) = validation_errors(body, request_schemas.job_schema(TYPES))

    assert error == {"pointer": "/version_id", "detail": "is missing"}


@given(text=st.text(min_size=1))
def test_repeats_nothing_of_the_sender(text: str) -> None:
    """What comes in may be somebody's address; what goes out is logged elsewhere."""
    secret = f"person-{text}@example.com"

    told = validation_errors(
        {"provider": secret, secret: secret}, request_schemas.job_schema(TYPES)
    )

    assert told
    assert not any(secret in value for error in told for value in error.values())


@pytest.mark.parametrize(
    ("limit", "valid"),
    [(0, False), (1, True), (100, True), (101, False), (True, False)],
)
def test_bounds_numbers(limit: object, *, valid: bool) -> None:
    """Both ends are in; and true is no number."""
    schema = {"type": "integer", "minimum": 1, "maximum": 100}

    assert (not validation_errors(limit, schema)) is valid
