"""Resources whose properties or references MiniStack's CloudFormation gets wrong."""

import json

from ministack.services import apigateway_v1
from ministack.services.cloudformation import provisioners

from local.emulator.corrections.ministack_types import Props


def reserved_concurrency() -> None:
    """Apply ReservedConcurrentExecutions of a function in a template.

    AWS: the property reserves concurrency for the function.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html
    MiniStack: ignores it.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    create, update = handlers["create"], handlers["update"]

    def reserve(props: Props, created: tuple[str, Props]) -> tuple[str, Props]:
        function = provisioners._lambda_svc._functions[created[0]]
        reserved = props.get("ReservedConcurrentExecutions")
        function["concurrency"] = None if reserved is None else int(reserved)
        return created

    def create_function(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
        return reserve(props, create(logical_id, props, stack))

    def update_function(
        physical_id: str, old: Props, new: Props, stack: str, logical_id: str | None
    ) -> tuple[str, Props]:
        return reserve(new, update(physical_id, old, new, stack, logical_id))

    handlers.update(create=create_function, update=update_function)


def secret_reference() -> None:
    """Resolve Ref of a secret to its ARN, which policies grant access to.

    AWS: Ref returns the ARN of the secret.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
    MiniStack: resolves Ref to the name.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update = handlers["create"], handlers["update"]
    delete = handlers["delete"]

    def secret_name(arn: str) -> str:
        # The last six characters of the ARN are not part of the name.
        return arn.rpartition(":secret:")[2].rpartition("-")[0]

    def create_secret(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
        _, attributes = create(logical_id, props, stack)
        return attributes["Arn"], attributes

    def update_secret(
        physical_id: str, old: Props, new: Props, stack: str, logical_id: str | None
    ) -> tuple[str, Props]:
        _, attributes = update(secret_name(physical_id), old, new, stack, logical_id)
        return attributes["Arn"], attributes

    def delete_secret(physical_id: str, props: Props) -> None:
        delete(secret_name(physical_id), props)

    handlers.update(create=create_secret, update=update_secret, delete=delete_secret)


def request_validators() -> None:
    """Validate API requests as the template says.

    AWS: a method applies the validator that it refers to.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-requestvalidator.html
    MiniStack: creates no validator, only an id, and does not pass it to the method.
    """
    validator = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RequestValidator"]
    method = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::Method"]
    create = method["create"]

    def create_validator(
        logical_id: str, props: Props, _stack: str
    ) -> tuple[str, Props]:
        flags = {
            f"validateRequest{part}": (
                str(props.get(f"ValidateRequest{part}")).lower() == "true"
            )
            for part in ("Body", "Parameters")
        }
        _, _, body = apigateway_v1._create_request_validator(
            props["RestApiId"], {"name": props.get("Name", logical_id), **flags}
        )
        validator_id = json.loads(body)["id"]
        return validator_id, {"RequestValidatorId": validator_id}

    def create_method(logical_id: str, props: Props, stack: str) -> tuple[str, Props]:
        created: tuple[str, Props] = create(logical_id, props, stack)
        validator_id = props.get("RequestValidatorId")
        if validator_id is not None:
            resource = apigateway_v1._resources[props["RestApiId"]][props["ResourceId"]]
            created_method = resource["resourceMethods"][props["HttpMethod"]]
            created_method["requestValidatorId"] = validator_id
        return created

    validator["create"], method["create"] = create_validator, create_method
