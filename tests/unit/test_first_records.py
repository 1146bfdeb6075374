"""First records: every duplicate is found, nothing else, and memory is bounded."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.tables import first_records
from functions.tables.first_records import FirstRecords
from tests.contract.memory import memory_limit


@given(
    keys=st.lists(st.integers(0, 3000), max_size=3000), expected=st.integers(0, 5000)
)
def test_names_the_first_record_of_each_key(keys: list[int], expected: int) -> None:
    """A value that is taken for another one would get its verdict."""
    records, first = FirstRecords(expected=expected), dict[int, int]()

    for number, key in enumerate(keys, start=1):
        assert records.first(str(key), number) == first.get(key, 0)
        first.setdefault(key, number)


def test_compares_all_bits_of_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 64 bits alone, some of two million values would be alike too often."""
    ends = iter([b"aaaa", b"bbbb", b"aaaa"])
    digests = SimpleNamespace(digest=lambda: b"x" * 8 + next(ends))
    monkeypatch.setattr(first_records, "blake2b", lambda *_, **__: digests)
    records = FirstRecords()

    assert [records.first(key, n) for n, key in enumerate("aba", 1)] == [0, 0, 1]


def test_keeps_24_bytes_of_a_value() -> None:
    """A list has as many values as somebody has customers."""
    with memory_limit(24 * 100_000 + 60_000):
        records = FirstRecords(expected=100_000)
        for number in range(1, 100_001):
            assert not records.first(f"user{number}@club.example", number)


def test_grows_without_losing_a_value() -> None:
    """How many values there will be is a guess."""
    records = FirstRecords()
    for number in range(1, 20_001):
        assert not records.first(str(number), number)

    for number in range(1, 20_001):
        assert records.first(str(number), 0) == number
