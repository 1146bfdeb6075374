"""IPQS: the adapter works whichever way the unknowns of the API turn out."""

import pytest

from functions.core.errors import (
    AnswerMismatch,
    CourierError,
    LinkSpent,
    OutOfCredits,
    ProviderLostJob,
    ProviderRejected,
    ProviderThrottled,
    ResultNotATable,
    TransferIncomplete,
)
from functions.core.model import Phase
from functions.core.provider_settings import KeyPlaces
from local.simulators.ipqs import (
    UNKNOWNS,
    Answer,
    CallLimit,
    Compression,
    FileNames,
    Framing,
    Spent,
)
from tests.contract.harness import KEY, read_body, retry_hint
from tests.contract.ipqs_harness import IpqsHarness
from tests.contract.loopback_hosts import LoopbackListener
from tests.contract.sources import BytesSource, submit

#: Every result is fetched for any of these values.
_ANY_VALUE: dict[str, tuple[object, ...]] = {
    "seconds_processing": (0.0, 0.5, 100_000.0),
    "removes_duplicates": (False,),
    "header_key_calls": (frozenset(), frozenset({"upload", "list", "status"})),
    "status_id_parameter": ("csv_id",),
    "strictness_accepted": (True,),
    "list_newest_first": (False,),
    "spent_link": tuple(Spent),
    "expired_link": tuple(Spent),
    "head_spends": (False,),
    "interrupted_get_spends": (False,),
    "new_links_kill_older": (True,),
    "early_links": (True,),
    "offered_kinds": (frozenset({"all"}), frozenset({"clean", "bad"})),
    "empty_category_links": (True,),
    "columns": (
        ("Valid", "Email Address", "New"),
        ("email",),
        ("Checked At", "Email Address", 'Reason, if any; "why"'),
    ),
    "file_content_type": ("application/octet-stream", "text/plain", "", "x/y; z=é"),
    "file_framing": (Framing.LENGTH, Framing.CHUNKED),
    "file_compression": (Compression.WHEN_ACCEPTED, Compression.ALWAYS),
    "file_ranges": (True,),
}
#: Each of these has a test of its own.
_TESTED_ALONE = {
    "max_upload_bytes",
    "max_upload_rows",
    "max_parallel_files",
    "list_lag_seconds",
    "calls_needing_credits",
    "retention_seconds",
    "rate_limit",
    "unknown_id_message",
    "bad_key_status",
    "credits_member",
    "credits_lag_seconds",
    "file_names",
    "aborted_status",
    "aborted_links",
    "file_redirect",
}


_EACH_VALUE = [
    pytest.param(switch, value, id=f"{switch}={value}")
    for switch, values in _ANY_VALUE.items()
    for value in values
]


def test_covers_every_unknown() -> None:
    """A switch that is added to the simulator must be tested here."""
    assert set(_ANY_VALUE) | _TESTED_ALONE == set(UNKNOWNS)


@pytest.mark.parametrize(("switch", "value"), _EACH_VALUE)
def test_fetches_every_result_for_any_value(
    ipqs: IpqsHarness, switch: str, value: object
) -> None:
    """The value is not documented, so it must not matter."""
    ipqs.simulator.behave(**{switch: value})
    # The path is the place of the key that is documented for every call.
    places = KeyPlaces(upload="path", status="path", list="path")
    adapter = ipqs.provider_with(key_place=places)

    reference = submit(adapter, "our-name", "email", BytesSource())
    found = adapter.find("our-name", "email")
    ipqs.simulator.clock.advance(200_000)
    report = adapter.check(reference)
    rows = {}
    for kind in report.kinds:  # as Download does it: fresh links for each kind
        link = adapter.result_links(reference)[kind]
        rows[kind] = read_body(adapter.open(link, type_="email", seconds=20))[1].rows

    assert found == reference
    assert report.phase is Phase.FINISHED
    expected = dict(ipqs.simulator.csvs[0].results)
    offered = ipqs.simulator.behaviour.offered_kinds
    assert rows == {
        kind: count
        for kind, count in expected.items()
        if kind in offered and (count or ipqs.simulator.behaviour.empty_category_links)
    }


@pytest.mark.fault(30)
@pytest.mark.parametrize("file_names", FileNames)
def test_fetches_results_where_file_names_are_changed(
    ipqs: IpqsHarness, file_names: FileNames
) -> None:
    """That a status repeats our name is not documented, so it is a setting."""
    ipqs.simulator.behave(file_names=file_names)
    reference = submit(ipqs.provider, "Our-Name.csv", "email", BytesSource())
    ipqs.finish()
    changed = ipqs.provider_with(keeps_file_names=False)

    assert changed.check(reference, name="Our-Name.csv").kinds
    assert changed.result_links(reference, name="Our-Name.csv")
    if file_names in (FileNames.KEPT, FileNames.NOT_REPORTED):
        assert ipqs.provider.result_links(reference, name="Our-Name.csv")
    else:
        with ipqs.expect_error(AnswerMismatch):
            ipqs.provider.check(reference, name="Our-Name.csv")


@pytest.mark.parametrize(
    ("switch", "limit"),
    [("max_upload_bytes", 9), ("max_upload_rows", 3), ("max_parallel_files", 0)],
)
def test_raises_rejected_beyond_a_limit(
    ipqs: IpqsHarness, switch: str, limit: int
) -> None:
    """The limits are not published; a file beyond one is refused for good."""
    ipqs.simulator.behave(**{switch: limit})

    with ipqs.expect_error(ProviderRejected):
        ipqs.submit()

    assert ipqs.accepted_count() == 0


@pytest.mark.fault(32)
@pytest.mark.parametrize(
    "message", ["Invalid CSV ID.", "", "Invalid or unknown file.", "é" * 9999]
)
def test_raises_rejected_for_an_expired_file(ipqs: IpqsHarness, message: str) -> None:
    """How long files are kept, and what is answered later, is not published."""
    ipqs.simulator.behave(retention_seconds=60.0, unknown_id_message=message)
    reference = ipqs.submit()
    ipqs.simulator.clock.advance(61)

    with ipqs.expect_error(ProviderRejected):
        ipqs.provider.check(reference)

    assert ipqs.find() is None


@pytest.mark.fault(32)
def test_raises_lost_job_for_404(ipqs: IpqsHarness) -> None:
    """This is the other way in which an API may say so."""
    ipqs.script("status", Answer.http(404))

    with ipqs.expect_error(ProviderLostJob):
        ipqs.provider.check(ipqs.unknown_ref)


@pytest.mark.fault(22)
@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(("retry_after", "hint"), [(None, None), ("30", 30.0)])
def test_continues_after_the_rate_limit(
    ipqs: IpqsHarness, status: int, retry_after: str | None, hint: float | None
) -> None:
    """Neither the limit nor its answer is published."""
    reference = ipqs.submit()
    limit = CallLimit(calls=1, seconds=60, status=status, retry_after=retry_after)
    ipqs.simulator.behave(rate_limit=limit)
    ipqs.provider.check(reference)

    with ipqs.expect_error(ProviderThrottled) as caught:
        ipqs.provider.check(reference)
    ipqs.simulator.clock.advance(61)

    assert retry_hint(caught.value) == hint
    assert ipqs.provider.check(reference).phase is Phase.FINISHED


@pytest.mark.fault(66)
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_uses_a_rotated_key_for_any_status_of_the_refusal(
    ipqs: IpqsHarness, status: int
) -> None:
    """The message tells a refused key from throttling, which is 403 as well."""
    reference = ipqs.submit()
    ipqs.simulator.behave(bad_key_status=status)
    ipqs.simulator.rotate_key("rotated " + KEY)
    ipqs.key.stored = "rotated " + KEY

    assert ipqs.provider.check(reference).phase is Phase.QUEUED
    assert ipqs.key.fresh_reads == 1


@pytest.mark.fault(31)
@pytest.mark.parametrize("links", [False, True])
@pytest.mark.parametrize("word", [None, "FINISHED", "ABORTED", "CANCELLED"])
def test_reports_aborted_with_or_without_links(
    ipqs: IpqsHarness, word: str | None, links: bool
) -> None:
    """Partial results of a cancelled file are not results."""
    ipqs.simulator.behave(aborted_status=word, aborted_links=links)
    reference = ipqs.submit()
    ipqs.simulator.abort(int(reference))

    assert ipqs.provider.check(reference).phase is Phase.ABORTED


@pytest.mark.fault(41)
@pytest.mark.parametrize("spent", Spent)
def test_opens_a_fresh_link_after_a_spent_one(ipqs: IpqsHarness, spent: Spent) -> None:
    """How a spent link is refused is not known; a fresh one is always available."""
    ipqs.simulator.behave(spent_link=spent)
    link = ipqs.make_link(b"Email Address\na@example.com\n")
    ipqs.download(link)

    with pytest.raises((LinkSpent, ResultNotATable)):
        ipqs.download(link)
    (reference,) = (str(csv.id) for csv in ipqs.simulator.csvs)
    data, _stats = ipqs.download(ipqs.result_links(reference)["all"])

    assert data == b"Email Address\na@example.com\n"


@pytest.mark.fault(43)
@pytest.mark.parametrize("expired", Spent)
def test_takes_no_answer_of_an_expired_link_for_a_result(
    ipqs: IpqsHarness, expired: Spent
) -> None:
    """A link lives for 15 minutes; how it is refused later is not known."""
    ipqs.simulator.behave(expired_link=expired)
    link = ipqs.make_link(b"Email Address\na@example.com\n")
    ipqs.simulator.clock.advance(15 * 60)

    with pytest.raises((LinkSpent, ResultNotATable)):
        ipqs.download(link)


@pytest.mark.fault(44)
def test_raises_spent_for_a_replaced_link(ipqs: IpqsHarness) -> None:
    """Where new links invalidate older ones, only the newest works."""
    ipqs.simulator.behave(new_links_kill_older=True)
    older = ipqs.make_link(b"Email Address\na@example.com\n")
    newer = ipqs.result_links(str(ipqs.simulator.csvs[0].id))["all"]

    with ipqs.expect_error(LinkSpent):
        ipqs.download(older)

    assert ipqs.download(newer)[1].rows == 1


@pytest.mark.parametrize(
    ("switches", "error"),
    [
        pytest.param(
            {"file_framing": Framing.CLOSE}, TransferIncomplete, id="no length"
        ),
        pytest.param({"file_content_type": "text/html"}, LinkSpent, id="called a page"),
    ],
)
def test_refuses_what_may_be_incomplete_or_a_page(
    ipqs: IpqsHarness, switches: dict[str, object], error: type[CourierError]
) -> None:
    """What may be half a file or an error page is not published."""
    ipqs.simulator.behave(**switches)
    link = ipqs.make_link(b"Email Address\na@example.com\n")

    with ipqs.expect_error(error):
        ipqs.download(link)


@pytest.mark.fault(54)
def test_does_not_follow_a_link_that_redirects(ipqs: IpqsHarness) -> None:
    """The target is not on the allow-list, and would get the link."""
    with LoopbackListener.listening() as other_host:
        ipqs.simulator.behave(file_redirect=f"{other_host.url}/file.csv")
        link = ipqs.make_link(b"Email Address\na@example.com\n")

        with ipqs.expect_error(LinkSpent):
            ipqs.open(link)

        assert other_host.accept() is None


@pytest.mark.fault(21)
@pytest.mark.parametrize("calls", [{"upload"}, {"upload", "status", "list"}])
def test_raises_out_of_credits_until_there_are_some(
    ipqs: IpqsHarness, calls: set[str]
) -> None:
    """Which calls used-up credits refuse is not documented."""
    reference = ipqs.submit()
    made = {
        "upload": ipqs.submit,
        "status": lambda: ipqs.provider.check(reference),
        "list": ipqs.find,
    }
    ipqs.simulator.behave(
        calls_needing_credits=frozenset(calls), credits_back_at=ipqs.now() + 60
    )

    for call in calls:
        with ipqs.expect_error(OutOfCredits):
            made[call]()
    for call in made.keys() - calls:
        assert made[call]()
    ipqs.simulator.clock.advance(60)

    assert all(call() for call in made.values())
    assert ipqs.accepted_count() == 2
