"""Create boto3 clients of an emulator, independent of this machine's AWS settings."""

import functools
import os
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"


# Creating a client takes a second of CPU, and threads can share it.
# boto3-stubs derives a client's type from the literal name of its service, which
# is known only at run time here, so callers annotate the result.
@functools.cache
def client(endpoint: str, service: str) -> Any:  # noqa: ANN401 - see above
    """Return a client of one service, with invented credentials and path-style URLs."""
    core = botocore.session.Session(
        # No profile and no configuration file: the developer's own may be missing,
        # or lead to a real account.
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
