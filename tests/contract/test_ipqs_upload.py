"""IPQS: how a file gets there, where the key stands, how a lost upload is found."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
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
from functions.providers.ipqs.adapter import KeyPlace
from functions.providers.transport.multipart import MultipartBody
from local.simulators.ipqs import Answer, api, intake
from local.simulators.ipqs.held import Held
from local.simulators.ipqs.world import World
from local.simulators.uploads import Posted
from tests.contract.examples import few_examples
from tests.contract.harness import KEY
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.sources import BytesSource, GeneratedSource

_MEGABYTE = 1024 * 1024


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Give the bytes of the files that the simulator takes in."""
    files: list[bytes] = []
    take_in = intake.take_in

    def noting(world: World, posted: Posted, type_: str | None) -> Held:
        assert isinstance(posted.file, Path)
        files.append(posted.file.read_bytes())
        return take_in(world, posted, type_)

    monkeypatch.setattr(api, "take_in", noting)
    return files


@pytest.mark.fault(22)
def test_counts_an_upload_that_is_forbidden_as_throttled(ipqs: IpqsHarness) -> None:
    """403 is IPQS' word for too many calls, and nothing was accepted then."""
    ipqs.script("upload", Answer.html(403))

    with ipqs.expect_error(ProviderThrottled):
        ipqs.submit()

    assert ipqs.accepted_count() == 0


@pytest.mark.fault(10)
@few_examples
@given(data=st.binary(min_size=1, max_size=3000))
def test_uploads_any_bytes_unchanged(
    ipqs: IpqsHarness, arrived: list[bytes], data: bytes
) -> None:
    """What is verified, and paid, must be what lay in the inbox, to the byte."""
    ipqs.provider.submit("our-name", "email", BytesSource(data))

    assert arrived[-1] == data


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n--", id="the start of a boundary"),
        pytest.param(b"\r\n" * 50_000, id="line ends only"),
        pytest.param(b"x" * (64 * 1024 + 1), id="a byte more than a piece"),
        pytest.param(bytes(range(256)) * 1000, id="every byte"),
    ],
)
def test_uploads_awkward_bytes_unchanged(
    ipqs: IpqsHarness, arrived: list[bytes], data: bytes
) -> None:
    """Boundaries and pieces are where multipart bodies break."""
    ipqs.provider.submit("our-name", "email", BytesSource(data))

    assert arrived == [data]


def test_announces_the_length_of_an_upload(ipqs: IpqsHarness) -> None:
    """IPQS takes no chunked uploads."""
    ipqs.provider.submit("our-name", "email", BytesSource(b"a@example.com\n" * 99))

    (seen,) = ipqs.simulator.requests
    assert not seen.chunked
    assert seen.content_length is not None
    assert seen.content_length > 99 * len(b"a@example.com\n")


def test_offers_its_body_in_pieces_as_well() -> None:
    """requests streams only what it could iterate over, though it reads it."""
    source = BytesSource(b"x" * 200_000)
    body = MultipartBody({"name": "value"}, "a.csv", source, boundary="edge")

    pieces = list(body)

    assert len(body) == sum(map(len, pieces))
    assert b"x" * 200_000 in b"".join(pieces)


@pytest.mark.fault(8)
def test_uploads_a_large_file_in_constant_memory(ipqs: IpqsHarness) -> None:
    """A function has less memory than a list may have bytes."""
    ipqs.script("upload", Answer.refusal("so that it need not be verified"))

    tracemalloc.start()
    try:
        with ipqs.expect_error(ProviderRejected):
            ipqs.provider.submit("our-name", "email", GeneratedSource(100 * _MEGABYTE))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    (seen,) = ipqs.simulator.requests
    assert seen.content_length is not None
    assert seen.content_length > 100 * _MEGABYTE
    assert peak < 6 * _MEGABYTE


def test_lets_go_of_the_file(ipqs: IpqsHarness) -> None:
    """An S3 body that stays open holds a connection of a pool of ten."""
    refused, source = BytesSource(), BytesSource()
    ipqs.script("upload", Answer.dropped_before())

    with pytest.raises(Exception, match="connection"):
        ipqs.provider.submit("our-name", "email", refused)
    ipqs.provider.submit("our-name", "email", source)

    assert [file.closed for file in (*refused.opened, *source.opened)] == [True, True]


def test_names_the_file_and_its_type(ipqs: IpqsHarness) -> None:
    """The name is the only handle on an upload whose answer was lost."""
    ipqs.provider.submit("our-name", "phone", BytesSource(b"phone\n+15550100\n"))

    (csv,) = ipqs.simulator.csvs
    assert (csv.file_name, csv.type, csv.uploaded_by) == (
        "our-name",
        "phone",
        "multipart",
    )


def test_says_that_a_type_is_refused(ipqs: IpqsHarness) -> None:
    """A type that IPQS does not know is nothing that waiting mends."""
    with ipqs.expect_error(ProviderRejected):
        ipqs.provider.submit("our-name", "fax", BytesSource())

    assert ipqs.accepted_count() == 0


@pytest.mark.fault(32)
def test_does_not_call_a_refused_upload_a_lost_job(ipqs: IpqsHarness) -> None:
    """There is no job yet that could be lost; the address is wrong."""
    ipqs.script("upload", Answer.html(404))

    with ipqs.expect_error(ProviderRejected):
        ipqs.provider.submit("our-name", "email", BytesSource())


# Where the key stands

_CALLS: dict[str, Callable[[Any], object]] = {
    "upload": lambda adapter: adapter.submit("our-name", "email", BytesSource()),
    "status": lambda adapter: adapter.check("3000001"),
    "list": lambda adapter: adapter.find("our-name", "email"),
}


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize(
    ("place", "where"),
    [("path", "path"), ("header", "header"), ("field", "body")],
)
def test_puts_the_key_where_the_settings_say(
    ipqs: IpqsHarness, call: str, place: KeyPlace, where: str
) -> None:
    """Which place works for which call is not known for certain: it is a setting."""
    ipqs.simulator.behave(header_key_calls=frozenset(_CALLS))
    ipqs.provider.submit("our-name", "email", BytesSource())
    adapter = ipqs.provider_with(**{f"{call}_key": place})

    _CALLS[call](adapter)

    seen = ipqs.simulator.requests[-1]
    assert seen.call == call
    # Only an upload has a body for the key; the others fall back to the path.
    expected = "path" if where == "body" and call != "upload" else where
    assert seen.key_in == {expected}


def test_keeps_the_key_out_of_addresses_where_it_can(ipqs: IpqsHarness) -> None:
    """Addresses get into logs on the way; the defaults name it where IPQS must."""
    reference = ipqs.provider.submit("our-name", "email", BytesSource())
    ipqs.provider.find("our-name", "email")
    ipqs.provider.check(reference)

    places = {seen.call: set(seen.key_in) for seen in ipqs.simulator.requests}
    assert places == {"upload": {"body"}, "list": {"header"}, "status": {"path"}}


def test_carries_nothing_from_one_call_to_the_next(ipqs: IpqsHarness) -> None:
    """A cookie would tie calls together, and a session's header follow a link."""
    cookie = ("Set-Cookie", f"session={KEY}; Path=/")
    ipqs.script("upload", Answer(more_headers=(cookie,)))
    reference = ipqs.provider.submit("our-name", "email", BytesSource())

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


def _others(ipqs: IpqsHarness, count: int, type_: str = "email") -> None:
    for number in range(count):
        ipqs.simulator.add_finished(
            type=type_, results={}, file_name=f"somebody's {number}"
        )


@pytest.mark.fault(16)
def test_finds_an_upload_on_the_third_page(ipqs: IpqsHarness) -> None:
    """A busy account has many newer files by the time that somebody looks."""
    reference = ipqs.provider.submit("our-name", "email", BytesSource())
    _others(ipqs, 110)

    assert ipqs.provider.find("our-name", "email") == reference
    assert [seen.query["page"] for seen in ipqs.simulator.requests[1:]] == list("123")


@pytest.mark.fault(16)
def test_finds_an_upload_that_moves_on_while_it_is_sought(ipqs: IpqsHarness) -> None:
    """The newest stand first: an upload meanwhile moves ours to a later page."""
    reference = ipqs.provider.submit("our-name", "email", BytesSource())
    _others(ipqs, 99)

    def meanwhile(page: dict[str, Any]) -> dict[str, Any]:
        _others(ipqs, 50)
        return page

    ipqs.script("list", Answer.edited(meanwhile))

    assert ipqs.provider.find("our-name", "email") == reference
    assert ipqs.request_count("list") == 3


@pytest.mark.fault(16)
def test_finds_nothing_only_after_the_last_page(ipqs: IpqsHarness) -> None:
    """A second upload is right only where the whole list has been seen."""
    _others(ipqs, 120)

    assert ipqs.provider.find("our-name", "email") is None
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
def test_ends_at_the_end_of_the_list_however_it_is_told(
    ipqs: IpqsHarness, count: int, pages: dict[str, object]
) -> None:
    """Every field may be null; the search ends all the same, and not too early."""
    reference = ipqs.provider.submit("our-name", "email", BytesSource())
    _others(ipqs, count)
    edited = Answer.edited(lambda page: {**page, **pages})
    ipqs.script("list", *[edited] * (count // 50 + 1))

    assert ipqs.provider.find("our-name", "email") == reference


@pytest.mark.parametrize("pages", [None, "1", 99])
@pytest.mark.parametrize("count", [3, 50])
def test_finds_nothing_in_a_list_of_unknown_length(
    ipqs: IpqsHarness, pages: object, count: int
) -> None:
    """Without a number of pages, a page that is not full is the last one."""
    _others(ipqs, count)
    edited = Answer.edited(lambda page: {**page, "total_pages": pages})
    ipqs.script("list", edited)

    assert ipqs.provider.find("our-name", "email") is None


def test_gives_up_in_a_list_that_is_too_long(ipqs: IpqsHarness) -> None:
    """Not found among some pages is not the same as not there."""
    _others(ipqs, 101)
    adapter = ipqs.provider_with(list_pages=2)

    with ipqs.expect_error(SubmitOutcomeUnknown):
        adapter.find("our-name", "email")

    assert ipqs.request_count("list") == 2


def test_seeks_only_files_of_the_type(ipqs: IpqsHarness) -> None:
    """The provider leaves out the rest, which makes the list a short one."""
    _others(ipqs, 120, type_="phone")
    reference = ipqs.provider.submit("our-name", "email", BytesSource())

    assert ipqs.provider.find("our-name", "email") == reference
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
    """Not there would mean a second upload, which is paid a second time."""
    ipqs.script("list", Answer.edited(lambda page: {**page, "csvs": csvs}))

    with ipqs.expect_error(AnswerUnreadable):
        ipqs.provider.find("our-name", "email")


def test_looks_past_entries_that_are_none(ipqs: IpqsHarness) -> None:
    """A stranger's odd entry must not hide ours."""
    reference = ipqs.provider.submit("our-name", "email", BytesSource())

    def odd(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "csvs": [None, 7, {"file_name": None}, *page["csvs"]]}

    ipqs.script("list", Answer.edited(odd))

    assert ipqs.provider.find("our-name", "email") == reference
