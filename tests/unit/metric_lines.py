"""Metric lines: read the metrics that a function wrote to its standard output."""

import json
from typing import Any


def metrics_of(output: str) -> list[dict[str, Any]]:
    """Return the fields of each line of metrics, without those of the format."""
    lines = [json.loads(text) for text in output.splitlines() if '"_aws"' in text]
    return [
        {name: value for name, value in line.items() if name not in ("_aws", "stage")}
        for line in lines
    ]
