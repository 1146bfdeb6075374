"""Prices: list what AWS charges in us-east-1, in US dollars, and where it says so.

All are of the day `PRICES_NOTED_ON`, without free tiers and discounts: look them up
again before you rely on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PRICES_NOTED_ON = "2026-11-26"


@dataclass(frozen=True)
class Price:
    """What one unit costs, and the page that says so, under aws.amazon.com."""

    usd: float
    unit: str
    page: str


#: By what is paid for. A KMS request, a secret's read or a trace is that of one call.
PRICES: Mapping[str, Price] = {
    "transition": Price(25e-6, "state transition", "step-functions/pricing"),
    "invocation": Price(0.2e-6, "request", "lambda/pricing"),
    "gb_second": Price(13.3334e-6, "GB-second on Arm", "lambda/pricing"),
    "write": Price(0.625e-6, "write unit, 1 KB", "dynamodb/pricing/on-demand"),
    "read": Price(0.125e-6, "read unit, 4 KB", "dynamodb/pricing/on-demand"),
    "s3_put": Price(5e-6, "PUT, POST or LIST", "s3/pricing"),
    "s3_get": Price(0.4e-6, "GET or HEAD", "s3/pricing"),
    "notification": Price(0.5e-6, "publication", "sns/pricing"),
    "message": Price(0.4e-6, "request to SQS", "sqs/pricing"),
    "kms": Price(3e-6, "request", "kms/pricing"),
    "secret": Price(5e-6, "request", "secrets-manager/pricing"),
    "log_byte": Price(0.5e-9, "byte taken in", "cloudwatch/pricing"),
    "trace": Price(5e-6, "trace recorded", "xray/pricing"),
    # What a deployed stack costs while it does nothing.
    "key_month": Price(1.0, "key and month", "kms/pricing"),
    "secret_month": Price(0.4, "secret and month", "secrets-manager/pricing"),
    "alarm_month": Price(0.1, "metric of an alarm and month", "cloudwatch/pricing"),
    "composite_month": Price(0.5, "composite alarm and month", "cloudwatch/pricing"),
    # The first three of an account are free.
    "dashboard_month": Price(3.0, "dashboard and month", "cloudwatch/pricing"),
    "metric_month": Price(0.3, "metric and month", "cloudwatch/pricing"),
}


def usd_of(name: str, units: float) -> float:
    """Return the price of some units."""
    return PRICES[name].usd * units
