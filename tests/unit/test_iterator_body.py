"""Lines: what is made line by line arrives whole, in buffers of any size."""

from hypothesis import given
from hypothesis import strategies as st

from functions.providers.bodies import IteratorBody


@given(lines=st.lists(st.binary(min_size=1, max_size=40)), size=st.integers(1, 30))
def test_lines_arrive_whole(lines: list[bytes], size: int) -> None:
    """An upload reads as much as it has room for."""
    body, arrived = IteratorBody(iter(lines)), bytearray()
    buffer = memoryview(bytearray(size))
    while count := body.readinto(buffer):
        arrived += buffer[:count]

    assert bytes(arrived) == b"".join(lines)
    assert body.readinto(buffer) == 0


def test_a_body_that_is_closed_is_at_its_end() -> None:
    """Nobody makes more lines for an upload that was given up."""
    body = IteratorBody(iter([b"a\n", b"b\n"]))
    body.close()

    assert body.readinto(memoryview(bytearray(9))) == 0
