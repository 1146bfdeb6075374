"""AWS time: each answer of AWS tells how far off this machine's clock is."""

import base64
import calendar
import json
import time
from datetime import datetime
from email.utils import formatdate
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.api.presigned import UPLOAD_SECONDS, PresignedUrls
from functions.aws import aws_time, clients
from functions.aws.aws_time import ClockOffset

LOCAL = 1_800_000_000.0


def answered(*skews: float) -> ClockOffset:
    """Return the offset after answers, while our clock was ahead by these seconds."""
    offset = ClockOffset()
    for skew in skews:
        offset.learn(formatdate(LOCAL - skew, usegmt=True), received_at=LOCAL)
    return offset


@given(skew=st.floats(-1e8, 1e8).filter(lambda skew: abs(skew) > 4))
def test_a_clock_that_is_off_is_corrected(skew: float) -> None:
    """Decisions between machines need no more than some seconds."""
    assert answered(skew).seconds + skew == pytest.approx(0, abs=0.51)


@pytest.mark.parametrize("skew", [-2.4, -1, 0, 1, 2.4])
def test_a_date_without_fractions_corrects_nothing_small(skew: float) -> None:
    """It would make a good clock worse."""
    assert answered(skew).seconds == 0.0
    assert answered(skew).is_known


def test_a_clock_that_is_set_right_is_believed_again() -> None:
    """The correction itself would otherwise be the fault."""
    assert answered(600, 0).seconds == 0.0
    assert answered(600, 601).seconds == answered(600).seconds


@pytest.mark.parametrize("date", ["", "soon", "Thu, 32 Nov 2026 04:00:00 GMT"])
def test_an_unreadable_date_says_nothing(date: str) -> None:
    """A proxy may answer for AWS."""
    offset = ClockOffset()

    offset.learn(date, received_at=LOCAL)

    assert (offset.seconds, offset.is_known) == (0.0, False)


@pytest.mark.parametrize("skew", [-600, 600])
def test_what_is_signed_has_the_time_of_aws(
    monkeypatch: pytest.MonkeyPatch, skew: float
) -> None:
    """AWS refuses a signature of another time, and a link of it ends too early."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    skewed = SimpleNamespace(time=lambda: time.time() + skew)
    monkeypatch.setattr(aws_time, "time", skewed)
    monkeypatch.setattr(aws_time, "offset", ClockOffset())
    aws_time.offset.learn(formatdate(usegmt=True), received_at=skewed.time())
    urls = PresignedUrls(s3=clients.signing_s3.__wrapped__())

    query = parse_qs(urlsplit(urls.download_url("b", "k", name="n")).query)
    form = urls.upload_post("b", "k.csv", max_bytes=1, metadata={})

    for signed_at in (query["X-Amz-Date"][0], form.fields["x-amz-date"]):
        parsed = time.strptime(signed_at, "%Y%m%dT%H%M%SZ")
        assert abs(calendar.timegm(parsed) - time.time()) < 5
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    ends_at = datetime.fromisoformat(policy["expiration"]).timestamp()
    assert abs(ends_at - time.time() - UPLOAD_SECONDS) < 5
