"""Lambda invocation: what AWS passes to a handler that is called in this process."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext


class InvocationContext(LambdaContext):
    """The context of an invocation with 15 minutes left."""

    def __init__(self) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
        self._aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(  # type: ignore[override]  # Lambda has no static
        self,
    ) -> int:
        """Return the time until Lambda ends the function."""
        return 900_000


def get_event(path: str, query: Any = None, job_id: str = "") -> dict[str, Any]:  # noqa: ANN401 - as API Gateway sends it
    """Return API Gateway's event of a GET request; `query` has a list for each name."""
    return {
        "path": path,
        "resource": path.replace(f"/jobs/{job_id}", "/jobs/{job_id}")
        if job_id
        else path,
        "httpMethod": "GET",
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": query,
        "pathParameters": {"job_id": job_id} if job_id else None,
        "requestContext": {"path": f"/local{path}", "stage": "local", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }
