"""Lambda functions behave under the emulator as under AWS' runtime."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke, passing
from tests.emulator.polling import until

FAILS = """
    class ProviderThrottled(Exception):
        pass

    def handler(event, context):
        raise ProviderThrottled("slow down")
"""
PID = """
    import os

    def handler(event, context):
        if event == "fail":
            raise ValueError(event)
        return os.getpid()
"""
STUCK = """
    import time

    def handler(event, context):
        print("started", flush=True)
        time.sleep(60)
"""


@pytest.mark.holds("runtime_client")
def test_an_exception_arrives_under_its_own_name(emulator: Emulator) -> None:
    """Retry and Catch match by it; a person reads the rest."""
    name = functions.create(emulator, FAILS)

    error = functions.call(emulator, name)

    assert error["errorType"] == "ProviderThrottled"
    assert error["errorMessage"] == "slow down"
    assert "in handler" in error["stackTrace"][0]


@pytest.mark.holds("runtime_client")
def test_a_state_catches_an_exception_by_its_name(
    emulator: Emulator, machines: Machines
) -> None:
    """The names in the definition are the class names in functions.core.errors."""
    name = functions.create(emulator, FAILS)
    caught = {"ErrorEquals": ["ProviderThrottled"], "Next": "Caught"}

    output = machines.output(
        {"Call": invoke(name, Catch=[caught]), "Caught": passing()}
    )

    assert output["Error"] == "ProviderThrottled"
    assert json.loads(output["Cause"])["errorMessage"] == "slow down"


@pytest.mark.holds("runtime_client")
def test_an_environment_outlives_a_handled_error(emulator: Emulator) -> None:
    """What a module keeps between calls is kept, as in AWS."""
    name = functions.create(emulator, PID)

    first = functions.call(emulator, name)
    functions.call(emulator, name, "fail")

    assert functions.call(emulator, name) == first


@pytest.mark.holds("runtime_client")
def test_a_time_out_is_named_and_logged(emulator: Emulator) -> None:
    """Step Functions knows it as Sandbox.Timedout, and the next call starts anew."""
    name = functions.create(emulator, STUCK, Timeout=1)

    error = functions.call(emulator, name)

    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert any("Task timed out" in line for line in _log(emulator, name))


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        pytest.param(
            "import os\ndef handler(event, context): os._exit(3)",
            "Runtime.ExitError",
            "exit status 3",
            id="exits",
        ),
        pytest.param(
            "import os\ndef handler(event, context): os.kill(os.getpid(), 9)",
            "Runtime.ExitError",
            "signal: kill",
            id="is killed",
        ),
        pytest.param(
            "import nothing_of_that_name",
            "Runtime.ImportModuleError",
            "No module named 'nothing_of_that_name'",
            id="cannot be imported",
        ),
        pytest.param(
            "def other(event, context): ...",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
            id="has no handler",
        ),
        pytest.param(
            "def handler(event, context): return object()",
            "Runtime.MarshalError",
            "not JSON serializable",
            id="returns no JSON",
        ),
        pytest.param(
            "def handler(event, context): return 'x' * 6_300_000",
            "Function.ResponseSizeTooLarge",
            "6291556 bytes",
            id="returns too much",
        ),
    ],
)
@pytest.mark.holds("runtime_client")
def test_names_what_the_runtime_reports(
    emulator: Emulator, source: str, error_type: str, message: str
) -> None:
    """Each way in which a function can end without its handler's word."""
    name = functions.create(emulator, source)

    error = functions.call(emulator, name)

    assert error["errorType"] == error_type
    assert message in error["errorMessage"]


@pytest.mark.holds("runtime_client")
def test_a_handler_finds_what_lambda_reserves(emulator: Emulator) -> None:
    """Powertools and boto3 are configured by these variables."""
    name = functions.create(
        emulator,
        """
        import os

        import boto3

        def handler(event, context):
            boto3.client("sts").get_caller_identity()
            return {
                **os.environ,
                "arn": context.invoked_function_arn,
                "left": context.get_remaining_time_in_millis(),
                "memory": context.memory_limit_in_mb,
            }
        """,
        Environment={"Variables": {"OWN": "value", "AWS_REGION": "elsewhere"}},
        LoggingConfig={"LogGroup": "/courier/logs", "LogFormat": "JSON"},
        MemorySize=512,
        TracingConfig={"Mode": "Active"},
    )

    found: dict[str, Any] = functions.call(emulator, name)

    assert found["OWN"] == "value"
    assert found["AWS_REGION"] == "us-east-1"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == "/courier/logs"
    assert found["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert found["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert found["arn"].endswith(f":function:{name}")
    assert 0 < found["left"] <= 30_000
    assert found["memory"] == "512"


def test_a_handler_does_not_see_the_project(emulator: Emulator) -> None:
    """What is missing from the asset has to be missing here as well."""
    name = functions.create(emulator, "import local.emulator")

    assert functions.call(emulator, name)["errorType"] == "Runtime.ImportModuleError"


def test_the_asset_comes_before_the_interpreter(emulator: Emulator) -> None:
    """A bundled package wins over the one that happens to be installed."""
    files = {
        "app.py": "import requests\ndef handler(event, context): return requests.mine",
        "requests/__init__.py": "mine = True",
    }
    name = functions.create(emulator, "", Code={"ZipFile": functions.packed(files)})

    assert functions.call(emulator, name) is True


def test_output_goes_to_the_configured_log_group(emulator: Emulator) -> None:
    """Between START and REPORT, as everything that reads Lambda logs expects."""
    name = functions.create(
        emulator,
        "def handler(event, context): print('one line')",
        LoggingConfig={"LogGroup": "/courier/lines"},
    )

    functions.call(emulator, name)

    lines = _log(emulator, name, group="/courier/lines")
    assert [line.split()[0] for line in lines] == ["START", "one", "END", "REPORT"]


@pytest.mark.holds("runtime_client")
def test_a_burst_waits_for_environments(emulator: Emulator) -> None:
    """Forty calls at once must not be forty interpreters."""
    name = functions.create(emulator, PID)

    with ThreadPoolExecutor(40) as threads:
        answers = threads.map(lambda _: functions.call(emulator, name), range(40))
        processes = set(answers)

    assert 1 <= len(processes) <= 8


@pytest.mark.holds("throttled_task")
def test_a_throttled_task_is_named_as_lambda_names_it(
    emulator: Emulator, machines: Machines
) -> None:
    """The CDK's retries of service exceptions wait for this name."""
    name = functions.create(emulator, PID)
    emulator.client("lambda").put_function_concurrency(
        FunctionName=name, ReservedConcurrentExecutions=0
    )

    ended = machines.run({"Call": invoke(name)})

    assert ended["error"] == "Lambda.TooManyRequestsException"


def _log(emulator: Emulator, name: str, group: str | None = None) -> list[str]:
    logs = emulator.client("logs")

    def lines() -> list[str]:
        found = logs.filter_log_events(logGroupName=group or f"/aws/lambda/{name}")
        messages = [event["message"] for event in found["events"]]
        return messages if any("REPORT" in line for line in messages) else []

    return until(lines)
