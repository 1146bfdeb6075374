"""Log retention: translate days into the periods that CloudWatch Logs knows."""

from aws_cdk.aws_logs import RetentionDays

#: The period of each number of days that a stage may set.
LOG_RETENTION = {
    1: RetentionDays.ONE_DAY,
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    365: RetentionDays.ONE_YEAR,
}
