"""IPQS: how a file is uploaded, where the key is, how a lost upload is found."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import (
    AnswerUnreadable,
    ProviderRejected,
    ProviderThrottled,
    SubmitOutcomeUnknown,
)
from functions.core.provider_settings import KeyPlaces
from functions.providers.transport.multipart import MultipartBody
from local.simulators.ipqs import Answer
from tests.contract.examples import few_examples
from tests.contract.harness import KEY
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.memory import memory_limit
from tests.contract.sources import BytesSource, GeneratedSource, submit
from tests.settings import ipqs_settings

_MEGABYTE = 1024 * 1024


def received_files(ipqs: IpqsHarness) -> list[bytes]:
    """Return the bytes of the files that the simulator has received."""
    return [csv.upload.read_bytes() for csv in ipqs.simulator.csvs if csv.upload]


@pytest.mark.fault(22)
def test_raises_throttled_for_a_forbidden_upload(ipqs: IpqsHarness) -> None:
    """IPQS answers 403 to too many calls, and accepts nothing then."""
    ipqs.script("upload", Answer.html(403))

    with ipqs.expect_error(ProviderThrottled):
        ipqs.submit()

    assert ipqs.accepted_count() == 0


@pytest.mark.fault(10)
@few_examples
@given(data=st.binary(min_size=1, max_size=3000))
def test_uploads_any_bytes_unchanged(ipqs: IpqsHarness, data: bytes) -> None:
    """What is verified, and paid for, is the uploaded file, to the byte."""
    submit(ipqs.provider, "our-name", "email", BytesSource(data))

    assert received_files(ipqs)[-1] == data


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n--", id="the start of a boundary"),
        pytest.param(b"\r\n" * 50_000, id="line ends only"),
        pytest.param(b"x" * (64 * 1024 + 1), id="a byte more than a chunk"),
        pytest.param(bytes(range(256)) * 1000, id="every byte"),
    ],
)
def test_uploads_awkward_bytes_unchanged(ipqs: IpqsHarness, data: bytes) -> None:
    """Boundaries and chunks are where multipart bodies break."""
    submit(ipqs.provider, "our-name", "email", BytesSource(data))

    assert received_files(ipqs) == [data]


def test_announces_the_length_of_an_upload(ipqs: IpqsHarness) -> None:
    """IPQS accepts no chunked uploads."""
    submit(ipqs.provider, "our-name", "email", BytesSource(b"a@example.com\n" * 99))

    (request,) = ipqs.simulator.requests
    assert not request.chunked
    assert request.content_length is not None
    assert request.content_length > 99 * len(b"a@example.com\n")


def test_iterates_over_its_body() -> None:
    """requests streams only what is iterable, though it calls `read`."""
    source = BytesSource(b"x" * 200_000)
    body = MultipartBody({"name": "value"}, "a.csv", source, boundary="edge")

    chunks = list(body)

    assert len(body) == sum(map(len, chunks))
    assert b"x" * 200_000 in b"".join(chunks)


@pytest.mark.fault(8)
def test_uploads_a_large_file_in_constant_memory(ipqs: IpqsHarness) -> None:
    """A function has less memory than a list may have bytes."""
    ipqs.script("upload", Answer.refusal("so that it need not be verified"))

    with memory_limit(6 * _MEGABYTE), ipqs.expect_error(ProviderRejected):
        submit(ipqs.provider, "our-name", "email", GeneratedSource(100 * _MEGABYTE))

    (request,) = ipqs.simulator.requests
    assert request.content_length is not None
    assert request.content_length > 100 * _MEGABYTE


def test_closes_the_file(ipqs: IpqsHarness) -> None:
    """An open S3 body occupies one of ten connections."""
    refused, source = BytesSource(), BytesSource()
    ipqs.script("upload", Answer.dropped_before())

    with pytest.raises(Exception, match="connection"):
        submit(ipqs.provider, "our-name", "email", refused)
    submit(ipqs.provider, "our-name", "email", source)

    assert [file.closed for file in (*refused.opened, *source.opened)] == [True, True]


def test_names_the_file_and_its_type(ipqs: IpqsHarness) -> None:
    """The name is the only way to find an upload whose answer was lost."""
    submit(ipqs.provider, "our-name", "phone", BytesSource(b"phone\n+15550100\n"))

    (csv,) = ipqs.simulator.csvs
    assert (csv.file_name, csv.type) == ("our-name", "phone")


def test_raises_rejected_for_an_unknown_type(ipqs: IpqsHarness) -> None:
    """Waiting does not help."""
    with ipqs.expect_error(ProviderRejected):
        submit(ipqs.provider, "our-name", "fax", BytesSource())

    assert ipqs.accepted_count() == 0


@pytest.mark.fault(32)
def test_raises_rejected_for_an_upload_answered_with_404(ipqs: IpqsHarness) -> None:
    """There is no job yet that could be lost; the URL is wrong."""
    ipqs.script("upload", Answer.html(404))

    with ipqs.expect_error(ProviderRejected):
        ipqs.submit()


# Where the key is

_CALLS: dict[str, Callable[[Any], object]] = {
    "upload": lambda adapter: submit(adapter, "our-name", "email", BytesSource()),
    "status": lambda adapter: adapter.check("3000001"),
    "list": lambda adapter: adapter.find("our-name", "email"),
}


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize(
    ("place", "where"),
    [("path", "path"), ("header", "header"), ("field", "body")],
)
def test_sends_the_key_where_the_settings_say(
    ipqs: IpqsHarness, call: str, place: str, where: str
) -> None:
    """Which place works for which call is not known for certain."""
    ipqs.simulator.behave(header_key_calls=frozenset(_CALLS))
    ipqs.submit()
    places = KeyPlaces(**{**asdict(ipqs_settings().key_place), call: place})
    adapter = ipqs.provider_with(key_place=places)

    _CALLS[call](adapter)

    request = ipqs.simulator.requests[-1]
    assert request.call == call
    # Only an upload has a body for the key; the others fall back to the path.
    expected = "path" if where == "body" and call != "upload" else where
    assert request.key_in == {expected}


def test_keeps_the_key_out_of_urls_where_possible(ipqs: IpqsHarness) -> None:
    """URLs are logged on their way; the default is a path only where IPQS needs it."""
    reference = ipqs.submit()
    ipqs.find()
    ipqs.provider.check(reference)

    places = {request.call: set(request.key_in) for request in ipqs.simulator.requests}
    assert places == {"upload": {"body"}, "list": {"header"}, "status": {"path"}}


def test_carries_nothing_from_one_call_to_the_next(ipqs: IpqsHarness) -> None:
    """A cookie would connect calls, and a session's header would follow a link."""
    cookie = ("Set-Cookie", f"session={KEY}; Path=/")
    ipqs.script("upload", Answer(more_headers=(cookie,)))
    reference = ipqs.submit()

    ipqs.provider.check(reference)

    headers = ipqs.simulator.requests[-1].headers
    assert set(headers) == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }
    assert headers["accept-encoding"] == "identity"


# Finding what was uploaded


def _add_other_files(ipqs: IpqsHarness, count: int, type_: str = "email") -> None:
    for number in range(count):
        ipqs.simulator.add_finished(
            type=type_, results={}, file_name=f"somebody's {number}"
        )


@pytest.mark.fault(16)
def test_finds_an_upload_on_the_third_page(ipqs: IpqsHarness) -> None:
    """A busy account has many newer files by the time of the search."""
    reference = ipqs.submit()
    _add_other_files(ipqs, 110)

    assert ipqs.find() == reference
    assert [request.query["page"] for request in ipqs.simulator.requests[1:]] == list(
        "123"
    )


@pytest.mark.fault(16)
def test_finds_an_upload_that_moves_during_the_search(ipqs: IpqsHarness) -> None:
    """The newest come first, so an upload add_files moves ours to a later page."""
    reference = ipqs.submit()
    _add_other_files(ipqs, 99)

    def add_files(page: dict[str, Any]) -> dict[str, Any]:
        _add_other_files(ipqs, 50)
        return page

    ipqs.script("list", Answer.edited(add_files))

    assert ipqs.find() == reference
    assert ipqs.request_count("list") == 3


@pytest.mark.fault(16)
def test_finds_nothing_only_after_the_last_page(ipqs: IpqsHarness) -> None:
    """A second upload is right only if the whole list has been read."""
    _add_other_files(ipqs, 120)

    assert ipqs.find() is None
    assert ipqs.request_count("list") == 3


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100])
@pytest.mark.parametrize(
    "pages",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"total_pages": None, "total_csvs": None}, id="null"),
        pytest.param({"total_pages": "2"}, id="as a text"),
        pytest.param({"total_pages": 99}, id="too many"),
    ],
)
def test_finds_an_upload_for_any_number_of_pages(
    ipqs: IpqsHarness, count: int, pages: dict[str, object]
) -> None:
    """The number may be null or wrong; the search ends, and not too early."""
    reference = ipqs.submit()
    _add_other_files(ipqs, count)
    edited = Answer.edited(lambda page: {**page, **pages})
    ipqs.script("list", *[edited] * (count // 50 + 1))

    assert ipqs.find() == reference


@pytest.mark.parametrize("pages", [None, "1", 99])
@pytest.mark.parametrize("count", [3, 50])
def test_finds_nothing_in_a_list_of_unknown_length(
    ipqs: IpqsHarness, pages: object, count: int
) -> None:
    """Without a number of pages, a page that is not full is the last one."""
    _add_other_files(ipqs, count)
    edited = Answer.edited(lambda page: {**page, "total_pages": pages})
    ipqs.script("list", edited)

    assert ipqs.find() is None


def test_raises_unknown_outcome_in_a_list_that_is_too_long(ipqs: IpqsHarness) -> None:
    """Not found on some pages is not the same as not accepted."""
    _add_other_files(ipqs, 101)
    adapter = ipqs.provider_with(list_pages=2)

    with ipqs.expect_error(SubmitOutcomeUnknown):
        adapter.find("our-name", "email")

    assert ipqs.request_count("list") == 2


def test_searches_only_files_of_the_type(ipqs: IpqsHarness) -> None:
    """IPQS leaves out the rest, which makes the list short."""
    _add_other_files(ipqs, 120, type_="phone")
    reference = ipqs.submit()

    assert ipqs.find() == reference
    assert ipqs.request_count("list") == 1


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    "csvs",
    [
        pytest.param(None, id="null"),
        pytest.param({"file_name": "our-name", "id": 7}, id="an object"),
        pytest.param([{"file_name": "our-name", "id": None}], id="ours without an id"),
    ],
)
def test_does_not_take_an_unreadable_list_for_an_empty_one(
    ipqs: IpqsHarness, csvs: object
) -> None:
    """Not found would mean a second upload, which is paid for again."""
    ipqs.script("list", Answer.edited(lambda page: {**page, "csvs": csvs}))

    with ipqs.expect_error(AnswerUnreadable):
        ipqs.find()


def test_ignores_malformed_entries_of_the_list(ipqs: IpqsHarness) -> None:
    """An odd entry must not hide ours."""
    reference = ipqs.submit()

    def odd(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "csvs": [None, 7, {"file_name": None}, *page["csvs"]]}

    ipqs.script("list", Answer.edited(odd))

    assert ipqs.find() == reference
