"""Metrics: those that functions log, and those that services count."""

import json
import time
import uuid

import pytest

from local.emulator.process import Emulator
from tests.emulator import functions
from tests.emulator.machines import Machines, invoke
from tests.emulator.metrics import statistic
from tests.emulator.polling import until

EMITS = """
    from aws_lambda_powertools import Metrics

    metrics = Metrics(namespace="Tests", service="courier")

    @metrics.log_metrics
    def handler(event, context):
        metrics.add_dimension(name="run", value=event["run"])
        metrics.add_metric(name="Rows", unit="Count", value=3)
        metrics.add_metric(name="Rows", unit="Count", value=4)
        metrics.add_metric(name="Took", unit="Seconds", value=0.5)
"""
PRINTS = """
    def handler(event, context):
        print(event["line"])
"""
FAILS = """
    def handler(event, context):
        raise ValueError
"""


@pytest.mark.holds("embedded_metrics")
def test_what_powertools_emits_becomes_metrics(emulator: Emulator) -> None:
    """All values of a metric, under its dimensions."""
    run = str(uuid.uuid4())

    functions.call(emulator, functions.create(emulator, EMITS), {"run": run})

    under = {"run": run, "service": "courier"}
    assert statistic(emulator, "Tests", "Rows", under) == 7
    assert statistic(emulator, "Tests", "Rows", under, stat="SampleCount") == 2
    assert statistic(emulator, "Tests", "Took", under) == 0.5


@pytest.mark.holds("embedded_metrics")
def test_each_dimension_set_is_a_metric(emulator: Emulator) -> None:
    """With its own time and its unit; an empty set has no dimensions."""
    namespace, name = str(uuid.uuid4()), functions.create(emulator, PRINTS)
    metrics = [{"Name": "Jobs", "Unit": "Count"}]
    sets = [["provider"], ["provider", "type"], []]
    directive = {"Namespace": namespace, "Dimensions": sets, "Metrics": metrics}
    about = {
        "Timestamp": int(time.time() - 600) * 1000,
        "CloudWatchMetrics": [directive],
    }
    line = {"_aws": about, "provider": "p", "type": "email", "Jobs": [1, 2]}

    functions.call(emulator, name, {"line": json.dumps(line)})

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
def test_a_line_that_breaks_the_format_is_a_line(emulator: Emulator, line: str) -> None:
    """It makes no metric and breaks no call."""
    name = functions.create(emulator, PRINTS)

    assert functions.call(emulator, name, {"line": line}) is None


@pytest.mark.holds("function_metrics")
def test_calls_of_a_state_machine_are_counted(
    emulator: Emulator, machines: Machines
) -> None:
    """An alarm on a function's errors has to see them."""
    name = functions.create(emulator, FAILS)

    machines.run({"Call": invoke(name)})

    under = {"FunctionName": name}
    until(lambda: statistic(emulator, "AWS/Lambda", "Errors", under))
    assert statistic(emulator, "AWS/Lambda", "Invocations", under) == 1
    assert statistic(emulator, "AWS/Lambda", "Throttles", under) == 0
    assert (statistic(emulator, "AWS/Lambda", "Duration", under) or 0) > 0


def test_a_call_is_counted_once(emulator: Emulator) -> None:
    """By the Invoke API, too."""
    name = functions.create(emulator, FAILS)

    functions.call(emulator, name)

    under = {"FunctionName": name}
    assert statistic(emulator, "AWS/Lambda", "Errors", under) == 1
