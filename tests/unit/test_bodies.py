"""Bodies: whatever is made here is read whole, into buffers of any size."""

from hypothesis import given
from hypothesis import strategies as st

from functions.core.body import Body
from functions.providers.bodies import BytesBody, IteratorBody


def read_to_end(body: Body, sizes: list[int]) -> bytes:
    """Read a body with buffers of the given sizes, until it ends."""
    data = bytearray()
    for size in sizes:
        buffer = bytearray(size)
        count = body.readinto(memoryview(buffer))
        data += buffer[:count]
        if not count:
            break
    return bytes(data)


buffer_sizes = st.lists(st.integers(1, 90), min_size=301, max_size=301)


@given(data=st.binary(max_size=300), sizes=buffer_sizes)
def test_bytes_are_read_once_and_in_order(data: bytes, sizes: list[int]) -> None:
    """The reader relies on nothing but the end."""
    body = BytesBody(data)

    assert read_to_end(body, sizes) == data
    assert body.announced_bytes == len(data)
    body.close()


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=7), sizes=buffer_sizes
)
def test_chunks_are_read_once_and_in_order(
    chunks: list[bytes], sizes: list[int]
) -> None:
    """An upload reads as much as it has room for."""
    body = IteratorBody(iter(chunks))

    assert read_to_end(body, sizes) == b"".join(chunks)
    assert body.readinto(memoryview(bytearray(9))) == 0


def test_an_iterator_fills_a_buffer_from_several_chunks() -> None:
    """A part of an upload must not be as small as a line."""
    body = IteratorBody(iter([b"a\n", b"b\n", b"c\n"]))

    assert body.readinto(memoryview(bytearray(5))) == 5


def test_a_closed_iterator_is_at_its_end() -> None:
    """No more lines are made for an upload that was given up."""
    body = IteratorBody(iter([b"a\n", b"b\n"]))
    body.close()

    assert body.readinto(memoryview(bytearray(9))) == 0


def test_a_body_shows_nothing_in_its_text() -> None:
    """A result is personal data."""
    assert "canary" not in repr(BytesBody(b"canary"))
