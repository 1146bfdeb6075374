"""Metrics: the code, the run-book and CloudWatch agree with one table."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.aws import telemetry
from functions.core.metrics import NAMESPACE, STAGE, Metric, emf_document
from functions.core.model import Job
from tools.runbook import RUNBOOK

_FUNCTIONS = Path(__file__).parents[2] / "functions"
_FIELDS = {
    STAGE: "dev",
    "provider": "p",
    "type": "t",
    "outcome": "failed",
    "verdict": "complete",
    "error": "NoResults",
    "heard": "woke",
    "phase": "queued",
    "job_id": "j",
}
#: The limit of CloudWatch.
_MAX_DIMENSIONS = 30


@given(values=st.dictionaries(st.sampled_from(Metric), st.floats(0, 1e9), min_size=1))
def test_a_line_is_complete_embedded_metric_format(values: dict[Metric, float]) -> None:
    """CloudWatch silently drops a metric if a part of it is missing."""
    line = json.loads(json.dumps(emf_document(values, _FIELDS, now=2.5)))

    metrics = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == NAMESPACE
        for names in directive["Dimensions"]:
            assert len(names) <= _MAX_DIMENSIONS
            assert all(isinstance(line[name], str) and line[name] for name in names)
        for metric in directive["Metrics"]:
            metrics[metric["Name"]] = (
                directive["Dimensions"],
                metric["Unit"],
                line[metric["Name"]],
            )
    assert line["_aws"]["Timestamp"] == 2500
    assert metrics == {
        metric.title: (
            [list(names) for names in metric.sets],
            metric.value.unit,
            value,
        )
        for metric, value in values.items()
    }


@pytest.mark.parametrize("metric", Metric)
def test_a_missing_dimension_raises(metric: Metric) -> None:
    """The first test of a wrong call must fail, not lose the metric."""
    for name in {name for names in metric.sets for name in names}:
        with pytest.raises(KeyError):
            emf_document({metric: 1}, {**_FIELDS, name: ""}, now=0)


@pytest.mark.parametrize("metric", Metric)
def test_the_job_id_is_a_field_and_not_a_dimension(metric: Metric) -> None:
    """Each value of a dimension is billed as a metric of its own."""
    assert not any("job_id" in names for names in metric.sets)
    assert emf_document({metric: 1}, _FIELDS, now=0)["job_id"] == "j"


def test_several_values_of_a_metric_are_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The four results of a job have four link ages, in one line of the log."""
    job = Job(job_id="j", provider="p", type="t")

    telemetry.measure(
        {Metric.LINK_AGE_SECONDS: [1.5, 2.0], Metric.CHECKS_OF_A_JOB: 3}, job
    )

    (line,) = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert (document["LinkAgeSeconds"], document["ChecksOfAJob"]) == ([1.5, 2.0], 3)


def test_no_measurement_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """CloudWatch charges for empty lines, too."""
    telemetry.emit({})

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("metric", Metric)
def test_the_run_book_describes_every_metric(metric: Metric) -> None:
    """Operators look up there what a line on the dashboard means."""
    rows = [row for row in RUNBOOK.read_text().splitlines() if row.startswith("| `")]

    (row,) = (row for row in rows if row.startswith(f"| `{metric.title}` |"))
    _, _, unit, sets, meaning, _ = row.split("|")
    assert (unit.strip(), meaning.strip()) == (metric.value.unit, metric.value.meaning)
    assert sets.count(" · ") + 1 == len(metric.sets)


def test_the_code_uses_every_metric_of_the_table() -> None:
    """A metric that is never measured is an empty line on the dashboard.

    An integration test checks that each reaches CloudWatch.
    """
    used = {
        node.attr
        for path in _FUNCTIONS.rglob("*.py")
        if path.name != "metrics.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Metric"
    }

    assert used == {metric.name for metric in Metric}
