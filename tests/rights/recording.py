"""Recording: run everything that people do with the product, and note each call.

Besides the scenarios of the fault tests these are the API's other routes, an execution
that a person stops, a list that comes again, a webhook that comes early, a batch whose
failed rows are retried, a job that is checked now, and one that ends late. In each of
them every kind of call fails once, because some calls are only made after a failure.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from urllib.parse import unquote, urlsplit

from functions.core.model import Job
from local.simulators.faults import Answer
from local.simulators.txncheck import RequestOutcome
from tests.faults.scenarios import LIST, REQUEST, SCENARIOS, Scenario
from tests.world.injection import Fault, Mode
from tests.world.site import Site
from tests.world.world import AwsCall, World

_IPQS = SCENARIOS["ipqs-list"].behaviour
_LIST_KEY = "ipqs/email/june list.csv"
_REQUEST_KEY = "txncheck/full-check/one person.json"
_BATCH_KEY = "txncheck/kyc-by-mobile/two people.csv"
_FAILING = b"mobile\n+919800000001\n+919800000008\n"


def record(site: Site) -> list[AwsCall]:
    """Return the calls of all scenarios, with and without failures."""
    calls: list[AwsCall] = []
    failed: set[str] = set()
    for scenario in _ALL:
        world = _run(site, scenario)
        calls += world.aws_calls
        for at, name in enumerate(world.injector.calls):
            if name not in failed:
                failed.add(name)
                for mode in (Mode.ERROR_BEFORE, Mode.ERROR_AFTER):
                    calls += _run(site, scenario, Fault(at, mode)).aws_calls
    return calls


def _run(site: Site, scenario: Scenario, *faults: Fault) -> World:
    world = World(site, faults, **scenario.options)
    scenario.behave(site)
    scenario.act(world)
    return world


def _use_routes(world: World) -> Job:
    """Use the routes of the API on a job that is delivered."""
    for provider, type_ in (("ipqs", "email"), ("txncheck", "full-check")):
        upload = {"provider": provider, "type": type_}
        form = world.call_api("POST", "/uploads", upload).document
        _sign(world, "PutObject", world.inbox, form.get("key", ""))
    job = world.upload(_LIST_KEY, LIST, announce=False)
    for _ in range(2):
        world.start_job(job, idempotency_key="one")
    world.run(until_state="Wait")
    world.retry(job)  # which is refused, because it runs
    world.check(job)
    world.run()
    for path in ("", "/timeline", "/results", "/error"):
        document = world.call_api("GET", f"/jobs/{job.job_id}{path}").document
        for link in _links(document):
            url = urlsplit(link)
            bucket = url.netloc.partition(".")[0]
            _sign(world, "GetObject", bucket, unquote(url.path[1:]))
    world.call_api("GET", "/jobs")
    world.call_api("POST", f"/jobs/{job.job_id}/erase")
    return job


def _sign(world: World, operation: str, bucket: str, key: str) -> None:
    """Note the call that the holder of a signed request of the API makes."""
    parameters = {"Bucket": bucket, "Key": key}
    call = AwsCall(
        caller="api",
        service="s3",
        operation=operation,
        parameters=parameters,
        signed_only=True,
    )
    world.aws_calls.append(call)


def _links(document: object) -> Iterator[str]:
    if isinstance(document, Mapping):
        document = [*document.values()]
    if isinstance(document, list):
        for each in document:
            yield from _links(each)
    if isinstance(document, str) and "X-Amz-Signature=" in document:
        yield document


def _stop(world: World) -> Job:
    """Start a second execution by hand, which ends, and stop the first one."""
    job = world.upload(_LIST_KEY, LIST)
    world.run(until_state="Wait")
    world.start_execution(job, name="by-hand")
    world.run(seconds=1.0)
    world.stop_execution(job.execution_name)
    world.run()
    return job


def _retry_batch(world: World) -> Job:
    """Send a batch of which one row fails for a while, and retry that row."""
    job = world.upload(_BATCH_KEY, _FAILING)
    world.run()
    world.retry(job)
    world.run()
    world.call_api("POST", f"/jobs/{job.job_id}/erase")
    return job


def _end_late(world: World, key: str, content: bytes) -> Job:
    """Let a job time out, end at its provider after that, and be swept."""
    job = world.upload(key, content)
    deadline = world.deployment.providers[job.provider].poll.deadline_seconds
    world.run(until_state="Wait")
    world.site.clock.advance(deadline)
    world.run()
    for seconds_processing in (1e9, 0.0):  # it has not ended, and it has
        simulator = getattr(world.site, job.provider)
        simulator.behave(seconds_processing=seconds_processing)
        world.site.clock.advance(deadline)
        world.sweep()
    world.run()
    return job


def _upload_again(world: World) -> Job:
    """Upload a list again after it was verified, as an edit of its metadata does."""
    world.upload(_LIST_KEY, LIST)
    world.run()
    job = world.upload(_LIST_KEY, LIST)
    world.run()
    return job


def _approve_early(world: World) -> Job:
    """Approve a list whose execution was stopped, and let it wait once more."""
    job = world.upload(_LIST_KEY, LIST, metadata={"courier-quote": "yes"})
    world.run(until_state="Approve")
    world.stop_execution(job.execution_name)
    world.approve(job)
    world.redrive(job.execution_name)
    world.run()
    return job


def _remember(world: World) -> Job:
    """Verify a list, and another one of which a value is remembered."""
    world.upload(_LIST_KEY, LIST)
    world.run()
    job = world.upload(f"{_LIST_KEY}.csv", LIST + b"one.more@rows.example\n")
    world.run()
    forgotten = {"provider": "ipqs", "type": "email", "values": ["a@rows.example"]}
    world.call_api("POST", "/memory/forget", forgotten)
    return job


def _send(world: World) -> Job:
    """Send a request."""
    job = world.upload(_REQUEST_KEY, REQUEST)
    world.run()
    return job


def _wake(world: World) -> Job:
    """End the wait of a request whose webhook does not come, by hand."""
    job = world.upload(_REQUEST_KEY, REQUEST)
    world.run(until_state="Listen")
    for _ in range(2):  # the second one comes too soon
        world.check(job)
    world.run()
    return job


def _decline(world: World) -> Job:
    """Send a request that the provider declines, and ask for its words."""
    job = world.upload(_REQUEST_KEY, REQUEST)
    world.run(until_state="Wait")
    world.check(job)
    world.run()
    document = world.call_api("GET", f"/jobs/{job.job_id}/error").document
    _sign(world, "GetObject", world.results, document.get("key", ""))
    return job


def _reject(world: World) -> Job:
    """Send a request that the provider refuses to take."""
    refusal = {"statusCode": 400, "message": "No", "error": "Bad Request"}
    world.site.txncheck.script("submit", [Answer.json(refusal, 400)] * 9)
    return _send(world)


#: Prepare counts what a job sends, and Submit what was approved.
_BUDGET = {"settings": {"ipqs": {"daily_values": 1000}}}
#: In this order, because each call fails in the first scenario that makes it.
_ALL = (
    Scenario(
        name="early-webhook",
        provider="txncheck",
        act=_send,
        behaviour={"seconds_queued": 0.0, "seconds_processing": 0.0},
        options={"webhooks": True},
    ),
    Scenario(
        name="woken",
        provider="txncheck",
        act=_wake,
        behaviour={"seconds_queued": 1.0, "seconds_processing": 1.0},
        options={"webhooks": True, "lost_webhooks": 99},
    ),
    Scenario(name="routes", provider="ipqs", act=_use_routes, behaviour=_IPQS),
    Scenario(
        name="remembered",
        provider="ipqs",
        act=_remember,
        behaviour=_IPQS,
        options={"remember_days": 30},
    ),
    Scenario(
        name="again",
        provider="ipqs",
        act=_upload_again,
        behaviour=_IPQS,
        options=_BUDGET,
    ),
    Scenario(
        name="approved",
        provider="ipqs",
        act=_approve_early,
        behaviour=_IPQS,
        options=_BUDGET,
    ),
    Scenario(name="stop", provider="ipqs", act=_stop, behaviour=_IPQS),
    *SCENARIOS.values(),
    Scenario(
        name="retried-batch",
        provider="txncheck",
        act=_retry_batch,
        behaviour={"seconds_queued": 1.0, "seconds_processing": 1.0},
    ),
    Scenario(
        name="declined",
        provider="txncheck",
        act=_decline,
        behaviour={"ends": RequestOutcome.BUSINESS_ERROR},
    ),
    Scenario(
        name="rejected",
        provider="txncheck",
        act=_reject,
        behaviour={},
    ),
    Scenario(
        name="late-list",
        provider="ipqs",
        act=partial(_end_late, key=_LIST_KEY, content=LIST),
        behaviour={**_IPQS, "seconds_processing": 1e9},
    ),
    Scenario(
        name="late-request",
        provider="txncheck",
        act=partial(_end_late, key=_REQUEST_KEY, content=REQUEST),
        behaviour={"seconds_processing": 1e9},
    ),
)
