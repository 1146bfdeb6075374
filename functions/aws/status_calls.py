"""Status calls: let the function that has the providers' keys ask for a status."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ReadTimeoutError

from functions.aws import clients
from functions.aws.clients import translate_aws_errors
from functions.aws.settings import function_settings
from functions.core.errors import AwsUnavailable, ProviderUnavailable
from functions.core.keys import ENV_CHECK_FUNCTION
from functions.core.model import Job

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True, kw_only=True)
class StatusAnswer:
    """What came of one call: a phase, or the name of an error.

    `hint_seconds` is for how long the provider asks not to be called, 0 if it does not.
    """

    phase: str = ""
    error: str = ""
    hint_seconds: float = 0.0

    def to_document(self) -> dict[str, Any]:
        """Return the answer as a JSON object."""
        return asdict(self)


class StatusCalls:
    """The function that calls providers for a status, and has no other right."""

    def __init__(self, function: str, *, lambda_client: "LambdaClient") -> None:
        self._function = function
        self._lambda = lambda_client

    @classmethod
    def from_environment(cls) -> Self:
        """Return the function that this function's environment names."""
        function = function_settings(ENV_CHECK_FUNCTION).check_function
        return cls(function, lambda_client=clients.lambda_())

    def ask(self, job: Job) -> StatusAnswer:
        """Ask once for the status of a job at its provider.

        Raises:
            AwsUnavailable: The function could not be called, or failed.
        """
        # No more than the adapter needs: the object's key may name a person.
        question = {
            "job_id": job.job_id,
            "provider": job.provider,
            "type": job.type,
            "provider_ref": job.provider_ref,
            "name": job.file_name,
        }
        with translate_aws_errors("ask for a status"):
            try:
                response = self._lambda.invoke(
                    FunctionName=self._function, Payload=json.dumps(question).encode()
                )
                answer = json.loads(response["Payload"].read())
            except ReadTimeoutError:
                return StatusAnswer(error=ProviderUnavailable.__name__)
        if response.get("FunctionError"):
            raise AwsUnavailable("the function that asks for a status failed")
        return StatusAnswer(**answer)
