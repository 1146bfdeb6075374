"""One emulator and one provider for all fault tests, and the canary over them."""

import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import adapters, clients, clock, secret, settings, telemetry
from functions.core.model import Job
from local.emulator.clients import REGION
from local.emulator.process import Emulator
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.canary import Canary
from tests.faults import batch_harness as people
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import CallbackHarness
from tests.faults.execution_driver import Process, Walk
from tests.faults.fault_injection import FaultInjector, inject_faults
from tests.faults.harness import KEY, RESULTS, ROWS, TABLE, StepHarness
from tests.lambda_context import Context

_CACHES = (
    adapters.adapter,
    adapters.batch_adapter,
    secret._cached_provider,
    settings.function_settings,
)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Run an emulator, and let the functions' own clients talk to it."""
    with (
        Emulator.started(wait_scale=1.0) as started,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {
            # By number: S3's buckets are then part of the path.
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{started.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": "*",
        }.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield started
        for client in (
            clients.s3,
            clients.dynamodb,
            clients.secrets_manager,
            clients.step_functions,
        ):
            client.cache_clear()


@pytest.fixture(scope="session")
def canary() -> Canary:
    """Collect what leaves the functions during the whole session."""
    personal = (people.KEY, *people.NAMES, *people.MOBILES)
    return Canary((KEY, *ROWS, "canary-rows.example", *personal))


@pytest.fixture(scope="session")
def _bench(
    emulator: Emulator,  # noqa: ARG001 - where the clients point
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StepHarness]:
    with (
        IpqsSimulator.started(api_key=KEY) as ipqs,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(clock, "now", ipqs.clock.now)
        yield StepHarness.make(ipqs, tmp_path_factory.mktemp("expected"))


@pytest.fixture
def bench(_bench: StepHarness) -> StepHarness:
    """Give the bench with a provider that has forgotten the test before."""
    _bench.clear()
    return _bench


@pytest.fixture
def effects(bench: StepHarness) -> Iterator[FaultInjector]:
    """Lead every call to the outside through the effects."""
    effects = FaultInjector(bench.ipqs)
    with inject_faults(effects):
        yield effects


@pytest.fixture
def process(bench: StepHarness) -> Callable[[], Process]:
    """Make processes, in which nothing fails but what the test lets fail."""
    return lambda: Process(bench, FaultInjector(bench.ipqs))


@pytest.fixture
def job(bench: StepHarness) -> Job:
    """Give a job whose list has just arrived."""
    return bench.arrive()


@pytest.fixture
def walk(bench: StepHarness, effects: FaultInjector, canary: Canary) -> Walk:
    """Give an execution that has not begun."""
    return Walk(bench, effects, canary)


@pytest.fixture
def deployed(
    bench: StepHarness, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Set the environment of a function, cold: with nothing cached."""
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)
    _forget()
    yield monkeypatch
    _forget()


@pytest.fixture(scope="session")
def waiting(emulator: Emulator) -> CallbackHarness:
    """Give a wait that webhooks can end."""
    return CallbackHarness(emulator)


@pytest.fixture(scope="session")
def _txncheck() -> Iterator[TxncheckSimulator]:
    with TxncheckSimulator.started(api_key=people.KEY) as txncheck:
        yield txncheck


@pytest.fixture
def batches(bench: StepHarness, _txncheck: TxncheckSimulator) -> Iterator[BatchHarness]:
    """Give a place for batches, whose provider has forgotten the test before."""
    _txncheck.reset()
    made = BatchHarness(bench, _txncheck)
    with inject_faults(made.effects):
        yield made


@pytest.fixture
def context() -> LambdaContext:
    """Give an invocation with all of its time left."""
    return Context()


@pytest.fixture(autouse=True)
def logged(canary: Canary, capsys: pytest.CaptureFixture[str]) -> Iterator[StringIO]:
    """Give all that the functions log, down to DEBUG; the canary reads it."""
    handler = telemetry.logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    level, stream = telemetry.logger.log_level, StringIO()
    before = handler.setStream(stream)
    telemetry.logger.setLevel("DEBUG")
    yield stream
    telemetry.logger.setLevel(level)
    handler.setStream(before)
    metrics = capsys.readouterr()
    canary.look("log", stream.getvalue())
    canary.look("metrics", metrics.out + metrics.err)


@pytest.fixture(scope="session", autouse=True)
def _nothing_leaked(canary: Canary, request: pytest.FixtureRequest) -> Iterator[None]:
    """Look, when all is over, into what the functions left behind."""
    request.getfixturevalue("_bench")
    yield
    look_at_stores(canary)
    assert not canary.found


def look_at_stores(canary: Canary) -> None:
    """Look into the jobs table, and at what the results' objects say of themselves."""
    for page in clients.dynamodb().get_paginator("scan").paginate(TableName=TABLE):
        for item in page["Items"]:
            canary.look("ledger", repr(item))
    for listed in (
        clients.s3().get_paginator("list_objects_v2").paginate(Bucket=RESULTS)
    ):
        for found in listed.get("Contents", []):
            told = clients.s3().head_object(Bucket=RESULTS, Key=found["Key"])
            canary.look("object", f"{found['Key']} {told['Metadata']}")


def _forget() -> None:
    for cached in _CACHES:
        cached.cache_clear()
