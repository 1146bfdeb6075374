"""What CloudFormation makes of a template's properties."""

import json
from typing import Any

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

Props = dict[str, Any]


def reserved_concurrency() -> None:
    """Apply ReservedConcurrentExecutions of a function in a template.

    MiniStack drops it.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    create, update = handlers["create"], handlers["update"]

    def reserve(props: Props, created: tuple[str, Props]) -> tuple[str, Props]:
        function = provisioners._lambda_svc._functions[created[0]]
        reserved = props.get("ReservedConcurrentExecutions")
        function["concurrency"] = None if reserved is None else int(reserved)
        return created

    def created(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
        return reserve(props, create(logical_id, props, stack))

    def updated(
        physical_id: str, old: Props, new: Props, stack: str, logical_id: str | None
    ) -> tuple[str, Props]:
        return reserve(new, update(physical_id, old, new, stack, logical_id))

    handlers.update(create=created, update=updated)


def secret_reference() -> None:
    """Let Ref of a secret be its ARN, which is what policies grant access to.

    To MiniStack it is the name.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update = handlers["create"], handlers["update"]
    delete = handlers["delete"]

    def created(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
        _, attributes = create(logical_id, props, stack)
        return attributes["Arn"], attributes

    def updated(
        physical_id: str, old: Props, new: Props, stack: str, logical_id: str | None
    ) -> tuple[str, Props]:
        _, attributes = update(_secret_name(physical_id), old, new, stack, logical_id)
        return attributes["Arn"], attributes

    def deleted(physical_id: str, props: Props) -> None:
        delete(_secret_name(physical_id), props)

    handlers.update(create=created, update=updated, delete=deleted)


def request_validators() -> None:
    """Validate requests as the API's template says.

    MiniStack invents an id for the validator and does not give it to the method.
    """
    validator = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RequestValidator"]
    method = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::Method"]
    create_method = method["create"]

    def create_validator(
        logical_id: str, props: Props, _stack: str
    ) -> tuple[str, Props]:
        _, _, body = apigateway_v1._create_request_validator(
            props["RestApiId"],
            {
                "name": props.get("Name", logical_id),
                "validateRequestBody": _true(props.get("ValidateRequestBody")),
                "validateRequestParameters": _true(
                    props.get("ValidateRequestParameters")
                ),
            },
        )
        created = json.loads(body)["id"]
        return created, {"RequestValidatorId": created}

    def created(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
        result: tuple[str, Props] = create_method(logical_id, props, stack)
        if "RequestValidatorId" in props:
            resource = apigateway_v1._resources[props["RestApiId"]][props["ResourceId"]]
            methods = resource["resourceMethods"]
            methods[props["HttpMethod"]]["requestValidatorId"] = props[
                "RequestValidatorId"
            ]
        return result

    validator["create"], method["create"] = create_validator, created


def _secret_name(physical_id: str) -> str:
    """The name in an ARN, which ends with six characters of its own."""
    return physical_id.rpartition(":secret:")[2].rpartition("-")[0]


def _true(value: object) -> bool:
    return str(value).lower() == "true"
