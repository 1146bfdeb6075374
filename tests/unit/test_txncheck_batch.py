"""Batches of TxnCheck: each row is asked for once and gets its own result."""

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import AnswerUnreadable, RequestInvalid, SourceEmpty
from functions.providers.protocol import BatchRequest, InvalidRow
from functions.providers.txncheck.packing import pack
from functions.providers.txncheck.request_bodies import BULK, RequestBodies
from functions.providers.txncheck.unpacking import unpack
from tests.contract.sources import BytesSource

REQUESTS = RequestBodies(upi_name="optional", bank_async=False)
_ONE_OF_TWO = "only one of the two may be given"
VPA_CHECK, VPA_TYPES = "vpa-chargeback-check", ("vpa-chargeback-check", BULK)


def pack_all(
    type_: str, content: bytes | str, name: str = "batch.csv"
) -> list[BatchRequest | InvalidRow]:
    """Return all that a file is packed into."""
    data = content.encode() if isinstance(content, str) else content
    return list(pack(REQUESTS, type_, name, BytesSource(data)))


def json_lines(*rows: object) -> str:
    """Return rows as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def body_of(request: BatchRequest | InvalidRow) -> dict[str, Any]:
    """Return the parsed body of a request."""
    assert isinstance(request, BatchRequest)
    read: dict[str, Any] = json.loads(request.body)
    return read


def result_document(**result: object) -> bytes:
    """Return the document of a bulk request."""
    return json.dumps({"status": "COMPLETED", "result": result}).encode()


@pytest.mark.parametrize(
    ("type_", "content", "bodies"),
    [
        pytest.param(
            "upi-by-mobile",
            "Mobile,name,note\n+919000000001,Asha,x\n+919000000002,,\n",
            [{"mobile": "+919000000001", "name": "Asha"}, {"mobile": "+919000000002"}],
            id="mobiles",
        ),
        pytest.param(
            "bank-verification-pennyless",
            "ifscnumber,ACCOUNTNUMBER\nABCD0123456,123456789\n",
            [{"accountNumber": "123456789", "ifscNumber": "ABCD0123456"}],
            id="accounts",
        ),
    ],
)
def test_makes_a_request_of_each_row(
    type_: str, content: str, bodies: list[object]
) -> None:
    """Columns are named after the body's fields; others are ignored."""
    requests = pack_all(type_, content)

    assert list(map(body_of, requests)) == bodies
    assert [(r.type, r.rows) for r in requests if isinstance(r, BatchRequest)] == [
        (type_, (number,)) for number in range(1, len(bodies) + 1)
    ]


def test_makes_the_same_requests_of_json_lines() -> None:
    """Both formats of a batch mean the same."""
    rows = [{"mobile": f"+91900000000{n}", "name": "Asha"} for n in range(3)]
    table = "mobile,name\n" + "".join(f"{r['mobile']},{r['name']}\n" for r in rows)

    as_lines = pack_all("full-check", json_lines(*rows), "batch.jsonl")

    assert as_lines == pack_all("full-check", table)
    assert list(map(body_of, as_lines)) == rows


def test_continues_after_an_invalid_row() -> None:
    """One mistake in ten thousand rows must not cost the other rows."""
    content = (
        "mobile,name\n+919000000001,Asha\n9000000002,Asha\n+919000000003\n,,\nx,\n"
    )

    two, three, five, good = pack_all("full-check", content)

    reason = "mobile: must be +91 and ten digits"
    assert two == InvalidRow(2, ("mobile",), reason, 3)
    assert three == InvalidRow(3, ("name",), "name: is missing", 4)
    assert five == InvalidRow(5, ("mobile", "name"), f"{reason}; name: is missing", 6)
    assert isinstance(good, BatchRequest)
    assert good.rows == (1,)


def test_counts_lines_that_are_no_request_as_invalid_rows() -> None:
    """They have a line in the batch's result as well."""
    refused = pack_all("full-check", '[1]\n"x"\n{"mobile"\n', "b.jsonl")

    reason = "is not one strict JSON object in one line"
    assert refused == [InvalidRow(row, (), reason, row) for row in (1, 2, 3)]


@pytest.mark.parametrize("type_", VPA_TYPES)
@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (100, [100]), (101, [100, 1])])
def test_packs_a_hundred_vpas_into_a_request(
    type_: str, count: int, sizes: list[int]
) -> None:
    """A request for each VPA would take a hundred times as long."""
    content = "vpa\n" + "".join(f"user{n}@bank\n" for n in range(count))

    requests = pack_all(type_, content)

    assert [len(body_of(request)["vpas"]) for request in requests] == sizes
    assert [r.type for r in requests if isinstance(r, BatchRequest)] == [BULK] * len(
        sizes
    )
    assert [vpa for r in requests for vpa in body_of(r)["vpas"]] == [
        f"user{n}@bank" for n in range(count)
    ]


def test_keeps_the_vpas_of_a_row_together() -> None:
    """A row's verdict comes from one answer."""
    rows: list[dict[str, object]] = [
        {"vpas": ["a@bank"] * 60},
        {"vpas": ["b@bank"] * 60},
        {"vpa": "c@bank"},
        {"vpas": ["d@bank"] * 100},
    ]

    requests = pack_all(VPA_CHECK, json_lines(*rows), "b.jsonl")

    assert [r.rows for r in requests if isinstance(r, BatchRequest)] == [
        (1,),
        (2, 3),
        (4,),
    ]


@pytest.mark.parametrize(
    ("row", "fields", "reason"),
    [
        ({"vpa": "x"}, ("vpa",), "vpa: must be of the form name@handle"),
        ({"vpa": ["a@b"]}, ("vpa",), "vpa: must be of the form name@handle"),
        (
            {"vpas": ["a@bank", "x"]},
            ("vpas",),
            "vpas: must be 1 to 100 VPAs of the form name@handle",
        ),
        (
            {"vpas": ["a@bank"] * 101},
            ("vpas",),
            "vpas: must be 1 to 100 VPAs of the form name@handle",
        ),
        ({}, ("vpas",), "vpas: is missing"),
        (
            {"vpa": "a@bank", "vpas": ["a@bank"]},
            ("vpa", "vpas"),
            "; ".join(f"{name}: {_ONE_OF_TWO}" for name in ("vpa", "vpas")),
        ),
    ],
)
def test_refuses_an_invalid_row_of_vpas(
    row: Mapping[str, object], fields: tuple[str, ...], reason: str
) -> None:
    """Errors name the fields as the row names them."""
    assert pack_all(VPA_CHECK, json_lines(row), "b.jsonl") == [
        InvalidRow(1, fields, reason, 1)
    ]


@pytest.mark.parametrize("content", ["", "mobile\n", "mobile\n\n \n"])
def test_refuses_a_batch_without_rows(content: str) -> None:
    """An empty file is somebody's mistake."""
    with pytest.raises(SourceEmpty):
        pack_all("kyc-by-mobile", content)


def test_refuses_a_batch_without_its_column() -> None:
    """Every row of it would be invalid."""
    missing = r"^ifscNumber: missing in the header, .* name accountNumber, "
    with pytest.raises(RequestInvalid, match=missing):
        pack_all("bank-verification-pennyless", "accountNumber\n123456789\n")


def test_asks_once_for_equal_rows() -> None:
    """Each request is paid for; the answer is that of all equal rows."""
    content = (
        "mobile,note\n+919000000001,a\n\n+919000000002,b\n 9,c\n+919000000001 ,d\n"
    )

    invalid, first, second = pack_all("kyc-by-mobile", content)

    assert isinstance(invalid, InvalidRow)
    assert invalid.row == 4
    assert isinstance(first, BatchRequest)
    assert isinstance(second, BatchRequest)
    assert (first.rows, second.rows) == ((1, 5), (3,))


@pytest.mark.parametrize("type_", VPA_TYPES)
def test_asks_once_for_equal_rows_of_vpas(type_: str) -> None:
    """A bulk request has their VPAs once, also where others stand between."""
    rows = [{"vpas": ["a@bank", "b@bank"]}, {"vpa": "c@bank"}]
    other = {"vpas": [f"user{n}@bank" for n in range(98)]}

    one, two = pack_all(type_, json_lines(*rows, other, *rows), "b.jsonl")

    assert isinstance(one, BatchRequest)
    assert isinstance(two, BatchRequest)
    assert (one.rows, two.rows) == ((1, 2, 4, 5), (3,))
    assert body_of(one)["vpas"] == ["a@bank", "b@bank", "c@bank"]
    answer = result_document(blocklisted=["a@bank", "b@bank"], clean=["c@bank"])
    parts = unpack(one.type, one.body, answer)
    assert [part["verdict"] for part in parts] == ["blocklisted", "clean"] * 2


def test_numbers_rows_as_the_earlier_release_did() -> None:
    """A retry has to find the requests of an attempt that an earlier release made."""
    content = "mobile\n+919000000001\n\n+919000000001\n9\n"
    source = BytesSource(content.encode())

    packed = pack(REQUESTS, "kyc-by-mobile", "b.csv", source, by_record=False)

    invalid, *requests = packed
    assert isinstance(invalid, InvalidRow)
    assert invalid.row == 3
    assert [r.rows for r in requests if isinstance(r, BatchRequest)] == [(1,), (2,)]


def test_reads_bulk_requests_of_the_earlier_release() -> None:
    """They may be under way while a release is deployed."""
    body = json.dumps({"vpas": ["a@bank", "b@bank", "a@bank"], "rowSizes": [2, 1]})
    answer = result_document(blocklisted=["a@bank"], clean=["b@bank"])

    parts = unpack(BULK, body.encode(), answer)

    assert [part["verdict"] for part in parts] == ["mixed", "blocklisted"]


def test_returns_the_verdict_of_each_row_of_vpas() -> None:
    """Case does not matter, and no VPA is repeated."""
    content = json_lines(
        {"vpa": "bad@bank"},
        {"vpas": ["Good@Bank", "bad@bank", "new@bank"]},
        {"vpa": "good@bank"},
        {"vpa": "both@bank"},
        {"vpa": "new@bank"},
    )
    (request,) = pack_all(VPA_CHECK, content, "b.jsonl")
    assert isinstance(request, BatchRequest)

    parts = unpack(
        request.type,
        request.body,
        result_document(
            blocklisted=["BAD@bank", "both@bank"], clean=["good@bank", "both@bank"]
        ),
    )

    def part(blocklisted: int, clean: int, unlisted: int, verdict: str) -> object:
        counts = {"blocklisted": blocklisted, "clean": clean, "unlisted": unlisted}
        return {**counts, "verdict": verdict}

    assert parts == (
        part(1, 0, 0, "blocklisted"),
        part(1, 1, 1, "mixed"),
        part(0, 1, 0, "clean"),
        part(1, 0, 0, "blocklisted"),
        part(0, 0, 1, "unlisted"),
    )


def test_returns_the_whole_document_for_any_other_row() -> None:
    """All of it is about that row."""
    (request,) = pack_all("kyc-by-mobile", "mobile\n+919000000001\n")
    assert isinstance(request, BatchRequest)
    whole = result_document(fullName="Asha", pan="ABCDE1234F")

    assert unpack(request.type, request.body, whole) == (json.loads(whole),)


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "result",
    [
        b"[]",
        b"{",
        b"{}",
        b'{"result": null}',
        result_document(),
        result_document(blocklisted=[]),
        result_document(blocklisted=[], clean=None),
        result_document(blocklisted="", clean=[]),
        result_document(blocklisted=[7], clean=[]),
    ],
)
def test_refuses_an_incomplete_result(result: bytes) -> None:
    """A VPA that the result leaves out would pass for an unlisted one."""
    (request,) = pack_all(VPA_CHECK, "vpa\na@bank\n")
    assert isinstance(request, BatchRequest)

    with pytest.raises(AnswerUnreadable):
        unpack(request.type, request.body, result)


good_vpa = st.sampled_from([f"user{n}@bank" for n in range(6)])
vpa_rows = (
    st.fixed_dictionaries({"vpa": good_vpa})
    | st.tuples(st.lists(good_vpa, min_size=1, max_size=3), st.integers(1, 33)).map(
        lambda row: {"vpas": row[0] * row[1]}
    )
    | st.just({"vpa": "no"})
)


@given(
    rows=st.lists(vpa_rows, min_size=1, max_size=20), type_=st.sampled_from(VPA_TYPES)
)
def test_returns_one_part_for_each_row(rows: list[dict[str, Any]], type_: str) -> None:
    """However rows are packed, the verdict is that of the row alone."""
    bad = {"user0@bank", "user3@bank"}
    results = result_document(
        blocklisted=sorted(bad), clean=[f"user{n}@bank" for n in (1, 2)]
    )

    answered: dict[int, object] = {}
    requests = pack_all(type_, json_lines(*rows), "b.jsonl")
    for request in requests:
        if isinstance(request, InvalidRow):
            assert rows[request.row - 1] == {"vpa": "no"}
            answered[request.row] = None
        else:
            assert len(body_of(request)["vpas"]) <= 100
            parts = unpack(request.type, request.body, results)
            assert not answered.keys() & set(request.rows)
            answered |= dict(zip(request.rows, parts, strict=True))

    assert sorted(answered) == list(range(1, len(rows) + 1))
    for number, row in enumerate(rows, 1):
        part, vpas = answered[number], row.get("vpas") or [row["vpa"]]
        if vpas != ["no"]:
            assert isinstance(part, dict)
            assert part["blocklisted"] == sum(vpa in bad for vpa in vpas)
            assert part["clean"] == sum(v in ("user1@bank", "user2@bank") for v in vpas)
            assert part["unlisted"] == sum(
                v in ("user4@bank", "user5@bank") for v in vpas
            )
    sent = [r.rows for r in requests if isinstance(r, BatchRequest)]
    assert sorted(chain.from_iterable(sent)) == sorted(
        number for number, part in answered.items() if part is not None
    )
    assert [rows[0] for rows in sent] == sorted(rows[0] for rows in sent)
    assert all(list(rows) == sorted(rows) for rows in sent)


@given(
    cells=st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_characters=',"\r\n\0\x1a'),
            min_size=1,
        ),
        min_size=1,
    )
)
def test_shows_no_value_of_an_invalid_row(cells: list[str]) -> None:
    """The reason is stored next to the row, and logged."""
    content = "mobile\n" + "".join(f"canary{cell}\n" for cell in cells)

    for request in pack_all("kyc-by-mobile", content):
        assert isinstance(request, InvalidRow)
        assert "canary" not in repr(request)


def test_shows_no_body_in_its_text() -> None:
    """A body is personal data."""
    (request,) = pack_all("kyc-by-mobile", "mobile\n+919000000001\n")

    assert "9000000001" not in repr(request)
