"""Rate limiter: each slot is one interval after the one before, and used once."""

from types import SimpleNamespace

import pytest

from functions.aws import clients, rate_limiter
from functions.aws.rate_limiter import RateLimiter
from functions.core.errors import AwsUnavailable
from functions.core.keys import RATE_LIMIT_ITEM_PREFIX
from functions.core.rate_limit import RateLimit
from tests.unit.memory_client import MemoryTable

NOW = 1_700_000_000.0
LIMIT = RateLimit(calls=1, seconds=50, leeway_seconds=10)
KEY = f"{RATE_LIMIT_ITEM_PREFIX}p"


@pytest.fixture
def table() -> MemoryTable:
    """Return an empty table of waits."""
    return MemoryTable(key="wait_id")


@pytest.fixture
def limiter(table: MemoryTable) -> RateLimiter:
    """Return a limiter with slots of 60 seconds."""
    return RateLimiter(table.name, "p", limit=LIMIT, dynamodb=table.client)


def test_a_provider_has_the_limit_of_its_settings(
    table: MemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without a limit has no limiter, and no item in the table."""
    settings = {"p": SimpleNamespace(rate=LIMIT), "q": SimpleNamespace(rate=None)}
    named = SimpleNamespace(waits_table=table.name)
    monkeypatch.setattr(rate_limiter, "provider_settings", settings.get)
    monkeypatch.setattr(rate_limiter, "function_settings", lambda _name: named)
    monkeypatch.setattr(clients, "dynamodb", lambda: table.client)

    limiter = RateLimiter.from_environment("p")

    assert limiter is not None
    assert limiter.reserve(now=NOW) == NOW
    assert table.item(KEY) == {"next_at": NOW + 60}
    assert RateLimiter.from_environment("q") is None


def test_slots_are_one_interval_apart(limiter: RateLimiter, table: MemoryTable) -> None:
    """The first is now; a slot that was not used is lost."""
    assert limiter.reserve(now=NOW) == NOW
    assert table.item(KEY) == {"next_at": NOW + 60}
    assert limiter.reserve(now=NOW) == NOW + 60
    assert limiter.reserve(now=NOW + 1) == NOW + 120
    assert table.item(KEY) == {"next_at": NOW + 180}

    assert limiter.reserve(now=NOW + 180) == NOW + 180
    assert limiter.reserve(now=NOW + 999) == NOW + 999
    assert table.item(KEY) == {"next_at": NOW + 1059}


def test_a_slot_that_moves_at_every_try_is_an_error(
    limiter: RateLimiter, table: MemoryTable
) -> None:
    """The step is retried; ten writes take less than its time."""
    moves = iter(range(100))

    def before(_operation: str) -> None:
        # Late for the first write of a try, early for the second.
        table.put(KEY, next_at=NOW + (1 if next(moves) % 2 else -1))

    table.client.before = before

    with pytest.raises(AwsUnavailable, match="next slot was moved at every try"):
        limiter.reserve(now=NOW)

    assert table.client.calls == ["UpdateItem"] * 10
