"""TxnCheck: a batch, from its rows to requests and from results back to rows."""

import json
from collections.abc import Mapping
from typing import Any

from functions.core.model import Phase
from functions.providers.protocol import BatchProvider, BatchRequest, InvalidRow
from tests.contract.harness import read_body
from tests.contract.sources import BytesSource, submit
from tests.contract.txncheck_harness import TxncheckHarness

Rows = dict[int, Mapping[str, Any] | InvalidRow]


def _verify_batch(
    harness: TxncheckHarness, type_: str, name: str, content: str
) -> Rows:
    """Return the result of each row of a batch, or why it is invalid."""
    provider: BatchProvider = harness.provider
    rows: Rows = {}
    sent: list[tuple[BatchRequest, str]] = []
    for request in provider.pack(type_, name, BytesSource(content.encode())):
        if isinstance(request, InvalidRow):
            rows[request.row] = request
            continue
        source = BytesSource(request.body)
        assert provider.validate("our-name.json", request.type, source).rows == 1
        reference = submit(provider, "our-name.json", request.type, source)
        sent.append((request, reference))
    harness.finish()
    for request, reference in sent:
        body = provider.open(
            harness.result_link(reference), type_="full-check", seconds=20
        )
        result, _stats = read_body(body, provider.result_format)
        parts = provider.unpack(request.type, request.body, result)
        rows |= dict(zip(request.rows, parts, strict=True))
    return rows


def test_verifies_250_vpas_in_three_requests(txncheck: TxncheckHarness) -> None:
    """A hundred in each request make ten requests a minute bearable."""
    vpas = [f"user{n}@invented" for n in range(250)]
    content = "VPA\n" + "\n".join([*vpas, "no vpa"])

    rows = _verify_batch(txncheck, "vpa-chargeback-check", "batch.csv", content)

    assert txncheck.accepted_count() == 3
    assert isinstance(rows.pop(251), InvalidRow)
    assert sorted(rows) == list(range(1, 251))
    for number, vpa in enumerate(vpas, 1):
        part = rows[number]
        bad = vpa.endswith("9@invented")
        assert isinstance(part, Mapping)
        assert part["verdict"] == ("blocklisted" if bad else "clean")
        assert vpa not in json.dumps(part)


def test_verifies_each_person_in_a_request(txncheck: TxncheckHarness) -> None:
    """Invalid rows cost nothing, wherever they are."""
    good = [{"mobile": f"+91987123{n:04}", "name": "Asha"} for n in range(0, 50, 10)]
    content = "\n".join(map(json.dumps, [*good[:2], {"mobile": "1"}, *good[2:]]))

    rows = _verify_batch(txncheck, "full-check", "batch.jsonl", content)

    assert txncheck.accepted_count() == len(good)
    assert rows.pop(3) == InvalidRow(
        3, ("mobile", "name"), "mobile: must be +91 and ten digits; name: is missing", 3
    )
    statuses = [part["status"] for part in rows.values() if isinstance(part, Mapping)]
    assert statuses == ["COMPLETED"] * len(good)


def test_sends_a_bulk_request_without_its_row_ranges(
    txncheck_signed: TxncheckHarness,
) -> None:
    """The API would refuse the field."""
    (request,) = txncheck_signed.provider.pack(
        "bulk-vpa-chargeback-check", "b.csv", BytesSource(b"vpa\nasha@invented\n")
    )
    assert isinstance(request, BatchRequest)
    assert "rowRanges" in json.loads(request.body)

    source = BytesSource(request.body)
    reference = submit(txncheck_signed.provider, "n.json", request.type, source)

    assert txncheck_signed.provider.check(reference).phase is Phase.QUEUED
