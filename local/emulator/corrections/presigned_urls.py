"""Presigned URLs of S3."""

from ministack.services import s3

from local.emulator.corrections.ministack_types import Response


def signature_version() -> None:
    """Refuse URLs that are signed by version 2, which MiniStack does not check.

    AWS: buckets made since June 2020 accept version 4 only, and so do objects under
    a key of KMS.
    Source: https://aws.amazon.com/blogs/aws/amazon-s3-update-sigv2-deprecation-period-extended-modified/
    MiniStack: answers a request with any signature of version 2, however old.
    """
    verify = s3._verify_presigned_sigv4

    def verify_presigned(
        method: str,
        path: str,
        headers: dict[str, str],
        query: dict[str, object],
    ) -> Response:
        if s3._qp(query, "AWSAccessKeyId", "") and s3._qp(query, "Signature", ""):
            return s3._error(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. "
                "Please use AWS4-HMAC-SHA256.",
                400,
                path,
            )
        return verify(method, path, headers, query)

    s3._verify_presigned_sigv4 = verify_presigned
