"""Each unknown of the API is a switch with a name."""

from dataclasses import FrozenInstanceError, fields

import pytest

from local.simulators.ipqs import UNKNOWNS, Answer, IpqsBehaviour, IpqsSimulator
from tests.simulators.api_client import KEY, IpqsClient

# What the notes on IPQS mark as unknown, and the switches that stand for it.
FACTS = {
    "the parameter for a status id by POST": {"status_id_parameter"},
    "whether strictness can be sent": {"strictness_accepted"},
    "the header IPQS-KEY for csv/status": {"header_key_calls"},
    "limits of size, rows and parallel files": {
        "max_upload_bytes",
        "max_upload_rows",
        "max_parallel_files",
    },
    "retention": {"retention_seconds"},
    "which calls used-up credits refuse": {"calls_needing_credits"},
    "a recommended interval": {"rate_limit"},
    "processing time": {"seconds_processing"},
    "status and links of an aborted file": {"aborted_status", "aborted_links"},
    "links of a file that is not finished": {"early_links"},
    "how soon and in which order uploads are listed": {
        "list_lag_seconds",
        "list_newest_first",
    },
    "whether file names are kept": {"file_names"},
    "the text for a wrong id": {"unknown_id_message"},
    "the status for a wrong key": {"bad_key_status"},
    "what an account says of its credits, and when": {
        "credits_member",
        "credits_lag_seconds",
    },
    "the answer for a spent or expired link": {"spent_link", "expired_link"},
    "whether HEAD or an interrupted GET spends": {
        "head_spends",
        "interrupted_get_spends",
    },
    "whether new links kill older ones": {"new_links_kill_older"},
    "Content-Type, Content-Length, compression, Range of a file": {
        "file_content_type",
        "file_framing",
        "file_compression",
        "file_ranges",
    },
    "redirects": {"file_redirect"},
    "null for an empty category (inferred)": {"empty_category_links", "offered_kinds"},
    "the full list of columns": {"columns"},
    "duplicates are removed (inferred)": {"removes_duplicates"},
}


def test_every_unknown_has_a_switch() -> None:
    """An unknown that is a constant would be learnt by the adapter as a fact."""
    assert set().union(*FACTS.values()) == set(UNKNOWNS)
    assert set(UNKNOWNS) <= {field.name for field in fields(IpqsBehaviour)}


def test_switches_are_swapped_at_once(ipqs: IpqsSimulator) -> None:
    """A call sees one behaviour, never half of two."""
    before = ipqs.behaviour

    ipqs.behave(head_spends=False, bad_key_status=401)

    assert before == IpqsBehaviour()
    assert ipqs.behaviour == IpqsBehaviour(head_spends=False, bad_key_status=401)
    with pytest.raises(FrozenInstanceError):
        ipqs.behaviour.head_spends = True  # type: ignore[misc]  # that it fails is the point


def test_reset_forgets_everything(client: IpqsClient, ipqs: IpqsSimulator) -> None:
    """Tests that share a simulator must not meet each other."""
    link = client.link(client.finished())
    ipqs.behave(bad_key_status=401)
    ipqs.rotate_key("another")
    ipqs.script("list", [Answer.hang()])

    ipqs.reset()

    assert ipqs.csvs == []
    assert ipqs.requests == []
    assert ipqs.unused == 0
    assert ipqs.behaviour == IpqsBehaviour()
    assert client.get(link).status_code == 403
    assert client.uploaded() == 3_000_001


def test_records_requests_without_the_key(
    client: IpqsClient, ipqs: IpqsSimulator
) -> None:
    """What is recorded ends up in the output of failing tests."""
    csv_id = client.finished(file_name="mine")
    client.get(client.link(csv_id), headers={"Authorization": "Bearer x"})

    upload, status, download = ipqs.requests
    assert [each.call for each in ipqs.requests] == ["upload", "status", "download"]
    assert upload.path == "/api/json/csv/<KEY>/email/upload"
    assert upload.key_in == {"path"}
    assert upload.content_length
    assert not upload.chunked
    assert status.path == f"/api/json/csv/<KEY>/status/{csv_id}"
    assert download.headers["authorization"] == "<hidden>"
    assert KEY not in repr(ipqs.requests)
