"""Upload form: let a client upload one file, which starts its job."""

import uuid
from dataclasses import asdict

from functions.api import presigned, responses
from functions.api.presigned import PresignedUrls
from functions.api.request import ApiRequest
from functions.api.request_schemas import default_file_name
from functions.api.responses import Document
from functions.aws.settings import FunctionSettings
from functions.core.upload_options import metadata_for


def upload_form(
    request: ApiRequest,
    settings: FunctionSettings,
    *,
    presigned_urls: PresignedUrls,
    now: float,
) -> Document:
    """Return a form that uploads one file, under a key of its own."""
    body = request.body
    provider = settings.providers[body["provider"]]
    name = body.get("name", default_file_name(provider.extensions))
    # Of the name, which may be personal data, the key has only the extension.
    extension = next(filter(name.lower().endswith, provider.extensions))
    key = f"{body['provider']}/{body['type']}/{uuid.uuid4().hex}/list{extension}"
    form = presigned_urls.upload_post(
        settings.inbox_bucket,
        key,
        max_bytes=provider.max_source_bytes,
        metadata=metadata_for(body),
    )
    return {
        **asdict(form),
        "expires_at": responses.rfc3339(now + presigned.UPLOAD_SECONDS),
        "max_bytes": provider.max_source_bytes,
        "key": key,
        # The job's id depends on the version id that S3 gives the upload.
        "find_job": {
            "method": "POST",
            "href": request.jobs,
            "body": {
                "key": key,
                "version_id": "x-amz-version-id of S3's answer",
                "name": name,
            },
        },
    }
