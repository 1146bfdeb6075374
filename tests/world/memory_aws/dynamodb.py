"""DynamoDB in memory: items with conditions, updates, transactions and queries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.world.memory_aws.errors import NotModelled, ServiceError
from tests.world.memory_aws.expressions import (
    Item,
    Parser,
    Placeholders,
    comparable,
    invalid,
    number,
)
from tests.world.memory_aws.service import Parameters, Service, operation

#: The size of the largest item.
_MAX_ITEM_BYTES = 400 * 1024
#: The most items that a batch reads, and writes.
_MOST_READ, _MOST_WRITTEN = 100, 25
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


@dataclass
class Table:
    """A table, and its indexes with the names of their keys."""

    key: str
    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)


class DynamoDb(Service):
    """The tables of one account, by name."""

    name = "dynamodb"

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables

    @operation("TableName", "Key", "ConsistentRead", "ProjectionExpression")
    def get_item(self, call: Parameters) -> Mapping[str, Any]:
        """Return an item."""
        if "ProjectionExpression" in call:
            raise NotModelled("a projection")
        if not call.get("ConsistentRead"):
            raise NotModelled("a read that may be stale")
        table = self._table(call)
        item = table.items.get(_key(table, call["Key"]))
        return {"Item": dict(item)} if item is not None else {}

    @operation(
        "TableName",
        "Key",
        "UpdateExpression",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
    )
    def update_item(self, call: Parameters) -> Mapping[str, Any]:
        """Change an item, or create it."""
        table, key, old, new = self._updated(call)
        table.items[key] = new
        return _returned(call.get("ReturnValues", "NONE"), old, new)

    @operation(
        "TableName",
        "Item",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
    )
    def put_item(self, call: Parameters) -> Mapping[str, Any]:
        """Replace an item."""
        table, key, _old, new = self._put(call)
        table.items[key] = new
        if call.get("ReturnValues", "NONE") != "NONE":
            raise NotModelled("the old item of a put")
        return {}

    @operation(
        "TableName",
        "Key",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
    )
    def delete_item(self, call: Parameters) -> Mapping[str, Any]:
        """Delete an item."""
        table, key = self._deleted(call)
        old = table.items.pop(key, {})
        return _returned(call.get("ReturnValues", "NONE"), old, {})

    @operation("RequestItems")
    def batch_get_item(self, call: Parameters) -> Mapping[str, Any]:
        """Return items of tables; those that are not there are left out."""
        responses: dict[str, list[Item]] = {}
        for name, wanted in call["RequestItems"].items():
            if not wanted.get("ConsistentRead"):
                raise NotModelled("a read that may be stale")
            table = self._table({"TableName": name})
            keys = [_key(table, key) for key in wanted["Keys"]]
            if not 0 < len(keys) <= _MOST_READ or len({*keys}) != len(keys):
                raise invalid("too many keys, none, or one of them twice")
            found = (table.items.get(key) for key in keys)
            responses[name] = [dict(item) for item in found if item is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    @operation("RequestItems")
    def batch_write_item(self, call: Parameters) -> Mapping[str, Any]:
        """Replace items of tables, without conditions."""
        puts: list[tuple[Table, str, Item]] = []
        for name, requests in call["RequestItems"].items():
            for request in requests:
                if request.keys() != {"PutRequest"}:
                    raise NotModelled("a batch that deletes")
                item = request["PutRequest"]["Item"]
                table, key, _old, new = self._put({"TableName": name, "Item": item})
                puts.append((table, key, new))
        if not 0 < len(puts) <= _MOST_WRITTEN:
            raise invalid("too many items, or none")
        if len({(id(table), key) for table, key, _ in puts}) != len(puts):
            raise invalid("one item twice in a batch")
        for table, key, item in puts:
            table.items[key] = item
        return {"UnprocessedItems": {}}

    @operation("TransactItems", "ClientRequestToken")
    def transact_write_items(self, call: Parameters) -> Mapping[str, Any]:
        """Carry out all of several writes, or none."""
        writes: list[tuple[Table, str, Item | None]] = []
        reasons: list[dict[str, Any]] = []
        for entry in call["TransactItems"]:
            ((kind, each),) = entry.items()
            try:
                writes.append(self._write(kind, each))
                reasons.append({"Code": "None"})
            except ServiceError as error:
                if error.code != "ConditionalCheckFailedException":
                    raise
                reasons.append({"Code": "ConditionalCheckFailed"})
        if len({(id(table), key) for table, key, _ in writes}) != len(writes):
            raise invalid("one item twice in a transaction")
        if any(reason["Code"] != "None" for reason in reasons):
            raise ServiceError(
                "TransactionCanceledException", CancellationReasons=reasons
            )
        for table, key, item in writes:
            if item is None:
                table.items.pop(key, None)
            else:
                table.items[key] = item
        return {}

    @operation(
        "TableName",
        "IndexName",
        "KeyConditionExpression",
        "FilterExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ScanIndexForward",
        "Limit",
        "ExclusiveStartKey",
        "ConsistentRead",
        "ProjectionExpression",
    )
    def query(self, call: Parameters) -> Mapping[str, Any]:
        """Return a page of the items under one key of a table or an index."""
        table = self._table(call)
        index = call.get("IndexName")
        if index is None:
            keys: tuple[str, ...] = (table.key,)
        elif index in table.indexes:
            keys = table.indexes[index]
        else:
            raise invalid("the table does not have the index")
        placeholders = _placeholders(call)
        is_under_key = Parser(call["KeyConditionExpression"], placeholders).condition()
        passes = (
            Parser(call["FilterExpression"], placeholders).condition()
            if "FilterExpression" in call
            else lambda _item: True
        )
        placeholders.check_all_used()

        def position(item: Item) -> tuple[Any, ...]:
            return tuple(comparable(item[name]) for name in (*keys[1:], table.key))

        found = sorted(
            (
                item
                for item in table.items.values()
                if all(name in item for name in keys) and is_under_key(item)
            ),
            key=position,
            reverse=not call.get("ScanIndexForward", True),
        )
        if start := call.get("ExclusiveStartKey"):
            after = position(start)
            forward = call.get("ScanIndexForward", True)
            found = [
                item
                for item in found
                if (position(item) > after if forward else position(item) < after)
            ]
        limit = call.get("Limit", len(found))
        page = found[:limit]
        projected = call.get("ProjectionExpression", "")
        if projected and not projected.replace("_", "").isalnum():
            raise NotModelled("a projection of more than one plain name")
        items = [
            {name: item[name] for name in item if projected in ("", name)}
            for item in page
            if passes(item)
        ]
        response = {"Items": items, "Count": len(items), "ScannedCount": len(page)}
        if "Limit" in call and len(page) == limit:
            last = page[-1]
            names = {table.key, *keys}
            response["LastEvaluatedKey"] = {name: last[name] for name in names}
        return response

    def _write(
        self, kind: str, call: Mapping[str, Any]
    ) -> tuple[Table, str, Item | None]:
        if kind == "Update":
            table, key, _old, new = self._updated(call)
            return table, key, new
        if kind == "Put":
            table, key, _old, new = self._put(call)
            return table, key, new
        if kind == "Delete":
            table, key = self._deleted(call)
            return table, key, None
        if kind == "ConditionCheck":
            table = self._table(call)
            key = _key(table, call["Key"])
            old = table.items.get(key)
            _check(call, old or {}, _placeholders(call), all_used=True)
            return table, key, old
        raise NotModelled(f"{kind} in a transaction")

    def _updated(self, call: Mapping[str, Any]) -> tuple[Table, str, Item, Item]:
        table = self._table(call)
        key = _key(table, call["Key"])
        old = table.items.get(key, {})
        placeholders = _placeholders(call)
        update = (
            Parser(call["UpdateExpression"], placeholders).update()
            if call.get("UpdateExpression")
            else dict
        )
        _check(call, old, placeholders, all_used=True)
        new = update({**old})
        if table.key in new and new[table.key] != call["Key"][table.key]:
            raise invalid("a key cannot be updated")
        return table, key, old, _checked(table, {**call["Key"], **new})

    def _put(self, call: Mapping[str, Any]) -> tuple[Table, str, Item, Item]:
        table = self._table(call)
        new = _checked(table, dict(call["Item"]))
        key = _key(table, {table.key: new[table.key]})
        old = table.items.get(key, {})
        _check(call, old, _placeholders(call), all_used=True)
        return table, key, old, new

    def _deleted(self, call: Mapping[str, Any]) -> tuple[Table, str]:
        table = self._table(call)
        key = _key(table, call["Key"])
        _check(call, table.items.get(key, {}), _placeholders(call), all_used=True)
        return table, key

    def _table(self, call: Mapping[str, Any]) -> Table:
        if call["TableName"] not in self.tables:
            raise ServiceError("ResourceNotFoundException", "no such table")
        return self.tables[call["TableName"]]


def _key(table: Table, key: Mapping[str, Any]) -> str:
    if key.keys() != {table.key} or "S" not in key[table.key]:
        raise invalid("the key does not match the schema")
    value = str(key[table.key]["S"])
    if not value:
        raise invalid("the key is empty")
    return value


def _placeholders(call: Mapping[str, Any]) -> Placeholders:
    for member in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if member in call and not call[member]:
            raise invalid(f"{member} must not be empty")
    return Placeholders(
        call.get("ExpressionAttributeNames", {}),
        call.get("ExpressionAttributeValues", {}),
    )


def _check(
    call: Mapping[str, Any], old: Item, placeholders: Placeholders, *, all_used: bool
) -> None:
    holds = True
    if "ConditionExpression" in call:
        holds = Parser(call["ConditionExpression"], placeholders).condition()(old)
    if all_used:
        placeholders.check_all_used()
    if not holds:
        members: dict[str, Any] = {}
        if call.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and old:
            members["Item"] = dict(old)
        raise ServiceError(
            "ConditionalCheckFailedException",
            "The conditional request failed",
            **members,
        )


def _checked(table: Table, item: Item) -> Item:
    """Return an item with its numbers in DynamoDB's form; refuse what it refuses."""
    checked: Item = {}
    size = 0
    for name, attribute in item.items():
        ((type_, value),) = attribute.items()
        if type_ == "N":
            if not _NUMBER.fullmatch(value):
                raise invalid("a number is not one")
            checked[name] = {"N": number(Decimal(value))}
        else:
            checked[name] = attribute
        size += len(name) + len(str(value).encode())
    for hash_, range_ in table.indexes.values():
        for name, type_ in ((hash_, "S"), (range_, "N")):
            if name in checked and type_ not in checked[name]:
                raise invalid("an index key has the wrong type")
    if size > _MAX_ITEM_BYTES:
        raise invalid("Item size has exceeded the maximum allowed size")
    return checked


def _returned(wanted: str, old: Item, new: Item) -> Mapping[str, Any]:
    if wanted == "NONE":
        return {}
    if wanted == "ALL_NEW":
        return {"Attributes": dict(new)}
    if wanted == "ALL_OLD":
        return {"Attributes": dict(old)} if old else {}
    raise NotModelled(f"ReturnValues={wanted}")
