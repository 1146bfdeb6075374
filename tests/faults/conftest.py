"""Fixtures of the fault tests: an emulator, simulators and the canary."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws import (
    adapters,
    clients,
    clock,
    secret,
    settings,
    streaming,
    telemetry,
)
from functions.core.model import Job
from local.emulator.clients import REGION
from local.emulator.process import Emulator
from local.lambda_invocation import InvocationContext
from local.simulators.ipqs import IpqsSimulator
from local.simulators.txncheck import TxncheckSimulator
from tests.canary import Canary
from tests.faults import batch_harness
from tests.faults.batch_harness import BatchHarness
from tests.faults.callback_harness import CallbackHarness
from tests.faults.execution_driver import (
    ExecutionDriver,
    LambdaProcess,
    ProcessFactory,
)
from tests.faults.fault_injection import FaultInjector, inject_faults
from tests.faults.harness import KEY, RESULTS, ROWS, TABLE, StepHarness

_LEAST_PART_BYTES = 5 * 1024 * 1024  # that S3 takes
_CACHES = (
    adapters.adapter_for,
    adapters.batch_adapter_for,
    secret._cached_secrets,
    secret._last_rereads,
    settings.function_settings,
)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Run an emulator, and point the functions' AWS clients at it."""
    with (
        Emulator.started(wait_scale=1.0) as started,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {
            # With a numeric host S3 clients put the bucket into the path.
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
            clients.sts,
        ):
            client.cache_clear()


@pytest.fixture(scope="session")
def canary() -> Canary:
    """Return the canary that searches what leaves the functions in this session."""
    personal = (batch_harness.KEY, *batch_harness.NAMES, *batch_harness.MOBILES)
    return Canary((KEY, *ROWS, "canary-rows.example", *personal))


@pytest.fixture(scope="session")
def _session_harness(
    emulator: Emulator,  # noqa: ARG001 - where the clients point
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StepHarness]:
    with (
        IpqsSimulator.started(api_key=KEY) as ipqs,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(clock, "now", ipqs.clock.now)
        # Two buffers of 16 MiB would take longer than the lines of most results here.
        patch.setattr(streaming, "PART_BYTES", _LEAST_PART_BYTES)
        yield StepHarness.create(ipqs, tmp_path_factory.mktemp("expected"))


@pytest.fixture
def harness(_session_harness: StepHarness) -> StepHarness:
    """Return the step harness, its provider reset."""
    _session_harness.reset()
    return _session_harness


@pytest.fixture
def injector(harness: StepHarness) -> Iterator[FaultInjector]:  # noqa: ARG001 - its reset makes calls that do not count
    """Return a fault injector that all AWS calls pass through."""
    injector = FaultInjector()
    with inject_faults(injector):
        yield injector


@pytest.fixture
def new_process(harness: StepHarness) -> ProcessFactory:
    """Return a factory of processes without planned faults."""
    return lambda: LambdaProcess(harness, FaultInjector())


@pytest.fixture
def job(harness: StepHarness) -> Job:
    """Return a new job, its list in the inbox."""
    return harness.upload_list()


@pytest.fixture
def driver(
    harness: StepHarness, injector: FaultInjector, canary: Canary
) -> ExecutionDriver:
    """Return a driver of executions, whose calls pass through the injector."""
    return ExecutionDriver(harness, injector, canary)


@pytest.fixture
def deployed(
    harness: StepHarness, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Set a function's environment and clear its caches, as in a cold start."""
    for name, value in harness.environment.items():
        monkeypatch.setenv(name, value)
    _clear_caches()
    yield monkeypatch
    _clear_caches()


@pytest.fixture(scope="session")
def callbacks(emulator: Emulator) -> CallbackHarness:
    """Return the harness of waits that webhooks can end."""
    return CallbackHarness(emulator)


@pytest.fixture(scope="session")
def _txncheck() -> Iterator[TxncheckSimulator]:
    with TxncheckSimulator.started(api_key=batch_harness.KEY) as txncheck:
        yield txncheck


@pytest.fixture
def batches(
    harness: StepHarness,  # noqa: ARG001 - which creates buckets and table
    _txncheck: TxncheckSimulator,
) -> Iterator[BatchHarness]:
    """Return the batch harness, its provider reset."""
    _txncheck.reset()
    batches = BatchHarness(_txncheck)
    with inject_faults(batches.injector):
        yield batches


@pytest.fixture
def context() -> LambdaContext:
    """Return the context of an invocation."""
    return InvocationContext()


@pytest.fixture(autouse=True)
def log(canary: Canary, capsys: pytest.CaptureFixture[str]) -> Iterator[StringIO]:
    """Return what the functions log, down to DEBUG; the canary searches it."""
    handler = telemetry.logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    level, stream = telemetry.logger.log_level, StringIO()
    before = handler.setStream(stream)
    telemetry.logger.setLevel("DEBUG")
    yield stream
    telemetry.logger.setLevel(level)
    handler.setStream(before)
    metrics = capsys.readouterr()
    canary.search("log", stream.getvalue())
    canary.search("metrics", metrics.out + metrics.err)


@pytest.fixture(scope="session", autouse=True)
def _nothing_leaked(canary: Canary, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the session if a secret got out; search the stores at its end."""
    request.getfixturevalue("_session_harness")
    yield
    search_stores(canary)
    assert not canary.found


def search_stores(canary: Canary) -> None:
    """Search the jobs table, and the keys and metadata of the results."""
    for page in clients.dynamodb().get_paginator("scan").paginate(TableName=TABLE):
        for item in page["Items"]:
            canary.search("table", repr(item))
    for listed in (
        clients.s3().get_paginator("list_objects_v2").paginate(Bucket=RESULTS)
    ):
        for stored in listed.get("Contents", []):
            head = clients.s3().head_object(Bucket=RESULTS, Key=stored["Key"])
            canary.search("object", f"{stored['Key']} {head['Metadata']}")


def _clear_caches() -> None:
    for cached in _CACHES:
        cached.cache_clear()
