"""Metrics: one table of them, which the code, the run-book and CloudWatch agree on."""

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
    "error": "NoResults",
    "heard": "woke",
    "phase": "queued",
    "job_id": "j",
}
#: As CloudWatch bounds them.
_MOST_DIMENSIONS = 30
_MOST_VALUES = 100


@given(values=st.dictionaries(st.sampled_from(Metric), st.floats(0, 1e9), min_size=1))
def test_a_line_has_all_that_its_metrics_need(values: dict[Metric, float]) -> None:
    """CloudWatch drops a metric without a word where a part of it is missing."""
    line = json.loads(json.dumps(emf_document(values, _FIELDS, now=2.5)))

    told = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == NAMESPACE
        for names in directive["Dimensions"]:
            assert len(names) <= _MOST_DIMENSIONS
            assert all(isinstance(line[name], str) and line[name] for name in names)
        for metric in directive["Metrics"]:
            told[metric["Name"]] = (
                directive["Dimensions"],
                metric["Unit"],
                line[metric["Name"]],
            )
    assert line["_aws"]["Timestamp"] == 2500
    assert told == {
        metric.title: (
            [list(names) for names in metric.sets],
            metric.value.unit,
            value,
        )
        for metric, value in values.items()
    }


@pytest.mark.parametrize("metric", Metric)
def test_a_dimension_that_is_missing_is_a_mistake_of_ours(metric: Metric) -> None:
    """Whoever writes the call hears of it from the first test that makes it."""
    for name in {name for names in metric.sets for name in names}:
        with pytest.raises(KeyError):
            emf_document({metric: 1}, {**_FIELDS, name: ""}, now=0)


@pytest.mark.parametrize("metric", Metric)
def test_a_job_is_found_by_a_query_and_is_no_dimension(metric: Metric) -> None:
    """A dimension with a value for each job is a bill with a line for each job."""
    assert not any("job_id" in names for names in metric.sets)
    assert emf_document({metric: 1}, _FIELDS, now=0)["job_id"] == "j"


def test_several_of_one_thing_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Four results of a job are four ages of links, and one line of the log."""
    job = Job(job_id="j", provider="p", type="t")

    telemetry.measure(
        {Metric.LINK_AGE_SECONDS: [1.5, 2.0], Metric.CHECKS_OF_A_JOB: 3}, job
    )

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["LinkAgeSeconds"], told["ChecksOfAJob"]) == ([1.5, 2.0], 3)


def test_nothing_measured_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty line of metrics is paid for, and means nothing."""
    telemetry.emit({})

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("metric", Metric)
def test_the_run_book_has_it(metric: Metric) -> None:
    """Whoever sees a line on the dashboard can look up what it means."""
    rows = [row for row in RUNBOOK.read_text().splitlines() if row.startswith("| `")]

    (row,) = (row for row in rows if row.startswith(f"| `{metric.title}` |"))
    _, _, unit, sets, meaning, _ = row.split("|")
    assert (unit.strip(), meaning.strip()) == (metric.value.unit, metric.value.meaning)
    assert sets.count(" · ") + 1 == len(metric.sets)


def test_the_code_uses_every_metric_of_the_table() -> None:
    """One that nobody measures is a line on the dashboard that stays at nothing.

    That each reaches CloudWatch is seen on the local stack.
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
