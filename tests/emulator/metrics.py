"""Metrics and alarms for the tests: what is there, and what is wanted."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from local.emulator.process import Emulator


def statistic(
    emulator: Emulator,
    namespace: str,
    name: str,
    dimensions: dict[str, str] | None = None,
    *,
    stat: str = "Sum",
) -> float | None:
    """One statistic of a metric over the last hour; None when it has no data."""
    now = datetime.now(UTC)
    points = emulator.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=_dimensions(dimensions),
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=[stat],
    )["Datapoints"]
    total = [float(point[stat]) for point in points]
    return sum(total) if total else None


def put(emulator: Emulator, namespace: str, **values: float) -> None:
    """Values of metrics without dimensions, now."""
    data = [
        {"MetricName": name, "Value": value, "Timestamp": time.time()}
        for name, value in values.items()
    ]
    emulator.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


def _dimensions(dimensions: dict[str, str] | None) -> list[dict[str, Any]]:
    return [{"Name": n, "Value": v} for n, v in (dimensions or {}).items()]
