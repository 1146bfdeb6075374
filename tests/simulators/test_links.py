"""A link works once and for fifteen minutes; everything else is a switch."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from local.simulators.ipqs import Answer, Ending, IpqsSimulator, Spent
from tests.simulators.api_client import KEY, SECONDS, IpqsClient

SPENT = [
    (Spent.FORBIDDEN, 403),
    (Spent.NOT_FOUND, 404),
    (Spent.GONE, 410),
    (Spent.HTML, 200),
    (Spent.TEXT, 200),
    (Spent.JSON, 200),
    (Spent.CSV, 200),
]


def test_has_the_documented_form(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """256 alphanumerics and a form-encoded name, on a host of its own."""
    link = urlsplit(client.link(client.finished(file_name="my list"), "bad"))

    query = parse_qs(link.query, strict_parsing=True)
    assert link.netloc == ipqs.download_host
    assert ipqs.download_host not in ipqs.base_url
    assert link.path == "/download"
    assert list(query) == ["download", "filename"]
    assert len(query["download"][0]) == 256
    assert query["download"][0].isalnum()
    assert "my+list" in link.query
    assert query["filename"] == [
        "my list-IPQualityScore-Email-Verification-Invalid-Results.csv"
    ]


@pytest.mark.parametrize(("spent", "status"), SPENT)
def test_burns_on_first_use(
    client: IpqsClient, ipqs: IpqsSimulator, spent: Spent, status: int
) -> None:
    """What is said of a spent link is unknown; that it is spent is documented."""
    ipqs.behave(spent_link=spent)
    link = client.link(client.finished())

    assert client.get(link).headers["Content-Type"] == "text/csv"

    again = client.get(link)
    assert again.status_code == status
    assert (again.headers["Content-Type"], again.text) == spent.value[1:]
    assert ipqs.csvs[0].downloads == 1


@pytest.mark.parametrize(("spent", "status"), SPENT)
def test_expires(
    client: IpqsClient, ipqs: IpqsSimulator, spent: Spent, status: int
) -> None:
    """Fifteen minutes by the clock, to the second."""
    ipqs.behave(expired_link=spent, spent_link=Spent.FORBIDDEN)
    csv_id = client.finished()
    young, old = client.link(csv_id), client.link(csv_id)

    ipqs.clock.advance(899)
    assert client.get(young).headers["Content-Type"] == "text/csv"
    ipqs.clock.advance(1)

    answer = client.get(old)
    assert answer.status_code == status
    assert (answer.headers["Content-Type"], answer.text) == spent.value[1:]


def test_burns_once_under_pressure(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Of many uses at the same time exactly one wins."""
    link = client.link(client.finished())
    together = threading.Barrier(8)

    def use(_number: int) -> int:
        together.wait(SECONDS)
        return requests.get(link, timeout=SECONDS).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(use, range(8)))

    assert statuses == [200] + [403] * 7
    assert ipqs.csvs[0].downloads == 1


def test_is_new_with_each_status_call(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Each status call on a finished file makes new links."""
    csv_id = client.finished()

    links = {client.link(csv_id, kind) for kind in ("all", "bad") for _call in range(3)}

    assert len(links) == 6
    assert ipqs.csvs[0].links == 6 * 4
    assert {client.get(link).status_code for link in links} == {200}


@pytest.mark.parametrize("kills", [False, True])
def test_may_end_older_ones(
    client: IpqsClient, ipqs: IpqsSimulator, *, kills: bool
) -> None:
    """Whether new links end the older ones is unknown."""
    ipqs.behave(new_links_kill_older=kills)
    csv_id, other = client.finished(), client.finished()
    older, of_other = client.link(csv_id), client.link(other)
    newer = client.link(csv_id)

    assert client.get(older).status_code == (403 if kills else 200)
    assert client.get(newer).status_code == 200
    assert client.get(of_other).status_code == 200


@pytest.mark.parametrize("spends", [False, True])
def test_may_be_spent_by_head(
    client: IpqsClient, ipqs: IpqsSimulator, *, spends: bool
) -> None:
    """Whether HEAD spends a link is unknown."""
    ipqs.behave(head_spends=spends)
    link = client.link(client.finished())

    head = client.session.head(link, timeout=SECONDS)
    get = client.get(link)

    assert head.status_code == 200
    assert head.content == b""
    assert get.status_code == (403 if spends else 200)
    if not spends:
        assert head.headers["Content-Length"] == str(len(get.content))


@pytest.mark.parametrize("spends", [False, True])
def test_may_survive_a_cut_answer(
    client: IpqsClient, ipqs: IpqsSimulator, *, spends: bool
) -> None:
    """Whether an interrupted GET spends a link is unknown."""
    ipqs.behave(interrupted_get_spends=spends)
    ipqs.script("download", [Answer.cut_after(100)])
    link = client.link(client.finished())

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(link)

    assert client.get(link).status_code == (403 if spends else 200)


def test_may_survive_a_client_that_leaves(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """The client can be the one who interrupts."""
    ipqs.behave(interrupted_get_spends=False)
    link = client.link(ipqs.add_finished(results={"all": 64_000_000}))
    with socket.create_connection(
        ("127.0.0.1", int(ipqs.download_host.split(":")[1])), SECONDS
    ) as leaving:
        path = link.partition(ipqs.download_host)[2]
        leaving.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        leaving.recv(1000)

    statuses: list[int] = []
    while 200 not in statuses and len(statuses) < 1000:
        with suppress(requests.ConnectionError), client.get(link, stream=True) as got:
            statuses.append(got.status_code)

    assert statuses[-1] == 200


def test_stays_dead_when_newer_links_ended_it(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """An interruption gives back only what it took."""
    ipqs.behave(interrupted_get_spends=False, new_links_kill_older=True)
    ipqs.script("download", [Answer.cut_after(10, Ending.STALL)])
    csv_id = client.finished()
    link = client.link(csv_id)
    stalled = requests.get(link, stream=True, timeout=SECONDS)
    client.link(csv_id)

    stalled.close()

    assert client.get(link).status_code == 403


@pytest.mark.parametrize(
    "hostile", ["http://169.254.169.254/", "https://a@b/", "file:///etc/passwd", ""]
)
def test_can_be_hostile(client: IpqsClient, ipqs: IpqsSimulator, hostile: str) -> None:
    """Any string can be handed out, to try an adapter's validator."""
    ipqs.behave(links_instead=hostile)

    links = client.status(client.finished())["downloads"]

    assert set(links.values()) == {hostile}


def test_refuses_invented_links(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Invented links and other addresses of the host do not work."""
    host = f"http://{ipqs.download_host}"

    assert client.get(f"{host}/download?download={'x' * 256}").status_code == 403
    assert client.get(f"{host}/download").status_code == 403
    assert client.get(f"{host}/elsewhere").status_code == 404
    assert client.post(f"{host}/download").status_code == 405


def test_are_of_one_host_only(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """The API does not serve files, so that an allow-list is really tried."""
    link = client.link(client.finished())

    swapped = link.replace(f"http://{ipqs.download_host}", ipqs.base_url)

    assert client.get(swapped).status_code == 404


def test_logs_a_key_that_leaks(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Tests of adapters assert that the download host never sees the key."""
    csv_id = client.finished()
    client.get(client.link(csv_id))
    assert ipqs.requests[-1].key_in == frozenset()

    client.get(client.link(csv_id), headers={"X-API-Key": KEY})

    seen = ipqs.requests[-1]
    assert seen.host == "downloads"
    assert seen.key_in == {"header"}
    assert seen.headers["x-api-key"] == "<KEY>"
    assert seen.query["download"] == "<hidden>"
