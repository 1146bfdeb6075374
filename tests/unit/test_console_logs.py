"""The page's log lines are those that say something of the job, in words."""

import json

import pytest
from verdict_courier.console import logs

from functions.core.metrics import STAGE, Metric, emf_document

_SAID = {"job_id": "j", "level": "INFO", "message": "checked", "timestamp": "12:00"}
_MEASURED = emf_document(
    {Metric.UPLOADS_NOT_ABORTED: 1}, {STAGE: "s", "job_id": "j"}, now=0
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(json.dumps(_SAID), ["checked"], id="a decision"),
        pytest.param(json.dumps({**_SAID, "job_id": "k"}), [], id="another job's"),
        pytest.param(json.dumps(_MEASURED), [], id="metrics"),
        pytest.param("REPORT RequestId: j", [], id="Lambda's own"),
        pytest.param('"j"', [], id="no line of ours"),
    ],
)
def test_shows_what_was_decided(line: str, shown: list[str]) -> None:
    """Metrics have their own place, and would be every second line here."""
    assert [found.message for found in logs._line(line, "j")] == shown
