"""In memory: a body is read to its end in pieces of any size."""

from hypothesis import given
from hypothesis import strategies as st

from functions.providers.in_memory import BytesBody


@given(data=st.binary(max_size=300), sizes=st.lists(st.integers(1, 90), min_size=300))
def test_gives_every_byte_once(data: bytes, sizes: list[int]) -> None:
    """What reads it counts on nothing but the end."""
    body = BytesBody(data)
    got = bytearray()

    for size in sizes:
        buffer = bytearray(size)
        count = body.readinto(memoryview(buffer))
        got += buffer[:count]
        if not count:
            break
    body.close()

    assert got == data
    assert body.announced_bytes == len(data)


def test_shows_nothing_in_its_text() -> None:
    """A result is personal data."""
    assert "canary" not in repr(BytesBody(b"canary"))
