"""Log retention: translate the days of a setting into what CloudWatch Logs offers."""

from aws_cdk.aws_logs import RetentionDays

LOG_RETENTION = {
    1: RetentionDays.ONE_DAY,
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    365: RetentionDays.ONE_YEAR,
}
