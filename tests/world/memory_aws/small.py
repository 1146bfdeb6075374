"""Small services in memory: Lambda, Secrets Manager, SNS and STS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from tests.world.memory_aws.errors import ServiceError
from tests.world.memory_aws.service import Parameters, Service, operation

_MAX_MESSAGE_BYTES = 256 * 1024


@dataclass
class SecretsManager(Service):
    """The secrets of one account by id; None is a secret without a value."""

    name = "secretsmanager"

    secrets: dict[str, str | None] = field(default_factory=dict)

    @operation("SecretId", "VersionStage", "VersionId")
    def get_secret_value(self, call: Parameters) -> Mapping[str, Any]:
        """Return the current value of a secret."""
        text = self.secrets.get(call["SecretId"])
        if text is None:
            raise ServiceError("ResourceNotFoundException", "no such secret or value")
        return {
            "ARN": call["SecretId"],
            "Name": call["SecretId"],
            "SecretString": text,
            "VersionStages": ["AWSCURRENT"],
        }


@dataclass
class Sns(Service):
    """Topics, and the messages published to them in their order."""

    name = "sns"

    topics: frozenset[str] = frozenset()
    messages: list[Mapping[str, Any]] = field(default_factory=list)
    on_publish: Callable[[Parameters], None] = lambda _message: None

    @operation("TopicArn", "Message", "MessageAttributes", "Subject")
    def publish(self, call: Parameters) -> Mapping[str, Any]:
        """Publish a message."""
        if call["TopicArn"] not in self.topics:
            raise ServiceError("NotFound", "no such topic", status=404)
        if not call["Message"]:
            raise ServiceError("InvalidParameter", "the message is empty")
        for attribute in call.get("MessageAttributes", {}).values():
            if not attribute.get("StringValue"):
                raise ServiceError("ParameterValueInvalid", "an attribute is empty")
        if len(str(call["Message"]).encode()) > _MAX_MESSAGE_BYTES:
            raise ServiceError("InvalidParameter", "the message is too long")
        self.messages.append(dict(call))
        self.on_publish(call)
        return {"MessageId": f"message-{len(self.messages)}"}


@dataclass
class Functions(Service):
    """The functions of one account; `run` runs one, and returns its JSON.

    It returns None for a function that failed, as Lambda says no more to its caller.
    """

    name = "lambda"

    run: Callable[[str, Any], Any] = lambda _function, _event: None

    @operation("FunctionName", "Payload")
    def invoke(self, call: Parameters) -> Mapping[str, Any]:
        """Call a function, and wait for its end."""
        answer = self.run(call["FunctionName"], json.loads(call["Payload"]))
        failed = {"FunctionError": "Unhandled"} if answer is None else {}
        payload = BytesIO(json.dumps(answer).encode())
        return {"StatusCode": 200, "Payload": payload, **failed}


class Sts(Service):
    """Says who calls; the product asks it for the time."""

    name = "sts"

    @operation()
    def get_caller_identity(self, call: Parameters) -> Mapping[str, Any]:  # noqa: ARG002 - as all others
        """Return the account."""
        arn = "arn:aws:sts::000000000000:assumed-role/function/function"
        return {"Account": "000000000000", "Arn": arn, "UserId": "function"}
