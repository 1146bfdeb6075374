"""Submission file: every value once, in shards that keep their bounds."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions import submission_file
from functions.core.errors import SourceTooLarge
from functions.submission_file import Shard, SubmissionFile

VALUES = st.lists(st.text('aé"😀,', min_size=1, max_size=9), min_size=1, max_size=40)


def written(
    values: Sequence[str],
    *,
    max_rows: int | None = None,
    max_bytes: int = 1_000_000,
    cuts: Sequence[tuple[int, int]] = (),
) -> tuple[list[Shard], bytes]:
    """Return the shards of values, whose records are numbered by tens, and the file."""
    with SubmissionFile(
        "email", max_rows=max_rows, max_bytes=max_bytes, cuts=cuts
    ) as file:
        for number, value in enumerate(values, 1):
            file.add(10 * number, value)
        shards = file.shards()
        return shards, file.content().read()


def lines_of(shard: Shard, content: bytes) -> list[bytes]:
    """Return the lines of one shard."""
    return content[shard.offset : shard.offset + shard.length].splitlines()


@given(values=VALUES, max_rows=st.none() | st.integers(1, 9), room=st.integers(60, 200))
def test_shards_keep_their_bounds_and_lose_nothing(
    values: list[str], max_rows: int | None, room: int
) -> None:
    """Each is a file with a header; together they have every value, in order."""
    shards, content = written(values, max_rows=max_rows, max_bytes=room)
    whole, one = written(values)

    assert len(whole) == 1
    sent = []
    for shard in shards:
        header, *lines = lines_of(shard, content)
        assert header == b"email"
        assert len(lines) == shard.rows <= (max_rows or len(values))
        assert shard.length <= room
        sent += lines
    assert sent == lines_of(whole[0], one)[1:]
    assert [shard.offset for shard in shards] == [
        sum(shard.length for shard in shards[:place]) for place in range(len(shards))
    ]


@given(values=VALUES, max_rows=st.integers(1, 9), later=st.none() | st.integers(1, 9))
def test_an_attempt_cuts_where_an_earlier_one_has_cut(
    values: list[str], max_rows: int, later: int | None
) -> None:
    """Else a value of a shard that is paid for would be paid again in another one."""
    shards, content = written(values, max_rows=max_rows)

    again = written(values, max_rows=later, cuts=[shard.records for shard in shards])

    assert again == (shards, content)


def test_a_shard_without_values_is_still_there() -> None:
    """The values of a later attempt may be fewer; the shards' numbers stay."""
    shards, _ = written(["a"], cuts=[(1, 4), (5, 12), (13, 20)])

    assert [(shard.records, shard.rows) for shard in shards] == [
        ((1, 4), 0),
        ((5, 12), 1),
        ((13, 20), 0),
    ]


def test_a_value_larger_than_an_upload_is_refused() -> None:
    """No cut helps."""
    with pytest.raises(SourceTooLarge, match="a value is larger"):
        written(["a" * 100], max_bytes=50)


def test_too_many_shards_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could be given the links to all of their files."""
    monkeypatch.setattr(submission_file, "MAX_SHARDS", 3)

    assert len(written(["a", "b", "c"], max_rows=1)[0]) == 3
    with pytest.raises(SourceTooLarge, match="more than 3 uploads"):
        written(["a", "b", "c", "d"], max_rows=1)
