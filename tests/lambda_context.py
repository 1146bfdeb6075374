"""Context: what Lambda tells a function of its invocation."""

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """An invocation with some time left."""

    def __init__(self, *, seconds: float = 900.0) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
        self._aws_request_id = "00000000-0000-4000-8000-000000000000"
        self._seconds = seconds

    def get_remaining_time_in_millis(  # type: ignore[override]  # Lambda has no static
        self,
    ) -> int:
        """The time until Lambda ends the function."""
        return int(self._seconds * 1000)
