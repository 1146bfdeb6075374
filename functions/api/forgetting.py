"""Forgetting: erase the remembered verdicts of values that a person names."""

from functions.api.request import ApiRequest
from functions.api.responses import Document
from functions.api.service import JobService
from functions.aws.verdict_memory import VerdictMemory
from functions.tables.values import match_key, unfit_reason


def forget_values(
    _service: JobService,
    request: ApiRequest,
    *,
    now: float,  # noqa: ARG001 - what has expired is forgotten, too
) -> Document:
    """Erase what is remembered of values; return how many verdicts there were.

    A value stands for all that are the same value in other letters. Of one that does
    not fit the type nothing was ever remembered.
    """
    provider, type_ = request.body["provider"], request.body["type"]
    values = request.body["values"]
    memory = VerdictMemory.from_environment()
    ids = (
        memory.id_of(provider, type_, match_key(type_, value))
        for value in values
        if not unfit_reason(type_, value)
    )
    return {"values": len(values), "forgotten": memory.forget(ids)}
