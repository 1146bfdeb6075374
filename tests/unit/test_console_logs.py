"""The console shows the log lines of a job, and no metrics."""

import json

import pytest
from verdict_courier.console import logs

from functions.core.metrics import STAGE, Metric, emf_document

_DECISION = {"job_id": "j", "level": "INFO", "message": "checked", "timestamp": "12:00"}
_METRICS = emf_document(
    {Metric.UPLOADS_NOT_ABORTED: 1}, {STAGE: "s", "job_id": "j"}, now=0
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(json.dumps(_DECISION), "checked", id="a decision"),
        pytest.param(
            json.dumps({**_DECISION, "job_id": "k"}), None, id="another job's"
        ),
        pytest.param(json.dumps(_METRICS), None, id="metrics"),
        pytest.param("REPORT RequestId: j", None, id="Lambda's own"),
        pytest.param('"j"', None, id="no line of ours"),
    ],
)
def test_only_lines_about_the_job_are_shown(line: str, shown: str | None) -> None:
    """Metrics would be every second line; AWS's console has charts of them."""
    parsed = logs.parse_line(line, "j")

    assert (parsed.message if parsed else None) == shown
