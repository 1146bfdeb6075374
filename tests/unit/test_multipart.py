"""Multipart: the form holds the file byte for byte, in the length announced."""

from email import message_from_bytes
from io import BytesIO
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import SourceMissing
from functions.providers.transport.multipart import MultipartBody


class Held:
    """A source in memory; `size` is what it claims."""

    def __init__(self, content: bytes, size: int) -> None:
        self.size = size
        self._content = content

    def open(self) -> BinaryIO:
        """See `Source`."""
        return BytesIO(self._content)


def body_of(content: bytes, size: int | None = None) -> MultipartBody:
    """Make a body of one field and one file."""
    source = Held(content, len(content) if size is None else size)
    return MultipartBody({"type": "email"}, "job.csv", source, boundary="b0undary")


@pytest.mark.fault(10)
@given(content=st.binary(max_size=2_000), size=st.integers(1, 3_000))
def test_a_file_is_sent_byte_for_byte(content: bytes, size: int) -> None:
    """What we counted is what the provider is paid for."""
    body = body_of(content)

    pieces = list(iter(lambda: body.read(size), b""))
    sent = b"".join(pieces)

    assert max(map(len, pieces)) <= size
    assert len(sent) == len(body)
    head, _, rest = sent.partition(b"text/csv\r\n\r\n")
    assert rest == content + b"\r\n--b0undary--\r\n"
    assert head.startswith(b"--b0undary\r\n")


def test_a_form_is_read_by_others_as_it_was_meant() -> None:
    """The form's grammar is not ours to invent."""
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
    """The length is announced already: the request cannot be ended well."""
    with pytest.raises(SourceMissing):
        list(body_of(b"a" * 10, size=11))


def test_a_file_that_grew_is_sent_as_it_was() -> None:
    """More than the length announced would be read as another request."""
    body = body_of(b"a" * 10, size=5)

    assert len(b"".join(body)) == len(body)
