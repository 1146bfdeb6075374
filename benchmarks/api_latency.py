"""API latency: measure the api function with ten thousand jobs in the table.

    python -m benchmarks.api_latency [--jobs 10000] [--calls 300]

The handler runs in this process, with the SDK's own serializing, signing and parsing.
The emulator answers each request of a kind once, and its answer is replayed after that:
what is measured is the function's own time, without the network and the database. The
function waits for nothing else, so that it is the time of the processor, which is the
same on a busy machine.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from statistics import quantiles
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from benchmarks import seed_jobs
from functions.core import keys
from functions.core.provider_settings import to_json
from infra import config
from local.emulator.clients import REGION
from local.emulator.process import Emulator
from local.kept_template import KEPT
from local.lambda_invocation import InvocationContext, get_event

_IPQS = config.stage("dev", config.context()["courier"]).providers["ipqs"]
_API = "functions.api.handler.handler"
#: The bar for a job, and for a page of the size that is usual.
_P95_MILLISECONDS = 10.0
_LARGEST = "100 jobs"


def main() -> int:
    """Call the handler, and print percentiles in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="in the table")
    parser.add_argument("--calls", type=int, default=300, help="of each kind")
    options = parser.parse_args()
    with Emulator.started() as emulator:
        dynamodb = emulator.client("dynamodb")
        seed_jobs.create_jobs(dynamodb, "jobs", count=options.jobs, whole=True)
        os.environ |= {
            # All that the template gives it: what is new as well.
            **_deployed_variables(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{emulator.port}",
            keys.ENV_JOBS_TABLE: "jobs",
            keys.ENV_STATE_MACHINE: "arn:aws:states:us-east-1:0:stateMachine:m",
            keys.ENV_PROVIDERS: json.dumps({"ipqs": to_json(_IPQS)}),
            "POWERTOOLS_LOG_LEVEL": "ERROR",
        }
        # Imported here, because these modules read the environment.
        from functions.api import handler  # noqa: PLC0415 - see above
        from functions.aws import clients  # noqa: PLC0415 - see above

        answers = _Answers(clients.dynamodb().meta.events)
        job_id = seed_jobs.job_id(1)
        day = time.strftime("%Y-%m-%d", time.gmtime(seed_jobs.NOW - 86_400))
        events = {
            "50 jobs": get_event("/jobs", None),
            "50 jobs of a day": get_event("/jobs", {"day": [day]}),
            _LARGEST: get_event("/jobs", {"limit": ["100"]}),
            "failed jobs": get_event("/jobs", {"outcome": ["failed"]}),
            "a job": get_event(f"/jobs/{job_id}", None, job_id),
        }
        print(
            f"{'ms, without AWS':<24}{'p50':>8}{'p95':>8}{'calls':>8}{'KiB read':>10}"
        )
        slowest = 0.0
        for name, event in events.items():
            call = partial(handler.handler, event, InvocationContext())
            p95 = _measure(name, call, answers, count=options.calls)
            slowest = max(slowest, p95) if name != _LARGEST else slowest
    bar = f"the bar is {_P95_MILLISECONDS:.0f}"
    print(f"p95 of all but {_LARGEST}: at most {slowest:.1f} ms, {bar}.")
    return int(slowest > _P95_MILLISECONDS)


def _deployed_variables() -> dict[str, str]:
    """Return the api function's variables, with a name for what only AWS knows."""
    template = json.loads(KEPT.read_text("utf-8"))["template"]
    (variables,) = (
        resource["Properties"]["Environment"]["Variables"]
        for resource in template["Resources"].values()
        if resource["Properties"].get("Handler") == _API
    )
    return {
        name: value if isinstance(value, str) else "unused"
        for name, value in variables.items()
    }


class _Answers:
    """Replays the first answer of DynamoDB to each request, and counts them."""

    def __init__(self, events: Any) -> None:  # noqa: ANN401 - botocore's, without a type
        self.count = self.bytes = 0
        self._known: dict[bytes, dict[str, Any]] = {}
        self._asked = b""
        events.register("before-send.dynamodb", self._replay)
        events.register("response-received.dynamodb", self._keep)

    def _replay(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        body = request.body or b""
        assert isinstance(body, bytes), "the request of a call of DynamoDB"  # noqa: S101 - for the types
        self._asked = body
        known = self._known.get(self._asked)
        if known is None:
            return None
        self.count += 1
        self.bytes += len(known["body"])
        headers, status = known["headers"], known["status_code"]
        return AWSResponse(request.url, status, headers, _Raw(known["body"]))

    def _keep(self, response_dict: dict[str, Any], **_: object) -> None:
        self._known[self._asked] = response_dict


class _Raw(BytesIO):
    """The body of an answer as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self.read()


def _measure(
    name: str, call: Callable[[], dict[str, Any]], answers: _Answers, *, count: int
) -> float:
    call()  # its answers are kept
    answers.count = answers.bytes = 0
    milliseconds = []
    for _ in range(count):
        begin = time.thread_time()
        response = call()
        milliseconds.append((time.thread_time() - begin) * 1000)
        assert response["statusCode"] == 200, response  # noqa: S101, PLR2004 - else it measures nothing
    p50, p95 = (quantiles(milliseconds, n=100)[percent - 1] for percent in (50, 95))
    calls, read = answers.count / count, answers.bytes / count / 1024
    print(f"{name:<24}{p50:>8.1f}{p95:>8.1f}{calls:>8.0f}{read:>10.0f}")
    return p95


if __name__ == "__main__":
    sys.exit(main())
