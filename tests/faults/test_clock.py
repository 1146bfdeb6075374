"""Clock: functions on machines with wrong clocks decide as if all had one clock."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from types import SimpleNamespace

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import EndpointConnectionError

from functions import check, conclude, download, listen, manifest, submit, webhook
from functions.aws import aws_time, clients, clock
from functions.aws.aws_time import ClockOffset
from functions.aws.rate_limiter import RateLimiter
from functions.core.errors import AwsUnavailable
from functions.core.model import Job, Next, Outcome
from functions.core.provider_settings import to_json
from functions.core.rate_limit import RateLimit
from local.simulators.faults import Answer
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import TABLE as WAITS
from tests.faults.callback_harness import CallbackHarness
from tests.faults.fault_injection import aws_hook
from tests.faults.harness import SECRET as SECRET_ID
from tests.faults.harness import SETTLE_SECONDS, StepHarness
from tests.faults.test_webhook import SCHEME, SECRET, signed_headers, webhook_body
from tests.world.memory_aws.hook import client_error

#: Starts a new environment on a machine whose clock is ahead by some seconds.
OnMachine = Callable[[float], None]

SKEWS = (-600.0, 600.0)
_NOW = clock.now  # before the fixtures put the simulator's clock there
_names = itertools.count()

pytestmark = [pytest.mark.fault(35), pytest.mark.usefixtures("deployed")]


@pytest.fixture
def on_machine(monkeypatch: pytest.MonkeyPatch) -> OnMachine:
    """Return a function that starts a new environment with a clock that is off."""
    monkeypatch.setattr(clock, "now", _NOW)

    def start(skew: float) -> None:
        skewed = SimpleNamespace(time=lambda: time.time() + skew)
        for module in (clock, aws_time):
            monkeypatch.setattr(module, "time", skewed)
        monkeypatch.setattr(aws_time, "offset", ClockOffset())

    return start


def is_now(seconds: object) -> bool:
    """Return whether a stored time is the real one."""
    return abs(float(str(seconds)) - time.time()) < 10


@pytest.mark.parametrize("skew", SKEWS)
def test_a_job_has_the_times_of_aws(
    harness: StepHarness,
    job: Job,
    context: LambdaContext,
    on_machine: OnMachine,
    skew: float,
) -> None:
    """A user reads them, and its deadline and its expiry are computed from them."""
    on_machine(skew)

    submitted = submit.handler(job.to_state(), context)
    checked = check.handler(submitted, context)
    files = [
        download.handler({"job": checked, "kind": kind, "attempt": 0}, context)
        for kind in checked["kinds"]
    ]
    ended = conclude.handler(
        manifest.handler({**checked, "files": files}, context), context
    )

    assert ended["outcome"] == Outcome.SUCCEEDED
    item = harness.item(job)
    for name in ("received_at", "intent_at", "submitted_at", "finished_at", "ended_at"):
        assert is_now(item[name]), name
    assert is_now(float(item["expires_at"]) - 90 * 86_400)
    assert all(0 <= file["link_age_seconds"] < 5 for file in files)


@pytest.mark.parametrize(
    ("first", "second"), [*itertools.permutations((-600.0, 0.0, 600.0), 2)]
)
def test_no_clock_makes_a_claim_old(
    harness: StepHarness,
    job: Job,
    context: LambdaContext,
    on_machine: OnMachine,
    first: float,
    second: float,
) -> None:
    """An old claim is given up, or paid again, while its upload may be on its way."""
    harness.ipqs.script("upload", [Answer.dropped_before()])
    on_machine(first)
    on_hold = submit.handler(job.to_state(), context)

    on_machine(second)
    again = submit.handler(on_hold, context)

    assert again["next"] == Next.HOLD
    assert 0 < again["wait_seconds"] <= SETTLE_SECONDS
    assert harness.calls("upload") == 1


@pytest.mark.parametrize("skew", SKEWS)
def test_no_clock_makes_others_wait_for_their_slot(
    callbacks: CallbackHarness,  # noqa: ARG001 - which makes the table
    on_machine: OnMachine,
    skew: float,
) -> None:
    """A slot ten minutes ahead would move all later ones there."""
    limit = RateLimit(calls=10, seconds=60, leeway_seconds=5)
    limiter = RateLimiter(
        WAITS, f"skewed-{next(_names)}", limit=limit, dynamodb=clients.dynamodb()
    )
    on_machine(skew)
    limiter.reserve(now=clock.now())
    on_machine(0.0)

    slot_at = limiter.reserve(now=clock.now())

    assert 0 <= slot_at - clock.now() < limit.interval + 1


@pytest.fixture
def signing_provider(
    harness: StepHarness, batches: BatchHarness, deployed: pytest.MonkeyPatch
) -> None:
    """Configure a provider that signs its webhooks."""
    settings = replace(batches.settings, webhook=SCHEME, webhook_secret=SECRET_ID)
    deployed.setenv("COURIER_PROVIDERS", json.dumps({"txncheck": to_json(settings)}))
    deployed.setenv("COURIER_WAITS", WAITS)
    harness.store_secret(json.dumps({"current": SECRET}))


@pytest.mark.usefixtures("signing_provider")
@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize(
    ("late", "status"),
    [
        (0.0, HTTPStatus.NO_CONTENT),
        (280.0, HTTPStatus.NO_CONTENT),
        (-320.0, HTTPStatus.UNAUTHORIZED),
        (-600.0, HTTPStatus.UNAUTHORIZED),
        (600.0, HTTPStatus.UNAUTHORIZED),
    ],
)
def test_a_webhook_is_judged_by_the_time_of_aws(
    callbacks: CallbackHarness,
    context: LambdaContext,
    on_machine: OnMachine,
    skew: float,
    late: float,
    status: HTTPStatus,
) -> None:
    """Otherwise all of the provider's are refused, and an old one is accepted."""
    body = webhook_body(callbacks.new_job().provider_ref)
    headers = signed_headers(body, at=time.time() + late)
    on_machine(skew)

    answer = webhook.handler(
        {
            "pathParameters": {"provider": "txncheck"},
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": body.decode(),
        },
        context,
    )

    assert answer["statusCode"] == status


@pytest.mark.parametrize("skew", SKEWS)
def test_a_stored_token_expires_by_the_time_of_aws(
    callbacks: CallbackHarness,
    context: LambdaContext,
    deployed: pytest.MonkeyPatch,
    on_machine: OnMachine,
    skew: float,
) -> None:
    """DynamoDB deletes it by its own clock."""
    deployed.setenv("COURIER_WAITS", WAITS)
    job = callbacks.new_job()
    callbacks.store.register_token(job, "other", now=time.time())
    expected = float(callbacks.item(job)["expires_at"]["N"])
    on_machine(skew)

    listen.handler({"job": job.to_state(), "token": "token"}, context)

    assert float(callbacks.item(job)["expires_at"]["N"]) == pytest.approx(
        expected, abs=10
    )


def test_aws_is_asked_once_in_an_environment(on_machine: OnMachine) -> None:
    """Each later answer has a date as well."""
    asked: list[str] = []
    on_machine(600.0)

    with aws_hook("before-call.sts", lambda **_: asked.append("asked")):
        first, second = clock.now(), clock.now()

    assert is_now(first)
    assert is_now(second)
    assert asked == ["asked"]


def test_a_refusal_has_a_date_too(on_machine: OnMachine) -> None:
    """AWS refuses the first call of a machine whose clock is off."""
    on_machine(600.0)

    def refuse(parsed: dict[str, object], **_: object) -> None:
        assert parsed
        raise client_error("SignatureDoesNotMatch", 403)

    with aws_hook("after-call.sts", refuse):
        assert is_now(clock.now())


def test_nothing_is_decided_without_a_clock(
    harness: StepHarness, job: Job, context: LambdaContext, on_machine: OnMachine
) -> None:
    """The state machine tries again; a decision by a wrong clock may cost money."""
    on_machine(600.0)

    def break_off(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://aws.example")

    with (
        aws_hook("before-call.sts", break_off),
        pytest.raises(AwsUnavailable),
    ):
        submit.handler(job.to_state(), context)

    assert harness.item(job) == {}
    assert harness.calls("upload") == 0
