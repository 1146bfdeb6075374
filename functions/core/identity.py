"""Identity: one job for one thing, whoever announces it and however often."""

import hashlib
import json
from collections.abc import Iterable


def of_object(bucket: str, key: str, version_id: str) -> str:
    """Name the job of one version of an object; the key as S3 stores it."""
    return _digest("object", bucket, key, version_id)


def of_reference(provider: str, provider_ref: str) -> str:
    """Name the job of something that is at the provider already."""
    return _digest("reference", provider, provider_ref)


def of_request(caller: str, idempotency_key: str) -> str:
    """Name the job of an API call that carries a key of the caller's own."""
    return _digest("request", caller, idempotency_key)


def of_part(batch_id: str, rows: Iterable[int]) -> str:
    """Name the job of one request of a batch, by the numbers of its rows.

    Not by its own number: where the settings have changed since, other rows are worth
    sending, and that number is another request's. Nor by what the rows hold, which is
    personal, and short enough to be found out.
    """
    return _digest("part", batch_id, *map(str, rows))


def _digest(*parts: str) -> str:
    # JSON keeps the parts apart whatever they contain; 64 hex digits fit into
    # the 80 characters of an execution's name.
    encoded = json.dumps(parts, ensure_ascii=True).encode()
    return hashlib.sha256(encoded).hexdigest()
