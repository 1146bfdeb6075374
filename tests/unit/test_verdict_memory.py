"""The memory of verdicts asks DynamoDB for all, in pieces that it takes."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from functions.aws.verdict_memory import RememberedVerdict, VerdictMemory
from functions.core.errors import AwsUnavailable

_VERDICT = RememberedVerdict(
    list="clean", row={"Valid": "true", "Email": None}, verified_at=100.0, job_id="j"
)


class Table:
    """A table that answers each call only in part, as one that is busy does."""

    def __init__(self, *, most: int = 1000) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self.calls: list[int] = []
        self._most = most

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803, ANN401 - boto3's
        """Return what is there of the first keys, and the others as unprocessed."""
        keys = RequestItems["verdicts"]["Keys"]
        self.calls.append(len(keys))
        assert len(keys) <= 100
        done, left = keys[: self._most], keys[self._most :]
        ids = [key["verdict_id"]["S"] for key in done]
        found = [self.items[id_] for id_ in ids if id_ in self.items]
        return {
            "Responses": {"verdicts": found},
            "UnprocessedKeys": {"verdicts": {"Keys": left}} if left else {},
        }

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803, ANN401 - boto3's
        """Write the first items, and return the others."""
        puts = RequestItems["verdicts"]
        self.calls.append(len(puts))
        assert len(puts) <= 25
        for put in puts[: self._most]:
            item = put["PutRequest"]["Item"]
            self.items[item["verdict_id"]["S"]] = item
        left = puts[self._most :]
        return {"UnprocessedItems": {"verdicts": left} if left else {}}


def memory(table: Table, pauses: list[float] | None = None) -> VerdictMemory:
    """Return a memory in a table."""
    pause: Callable[[float], None] = (pauses if pauses is not None else []).append
    return VerdictMemory(
        "verdicts",
        secret=lambda: "secret",
        dynamodb=cast("Any", table),
        pause=pause,
    )


@pytest.mark.parametrize("most", [1000, 20])
def test_all_is_kept_and_found_again(most: int) -> None:
    """Also of what a busy table has left out at first."""
    table = Table(most=most)
    ids = [f"{number:064}" for number in range(230)]

    kept = memory(table).remember(dict.fromkeys(ids, _VERDICT), seconds=50.0)
    found = memory(table).recall([*ids, *ids, "other"], now=149.0)

    assert kept == len(ids)
    assert found == dict.fromkeys(ids, _VERDICT)


def test_what_has_expired_is_not_there() -> None:
    """DynamoDB deletes it within two days only."""
    table = Table()
    memory(table).remember({"id": _VERDICT}, seconds=50.0)

    assert memory(table).recall(["id"], now=149.9)
    assert not memory(table).recall(["id"], now=150.0)


def test_a_table_that_stays_busy_is_given_up() -> None:
    """A later try of the step asks again; the pauses before that grow."""
    table, pauses = Table(most=0), list[float]()

    with pytest.raises(AwsUnavailable):
        memory(table, pauses).recall(["id"], now=0.0)
    with pytest.raises(AwsUnavailable):
        memory(table).remember({"id": _VERDICT}, seconds=1.0)

    assert pauses == [0.05 * 2**number for number in range(9)]


def test_a_row_of_any_size_harms_no_other() -> None:
    """DynamoDB would refuse all that are written with it."""
    table = Table()
    large = RememberedVerdict(
        list="bad", row={"Note": "x" * 70_000}, verified_at=100.0, job_id="j"
    )

    kept = memory(table).remember({"large": large, "id": _VERDICT}, seconds=50.0)

    assert kept == 1
    assert table.items.keys() == {"id"}


def test_an_id_depends_on_all_that_a_verdict_does() -> None:
    """Nobody who has the table alone can tell of which value an item is."""
    one = memory(Table())
    other = VerdictMemory(
        "verdicts", secret=lambda: "other", dynamodb=cast("Any", Table())
    )
    ids = {
        one.id_of("p", "email", "a@b.example"),
        one.id_of("q", "email", "a@b.example"),
        one.id_of("p", "url", "a@b.example"),
        one.id_of("p", "email", "c@b.example"),
        other.id_of("p", "email", "a@b.example"),
    }

    assert len(ids) == 5
    assert all(len(id_) == 64 for id_ in ids)


def test_an_item_has_numbers_and_the_row() -> None:
    """And the time at which DynamoDB deletes it, in whole seconds."""
    table = Table()
    memory(table).remember({"id": _VERDICT}, seconds=50.5)

    assert table.items["id"] == {
        "verdict_id": {"S": "id"},
        "list": {"S": "clean"},
        "row": {"S": json.dumps({"Valid": "true", "Email": None})},
        "verified_at": {"N": "100.0"},
        "job_id": {"S": "j"},
        "expires_at": {"N": "150"},
    }
