"""Every provider: from the submitted file to its results."""

import pytest

from functions.core.errors import (
    CredentialsRejected,
    ProviderLostJob,
    ProviderRejected,
    SourceEmpty,
    SourceMisnamed,
    SourceNotText,
    SubmitOutcomeUnknown,
)
from functions.core.model import Phase
from tests.contract.harness import KEY, AdapterHarness, read_body


def test_fetches_every_result_of_a_submitted_file(harness: AdapterHarness) -> None:
    """This is the main job."""
    reference = harness.submit()
    before = harness.provider.check(reference)
    harness.finish()

    after = harness.provider.check(reference)
    links = harness.result_links(reference)
    rows = {}
    for kind, link in links.items():
        body = harness.provider.open(link, type_=harness.list_type, seconds=20)
        rows[kind] = read_body(body, harness.provider.result_format)[1].rows

    assert before.phase not in (Phase.FINISHED, Phase.FAILED, Phase.ABORTED)
    assert before.kinds == ()
    assert after.phase is Phase.FINISHED
    assert set(after.kinds) == set(links)
    assert rows == harness.expected_rows()
    assert harness.accepted_count() == 1


def test_counts_the_rows_of_a_file(harness: AdapterHarness) -> None:
    """A file is validated before it is paid for, without calling the provider."""
    key = f"provider/type/{harness.file_name}"

    assert harness.validate(key, harness.file) == harness.file_row_count
    assert harness.validate(key.upper(), harness.file) == harness.file_row_count
    assert harness.simulator.requests == []


@pytest.mark.fault(7)
@pytest.mark.fault(9)
@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe{"])
def test_refuses_an_empty_file_and_what_is_not_text(
    harness: AdapterHarness, content: bytes
) -> None:
    """It is somebody's mistake."""
    with pytest.raises((SourceEmpty, SourceNotText)):
        harness.validate(harness.file_name, content)


@pytest.mark.fault(9)
@pytest.mark.parametrize("name", ["file", "file.xls", "file.json.csv.zip"])
def test_refuses_a_file_name_of_another_format(
    harness: AdapterHarness, name: str
) -> None:
    """The uploader knows best what the file is."""
    with harness.expect_error(SourceMisnamed):
        harness.validate(name, harness.file)


def test_finds_a_submission_by_our_name(harness: AdapterHarness) -> None:
    """After a lost answer nothing else leads to the job, which is paid for."""
    reference = harness.submit()

    if harness.list_call is None:
        with harness.expect_error(SubmitOutcomeUnknown):
            harness.find()
    else:
        assert harness.find() == reference
        assert harness.provider.find("another-name", harness.list_type) is None


def test_raises_for_an_unknown_reference(harness: AdapterHarness) -> None:
    """A job that the provider lost must not be checked on and on."""
    with pytest.raises((ProviderLostJob, ProviderRejected)):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.fault(25)
def test_asks_nothing_for_an_impossible_reference(
    harness: AdapterHarness,
) -> None:
    """A reference becomes part of a URL."""
    impossible_refs = ("", "../list", "1/../2", "1?x=1", "1\n", "\uff11", "x" * 10_000)
    for reference in (*impossible_refs, *harness.impossible_refs):
        with harness.expect_error(ProviderLostJob):
            harness.provider.check(reference)
        with harness.expect_error(ProviderLostJob):
            harness.provider.result_links(reference)

    assert harness.simulator.requests == []


@pytest.mark.fault(20)
def test_reads_a_refused_key_anew_once(harness: AdapterHarness) -> None:
    """A key that is read anew and refused again is wrong; more reads cost."""
    harness.simulator.rotate_key("another key")

    with harness.expect_error(CredentialsRejected):
        harness.provider.check(harness.unknown_ref)

    assert harness.key.fresh_reads == 1
    assert harness.request_count(harness.check_call) == 1


@pytest.mark.fault(20)
def test_tries_a_fresh_key_only_once(harness: AdapterHarness) -> None:
    """A secret that changes all the time must not cause an endless loop."""
    harness.simulator.rotate_key("another key")
    harness.key.stored = "a third key"

    with harness.expect_error(CredentialsRejected):
        harness.submit()

    assert harness.key.fresh_reads == 1
    assert harness.request_count(harness.submit_call) == 2
    assert harness.accepted_count() == 0


@pytest.mark.fault(66)
def test_uses_a_rotated_key(harness: AdapterHarness) -> None:
    """Keys are rotated while jobs run, and the cached key is minutes old."""
    reference = harness.submit()
    harness.simulator.rotate_key("rotated " + KEY)
    harness.key.stored = "rotated " + KEY

    assert harness.provider.check(reference).phase is Phase.QUEUED
    assert harness.key.fresh_reads == 1


@pytest.mark.fault(66)
def test_submits_once_with_a_rotated_key(harness: AdapterHarness) -> None:
    """The refused submission was not accepted, so there is exactly one."""
    harness.simulator.rotate_key("rotated " + KEY)
    harness.key.stored = "rotated " + KEY

    reference = harness.submit()

    assert harness.provider.check(reference).phase is Phase.QUEUED
    assert harness.accepted_count() == 1
    assert harness.key.fresh_reads == 1
