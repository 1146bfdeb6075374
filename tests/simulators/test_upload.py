"""Every accepted upload makes a file, and is paid."""

import http.client

import pytest
from urllib3 import encode_multipart_formdata

from local.simulators.ipqs import IpqsSimulator
from local.simulators.ipqs.verification import COLUMNS
from tests.simulators.api_client import EMAILS, KEY, SECONDS, IpqsClient


def test_answers_in_the_documented_shape(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """Adapters are written against these very fields."""
    response = client.upload(file_name="mine")

    document = response.json()
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert len(document.pop("request_id")) == 10
    assert document == {
        "message": "Success",
        "success": True,
        "id": 3_000_001,
        "file_name": "mine",
        "type": "email",
        "strictness": 0,
        "status": "NEW",
        "aborted": None,
        "invalid_records": 0,
        "status_url": f"{ipqs.base_url}/api/json/csv/{KEY}/status/3000001",
        "downloads": {"pristine": None, "clean": None, "bad": None, "all": None},
        "api_version": 1,
    }


def test_names_a_file_that_has_no_name(client: IpqsClient) -> None:
    """The default name is a fact of the documentation."""
    assert client.upload().json()["file_name"] == "email_2025-06-15 15:06:40"


def test_is_never_deduplicated(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """The same upload twice costs twice: that is what adapters must avoid."""
    first, second = client.uploaded(file_name="a"), client.uploaded(file_name="a")

    assert first != second
    assert [csv.file_name for csv in ipqs.csvs] == ["a", "a"]
    assert [csv.verified.rows for csv in ipqs.csvs] == [100, 100]
    assert [csv.upload.read_bytes() for csv in ipqs.csvs if csv.upload] == [EMAILS] * 2


@pytest.mark.parametrize("type_", COLUMNS)
def test_takes_every_type(client: IpqsClient, ipqs: IpqsSimulator, type_: str) -> None:
    """Seven types are documented."""
    client.uploaded(type_=type_)

    assert [csv.type for csv in ipqs.csvs] == [type_]


@pytest.mark.parametrize("place", ["data", "params"])
def test_takes_key_and_type_as_parameters(
    client: IpqsClient, ipqs: IpqsSimulator, place: str
) -> None:
    """The keyless path takes them as POST fields or in the query."""
    response = client.post(
        f"{ipqs.base_url}/api/json/csv/upload",
        files={"file": ("list.csv", EMAILS)},
        **{place: {"key": KEY, "type": "email", "file_name": "mine"}},
    )

    assert response.json()["success"] is True
    assert [csv.file_name for csv in ipqs.csvs] == ["mine"]
    assert ipqs.requests[-1].key_in == {"body" if place == "data" else "query"}


def test_takes_the_key_in_a_header(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """The general alternative to the path, for the calls that the switch names."""
    address = f"{ipqs.base_url}/api/json/csv/upload?type=email"
    files = {"file": ("list.csv", EMAILS)}
    headers = {"IPQS-KEY": KEY}

    assert client.post(address, files=files, headers=headers).json()["success"]
    assert ipqs.requests[-1].key_in == {"header"}

    ipqs.behave(header_key_calls=frozenset({"list"}))
    assert not client.post(address, files=files, headers=headers).json()["success"]


def test_refuses_chunks(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Content-Length is needed, so a streamed body must be measured first."""
    response = client.post(client.address("email/upload"), data=iter([EMAILS]))

    assert response.status_code == 411
    assert ipqs.requests[-1].chunked
    assert not ipqs.csvs


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param({"data": b"x", "headers": {"Content-Type": "a/b"}}, 415, id="a/b"),
        pytest.param({"json": {"input": [["a@x"]]}}, 415, id="json"),
        pytest.param({"files": {"a": ("a", b"1"), "b": ("b", b"2")}}, 400, id="two"),
        pytest.param(
            {
                "data": b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nvalue",
                "headers": {"Content-Type": "multipart/form-data; boundary=x"},
            },
            400,
            id="cut multipart",
        ),
        pytest.param(
            {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}},
            400,
            id="no boundary",
        ),
        pytest.param(
            {"files": {"a": ("a", b"1")}, "data": {"b": "x" * 1_100_000}},
            413,
            id="large field",
        ),
    ],
)
def test_refuses_what_it_cannot_read(
    client: IpqsClient, ipqs: IpqsSimulator, options: dict[str, object], status: int
) -> None:
    """An upload that is not understood is not paid."""
    response = client.post(client.address("email/upload"), **options)

    assert response.status_code == status
    assert response.json()["success"] is False
    assert not ipqs.csvs


@pytest.mark.parametrize(
    ("rest", "key", "message"),
    [
        ("email/upload", "wrong", "unauthorized key"),
        ("fax/upload", KEY, "Invalid type"),
    ],
)
def test_fails_softly(
    client: IpqsClient, ipqs: IpqsSimulator, rest: str, key: str, message: str
) -> None:
    """A failure is a 200 with success:false, which lacks the usual fields."""
    files = {"file": ("list.csv", EMAILS)}

    response = client.post(client.address(rest, key=key), files=files)

    assert response.status_code == 200
    assert response.json()["success"] is False
    assert message in response.json()["message"]
    assert "id" not in response.json()
    assert not ipqs.csvs


def test_needs_a_file(client: IpqsClient) -> None:
    """An upload without rows is a soft failure too."""
    field = {"file_name": (None, "x")}
    answer = client.post(client.address("email/upload"), files=field).json()

    assert answer["message"] == "No file was uploaded."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_upload_bytes": len(EMAILS) - 1}, "too large"),
        ({"max_upload_rows": 100}, "too many rows"),
        ({"credits": 99}, "insufficient credits"),
        ({"max_parallel_files": 0}, "Too many files"),
    ],
)
def test_keeps_limits(
    client: IpqsClient, ipqs: IpqsSimulator, changes: dict[str, int], message: str
) -> None:
    """No limit is documented, so each one is a switch."""
    ipqs.behave(**changes)

    assert message in client.upload().json()["message"]
    assert not ipqs.csvs


def test_charges_for_values(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """A quote is compared with it: a header costs nothing, an equal value does."""
    ipqs.behave(credits=103)
    client.upload()
    client.upload(b"email\na@b.example\n\na@b.example\n")

    assert ipqs.charged == 102
    assert "insufficient" in client.upload(b"a@b.example\nb@c.example\n").text
    assert "NEW" in client.upload(b"a@b.example\n").text
    assert ipqs.charged == 103


def test_takes_strictness_only_if_the_switch_says_so(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """It is answered; whether it can be sent is unknown."""
    address = client.address("email/upload")
    options = {"files": {"file": ("list.csv", EMAILS)}, "data": {"strictness": "2"}}

    assert client.post(address, **options).json()["strictness"] == 0
    ipqs.behave(strictness_accepted=True)
    assert client.post(address, **options).json()["strictness"] == 2


def test_keeps_the_upload_byte_for_byte(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """Boundaries and line ends inside a file must not end it."""
    content = b"a@example.com\r\n--x\r\n\r\n--x--\r\n" + b"\r\n-" * 100_000

    client.uploaded(content)

    assert ipqs.csvs[0].upload is not None
    assert ipqs.csvs[0].upload.read_bytes() == content


@pytest.mark.parametrize("chunked", [True, False])
def test_reads_the_whole_request_before_it_answers(
    ipqs: IpqsSimulator, *, chunked: bool
) -> None:
    """A refusal that comes in the middle of a large body would be lost to it."""
    blocks = [EMAILS * 1000] * 10
    host = ipqs.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    path = f"/api/json/csv/{KEY}/email/" + ("upload" if chunked else "nowhere")

    connection.request("POST", path, iter(blocks) if chunked else b"".join(blocks))

    assert connection.getresponse().status == (411 if chunked else 404)
    connection.close()


def test_is_strict_about_addresses(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """A client that builds a wrong address must see it fail."""
    host = ipqs.base_url
    assert client.get(f"{host}/api/xml/csv/{KEY}/list").status_code == 404
    assert client.get(f"{host}/api/json/csv/{KEY}/cancel/1").status_code == 404
    assert client.get(f"{host}/").status_code == 404
    assert client.get(client.address("email/upload")).status_code == 405
    assert client.post(client.address("list")).status_code == 405
    head = client.session.head(client.address("list"), timeout=SECONDS)
    assert head.status_code == 405


def test_waits_with_expect_continue(ipqs: IpqsSimulator) -> None:
    """Some clients ask before they send a large body."""
    connection = http.client.HTTPConnection(
        ipqs.base_url.removeprefix("http://"), timeout=SECONDS
    )
    body, kind = encode_multipart_formdata({"file": ("list.csv", EMAILS)})
    headers = {"Content-Type": kind, "Expect": "100-continue"}

    connection.request("POST", f"/api/json/csv/{KEY}/email/upload", body, headers)

    assert b'"success": true' in connection.getresponse().read()
    connection.close()
