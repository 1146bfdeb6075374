"""The sns:publish integration of Step Functions."""

import re
from typing import Any

from ministack.services import sns
from ministack.services import stepfunctions as sfn


def message_attributes() -> None:
    """Publish with the MessageAttributes that a state gives.

    Subscriptions filter by them; MiniStack drops them. An error has SNS' own
    name, as in AWS, where MiniStack has one for all.
    """
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = _publish


def _publish(_resource: str, data: dict[str, Any]) -> dict[str, str]:
    status, _, body = sns._publish({**data, **_as_query(data)})
    text = body.decode() if isinstance(body, bytes) else body
    if status >= 400:  # noqa: PLR2004 - HTTP
        code = _element("Code", text).removesuffix("Exception")
        raise sfn._ExecutionError(f"SNS.{code}Exception", _element("Message", text))
    return {"MessageId": _element("MessageId", text)}


def _as_query(data: dict[str, Any]) -> dict[str, Any]:
    """The attributes as SNS' query protocol numbers them."""
    query: dict[str, Any] = {}
    attributes = data.get("MessageAttributes") or {}
    for number, (name, value) in enumerate(attributes.items(), start=1):
        entry = f"MessageAttributes.entry.{number}"
        query[f"{entry}.Name"] = name
        for field, content in value.items():
            query[f"{entry}.Value.{field}"] = content
    return query


def _element(name: str, xml: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", xml, re.DOTALL)
    return found.group(1) if found else ""
