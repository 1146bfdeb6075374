"""The sns:publish integration of Step Functions."""

import re
from typing import Any

from ministack.services import sns
from ministack.services import stepfunctions as sfn

from local.emulator.corrections.ministack_types import Response

# Step Functions has the names of the SDK's exceptions, of which one has another code.
_EXCEPTIONS = {"ParameterValueInvalid": "InvalidParameterValue"}


def message_attributes() -> None:
    """Publish with MessageAttributes, and report errors under SNS' names.

    AWS: the integration passes the attributes to SNS, where subscriptions filter
    by them, and fails with `SNS.` and the name of SNS' exception.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html
    MiniStack: drops the attributes and has one name for all errors.
    """
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = _publish


def empty_values() -> None:
    """Refuse an empty message, and an attribute whose value is empty.

    AWS: answers InvalidParameter and ParameterValueInvalid.
    Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html and
    https://docs.aws.amazon.com/sns/latest/api/API_MessageAttributeValue.html
    MiniStack: accepts both.
    """
    publish = sns._publish

    def checked(params: dict[str, Any]) -> Response:
        if not sns._p(params, "Message"):
            return sns._error(
                "InvalidParameter", "Invalid parameter: Empty message", 400
            )
        for name, attribute in sns._parse_message_attributes(params).items():
            if not attribute.keys() & {"StringValue", "BinaryValue"}:
                return sns._error(
                    "ParameterValueInvalid",
                    f"The message attribute '{name}' must contain non-empty message "
                    "attribute value for message attribute type "
                    f"'{attribute['DataType']}'.",
                    400,
                )
        return publish(params)

    sns._publish = checked


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
        name = _EXCEPTIONS.get(code, code)
        raise sfn._ExecutionError(f"SNS.{name}Exception", _element("Message", text))
    return {"MessageId": _element("MessageId", text)}


def _element(name: str, xml: str) -> str:
    match = re.search(f"<{name}>([^<]*)</{name}>", xml)
    return match.group(1) if match else ""
