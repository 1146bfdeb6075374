"""Error details: build the document of what a provider said about a failed job.

A provider's message may repeat the request, and is personal data then: it is written
into the results bucket, and nowhere else.
"""

import json
from collections.abc import Mapping
from typing import Any

from functions.core.errors import ProviderDeclined, ProviderFailed, ProviderRejected
from functions.core.model import Job

#: The errors of which a provider may say more than their names do.
REPORTED_ERRORS = (
    ProviderDeclined.__name__,
    ProviderFailed.__name__,
    ProviderRejected.__name__,
)

_WHOLE_REQUEST = "request"


def error_document(job: Job, errors: Mapping[str, Mapping[str, str]]) -> bytes:
    """Return the details of a job's error; `errors` are those of a `StatusReport`."""
    texts = [
        error["message"] if step == _WHOLE_REQUEST else f"{step}: {error['message']}"
        for step, error in errors.items()
        if "message" in error
    ]
    document = {
        "job_id": job.job_id,
        "provider": job.provider,
        "type": job.type,
        "provider_ref": job.provider_ref,
        "error": job.error,
        "message": "; ".join(texts),
        "errors": errors,
    }
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def details_for_row(document: bytes) -> dict[str, Any]:
    """Return what a document adds to the line of a row whose request failed."""
    parsed = json.loads(document)
    return {name: parsed[name] for name in ("message", "errors")}
