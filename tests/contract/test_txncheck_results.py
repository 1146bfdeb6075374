"""TxnCheck: how results are fetched, and only from where."""

import time

import pytest

from functions.core.errors import (
    AnswerLost,
    LinkRefused,
    LinkSpent,
    ResultTooLarge,
)
from functions.providers.protocol import Link
from local.simulators.txncheck import Answer
from tests.contract.harness import read_body
from tests.contract.txncheck_harness import TxncheckHarness


def test_asks_for_a_result_once(txncheck: TxncheckHarness) -> None:
    """The link is a URL that needs no call of its own."""
    reference = txncheck.submit_type("full-check")
    txncheck.finish()

    link = txncheck.result_link(reference)
    before = txncheck.request_count("check")
    body = txncheck.provider.open(link, type_="full-check", seconds=20)

    assert (before, txncheck.request_count("check")) == (0, 1)
    assert body.announced_bytes == len(
        read_body(body, txncheck.provider.result_format)[0]
    )
    assert link.issued_at == txncheck.now()


def test_fetches_no_result_before_the_end(txncheck: TxncheckHarness) -> None:
    """Half a result would be none; the next check finds all of it."""
    reference = txncheck.submit_type("full-check")

    with txncheck.expect_error(LinkSpent):
        txncheck.fetch_document(reference)


@pytest.mark.fault(52)
def test_refuses_a_result_that_is_too_large(txncheck: TxncheckHarness) -> None:
    """The limit is the largest size that is allowed."""
    reference = txncheck.submit_type("full-check")
    txncheck.finish()
    link = txncheck.result_link(reference)
    body = txncheck.provider.open(link, type_="full-check", seconds=20)

    with txncheck.expect_error(ResultTooLarge):
        smaller = txncheck.provider_with(max_result_bytes=body.announced_bytes - 1)
        smaller.open(link, type_="full-check", seconds=20)

    exact = txncheck.provider_with(max_result_bytes=body.announced_bytes)
    assert (
        exact.open(link, type_="full-check", seconds=20).announced_bytes
        == body.announced_bytes
    )


@pytest.mark.fault(54)
@pytest.mark.fault(55)
@pytest.mark.parametrize(
    "url",
    [
        "",
        "{reference}",
        "https://evil.example/api/v1/requests/{reference}",
        "{base}.evil.example/requests/{reference}",
        "{base}/requests/",
        "{base}/requests/{reference}/../../keys",
        "{base}/requests/{reference}?x=1",
        "{base}/requests/{reference}#x",
        "{base}/requests/{reference}\n",
        "{base}/requests//{reference}",
        "{base}/request/{reference}",
        " {base}/requests/{reference}",
    ],
)
def test_opens_only_urls_of_requests(txncheck: TxncheckHarness, url: str) -> None:
    """The key goes wherever a link leads."""
    reference = txncheck.submit_type("full-check")
    url = url.format(base=txncheck.base_url, reference=reference)

    with txncheck.expect_error(LinkRefused):
        txncheck.provider.open(Link(url, 0.0), type_="full-check", seconds=20)

    assert txncheck.request_count("check") == 0


def test_sends_its_key_in_a_header_only(txncheck: TxncheckHarness) -> None:
    """URLs are logged on their way, headers are not."""
    txncheck.provider.check(txncheck.submit())

    assert [request.key_in for request in txncheck.simulator.requests] == [
        frozenset({"header"})
    ] * 2
    assert all(
        "x-signature" not in request.headers for request in txncheck.simulator.requests
    )


@pytest.mark.fault(53)
def test_ends_a_fetch_in_the_given_time(txncheck: TxncheckHarness) -> None:
    """The caller's time may be shorter than that of a call."""
    reference = txncheck.submit_type("full-check")
    txncheck.finish()
    txncheck.script("check", Answer.hang())

    started_at = time.monotonic()
    with txncheck.expect_error(AnswerLost):
        txncheck.provider.open(
            txncheck.result_link(reference), type_="full-check", seconds=1.0
        )

    assert time.monotonic() - started_at < 8
