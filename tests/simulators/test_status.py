"""A file goes through its life by the clock, and can be looked at on the way."""

import xml.etree.ElementTree as ET

import pytest

from local.simulators.ipqs import IpqsSimulator, RateLimit, XmlNull
from tests.simulators.client import EMAILS, KEY, Client


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
    client: Client, ipqs: IpqsSimulator, seconds: float, status: str
) -> None:
    """The five words come in the documented order, without waiting."""
    csv_id = client.uploaded()

    ipqs.clock.advance(seconds)

    assert client.look(csv_id)["status"] == status
    assert ipqs.csvs[0].status == status


def test_takes_longer_for_more_rows(client: Client, ipqs: IpqsSimulator) -> None:
    """Polling policies are tried with lists of different lengths."""
    ipqs.behave(seconds_per_1000_rows=100.0)
    csv_id = client.uploaded(b"a@example.com\n" * 1000)

    ipqs.clock.advance(124)
    assert client.look(csv_id)["status"] == "PROCESSING"
    ipqs.clock.advance(1)
    assert client.look(csv_id)["status"] == "UNIQUE_RESULTS"


def test_says_nothing_early(client: Client, ipqs: IpqsSimulator) -> None:
    """While it works there are neither links nor numbers, and aborted is null."""
    csv_id = client.uploaded(EMAILS + b"broken\n")

    document = client.look(csv_id)

    assert document["aborted"] is None
    assert document["invalid_records"] == 0
    assert set(document["downloads"].values()) == {None}
    assert "status_url" not in document
    assert ipqs.csvs[0].looks == 1


def test_says_everything_when_finished(client: Client) -> None:
    """Links for each kind, the invalid records, and aborted is false."""
    document = client.look(client.finished(EMAILS + b"broken\n"))

    assert document["status"] == "FINISHED"
    assert document["aborted"] is False
    assert document["invalid_records"] == 1
    assert None not in document["downloads"].values()


def test_has_no_link_for_an_empty_category(client: Client, ipqs: IpqsSimulator) -> None:
    """A null link on a finished file is normal: nothing is in that category."""
    csv_id = client.finished(b"broken\n")

    links = client.look(csv_id)["downloads"]
    assert [kind for kind, link in links.items() if link] == ["bad", "all"]

    ipqs.behave(empty_category_links=True)
    clean = client.get(client.link(csv_id, "clean"))
    assert clean.text.count("\n") == 1


def test_offers_the_kinds_of_the_switch(client: Client, ipqs: IpqsSimulator) -> None:
    """Not every kind exists for every type; which ones is unknown."""
    ipqs.behave(offered_kinds=frozenset({"all"}))

    links = client.look(client.finished())["downloads"]

    assert [kind for kind, link in links.items() if link] == ["all"]


def test_repeats_scripted_words(client: Client, ipqs: IpqsSimulator) -> None:
    """Each look uses up one word, and the last one stays."""
    csv_id = client.uploaded()
    client.look(csv_id)

    ipqs.behave(statuses=("NEW", "WEIRD", "ERROR"))

    words = [client.look(csv_id)["status"] for _look in range(4)]
    assert words == ["NEW", "WEIRD", "ERROR", "ERROR"]

    ipqs.behave(statuses=("FINISHED",))
    assert client.look(csv_id)["downloads"]["all"]


@pytest.mark.parametrize(
    ("word", "links"), [(None, False), ("FINISHED", False), ("ABORTED", True)]
)
def test_can_be_cancelled(
    client: Client, ipqs: IpqsSimulator, word: str | None, *, links: bool
) -> None:
    """Which word comes along, and whether links do, is unknown."""
    csv_id = client.uploaded()
    ipqs.clock.advance(10)
    ipqs.abort(csv_id)
    ipqs.behave(aborted_status=word, aborted_links=links)
    ipqs.clock.advance(1000)

    document = client.look(csv_id)

    assert document["aborted"] is True
    assert document["status"] == word or document["status"] == "PROCESSING"
    assert (document["downloads"]["all"] is not None) is links
    assert ipqs.csvs[0].aborted is True


def test_cannot_be_cancelled_late(client: Client, ipqs: IpqsSimulator) -> None:
    """Cancelled means before completion, so a test that is late is wrong."""
    csv_id = client.finished()

    with pytest.raises(ValueError, match="is finished"):
        ipqs.abort(csv_id)
    with pytest.raises(KeyError):
        ipqs.abort(1)


@pytest.mark.parametrize("csv_id", ["1", "-1", "x", "99999999999999999999", "²"])
def test_does_not_know_other_ids(
    client: Client, ipqs: IpqsSimulator, csv_id: str
) -> None:
    """The sentence is unknown, so it is a switch."""
    ipqs.behave(unknown_id_message="Nothing there.")

    document = client.look(csv_id)

    assert document["success"] is False
    assert document["message"] == "Nothing there."


def test_forgets_old_files(client: Client, ipqs: IpqsSimulator) -> None:
    """How long results are kept is unknown."""
    ipqs.behave(retention_seconds=100.0)
    csv_id = client.uploaded()
    ipqs.clock.advance(99)
    assert client.look(csv_id)["success"] is True

    ipqs.clock.advance(1)

    assert client.look(csv_id)["success"] is False
    assert not ipqs.csvs


def test_takes_the_id_by_post(client: Client, ipqs: IpqsSimulator) -> None:
    """The documentation allows it, and does not name the parameter."""
    csv_id = client.uploaded()
    address = client.address("status")
    ipqs.behave(status_id_parameter="csv_id")

    assert client.post(address, data={"csv_id": csv_id}).json()["id"] == csv_id
    assert client.post(address, data={"id": csv_id}).json()["success"] is False


@pytest.mark.parametrize("calls", [frozenset[str](), frozenset({"status"})])
def test_takes_the_key_in_a_header_if_the_switch_says_so(
    client: Client, ipqs: IpqsSimulator, calls: frozenset[str]
) -> None:
    """Whether the header works for status is unknown."""
    address = f"{ipqs.base_url}/api/json/csv/status/{client.uploaded()}"
    ipqs.behave(header_key_calls=calls)

    document = client.get(address, headers={"IPQS-KEY": KEY}).json()

    assert document["success"] is ("status" in calls)


def test_refuses_a_wrong_key(client: Client, ipqs: IpqsSimulator) -> None:
    """A wrong key is a soft failure, or an HTTP one by the switch."""
    address = client.address(f"status/{client.uploaded()}", key="wrong")

    assert client.get(address).status_code == 200
    ipqs.behave(bad_key_status=401)
    assert client.get(address).status_code == 401
    assert "wrong" not in ipqs.requests[-1].path


def test_rotates_the_key(client: Client, ipqs: IpqsSimulator) -> None:
    """A key may change in the middle of a job."""
    csv_id = client.uploaded()
    ipqs.rotate_key("another", keep_old=True)
    assert client.look(csv_id)["success"] is True

    ipqs.rotate_key("another")

    assert client.look(csv_id)["success"] is False
    rotated = client.get(client.address(f"status/{csv_id}", key="another")).json()
    assert rotated["success"] is True


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, "30"])
def test_limits_the_rate(
    client: Client, ipqs: IpqsSimulator, status: int, retry_after: str | None
) -> None:
    """403 is documented, 429 is reported; the hint may be there or not."""
    csv_id = client.uploaded()
    ipqs.behave(rate_limit=RateLimit(2, 60.0, status, retry_after))
    address = client.address(f"status/{csv_id}")

    answers = [client.get(address) for _look in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, status]
    assert answers[-1].headers.get("Retry-After") == retry_after

    ipqs.clock.advance(60)
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("null", "text"),
    [
        (XmlNull.EMPTY, "<all/>"),
        (XmlNull.OMITTED, "<downloads></downloads>"),
        (XmlNull.NIL, '<all nil="true"/>'),
        (XmlNull.WORD, "<all>null</all>"),
    ],
)
def test_speaks_xml(
    client: Client, ipqs: IpqsSimulator, null: XmlNull, text: str
) -> None:
    """The same fields under <result>; how null is written is unknown."""
    ipqs.behave(xml_null=null)
    csv_id = client.uploaded(file_name="a & b")

    response = client.get(client.address(f"status/{csv_id}", form="xml"))

    root = ET.fromstring(response.text)  # noqa: S314 our own simulator wrote it
    assert root.tag == "result"
    assert root.findtext("success") == "true"
    assert root.findtext("file_name") == "a & b"
    assert text in response.text


def test_compresses_answers_if_the_switch_says_so(
    client: Client, ipqs: IpqsSimulator
) -> None:
    """The real one compresses what it is asked to, and a client must decode it."""
    ipqs.behave(gzips_answers=True)
    address = client.address(f"status/{client.uploaded()}")

    compressed = client.get(address)
    plain = client.get(address, headers={"Accept-Encoding": "identity"})

    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert compressed.json()["id"] == plain.json()["id"]
