"""Event source mappings of functions."""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local.emulator.authorization import refusal
from local.emulator.corrections.ministack_types import Props, Response


def visibility_timeout() -> None:
    """Refuse to read from a queue that shows a message again before a call has ended.

    AWS: the queue's visibility time-out must not be below the function's time-out.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html,
    the words in https://github.com/hashicorp/terraform-provider-aws/issues/18099
    MiniStack: accepts it.
    """
    _refuse(_short_visibility)


def polling_role() -> None:
    """Let a function read from a queue, and send its failures, as its role allows.

    AWS: Lambda polls by the function's role, and refuses a mapping without its rights.
    It sends to the destination of failures by that role, too.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html,
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html,
    the words in https://github.com/aws/aws-cdk/issues/6770
    MiniStack: asks for no right.
    """
    _refuse(_missing_right)
    route = lambda_svc._route_async_failure

    def route_failure(target: str, function: str, *args: object) -> None:
        role = lambda_svc._functions[function]["config"]["Role"]
        if ":sqs:" not in target or not refusal(role, "sqs:SendMessage", target):
            route(target, function, *args)

    lambda_svc._route_async_failure = route_failure


def _refuse(problem_of: Callable[[str, str], str]) -> None:
    """Refuse a mapping of a function and a source that have a problem."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, create_resource = lambda_svc._create_esm, handlers["create"]

    def create_mapping(data: dict[str, Any]) -> Response:
        problem = problem_of(data["FunctionName"], data.get("EventSourceArn", ""))
        if problem:
            return error_response_json("InvalidParameterValueException", problem, 400)
        return create(data)

    def create_mapping_of_template(
        logical_id: str, props: Props, stack: str
    ) -> tuple[str, Props]:
        problem = problem_of(props["FunctionName"], props.get("EventSourceArn", ""))
        if problem:
            raise ValueError(problem)
        created: tuple[str, Props] = create_resource(logical_id, props, stack)
        return created

    lambda_svc._create_esm = create_mapping
    handlers["create"] = create_mapping_of_template


def _missing_right(function: str, source: str) -> str:
    """Return what the function's role may not do with a queue, or an empty text."""
    found = lambda_svc._functions.get(function.rpartition(":function:")[2])
    for call in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        if found and ":sqs:" in source:
            role = found["config"]["Role"]
            if refusal(role, f"sqs:{call}", source):
                return (
                    "The provided execution role does not have permissions to call "
                    f"{call} on SQS"
                )
    return ""


def _short_visibility(function: str, source: str) -> str:
    """Return that messages of a queue show too early again, or an empty text."""
    found = lambda_svc._functions.get(function.rpartition(":function:")[2])
    name = source.rpartition(":")[2]
    queues = [queue for queue in sqs._queues.values() if queue["name"] == name]
    if not found or not queues or ":sqs:" not in source:
        return ""
    visible_after = int(queues[0]["attributes"]["VisibilityTimeout"])
    timeout = int(found["config"]["Timeout"])
    if visible_after >= timeout:
        return ""
    return (
        f"Queue visibility timeout: {visible_after} seconds is less than "
        f"Function timeout: {timeout} seconds"
    )
