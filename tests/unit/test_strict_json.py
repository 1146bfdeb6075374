"""Strict JSON: parsers that read an answer differently must not disagree about it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import AnswerUnreadable
from functions.core.strict_json import parse_answer

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(answer=st.dictionaries(st.text(), values))
def test_an_object_is_read_unchanged(answer: dict[str, object]) -> None:
    """Strict parsing refuses values; it never changes them."""
    assert parse_answer(json.dumps(answer).encode()) == answer


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>secret</html>", id="page"),
        pytest.param(b'{"secret": 1', id="cut"),
        pytest.param(b'{"secret": 1} {}', id="two objects"),
        pytest.param(b'["secret"]', id="list"),
        pytest.param(b'"secret"', id="string"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"secret": NaN}', id="NaN"),
        pytest.param(b'{"secret": -Infinity}', id="Infinity"),
        pytest.param(b'{"secret": 1e999}', id="a number beyond all floats"),
        pytest.param(b'{"secret": 1, "secret": 2}', id="a key twice"),
        pytest.param(b'{"a": {"secret": 1, "secret": 1}}', id="a key twice, inside"),
        pytest.param(b'{"secret": "\xff"}', id="not UTF-8"),
        pytest.param('{"secret": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"secret": 1}', id="BOM"),
        pytest.param(b'{"secret":' * 100_000, id="nested too deeply"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="lists nested too deeply"),
        pytest.param(b'{"secret": ' + b"9" * 5_000 + b"}", id="a number too long"),
        pytest.param(b"{'secret': 1}", id="single quotes"),
        pytest.param(b'{"secret": 1,}', id="trailing comma"),
    ],
)
def test_what_lenient_parsers_let_through_is_refused(body: bytes) -> None:
    """A text with two readings means two things; the error must not quote it."""
    with pytest.raises(AnswerUnreadable) as caught:
        parse_answer(body)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.fault(24)
@given(body=st.binary() | st.text('{}[]":,0123e-NaIn ').map(str.encode))
def test_any_bytes_are_an_object_or_unreadable(body: bytes) -> None:
    """An unreadable answer is requested again; another exception ends the step."""
    try:
        answer = parse_answer(body)
    except AnswerUnreadable:
        return

    assert isinstance(answer, dict)


@pytest.mark.fault(24)
def test_the_depth_limit_does_not_depend_on_the_interpreter() -> None:
    """A value read near the recursion limit could fail where it is written."""
    deepest = b'{"a": ' * 64 + b"1" + b"}" * 64
    lists = b'{"a": ' + b"[" * 63 + b"]" * 63 + b"}"

    assert parse_answer(deepest)
    assert parse_answer(lists)
    for too_deep in (b'{"a": ' + deepest + b"}", b'{"a": [' + lists + b"]}"):
        with pytest.raises(AnswerUnreadable):
            parse_answer(too_deep)
