"""boto3 clients of an emulator, which take nothing from this machine's AWS settings."""

import functools
import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"


# Making one takes a second of CPU, and they can be shared between threads.
# boto3-stubs types a client by the literal name of its service, which is known
# only at run time here; so callers annotate what they get.
@functools.cache
def client(endpoint: str, service: str) -> Any:  # noqa: ANN401 - see above
    """A client of one service, with invented credentials and path-style buckets."""
    core = botocore.session.Session(
        # No profile and no configuration file: a developer's own may be missing
        # here, or real.
        session_vars={
            "config_file": (None, None, os.devnull, None),
            "profile": (None, None, None, None),
        }
    )
    return boto3.session.Session(botocore_session=core).client(
        service,  # type: ignore[call-overload] # any service
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - invented
        config=Config(
            connect_timeout=5,
            proxies={},
            read_timeout=120,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"},
        ),
    )
