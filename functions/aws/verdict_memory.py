"""Verdict memory: keep verdicts under keyed hashes of their values, and find them.

No item has the value itself. Who has the table, but not the secret, cannot try values
out; who wants a value forgotten says which it is.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from functions.aws import clients
from functions.aws.clients import translate_aws_errors
from functions.aws.dynamodb import Value, from_attributes, to_attribute
from functions.aws.secret import Secret
from functions.aws.settings import function_settings
from functions.core.errors import AwsUnavailable
from functions.core.keys import ENV_MEMORY_SECRET, ENV_MEMORY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = "verdict_id"
#: The most that DynamoDB reads, and writes, in one call.
_READ_AT_ONCE, _WRITTEN_AT_ONCE = 100, 25
#: No more than the connections that a client keeps open.
_CALLS_AT_ONCE = 8
#: How often DynamoDB is asked again for what it left out of its answer, at intervals
#: that double from the first one on: 13 seconds in all.
_ROUNDS, _FIRST_PAUSE = 9, 0.05
#: A row that is larger is not remembered; DynamoDB refuses items of 400 KB.
_MAX_ROW_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class RememberedVerdict:
    """What a provider said about a value: its row, and which of its lists has it.

    A cell that is None is the value itself, which is not stored.
    """

    list: str
    row: Mapping[str, str | None]
    verified_at: float
    job_id: str


class VerdictMemory:
    """The table of verdicts; each expires by itself."""

    def __init__(
        self,
        table: str,
        *,
        secret: Callable[[], str],
        dynamodb: "DynamoDBClient",
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._secret = secret
        self._dynamodb = dynamodb
        self._pause = pause

    @classmethod
    def from_environment(cls) -> Self:
        """Return the memory that this function's environment names."""
        settings = function_settings(ENV_MEMORY_TABLE, ENV_MEMORY_SECRET)
        return cls(
            settings.memory_table,
            secret=Secret.from_id(settings.memory_secret).generated_text,
            dynamodb=clients.dynamodb(),
        )

    def id_of(self, provider: str, type_: str, match_key: str) -> str:
        """Return the id under which the verdict of a value is kept."""
        text = json.dumps([provider, type_, match_key])
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()

    def recall(self, ids: Iterable[str], *, now: float) -> dict[str, RememberedVerdict]:
        """Return the verdicts by id that are there, and have not expired.

        Raises:
            AwsUnavailable, AwsRefused: DynamoDB did not return them.
        """
        unique = [*dict.fromkeys(ids)]
        found: dict[str, RememberedVerdict] = {}
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            for items in pool.map(self._read, _parts(unique, _READ_AT_ONCE)):
                for item in items:
                    values = from_attributes(item)
                    # DynamoDB deletes what has expired within days, not at once.
                    if float(values["expires_at"]) > now:
                        found[str(values[_KEY])] = _verdict(values)
        return found

    def remember(
        self, verdicts: Mapping[str, RememberedVerdict], *, seconds: float
    ) -> int:
        """Keep verdicts for so long after they were given; return how many are kept.

        A verdict of the same value is replaced. What is too large is not kept.

        Raises:
            AwsUnavailable, AwsRefused: DynamoDB did not accept all of them.
        """
        puts = [
            {"PutRequest": {"Item": item}}
            for id_, verdict in verdicts.items()
            if (item := _item(id_, verdict, seconds=seconds))
        ]
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            for _ in pool.map(self._write, _parts(puts, _WRITTEN_AT_ONCE)):
                pass
        return len(puts)

    def forget(self, ids: Iterable[str]) -> int:
        """Delete verdicts by id; return how many there were.

        Raises:
            AwsUnavailable, AwsRefused: DynamoDB has not deleted all of them.
        """
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            return sum(pool.map(self._delete, dict.fromkeys(ids)))

    @cached_property
    def _hash_key(self) -> bytes:
        return self._secret().encode()

    def _read(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        items: list[Mapping[str, Any]] = []
        keys: list[Any] = [{_KEY: {"S": id_}} for id_ in ids]
        for pause in _pauses():
            with translate_aws_errors("read remembered verdicts"):
                response = self._dynamodb.batch_get_item(
                    # A verdict that was forgotten a moment ago must not come back.
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            items += response["Responses"].get(self._table, [])
            left: Any = response.get("UnprocessedKeys") or {}
            if not left:
                return items
            keys = [*left[self._table]["Keys"]]
            self._pause(pause)
        raise AwsUnavailable("could not read remembered verdicts: unprocessed")

    def _write(self, puts: Sequence[Any]) -> None:
        for pause in _pauses():
            with translate_aws_errors("remember verdicts"):
                response = self._dynamodb.batch_write_item(
                    RequestItems={self._table: [*puts]}
                )
            left: Any = response.get("UnprocessedItems") or {}
            if not left:
                return
            puts = left[self._table]
            self._pause(pause)
        raise AwsUnavailable("could not remember verdicts: unprocessed")

    def _delete(self, id_: str) -> int:
        with translate_aws_errors("forget a verdict"):
            response = self._dynamodb.delete_item(
                TableName=self._table, Key={_KEY: {"S": id_}}, ReturnValues="ALL_OLD"
            )
        return int(bool(response.get("Attributes")))


def _item(id_: str, verdict: RememberedVerdict, *, seconds: float) -> dict[str, Any]:
    """Return the item of a verdict; empty if it is too large."""
    row = json.dumps(verdict.row)
    if len(row) > _MAX_ROW_BYTES:
        return {}
    values: dict[str, Value] = {
        _KEY: id_,
        "list": verdict.list,
        "row": row,
        "verified_at": verdict.verified_at,
        "job_id": verdict.job_id,
        "expires_at": int(verdict.verified_at + seconds),
    }
    return {name: to_attribute(value) for name, value in values.items()}


def _verdict(values: Mapping[str, str | float]) -> RememberedVerdict:
    return RememberedVerdict(
        list=str(values["list"]),
        row=json.loads(str(values["row"])),
        verified_at=float(values["verified_at"]),
        job_id=str(values["job_id"]),
    )


def _pauses() -> Iterable[float]:
    return (_FIRST_PAUSE * 2**number for number in range(_ROUNDS))


def _parts(values: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (values[at : at + size] for at in range(0, len(values), size))
