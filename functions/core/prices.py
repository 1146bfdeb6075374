"""Prices: list what AWS charges in us-east-1, in US dollars.

All are of the day `PRICES_NOTED_ON`: look them up again before you rely on them.
"""

PRICES_NOTED_ON = "2026-11-22"

# What a job costs.
USD_PER_STATE_TRANSITION = 25e-6
USD_PER_GB_SECOND = 13.3334e-6  # of Lambda, on Arm
USD_PER_INVOCATION = 0.2e-6
USD_PER_TABLE_WRITE = 0.625e-6
USD_PER_S3_PUT = 5e-6
USD_PER_NOTIFICATION = 0.5e-6

# What a deployed stack costs while it does nothing.
USD_PER_KEY_MONTH = 1.0
USD_PER_SECRET_MONTH = 0.4
USD_PER_ALARM_METRIC_MONTH = 0.1
USD_PER_COMPOSITE_ALARM_MONTH = 0.5
USD_PER_DASHBOARD_MONTH = 3.0  # the first three of an account are free
USD_PER_METRIC_MONTH = 0.3  # one metric with one set of dimensions
