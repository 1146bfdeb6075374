"""TxnCheck: how a result is fetched, and from where only."""

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
from tests.contract.harness import read
from tests.contract.txncheck_harness import TxncheckBench


def test_asks_for_a_result_once(txncheck: TxncheckBench) -> None:
    """The link is an address, and needs no call of its own."""
    reference = txncheck.ask("full-check")
    txncheck.finish()

    link = txncheck.link(reference)
    before = txncheck.asked("check")
    body = txncheck.provider.open(link, seconds=20)

    assert (before, txncheck.asked("check")) == (0, 1)
    assert body.announced_bytes == len(read(body, txncheck.provider.result_format)[0])
    assert link.minted_at == txncheck.now()


def test_brings_no_result_before_there_is_one(txncheck: TxncheckBench) -> None:
    """The next look finds it; half a result would be none."""
    reference = txncheck.ask("full-check")

    with txncheck.fails(LinkSpent):
        txncheck.document(reference)


@pytest.mark.fault(52)
def test_refuses_a_result_that_is_too_large(txncheck: TxncheckBench) -> None:
    """The limit is the largest size that is still good."""
    reference = txncheck.ask("full-check")
    txncheck.finish()
    link = txncheck.link(reference)
    body = txncheck.provider.open(link, seconds=20)

    with txncheck.fails(ResultTooLarge):
        small = txncheck.configured(max_result_bytes=body.announced_bytes - 1)
        small.open(link, seconds=20)

    exact = txncheck.configured(max_result_bytes=body.announced_bytes)
    assert exact.open(link, seconds=20).announced_bytes == body.announced_bytes


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
def test_opens_only_addresses_of_requests(txncheck: TxncheckBench, url: str) -> None:
    """The key goes wherever a link leads."""
    reference = txncheck.ask("full-check")
    url = url.format(base=txncheck.address, reference=reference)

    with txncheck.fails(LinkRefused):
        txncheck.provider.open(Link(url, 0.0), seconds=20)

    assert txncheck.asked("check") == 0


def test_sends_its_key_in_a_header_only(txncheck: TxncheckBench) -> None:
    """Addresses are logged on the way, headers are not."""
    txncheck.provider.check(txncheck.submit())

    assert [seen.key_in for seen in txncheck.simulator.requests] == [
        frozenset({"header"})
    ] * 2
    assert all(
        "x-signature" not in seen.headers for seen in txncheck.simulator.requests
    )


@pytest.mark.fault(53)
def test_gives_up_when_the_function_is_about_to_end(txncheck: TxncheckBench) -> None:
    """Whoever fetches knows how long there is, which may be less than a call takes."""
    reference = txncheck.ask("full-check")
    txncheck.finish()
    txncheck.script("check", Answer.hang())

    began = time.monotonic()
    with txncheck.fails(AnswerLost):
        txncheck.provider.open(txncheck.link(reference), seconds=0.3)

    assert time.monotonic() - began < 5
