"""Charges: what a quote says is what the provider counts, for any table."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from functions.tables.list_reading import Status
from tests.charges.desk import Desk
from tests.charges.faulty_tables import faulty_batch, faulty_list


def test_five_thousand_lists_cost_what_their_quotes_say(ipqs: Desk) -> None:
    """Who approves a list has to know what is paid, and which records are sent."""
    random, plain = Random(2), ipqs.settings
    bounded = replace(plain, max_upload_rows=3)  # type: ignore[call-arg]  # of IPQS
    sent_lists = 0
    for number in range(5000):
        unfit = random.random() < 0.3
        content, expected = faulty_list(random, send_unfit=unfit)
        settings = random.choice([plain, bounded])
        ipqs.settings = replace(settings, send_unfit=unfit)  # type: ignore[call-arg]

        quote = ipqs.upload(f"ipqs/email/{number}.csv", content)

        charged = ipqs.simulator.charged
        assert charged == quote.get("to_send", 0), content
        assert charged * 2 == quote.get("credits_needed", 0), content
        assert ipqs.uploads == quote.get("uploads", 0), content
        if not quote:
            continue
        sent_lists += 1
        statuses = Counter(status for status, _ in expected)
        assert quote["records"] == len(expected), content
        assert charged == statuses[Status.SENT], content
        assert quote["blank"] == statuses[Status.BLANK], content
        assert quote["duplicates"] == statuses[Status.DUPLICATE], content
        assert sum(quote["not_sent"].values()) == statuses[Status.NOT_SENT], content
    assert sent_lists > 4000


def test_five_thousand_batches_cost_what_their_quotes_say(txncheck: Desk) -> None:
    """TxnCheck counts each VPA of a bulk request, and a batch makes few of them."""
    random = Random(3)
    for number in range(5000):
        batch = faulty_batch(random)
        key = f"txncheck/{batch.type}/{number}.{batch.extension}"

        quote = txncheck.upload(key, batch.content)

        charged = txncheck.simulator.charged
        assert charged == quote.get("credits_needed", 0) == batch.values, batch
        assert txncheck.uploads == quote.get("uploads", 0), batch
        assert quote.get("to_send", 0) == batch.sent, batch
        if quote:
            unsent = quote["blank"] + quote["duplicates"]
            unsent += sum(quote["not_sent"].values())
            assert quote["records"] == batch.sent + unsent == batch.records, batch


@pytest.mark.parametrize(
    ("type_", "values"), [("bulk-vpa-chargeback-check", 3), ("vpa-chargeback-check", 1)]
)
def test_a_request_costs_what_its_quote_says(
    txncheck: Desk, type_: str, values: int
) -> None:
    """A bulk request is one upload, but costs as much as its VPAs."""
    content = b'{"vpas": ["a@bank", "b@bank", "c@bank"]}'
    key = f"txncheck/{type_}/1.json"

    quote = txncheck.upload(key, content, metadata={"courier-quote": "yes"})

    assert txncheck.simulator.charged == quote["credits_needed"] == values
    assert txncheck.uploads == quote["uploads"] == quote["to_send"] == 1
