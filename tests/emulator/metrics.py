"""Metrics for the tests: what there is of one."""

from datetime import UTC, datetime, timedelta

from local.emulator.process import Emulator
from tests.emulator.alarms import dimensions as as_list


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
        Dimensions=as_list(dimensions or {}),
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=[stat],
    )["Datapoints"]
    total = [float(point[stat]) for point in points]
    return sum(total) if total else None
