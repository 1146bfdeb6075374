"""Metrics that functions log, and metrics that Lambda publishes."""

import json
import time
import uuid

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke_task
from tests.emulator.metrics import statistic
from tests.emulator.polling import wait_for

EMIT_METRICS = """
    from aws_lambda_powertools import Metrics

    metrics = Metrics(namespace="Tests", service="courier")

    @metrics.log_metrics
    def handler(event, context):
        metrics.add_dimension(name="run", value=event["run"])
        metrics.add_metric(name="Rows", unit="Count", value=3)
        metrics.add_metric(name="Rows", unit="Count", value=4)
        metrics.add_metric(name="Took", unit="Seconds", value=0.5)
"""
PRINT_LINE = """
    def handler(event, context):
        print(event["line"])
"""
RAISE = """
    def handler(event, context):
        raise ValueError
"""


@pytest.mark.correction("embedded_metrics")
def test_powertools_log_lines_become_metrics(emulator: Emulator) -> None:
    """All values of a metric are stored under its dimensions."""
    run = str(uuid.uuid4())

    functions.invoke(emulator, functions.create(emulator, EMIT_METRICS), {"run": run})

    dimensions = {"run": run, "service": "courier"}
    assert statistic(emulator, "Tests", "Rows", dimensions) == 7
    assert statistic(emulator, "Tests", "Rows", dimensions, stat="SampleCount") == 2
    assert statistic(emulator, "Tests", "Took", dimensions) == 0.5


@pytest.mark.correction("embedded_metrics")
def test_each_dimension_set_is_a_metric(emulator: Emulator) -> None:
    """An empty set is a metric without dimensions."""
    namespace, name = str(uuid.uuid4()), functions.create(emulator, PRINT_LINE)
    metrics = [{"Name": "Jobs", "Unit": "Count"}]
    dimension_sets = [["provider"], ["provider", "type"], []]
    directive = {
        "Namespace": namespace,
        "Dimensions": dimension_sets,
        "Metrics": metrics,
    }
    metadata = {
        "Timestamp": int(time.time() - 600) * 1000,
        "CloudWatchMetrics": [directive],
    }
    line = {"_aws": metadata, "provider": "p", "type": "email", "Jobs": [1, 2]}

    functions.invoke(emulator, name, {"line": json.dumps(line)})

    listed = emulator.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in listed) == [0, 1, 2]
    assert statistic(emulator, namespace, "Jobs", {"provider": "p"}) == 3


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("not JSON", id="text"),
        pytest.param('{"_aws": 1}', id="no directives"),
        pytest.param(
            '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "n",'
            ' "Dimensions": [["gone"]], "Metrics": [{"Name": "m"}]}]}, "m": 1}',
            id="no such dimension",
        ),
    ],
)
def test_malformed_line_creates_no_metric(emulator: Emulator, line: str) -> None:
    """The invocation that writes it still succeeds."""
    name = functions.create(emulator, PRINT_LINE)

    assert functions.invoke(emulator, name, {"line": line}) is None


@pytest.mark.correction("function_metrics")
def test_calls_by_a_state_machine_are_counted(
    emulator: Emulator, machines: Machines
) -> None:
    """Alarms on a function's errors need them."""
    name = functions.create(emulator, RAISE)

    machines.run({"Call": invoke_task(name)})

    dimensions = {"FunctionName": name}
    wait_for(lambda: statistic(emulator, "AWS/Lambda", "Errors", dimensions))
    assert statistic(emulator, "AWS/Lambda", "Invocations", dimensions) == 1
    assert statistic(emulator, "AWS/Lambda", "Throttles", dimensions) == 0
    assert (statistic(emulator, "AWS/Lambda", "Duration", dimensions) or 0) > 0


def test_call_by_the_api_is_counted_once(emulator: Emulator) -> None:
    """MiniStack's own count of such calls must not be added."""
    name = functions.create(emulator, RAISE)

    functions.invoke(emulator, name)

    dimensions = {"FunctionName": name}
    assert statistic(emulator, "AWS/Lambda", "Errors", dimensions) == 1
