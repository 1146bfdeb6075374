"""Signing: make schemathesis sign its requests, as clients of the API do."""

import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests import PreparedRequest
from requests.auth import AuthBase


class SignedByAws(AuthBase):
    """Signs with the credentials of the local stack."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add AWS Signature Version 4 headers to a request."""
        signed = AWSRequest(method=request.method, url=request.url, data=request.body)
        SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(
            signed
        )
        request.headers.update(signed.headers.items())
        return request


schemathesis.auth.set_from_requests(SignedByAws())
