"""Credits left: ask a provider how many credits its account has, if it says so."""

from functions.aws import telemetry
from functions.aws.adapters import credit_adapter_for
from functions.aws.settings import provider_settings
from functions.core.errors import CourierError


def credits_left(provider: str) -> int | None:
    """Return how many credits are left; None where that is not known.

    A quote says so, and no job depends on it: whatever fails is logged, and forgotten.
    """
    if not provider_settings(provider).tells_credits:
        return None
    try:
        return credit_adapter_for(provider).credits_left()
    except CourierError as error:
        telemetry.logger.warning(
            "credits left not known", error=type(error).__name__, reason=str(error)
        )
        return None
