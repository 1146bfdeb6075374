"""Any call can be given any fault, and afterwards all is normal again."""

import gzip
import http.client
import itertools
import json
import socket
import time
import zlib

import pytest
import requests

from local.simulators.ipqs import Answer, Content, Ending, Framing, IpqsSimulator
from tests.simulators.api_client import KEY, IpqsClient

LOST = requests.exceptions.ConnectionError
SHORT = 1.0  # seconds that a client waits for an answer which never comes


@pytest.mark.fault(16)
@pytest.mark.parametrize("ending", [Ending.RESET, Ending.CLOSE])
@pytest.mark.parametrize("paid", [True, False])
def test_drops_an_upload(
    client: IpqsClient, ipqs: IpqsSimulator, ending: Ending, *, paid: bool
) -> None:
    """The client cannot tell whether the lost answer was paid."""
    drop = Answer.dropped_after if paid else Answer.dropped_before
    ipqs.script("upload", [drop(ending)])

    with pytest.raises(LOST):
        client.upload(file_name="mine")

    assert [csv.file_name for csv in ipqs.csvs] == (["mine"] if paid else [])
    assert client.upload().json()["success"] is True


@pytest.mark.fault(16)
@pytest.mark.parametrize("paid", [True, False])
def test_hangs(client: IpqsClient, ipqs: IpqsSimulator, *, paid: bool) -> None:
    """A time-out of the client ends it, and no thread stays behind."""
    ipqs.script("upload", [Answer.hang(takes_effect=paid)])
    files = {"file": ("list.csv", b"a@example.com\n")}

    with pytest.raises(requests.exceptions.ReadTimeout):
        client.session.post(client.address("email/upload"), files=files, timeout=SHORT)

    assert len(ipqs.csvs) == paid


def test_resets_the_connection(ipqs: IpqsSimulator) -> None:
    """A reset is a real one, which a client sees as such."""
    ipqs.script("list", [Answer.dropped_before(Ending.RESET)])
    host = ipqs.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("GET", f"/api/json/csv/{KEY}/list")

    with pytest.raises(ConnectionResetError) as raised:
        connection.getresponse()
    # http.client's own error for a mere end of the stream is a subclass.
    assert raised.type is ConnectionResetError
    connection.close()


@pytest.mark.fault(23)
@pytest.mark.parametrize("call", ["upload", "status", "list", "download"])
@pytest.mark.parametrize("status", [403, 429, 500, 502, 503])
def test_answers_with_a_status(
    client: IpqsClient, ipqs: IpqsSimulator, call: str, status: int
) -> None:
    """Each kind of call has its queue, and nothing happens but the answer."""
    csv_id = client.finished()
    link = client.link(csv_id)
    ipqs.script(call, [Answer.http(status, retry_after="7"), Answer.html(status)])

    def ask() -> requests.Response:
        match call:
            case "upload":
                return client.upload()
            case "download":
                return client.get(link)
            case "status":
                return client.get(client.address(f"status/{csv_id}"))
            case _:
                return client.get(client.address("list"))

    first, second, third = ask(), ask(), ask()
    assert first.status_code == second.status_code == status
    assert first.headers["Retry-After"] == "7"
    assert "html" in second.headers["Content-Type"]
    assert third.status_code == 200
    assert len(ipqs.csvs) == (2 if call == "upload" else 1)


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    ("answer", "beginning"),
    [
        pytest.param(Answer.html(), b"<!doctype html>", id="html"),
        pytest.param(Answer.http(200, b'{"id": '), b'{"id": ', id="cut"),
        pytest.param(Answer.json({"id": float("nan")}), b'{"id": NaN}', id="nan"),
        pytest.param(
            Answer.http(200, b"[" * 100_000 + b"]" * 100_000), b"[" * 1000, id="nested"
        ),
        pytest.param(
            Answer.http(200, b'{"id":1,"id":2}'), b'{"id":1,"id":2}', id="twice"
        ),
        pytest.param(Answer.json({"id": ["x"]}), b'{"id": ["x"]}', id="types"),
        pytest.param(
            Answer.refusal(f"no {KEY}"), b'{"success": false, "message"', id="echo"
        ),
    ],
)
def test_answers_nonsense(
    client: IpqsClient, ipqs: IpqsSimulator, answer: Answer, beginning: bytes
) -> None:
    """With status 200, where only the content shows that something is wrong."""
    ipqs.script("status", [answer])

    response = client.get(client.address(f"status/{client.uploaded()}"))

    assert response.status_code == 200
    assert response.content.startswith(beginning)


@pytest.mark.fault(24)
def test_answers_without_end(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Whoever reads everything never comes back."""
    ipqs.script(
        "status",
        [
            Answer.http(200, Content.endless(b'{"x": "' + b" " * 65536)).via(
                framing=Framing.CHUNKED
            )
        ],
    )
    address = client.address(f"status/{client.uploaded()}")

    with client.get(address, stream=True) as response:
        blocks = itertools.islice(response.iter_content(100_000), 50)
        read = sum(map(len, blocks))

    assert read > 1_000_000


@pytest.mark.fault(25)
def test_changes_the_normal_document(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """A field can be made wrong or taken out while the rest stays right."""
    ipqs.script(
        "upload",
        [
            Answer.edited(lambda document: document | {"id": "../1"}),
            Answer.edited(lambda document: [document]),
        ],
    )

    first, second = client.upload().json(), client.upload().json()

    assert first["id"] == "../1"
    assert first["status"] == "NEW"
    assert isinstance(second, list)
    assert len(ipqs.csvs) == 2


def test_can_answer_wrongly_after_acting(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """A 502 of a proxy does not show what happened behind it."""
    ipqs.script("upload", [Answer.html(502).after_effect()])

    assert client.upload().status_code == 502
    assert len(ipqs.csvs) == 1


def test_skips_calls_with_normal_answers(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """The third status call can be the one that fails."""
    csv_id = client.uploaded()
    ipqs.script("status", [Answer(), Answer(), Answer.http(500)])
    address = client.address(f"status/{csv_id}")

    assert [client.get(address).status_code for _call in range(4)] == [
        200,
        200,
        500,
        200,
    ]


def test_refuses_unknown_calls_and_switches(ipqs: IpqsSimulator) -> None:
    """A misspelt script would silently never be used."""
    with pytest.raises(ValueError, match="'donwload' is none of"):
        ipqs.script("donwload", [Answer()])
    with pytest.raises(TypeError):
        Answer().via(speed=1)
    with pytest.raises(TypeError):
        ipqs.behave(speed=1)


@pytest.mark.fault(54)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(client: IpqsClient, ipqs: IpqsSimulator, status: int) -> None:
    """A careful client does not follow."""
    ipqs.script("status", [Answer.redirect("http://192.0.2.1/", status)])

    response = client.get(client.address("status/1"))

    assert response.status_code == status
    assert response.headers["Location"] == "http://192.0.2.1/"


FILE = b"Email Address,Valid\n" + b"user@example.com,true\n" * 1000


@pytest.fixture
def link(client: IpqsClient, ipqs: IpqsSimulator) -> str:
    """A link to FILE."""
    return client.link(ipqs.add_finished(results={"all": FILE}))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            Answer.cut_after(100), id="42 closed", marks=pytest.mark.fault(42)
        ),
        pytest.param(
            Answer.cut_after(100, Ending.RESET),
            id="59 reset",
            marks=pytest.mark.fault(59),
        ),
        pytest.param(
            Answer().via(framing=Framing.LENGTH, length_lie=1),
            id="45 length",
            marks=pytest.mark.fault(45),
        ),
        pytest.param(
            Answer.cut_after(100).via(framing=Framing.CHUNKED),
            id="46 inside a chunk",
            marks=pytest.mark.fault(46),
        ),
        pytest.param(
            Answer.cut_after(len(FILE)).via(framing=Framing.CHUNKED),
            id="46 before the last chunk",
            marks=pytest.mark.fault(46),
        ),
    ],
)
def test_cuts_a_file_visibly(
    client: IpqsClient, ipqs: IpqsSimulator, link: str, answer: Answer
) -> None:
    """The framing shows that something is missing."""
    ipqs.script("download", [answer])

    with pytest.raises((requests.exceptions.ChunkedEncodingError, LOST)):
        client.get(link)
    assert client.get(link).status_code == 403


@pytest.mark.fault(42)
def test_cuts_a_file_invisibly(
    client: IpqsClient, ipqs: IpqsSimulator, link: str
) -> None:
    """Without a length nothing shows that the file is cut."""
    ipqs.script("download", [Answer.cut_after(100).via(framing=Framing.CLOSE)])

    assert client.get(link).content == FILE[:100]


@pytest.mark.fault(59)
@pytest.mark.parametrize("ending", [Ending.STALL, Ending.HALF_CLOSE])
def test_stalls(ipqs: IpqsSimulator, link: str, ending: Ending) -> None:
    """After 99 %, silence; or a half-closed connection."""
    ipqs.script("download", [Answer.cut_after(len(FILE) - 9, ending)])

    with (
        requests.get(link, stream=True, timeout=SHORT) as response,
        pytest.raises((LOST, requests.exceptions.ChunkedEncodingError)),
    ):
        response.content  # noqa: B018 reading is what fails


@pytest.mark.fault(48)
@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("cut", [1, 8, 30])
def test_cuts_inside_gzip(
    client: IpqsClient, ipqs: IpqsSimulator, link: str, framing: Framing, cut: int
) -> None:
    """The HTTP body is complete, and requests raises nothing."""
    ipqs.script("download", [Answer.gzipped(cut=cut).via(framing=framing)])

    response = client.get(link, stream=True)
    raw = response.raw.read(decode_content=False)

    unpacker = zlib.decompressobj(wbits=31)
    assert FILE.startswith(unpacker.decompress(raw))
    assert not unpacker.eof


@pytest.mark.fault(49)
def test_compresses_twice_and_wrongly(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Encodings that nobody asked for, and a checksum that is wrong."""
    csv_id = ipqs.add_finished(results={"all": FILE})
    ipqs.script("download", [Answer.gzipped(times=2), Answer.gzipped(bad_crc=True)])

    twice = client.get(client.link(csv_id), stream=True)
    assert twice.headers["Content-Encoding"] == "gzip, gzip"
    packed = twice.raw.read(decode_content=False)
    assert gzip.decompress(gzip.decompress(packed)) == FILE

    wrong = client.get(client.link(csv_id), stream=True)
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(wrong.raw.read(decode_content=False))


@pytest.mark.fault(50)
def test_sends_bombs(client: IpqsClient, ipqs: IpqsSimulator, link: str) -> None:
    """A small body with a large inside."""
    ipqs.script("download", [Answer.bomb(50_000_000)])

    response = client.get(link, stream=True)

    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.raw.read(decode_content=False)) < 100_000


@pytest.mark.fault(53)
def test_drips(client: IpqsClient, ipqs: IpqsSimulator, link: str) -> None:
    """One byte at a time, slower than any time-out of a read notices."""
    ipqs.script("download", [Answer.dripped(0.02)])

    asked_at = time.monotonic()
    with client.get(link, stream=True) as response:
        first_bytes = [*itertools.islice(response.iter_content(1), 5)]

        assert time.monotonic() - asked_at >= 5 * 0.02
    assert len(first_bytes) == 5


@pytest.mark.fault(53)
def test_drips_the_head_too(ipqs: IpqsSimulator) -> None:
    """A head that never ends holds a client longer than any body."""
    ipqs.script("list", [Answer.dripped(0.02, head_too=True)])
    host, port = ipqs.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        asked_at = time.monotonic()
        connection.sendall(f"GET /api/json/csv/{KEY}/list HTTP/1.1\r\n\r\n".encode())

        beginning = connection.recv(100)
        assert beginning.startswith(b"H")
        assert time.monotonic() - asked_at >= len(beginning) * 0.02
        assert connection.recv(100) == b"T"


@pytest.mark.fault(51)
@pytest.mark.fault(62)
@pytest.mark.parametrize("content", [b"", b"Email Address,Valid\n", b"a,b\n1,2\n"])
def test_serves_another_file(
    client: IpqsClient, ipqs: IpqsSimulator, link: str, content: bytes
) -> None:
    """Empty, only a header, or one of somebody else; the link is spent."""
    ipqs.script("download", [Answer.file(content)])

    assert client.get(link).content == content
    assert client.get(link).status_code == 403


@pytest.mark.fault(60)
@pytest.mark.parametrize("status", [200, 204, 206, 304])
def test_serves_with_a_wrong_status(
    client: IpqsClient, ipqs: IpqsSimulator, link: str, status: int
) -> None:
    """Statuses that a lenient client takes for success."""
    ipqs.script("download", [Answer.html(status).after_effect()])

    response = client.get(link)

    assert response.status_code == status
    assert response.content == (b"" if status in {204, 304} else response.content)
    assert client.get(link).status_code == 403


def test_serves_an_endless_file(
    client: IpqsClient, ipqs: IpqsSimulator, link: str
) -> None:
    """A download needs a cap of its own."""
    endless = Answer.file(Content.endless()).via(framing=Framing.CHUNKED)
    ipqs.script("download", [endless])

    with client.get(link, stream=True) as response:
        blocks = itertools.islice(response.iter_content(100_000), 50)
        read = sum(map(len, blocks))

    assert read > 1_000_000


def test_counts_what_was_not_used(ipqs: IpqsSimulator) -> None:
    """A fault that never struck makes a test empty."""
    ipqs.script("list", [Answer.json(json.loads("[]"))] * 3)

    assert ipqs.unused == 3
