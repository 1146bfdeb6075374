"""The status of a file follows the clock, and status calls show it."""

import pytest

from local.simulators.ipqs import CallLimit, IpqsSimulator
from tests.simulators.api_client import EMAILS, KEY, IpqsClient


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (0, "NEW"),
        (4.9, "NEW"),
        (5, "PROCESSING"),
        (25, "UNIQUE_RESULTS"),
        (30, "FINALIZING"),
        (34.9, "FINALIZING"),
        (35, "FINISHED"),
    ],
)
def test_follows_the_clock(
    client: IpqsClient, ipqs: IpqsSimulator, seconds: float, status: str
) -> None:
    """The five words come in the documented order, without waiting."""
    csv_id = client.uploaded()

    ipqs.clock.advance(seconds)

    assert client.status(csv_id)["status"] == status
    assert ipqs.csvs[0].status == status


def test_omits_what_does_not_apply_yet(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """While it works there are neither links nor numbers, and aborted is null."""
    csv_id = client.uploaded(EMAILS + b"broken\n")

    document = client.status(csv_id)

    assert document["aborted"] is None
    assert document["invalid_records"] == 0
    assert set(document["downloads"].values()) == {None}
    assert "status_url" not in document
    assert ipqs.csvs[0].polls == 1


def test_has_links_and_numbers_when_finished(client: IpqsClient) -> None:
    """Links for each kind, the invalid records, and aborted is false."""
    document = client.status(client.finished(EMAILS + b"broken\n"))

    assert document["status"] == "FINISHED"
    assert document["aborted"] is False
    assert document["invalid_records"] == 1
    assert None not in document["downloads"].values()


def test_has_no_link_for_an_empty_category(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """A null link on a finished file is normal: nothing is in that category."""
    csv_id = client.finished(b"broken\n")

    links = client.status(csv_id)["downloads"]
    assert [kind for kind, link in links.items() if link] == ["bad", "all"]

    ipqs.behave(empty_category_links=True)
    clean = client.get(client.link(csv_id, "clean"))
    assert clean.text.count("\n") == 1


def test_offers_the_kinds_of_the_switch(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """Not every kind exists for every type; which ones is unknown."""
    ipqs.behave(offered_kinds=frozenset({"all"}))

    links = client.status(client.finished())["downloads"]

    assert [kind for kind, link in links.items() if link] == ["all"]


def test_answers_scripted_status_words(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Each status call uses up one word, and the last one stays."""
    csv_id = client.uploaded()
    client.status(csv_id)

    ipqs.behave(statuses=("NEW", "WEIRD", "ERROR"))

    words = [client.status(csv_id)["status"] for _call in range(4)]
    assert words == ["NEW", "WEIRD", "ERROR", "ERROR"]

    ipqs.behave(statuses=("FINISHED",))
    assert client.status(csv_id)["downloads"]["all"]


@pytest.mark.parametrize(
    ("word", "links"), [(None, False), ("FINISHED", False), ("ABORTED", True)]
)
def test_can_be_cancelled(
    client: IpqsClient, ipqs: IpqsSimulator, word: str | None, *, links: bool
) -> None:
    """Which word comes along, and whether links do, is unknown."""
    csv_id = client.uploaded()
    ipqs.clock.advance(10)
    ipqs.abort(csv_id)
    ipqs.behave(aborted_status=word, aborted_links=links)
    ipqs.clock.advance(1000)

    document = client.status(csv_id)

    assert document["aborted"] is True
    assert document["status"] == word or document["status"] == "PROCESSING"
    assert (document["downloads"]["all"] is not None) is links
    assert ipqs.csvs[0].aborted_in == "PROCESSING"


def test_cannot_be_cancelled_late(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Cancelled means before completion, so a test that is late is wrong."""
    csv_id = client.finished()

    with pytest.raises(ValueError, match="is finished"):
        ipqs.abort(csv_id)
    with pytest.raises(KeyError):
        ipqs.abort(1)


@pytest.mark.parametrize("csv_id", ["1", "-1", "x", "99999999999999999999", "²"])
def test_refuses_unknown_ids(
    client: IpqsClient, ipqs: IpqsSimulator, csv_id: str
) -> None:
    """The sentence is unknown, so it is a switch."""
    ipqs.behave(unknown_id_message="Nothing there.")

    document = client.status(csv_id)

    assert document["success"] is False
    assert document["message"] == "Nothing there."


def test_drops_files_after_the_retention(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """How long results are kept is unknown."""
    ipqs.behave(retention_seconds=100.0)
    csv_id = client.uploaded()
    ipqs.clock.advance(99)
    assert client.status(csv_id)["success"] is True

    ipqs.clock.advance(1)

    assert client.status(csv_id)["success"] is False
    assert not ipqs.csvs


def test_takes_the_id_by_post(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """The documentation allows it, and does not name the parameter."""
    csv_id = str(client.uploaded())
    address = client.address("status")
    ipqs.behave(status_id_parameter="csv_id")

    right, wrong = (
        client.post(address, files={name: (None, csv_id)}).json()
        for name in ("csv_id", "id")
    )

    assert right["id"] == int(csv_id)
    assert wrong["success"] is False


@pytest.mark.parametrize("calls", [frozenset[str](), frozenset({"status"})])
def test_takes_the_key_in_a_header_if_the_switch_says_so(
    client: IpqsClient, ipqs: IpqsSimulator, calls: frozenset[str]
) -> None:
    """Whether the header works for status is unknown."""
    address = f"{ipqs.base_url}/api/json/csv/status/{client.uploaded()}"
    ipqs.behave(header_key_calls=calls)

    document = client.get(address, headers={"IPQS-KEY": KEY}).json()

    assert document["success"] is ("status" in calls)


def test_refuses_a_wrong_key(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """A wrong key is a soft failure, or an HTTP one by the switch."""
    address = client.address(f"status/{client.uploaded()}", key="wrong")

    assert client.get(address).status_code == 200
    ipqs.behave(bad_key_status=401)
    assert client.get(address).status_code == 401
    assert "wrong" not in ipqs.requests[-1].path


def test_rotates_the_key(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """A key may change in the middle of a job."""
    csv_id = client.uploaded()
    ipqs.rotate_key("another")

    assert client.status(csv_id)["success"] is False
    rotated = client.get(client.address(f"status/{csv_id}", key="another")).json()
    assert rotated["success"] is True


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, "30"])
def test_limits_the_rate(
    client: IpqsClient, ipqs: IpqsSimulator, status: int, retry_after: str | None
) -> None:
    """403 is documented, 429 is reported; the hint may be there or not."""
    csv_id = client.uploaded()
    ipqs.behave(rate_limit=CallLimit(calls=2, status=status, retry_after=retry_after))
    address = client.address(f"status/{csv_id}")

    answers = [client.get(address) for _call in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, status]
    assert answers[-1].headers.get("Retry-After") == retry_after

    ipqs.clock.advance(60)
    assert client.get(address).status_code == 200
