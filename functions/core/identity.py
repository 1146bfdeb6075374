"""Identity: compute job ids, the same for the same thing however it is announced."""

import hashlib
import json
import re
from collections.abc import Iterable

_JOB_ID = re.compile(r"[0-9a-f]{64}")
_JOB_ID_PREFIX = re.compile(r"[0-9a-f]{8,64}")


def of_object(bucket: str, key: str, version_id: str) -> str:
    """Return the id of the job for one version of an object; `key` as S3 stores it."""
    return _digest("object", bucket, key, version_id)


def of_reference(provider: str, provider_ref: str) -> str:
    """Return the id of the job for a submission that the provider already has.

    `functions.aws.callbacks` uses it in the key of the job's item in the waits table.
    """
    return _digest("reference", provider, provider_ref)


def of_request(caller: str, idempotency_key: str) -> str:
    """Return the id of the job that an API call asks for in addition to any other.

    0.1.0 made such a job for each idempotency key.
    """
    return _digest("request", caller, idempotency_key)


def of_part(batch_id: str, rows: Iterable[int], *, submission: int = 1) -> str:
    """Return the id of the job for one request of a batch, by its row numbers.

    Each id is submitted once; a retry that sends a request again numbers the
    `submission`.
    The request's number would not do: after a change of settings, a retry can pack
    other rows into that request. Nor would the contents of the rows: they are personal
    data, short enough to be guessed from a hash.
    """
    kind = "part" if submission == 1 else f"part {submission}"
    return _digest(kind, batch_id, *map(str, rows))


def is_job_id(text: str) -> bool:
    """Return whether a text has the form of a job's id."""
    return _JOB_ID.fullmatch(text) is not None


def is_job_id_prefix(text: str) -> bool:
    """Return whether a text has the form of a job's id, or of its first digits."""
    return _JOB_ID_PREFIX.fullmatch(text) is not None


def _digest(*parts: str) -> str:
    # JSON keeps the parts apart, whatever characters they contain. An execution's name
    # has at most 80 characters; these are 64.
    encoded = json.dumps(parts, ensure_ascii=True).encode()
    return hashlib.sha256(encoded).hexdigest()
