"""Prices: list what AWS charges in us-east-1, in US dollars, and where it says so.

Free tiers and discounts are left out. AWS' pages fill in most of their numbers by a
script, so a stored copy may lack them, and each price says where it was read instead:
in AWS' public Price List or on its page, or in a text of others that cites the page.
Look them up again before you rely on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PRICES_NOTED_ON = "2026-11-26"


@dataclass(frozen=True)
class Price:
    """What one unit costs, the page that says so, and where and of when it was read.

    The page is under aws.amazon.com.
    """

    usd: float
    unit: str
    page: str
    read: str


_LAMBDA = "Price List of 2026-09-19"
_DYNAMODB = "Price List of 2026-09-11"
_S3 = "Price List of 2026-09-18"
_CLOUDWATCH = "Price List of 2026-09-22"
_KMS = "cloudburn.io/blog/aws-kms-pricing, 2026-03-14; the key also on AWS' page"
_SECRETS = "AWS' page on 2026-09-20"

#: By what is paid for. A KMS request, a secret's read or a trace is that of one call.
PRICES: Mapping[str, Price] = {
    "transition": Price(
        25e-6,
        "state transition",
        "step-functions/pricing",
        "AWS' page, no date; wring.co/blog/aws-step-functions-pricing-guide, "
        "2026-03-14, has the same",
    ),
    "invocation": Price(0.2e-6, "request", "lambda/pricing", _LAMBDA),
    "gb_second": Price(13.3334e-6, "GB-second on Arm", "lambda/pricing", _LAMBDA),
    "snapshot_gb_second": Price(
        1.5046e-6, "GB and second of a cached snapshot", "lambda/pricing", _LAMBDA
    ),
    "restored_gb": Price(139.7998e-6, "GB restored", "lambda/pricing", _LAMBDA),
    "write": Price(
        0.625e-6, "write unit, 1 KB", "dynamodb/pricing/on-demand", _DYNAMODB
    ),
    "read": Price(0.125e-6, "read unit, 4 KB", "dynamodb/pricing/on-demand", _DYNAMODB),
    "s3_put": Price(5e-6, "PUT, POST or LIST", "s3/pricing", _S3),
    "s3_get": Price(0.4e-6, "GET or HEAD", "s3/pricing", _S3),
    "s3_event": Price(
        1e-6,
        "event of S3 to EventBridge",
        "eventbridge/pricing",
        "AWS' page, no date, says that such events are charged, unlike those of other "
        "services; its rate for them was not found, so that of custom events stands",
    ),
    "notification": Price(
        0.5e-6,
        "publication",
        "sns/pricing",
        "factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols, "
        "2026-06-13",
    ),
    "message": Price(
        0.4e-6,
        "request to SQS",
        "sqs/pricing",
        "cloudburn.io/blog/amazon-sqs-pricing, 2026-03-14",
    ),
    "kms": Price(3e-6, "request", "kms/pricing", _KMS),
    "secret": Price(5e-6, "request", "secrets-manager/pricing", _SECRETS),
    "log_byte": Price(0.5e-9, "byte taken in", "cloudwatch/pricing", _CLOUDWATCH),
    "trace": Price(5e-6, "trace recorded", "xray/pricing", "AWS' page, no date"),
    # What a deployed stack costs while it does nothing. The key's rotations of its
    # first two years cost as much again.
    "key_month": Price(1.0, "key and month", "kms/pricing", _KMS),
    "secret_month": Price(0.4, "secret and month", "secrets-manager/pricing", _SECRETS),
    "alarm_month": Price(
        0.1, "metric of an alarm and month", "cloudwatch/pricing", _CLOUDWATCH
    ),
    "composite_month": Price(
        0.5,
        "composite alarm and month",
        "cloudwatch/pricing",
        "Price List of us-east-2, no date",
    ),
    # The first three of an account are free.
    "dashboard_month": Price(
        3.0,
        "dashboard and month",
        "cloudwatch/pricing",
        "cited from AWS' page, no date; not in the Price List",
    ),
    "metric_month": Price(
        0.3,
        "metric and month",
        "cloudwatch/pricing",
        "Price List of us-east-2, no date",
    ),
}


def usd_of(name: str, units: float) -> float:
    """Return the price of some units."""
    return PRICES[name].usd * units
