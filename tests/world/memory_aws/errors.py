"""Errors: what the in-memory AWS raises, as an answer of AWS or about a test."""


class ServiceError(Exception):
    """An error response of a service, with its code and HTTP status.

    `members` are further members of the response, next to the error.
    """

    def __init__(
        self, code: str, message: str = "", *, status: int = 400, **members: object
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class NotModelled(AssertionError):
    """The product uses something that the in-memory AWS does not know.

    A test fails with it: extend the model, and its comparison with the emulator.
    """
