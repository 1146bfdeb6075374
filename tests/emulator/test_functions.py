"""Lambda functions behave as under AWS' runtime."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke_task, pass_state

RAISE = """
    class ProviderThrottled(Exception):
        pass

    def handler(event, context):
        raise ProviderThrottled("slow down")
"""
RETURN_PID = """
    import os

    def handler(event, context):
        if event == "fail":
            raise ValueError(event)
        return os.getpid()
"""
SLEEP = """
    import time

    def handler(event, context):
        print("started", flush=True)
        time.sleep(60)
"""


@pytest.mark.correction("runtime_client")
def test_exception_is_reported_by_its_class_name(emulator: Emulator) -> None:
    """Retry and Catch match the name; a person reads message and stack trace."""
    name = functions.create(emulator, RAISE)

    error = functions.invoke(emulator, name)

    assert error["errorType"] == "ProviderThrottled"
    assert error["errorMessage"] == "slow down"
    assert "in handler" in error["stackTrace"][0]


@pytest.mark.correction("runtime_client")
def test_state_catches_an_exception_by_its_name(
    emulator: Emulator, machines: Machines
) -> None:
    """The names in the definition are the class names in functions.core.errors."""
    name = functions.create(emulator, RAISE)
    catcher = {"ErrorEquals": ["ProviderThrottled"], "Next": "Caught"}

    output = machines.output(
        {"Call": invoke_task(name, Catch=[catcher]), "Caught": pass_state()}
    )

    assert output["Error"] == "ProviderThrottled"
    assert json.loads(output["Cause"])["errorMessage"] == "slow down"


@pytest.mark.correction("runtime_client")
def test_environment_survives_an_exception(emulator: Emulator) -> None:
    """A module keeps its state between calls, as in AWS."""
    name = functions.create(emulator, RETURN_PID)

    first = functions.invoke(emulator, name)
    functions.invoke(emulator, name, "fail")

    assert functions.invoke(emulator, name) == first


@pytest.mark.correction("runtime_client")
def test_time_out_is_reported_and_logged(emulator: Emulator) -> None:
    """Lambda reports Sandbox.Timedout and logs the time-out."""
    name = functions.create(emulator, SLEEP, Timeout=1)

    error = functions.invoke(emulator, name)

    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert any("timed out" in line for line in functions.log_lines(emulator, name))


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
@pytest.mark.correction("runtime_client")
def test_failure_has_the_error_type_of_lambda(
    emulator: Emulator, source: str, error_type: str, message: str
) -> None:
    """A function can end without a result or an exception of its handler."""
    name = functions.create(emulator, source)

    error = functions.invoke(emulator, name)

    assert error["errorType"] == error_type
    assert message in error["errorMessage"]


@pytest.mark.correction("runtime_client")
def test_handler_has_lambdas_reserved_variables(emulator: Emulator) -> None:
    """These variables configure Powertools and boto3."""
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

    variables: dict[str, Any] = functions.invoke(emulator, name)

    assert variables["OWN"] == "value"
    assert variables["AWS_REGION"] == "us-east-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/courier/logs"
    assert variables["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert variables["arn"].endswith(f":function:{name}")
    assert 0 < variables["left"] <= 30_000
    assert variables["memory"] == "512"


def test_handler_cannot_import_the_project(emulator: Emulator) -> None:
    """A module that is missing from the asset has to be missing here as well."""
    name = functions.create(emulator, "import local.emulator")

    assert functions.invoke(emulator, name)["errorType"] == "Runtime.ImportModuleError"


def test_asset_precedes_the_interpreters_packages(emulator: Emulator) -> None:
    """A bundled package is imported instead of an installed one."""
    files = {
        "app.py": "import requests\ndef handler(event, context): return requests.mine",
        "requests/__init__.py": "mine = True",
    }
    name = functions.create(
        emulator, "", Code={"ZipFile": functions.zip_archive(files)}
    )

    assert functions.invoke(emulator, name) is True


def test_output_is_logged_in_the_configured_group(emulator: Emulator) -> None:
    """It stands between START and REPORT, where readers of Lambda's logs expect it."""
    name = functions.create(
        emulator,
        "def handler(event, context): print('output')",
        LoggingConfig={"LogGroup": "/courier/lines"},
    )

    functions.invoke(emulator, name)

    lines = functions.log_lines(emulator, name, group="/courier/lines")
    assert [line.split()[0] for line in lines] == ["START", "output", "END", "REPORT"]


@pytest.mark.correction("runtime_client")
def test_burst_waits_for_environments(emulator: Emulator) -> None:
    """Forty concurrent calls must not start forty interpreters."""
    name = functions.create(emulator, RETURN_PID)

    with ThreadPoolExecutor(40) as threads:
        processes = set(
            threads.map(lambda _: functions.invoke(emulator, name), range(40))
        )

    assert 1 <= len(processes) <= 8


@pytest.mark.correction("throttled_task")
def test_throttled_task_has_the_name_of_lambdas_error(
    emulator: Emulator, machines: Machines
) -> None:
    """The CDK's retries of service exceptions match this name."""
    name = functions.create(emulator, RETURN_PID)
    emulator.client("lambda").put_function_concurrency(
        FunctionName=name, ReservedConcurrentExecutions=0
    )

    ended = machines.run({"Call": invoke_task(name)})

    assert ended["error"] == "Lambda.TooManyRequestsException"
