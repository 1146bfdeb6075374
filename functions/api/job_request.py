"""Job request: read which job a request asks for."""

import uuid

from functions.api import problems
from functions.api.request import ApiRequest
from functions.api.request_schemas import LIST_OPTIONS, REMARKS
from functions.aws.settings import FunctionSettings
from functions.core import identity
from functions.core.model import Job
from functions.core.provider_settings import LIST_PROVIDERS
from functions.core.s3_events import S3Object, job_for


def job_from_request(request: ApiRequest, settings: FunctionSettings) -> Job:
    """Return the job that a request asks for, which an upload may have started.

    Its id is that of the object, or of the submission at the provider, whoever asks. A
    `fresh` job has an id of its own, the same for the same caller and idempotency key.

    Raises:
        Problem: The object is not one to verify.
    """
    body = request.body
    job: Job | None
    if "provider_ref" in body:
        job = Job(
            job_id=identity.of_reference(body["provider"], body["provider_ref"]),
            provider=body["provider"],
            type=body["type"],
            provider_ref=body["provider_ref"],
        )
    else:
        uploaded = S3Object(settings.inbox_bucket, body["key"], body["version_id"])
        job = job_for(uploaded, types=settings.types)
        if job is None:
            raise problems.invalid("/key", "names no file to verify")
        for name in LIST_OPTIONS:
            if name in body and job.provider not in LIST_PROVIDERS:
                rule = f"is for lists, which {job.provider} does not take"
                raise problems.invalid(f"/{name}", rule)
    if body.get("fresh"):
        key = request.idempotency_key or uuid.uuid4().hex
        job = job.with_(job_id=identity.of_request(request.caller, key))
    return job


def remarks_of_request(
    request: ApiRequest, settings: FunctionSettings
) -> dict[str, str]:
    """Return what a request says about its job, its name only if names are shown.

    Name and label are for people, and may be personal data: no log, state or key has
    them. `quote_asked` is for Prepare.
    """
    remarks = {name: request.body[name] for name in REMARKS if name in request.body}
    if not settings.show_file_names:
        remarks.pop("name", None)
    if request.body.get("quote"):
        remarks["quote_asked"] = "yes"
    return remarks
