"""Check what a stack needs in AWS, without changing or paying anything."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at and what was seen; `ok` is None where nobody can tell."""

    what: str
    ok: bool | None
    seen: str
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class StackAccess:
    """A deployed stack: its name in CloudFormation, its outputs, and AWS around it.

    `client` returns a boto3 client of a service.
    """

    name: str
    outputs: Mapping[str, str]
    client: Callable[[str], Any]


def secrets(stack: StackAccess) -> Iterator[Finding]:
    """Check that each secret is filled, without showing what is in it."""
    for output, name in stack.outputs.items():
        if not output.endswith("SecretArn"):
            continue
        member = "current" if "Webhook" in output else "api_key"
        response = stack.client("secretsmanager").get_secret_value(SecretId=name)
        document = parse_object(response["SecretString"])
        if output.endswith("ReceiverSecretArn"):  # signs, or has Slack's address
            member = "url" if document.get("url") else "current"
        filled = bool(document.get(member))
        yield Finding(
            what=f"secret {output}",
            ok=filled,
            seen=f"has {member}" if filled else f"{member} is empty",
            advice=f'Write {{"{member}": "…"}} into it (docs/deploy.md).',
        )


def dead_letters(stack: StackAccess) -> Iterator[Finding]:
    """Count what could not be handled."""
    for output in stack.outputs:
        if output.endswith("DeadLetterQueueUrl"):
            waiting, _ = _messages(stack, output)
            yield Finding(
                what=output.removesuffix("Url"),
                ok=waiting == 0,
                seen=_counted(waiting),
                advice="Read them, then redrive or delete them (docs/operations.md).",
            )


def queues(stack: StackAccess) -> Iterator[Finding]:
    """Count the uploads that wait for their jobs, which is no fault for a while.

    One that has failed is hidden until it is tried again, as one at work is.
    """
    for output in stack.outputs:
        if output.endswith("QueueUrl") and "DeadLetter" not in output:
            waiting, hidden = _messages(stack, output)
            tried = f", {hidden:,} at work or to be tried again" if hidden else ""
            yield Finding(
                what=output.removesuffix("Url"),
                ok=True if waiting == hidden == 0 else None,
                seen=f"{_counted(waiting)}{tried}",
                advice="Look again in a minute: if there are not fewer by then, see "
                "the errors of intake (docs/operations.md).",
            )


def _messages(stack: StackAccess, output: str) -> tuple[int, int]:
    """Return how many messages a queue has to give, and how many it hides."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[output], AttributeNames=names
    )["Attributes"]
    waiting, hidden = (int(attributes[name]) for name in names)
    return waiting, hidden


def _counted(messages: int) -> str:
    return f"{messages:,} message" + "s" * (messages != 1)


def parse_object(text: str) -> dict[str, Any]:
    """Parse a JSON object; any other JSON, or none, is an empty one."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
