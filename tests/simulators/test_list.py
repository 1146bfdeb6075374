"""The list is how a lost upload is found again."""

import pytest

from local.simulators.ipqs import IpqsSimulator
from tests.simulators.api_client import KEY, IpqsClient


def test_is_newest_first_and_has_fifty_a_page(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """A search for an upload has to read every page."""
    ids = [ipqs.add_finished(results={"all": b"A\n1\n"}) for _each in range(101)]

    pages = [
        client.get(client.address("list"), params={"page": page}).json()
        for page in (1, 2, 3, 4)
    ]

    assert [len(page["csvs"]) for page in pages] == [50, 50, 1, 0]
    assert [csv["id"] for page in pages for csv in page["csvs"]] == ids[::-1]
    assert {(p["total_csvs"], p["total_pages"]) for p in pages} == {(101, 3)}
    assert [page["page"] for page in pages] == [1, 2, 3, 4]


def test_has_the_key_and_no_links(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """The answer is a secret, as it is in life: it repeats the key."""
    csv_id = client.finished(file_name="mine")

    (csv,) = client.get(client.address("list")).json()["csvs"]

    assert csv == {
        "id": csv_id,
        "file_name": "mine",
        "type": "email",
        "strictness": 0,
        "status": "FINISHED",
        "aborted": False,
        "invalid_records": 0,
        "status_url": f"{ipqs.base_url}/api/json/csv/{KEY}/status/{csv_id}",
    }
    assert ipqs.csvs[0].polls == 0


def test_can_be_narrowed_to_a_type(client: IpqsClient) -> None:
    """A team may send more than one type."""
    client.uploaded()
    phone = client.uploaded(b"+4420\n", type_="phone")

    answer = client.get(client.address("list"), params={"type": "phone"}).json()

    assert [csv["id"] for csv in answer["csvs"]] == [phone]
    assert answer["total_csvs"] == 1


@pytest.mark.parametrize(("key", "works"), [(KEY, True), ("wrong", False)])
def test_takes_the_key_in_a_header(
    client: IpqsClient, ipqs: IpqsSimulator, key: str, *, works: bool
) -> None:
    """That is how a working client does it."""
    address = f"{ipqs.base_url}/api/json/csv/list"

    assert client.get(address, headers={"IPQS-KEY": key}).json()["success"] is works
    assert ipqs.requests[-1].headers["ipqs-key"] == "<KEY>"


def test_does_not_work_without_a_key(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Nobody sees the files of others."""
    document = client.get(f"{ipqs.base_url}/api/json/csv/list").json()

    assert document["success"] is False
