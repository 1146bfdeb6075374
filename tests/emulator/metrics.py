"""Statistics of CloudWatch metrics."""

from datetime import UTC, datetime, timedelta

from local.emulator.process import Emulator
from tests.emulator.alarms import dimension_list


def statistic(
    emulator: Emulator,
    namespace: str,
    name: str,
    dimensions: dict[str, str] | None = None,
    *,
    stat: str = "Sum",
) -> float | None:
    """Return a statistic of a metric over the last hour; None without data."""
    now = datetime.now(UTC)
    points = emulator.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimension_list(dimensions or {}),
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=[stat],
    )["Datapoints"]
    values = [float(point[stat]) for point in points]
    return sum(values) if values else None
