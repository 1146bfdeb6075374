"""The sns:publish integration of Step Functions."""

import re
from typing import Any

from ministack.services import sns
from ministack.services import stepfunctions as sfn


def message_attributes() -> None:
    """Publish with MessageAttributes, and report errors under SNS' names.

    AWS: the integration passes the attributes to SNS, where subscriptions filter
    by them, and fails with `SNS.` and the name of SNS' exception.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html
    MiniStack: drops the attributes and has one name for all errors.
    """
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = _publish


def _publish(_resource: str, data: dict[str, Any]) -> dict[str, str]:
    parameters = dict(data)
    attributes = data.get("MessageAttributes") or {}
    # SNS' query protocol numbers the attributes.
    for number, (name, value) in enumerate(attributes.items(), start=1):
        entry = f"MessageAttributes.entry.{number}"
        parameters[f"{entry}.Name"] = name
        for field, content in value.items():
            parameters[f"{entry}.Value.{field}"] = content

    status, _, body = sns._publish(parameters)

    text = body.decode() if isinstance(body, bytes) else body
    if status >= 400:  # noqa: PLR2004 - HTTP
        code = _element("Code", text).removesuffix("Exception")
        raise sfn._ExecutionError(f"SNS.{code}Exception", _element("Message", text))
    return {"MessageId": _element("MessageId", text)}


def _element(name: str, xml: str) -> str:
    match = re.search(f"<{name}>([^<]*)</{name}>", xml)
    return match.group(1) if match else ""
