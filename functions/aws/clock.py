"""Clock: the time that the handlers pass to the steps."""

import time
from contextlib import suppress

from botocore.exceptions import ClientError

from functions.aws import aws_time, clients
from functions.aws.clients import translate_aws_errors


def now() -> float:
    """Return the time in Unix seconds, by AWS' clock.

    Functions compare times that others of them stored, and the clocks of their
    machines may differ. So the clock of those who answer all of them counts.

    Raises:
        AwsUnavailable: This environment has had no answer of AWS yet, and gets none.
    """
    if not aws_time.offset.is_known:
        with translate_aws_errors("ask for the time"), suppress(ClientError):
            # The one call that needs no right; a refusal has a date, too.
            clients.sts().get_caller_identity()
    return time.time() + aws_time.offset.seconds
