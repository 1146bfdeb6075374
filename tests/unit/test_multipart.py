"""Multipart: the form holds the file byte for byte, in the announced length."""

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import SourceMissing
from functions.providers.transport.multipart import MultipartBody
from tests.contract.sources import BytesSource


def body_of(content: bytes, size: int | None = None) -> MultipartBody:
    """Return a body with one field and one file."""
    source = BytesSource(content, size=size)
    return MultipartBody({"type": "email"}, "job.csv", source, boundary="b0undary")


@pytest.mark.fault(10)
@given(content=st.binary(max_size=2_000), size=st.integers(1, 3_000))
def test_a_file_is_sent_byte_for_byte(content: bytes, size: int) -> None:
    """What we counted is what the provider is paid for."""
    body = body_of(content)

    chunks = list(iter(lambda: body.read(size), b""))
    sent = b"".join(chunks)

    assert max(map(len, chunks)) <= size
    assert len(sent) == len(body)
    head, _, rest = sent.partition(b"text/csv\r\n\r\n")
    assert rest == content + b"\r\n--b0undary--\r\n"
    assert head.startswith(b"--b0undary\r\n")


def test_the_form_is_valid_for_another_parser() -> None:
    """The format of the form is not ours to invent."""
    body = body_of(b"email\r\na@example.com\r\n")

    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    form = message_from_bytes(head + b"".join(body))
    field, file = list(form.walk())[1:]

    assert field.get_param("name", header="content-disposition") == "type"
    assert field.get_payload() == "email"
    assert file.get_filename() == "job.csv"
    assert file.get_payload(decode=True) == b"email\r\na@example.com\r\n"
    body.close()


def test_a_file_that_shrank_is_missing() -> None:
    """The length is announced already, so the request cannot be completed."""
    with pytest.raises(SourceMissing):
        list(body_of(b"a" * 10, size=11))


def test_a_file_that_grew_is_sent_in_its_announced_size() -> None:
    """More bytes than announced would be read as another request."""
    body = body_of(b"a" * 10, size=5)

    assert len(b"".join(body)) == len(body)
