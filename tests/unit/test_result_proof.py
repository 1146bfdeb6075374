"""Result proof: a result is shown to be one, and nothing else passes for it."""

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.core.errors import CourierError, ResultNotATable, TransferIncomplete
from functions.providers.bodies import HEAD_BYTES, BytesBody, ProvenBody
from functions.providers.ipqs.result_proof import prove_table
from tests.settings import ipqs_settings

COLUMNS = ipqs_settings().value_columns
VALUES = {
    "email": ["a@example.com", "ada.l+x@mail.example.co.in", "é@exämple.org"],
    "phone": ["+919000000001", "18005551234", "(800) 555-1234", "+91 90000 00001"],
    "proxy": ["192.0.2.7", "2001:db8::1"],
    "url": ["example.com", "https://example.com/a?b=1,2", "http://192.0.2.7/x"],
}
each_type = pytest.mark.parametrize("type_", VALUES)


def prove(content: bytes, type_: str = "email", *, is_whole: bool = True) -> None:
    """Prove a result with the settings that are deployed."""
    prove_table(content, is_whole=is_whole, type_=type_, value_columns=COLUMNS)


def is_proven(content: bytes, type_: str = "email", *, is_whole: bool = True) -> bool:
    """Return whether a body passes for a result."""
    try:
        prove(content, type_, is_whole=is_whole)
    except ResultNotATable:
        return False
    return True


def written(rows: list[list[str]], end: str = "\r\n") -> bytes:
    """Return rows as a CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.fault(51)
def test_an_empty_body_is_no_result() -> None:
    """Even a result without rows has a header."""
    with pytest.raises(TransferIncomplete):
        prove(b"")


@pytest.mark.fault(60)
@each_type
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"This download link has expired.", id="sentence"),
        pytest.param(
            b"This download link has expired. Please request a new one.\n",
            id="two sentences",
        ),
        pytest.param(b"Link expired\n", id="words"),
        pytest.param(b"expired", id="word"),
        pytest.param(
            b"Sorry, the link has expired.\nWrite to us, help@example.com\n",
            id="sentences with an address",
        ),
        pytest.param(b"Link expired\nhelp@example.com\n", id="words, then an address"),
        pytest.param(b"Your e-mail, phone, or url, is unknown", id="names in a text"),
        pytest.param(b'["a@example.com", "b@example.com"]', id="JSON list"),
        pytest.param(b'[\n"email",\n"a@example.com"\n]\n', id="JSON list in lines"),
        pytest.param(b'["email",\n"a@example.com",\n"b@example.com"]', id="JSON lines"),
        pytest.param(b'{"success":false}', id="JSON object"),
        pytest.param(b'{"email":"a@example.com",\n"url":"x.example"}', id="JSON in 2"),
        pytest.param(b'"email a@example.com has expired"', id="JSON text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"403", id="number"),
        pytest.param(b"Error,Message\n403,expired\n", id="table of something else"),
        pytest.param(b"<!DOCTYPE html><p>expired", id="page"),
        pytest.param(b"\xef\xbb\xbf<html>", id="page with a BOM"),
        pytest.param(b" \r\n\t<html>\n<p>a@example.com</p>", id="page after space"),
        pytest.param(b"<e><email>a@example.com</email></e>", id="XML"),
        pytest.param(b"email: a@example.com\nvalid: true\n", id="YAML"),
        pytest.param(b"PK\x03\x04\x00\x00", id="archive"),
        pytest.param(
            "Email Address,Valid\na@example.com,1\n".encode("utf-16"), id="16"
        ),
        pytest.param(b"\n\n \n", id="blank lines"),
        pytest.param(b"a@example.com,true\nb@example.com,true\n", id="no header"),
        pytest.param(b"Email,Valid\na@example.com,1\nFatal error\n", id="error within"),
    ],
)
def test_nothing_else_passes_for_a_result(content: bytes, type_: str) -> None:
    """A host answers 200 with anything to a link that has expired."""
    assert not is_proven(content, type_)


@each_type
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_table_with_a_value_is_a_result(type_: str, end: str, bom: bytes) -> None:
    """The columns are not documented, so that any header will do."""
    for value in VALUES[type_]:
        rows = [["Checked At", "What (0-100)", ""], ["2026-11-26", value, "x, y\nz"]]

        assert is_proven(bom + written(rows, end), type_)


@pytest.mark.parametrize(
    ("header", "type_"),
    [
        ("Email Address", "email"),
        ("EMAIL", "email"),
        ("e-mail", "email"),
        ("email_address", "leaked_email"),
        ("Phone Number", "phone"),
        ("IP Address", "proxy"),
        ("ip", "proxy"),
        ("URL", "url"),
        ("Password", "leaked_password"),
        ("username", "leaked_username"),
    ],
)
@pytest.mark.parametrize("more", ["", "Valid,", "Valid;", "Valid\t"])
def test_a_header_that_names_the_value_is_a_result(
    header: str, type_: str, more: str
) -> None:
    """An empty category may have only a header, and bad ones have broken values."""
    value = "not at all one,"
    delimiter = (more or ",")[-1]
    row = f'"{value}"' if not more else f'1{delimiter}"{value}"'

    assert is_proven(f"{more}{header}".encode(), type_)
    assert is_proven(f"{more}{header}\r\n{row}\r\n".encode(), type_)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=40)


@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=20),
    cut=st.integers(1, 400),
    end=st.sampled_from(["\n", "\r\n"]),
)
@pytest.mark.fault(65)
def test_a_result_is_one_wherever_its_beginning_is_cut(
    rows: list[tuple[str, str]], cut: int, end: str
) -> None:
    """Quoted cells have separators and line breaks, and 64 KiB may end in any of them.

    Neither what the cells hold nor a half character may make a paid result none.
    """
    header = b"Email Address,Comment" + end.encode()
    content = header + written([list(row) for row in rows], end)

    assert is_proven(content)
    assert is_proven(content[: len(header) + cut], is_whole=False)


def test_a_header_that_is_cut_shows_nothing() -> None:
    """It may go on in any way, as a sentence of 64 KiB does."""
    assert not is_proven(b"Email Address", is_whole=False)
    assert not is_proven(b'Email Address,"' + b"x" * 1000, is_whole=False)


@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(data=b"\xef\xbb\xbf")
@example(data=b"\n")
def test_any_bytes_are_proven_or_refused(data: bytes) -> None:
    """Nothing that comes may end in another error."""
    for is_whole in (True, False):
        try:
            prove(data, is_whole=is_whole)
        except CourierError:
            continue


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["email", "message"]), inner, max_size=2)
        ),
    ).filter(lambda document: isinstance(document, list | dict)),
    indent=st.sampled_from([None, 0, 2]),
)
def test_no_json_document_is_a_result(document: object, indent: int | None) -> None:
    """APIs answer with JSON, to mistakes as well."""
    assert not is_proven(json.dumps(document, indent=indent).encode())


# The body


@given(
    size=st.sampled_from([1, 100, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 200_000]),
    step=st.sampled_from([7_000, HEAD_BYTES, 256 * 1024]),
)
def test_a_proven_body_is_handed_out_unchanged(size: int, step: int) -> None:
    """The proof reads ahead, and must not lose a byte."""
    data = (b"0123456789abcdef-" * (size // 17 + 1))[:size]
    heads: list[tuple[bytes, bool]] = []
    body = ProvenBody(BytesBody(data), lambda *head: heads.append(head))

    buffer, read = memoryview(bytearray(step)), bytearray()
    while count := body.readinto(buffer):
        read += buffer[:count]

    assert read == data
    assert heads == [(data[:HEAD_BYTES], size < HEAD_BYTES)]
    assert body.announced_bytes == size
    assert body.readinto(buffer) == 0


def test_a_body_that_is_not_proven_hands_out_nothing() -> None:
    """Not even when it is asked again."""

    def refuse(_head: bytes, _is_whole: bool) -> None:
        raise ResultNotATable("no")

    body = ProvenBody(BytesBody(b"x" * 100), refuse)
    for _ in range(2):
        with pytest.raises(ResultNotATable):
            body.readinto(memoryview(bytearray(10)))
