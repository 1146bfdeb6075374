"""Event source mappings of functions."""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local.emulator.corrections.ministack_types import Props, Response


def visibility_timeout() -> None:
    """Refuse to read from a queue that shows a message again before a call has ended.

    AWS: the queue's visibility time-out must not be below the function's time-out.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html,
    the words in https://github.com/hashicorp/terraform-provider-aws/issues/18099
    MiniStack: accepts it.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, create_resource = lambda_svc._create_esm, handlers["create"]

    def create_mapping(data: dict[str, Any]) -> Response:
        problem = _problem(data["FunctionName"], data.get("EventSourceArn", ""))
        if problem:
            return error_response_json("InvalidParameterValueException", problem, 400)
        return create(data)

    def create_mapping_of_template(
        logical_id: str, props: Props, stack: str
    ) -> tuple[str, Props]:
        problem = _problem(props["FunctionName"], props.get("EventSourceArn", ""))
        if problem:
            raise ValueError(problem)
        created: tuple[str, Props] = create_resource(logical_id, props, stack)
        return created

    lambda_svc._create_esm = create_mapping
    handlers["create"] = create_mapping_of_template


def _problem(function: str, source: str) -> str:
    """Return what is wrong with the pair, or an empty text."""
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
