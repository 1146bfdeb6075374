"""Every provider: from the file that is handed over to the results that come back."""

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


def test_brings_back_every_result_of_a_submitted_file(harness: AdapterHarness) -> None:
    """This is the main job: what was handed over comes back as all its results."""
    reference = harness.submit()
    before = harness.provider.check(reference)
    harness.finish()

    after = harness.provider.check(reference)
    links = harness.results(reference)
    tallies = {
        kind: read_body(
            harness.provider.open(link, seconds=20), harness.provider.result_format
        )[1]
        for kind, link in links.items()
    }

    assert before.phase not in (Phase.FINISHED, Phase.FAILED, Phase.ABORTED)
    assert before.kinds == ()
    assert after.phase is Phase.FINISHED
    assert set(after.kinds) == set(links)
    assert {
        kind: tally.rows for kind, tally in tallies.items()
    } == harness.expected_rows()
    assert harness.accepted_count() == 1


def test_counts_what_is_worth_paying_for(harness: AdapterHarness) -> None:
    """A file is looked at before it is handed over, and nobody is asked for that."""
    key = f"provider/type/{harness.file_name}"

    assert harness.validate(key, harness.file) == harness.file_row_count
    assert harness.validate(key.upper(), harness.file) == harness.file_row_count
    assert harness.simulator.requests == []


@pytest.mark.fault(7)
@pytest.mark.fault(9)
@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe{"])
def test_refuses_what_is_not_worth_paying_for(
    harness: AdapterHarness, content: bytes
) -> None:
    """Nothing, and what is no text, is somebody's mistake."""
    with pytest.raises((SourceEmpty, SourceNotText)):
        harness.validate(harness.file_name, content)


@pytest.mark.fault(9)
@pytest.mark.parametrize("name", ["file", "file.xlsx", "file.json.csv.zip"])
def test_refuses_a_file_of_another_name(harness: AdapterHarness, name: str) -> None:
    """What says that it is something else is not handed over as what we know."""
    with harness.expect_error(SourceMisnamed):
        harness.validate(name, harness.file)


def test_finds_what_was_submitted_by_our_name_alone(harness: AdapterHarness) -> None:
    """After a lost answer nothing but our own name leads to the job that is paid."""
    reference = harness.submit()

    if harness.list_call is None:
        with harness.expect_error(SubmitOutcomeUnknown):
            harness.provider.find("our-name", harness.list_type)
    else:
        assert harness.provider.find("our-name", harness.list_type) == reference
        assert harness.provider.find("another-name", harness.list_type) is None


def test_says_that_it_does_not_know_a_reference(harness: AdapterHarness) -> None:
    """A job that the provider lost will not be found by asking on and on."""
    with pytest.raises((ProviderLostJob, ProviderRejected)):
        harness.provider.check(harness.unknown_ref)


@pytest.mark.fault(25)
def test_asks_nothing_for_a_reference_that_cannot_be_one(
    harness: AdapterHarness,
) -> None:
    """A reference becomes part of an address: what is none never gets there."""
    nowhere = ("", "../list", "1/../2", "1?x=1", "1\n", "\uff11", "x" * 10_000)
    for reference in (*nowhere, *harness.impossible_refs):
        with harness.expect_error(ProviderLostJob):
            harness.provider.check(reference)
        with harness.expect_error(ProviderLostJob):
            harness.provider.results(reference)

    assert harness.simulator.requests == []


@pytest.mark.fault(20)
def test_believes_a_refused_key_after_one_fresh_read(harness: AdapterHarness) -> None:
    """A key that was read anew and is refused again is wrong; more reads cost."""
    harness.simulator.rotate_key("another key")

    with harness.expect_error(CredentialsRejected):
        harness.provider.check(harness.unknown_ref)

    assert harness.key.fresh_reads == 1
    assert harness.request_count(harness.check_call) == 1


@pytest.mark.fault(20)
def test_tries_a_fresh_key_only_once(harness: AdapterHarness) -> None:
    """A secret that changes all the time must not become an endless loop."""
    harness.simulator.rotate_key("another key")
    harness.key.stored = "a third key"

    with harness.expect_error(CredentialsRejected):
        harness.submit()

    assert harness.key.fresh_reads == 1
    assert harness.request_count(harness.submit_call) == 2
    assert harness.accepted_count() == 0


@pytest.mark.fault(66)
def test_goes_on_with_a_rotated_key(harness: AdapterHarness) -> None:
    """Rotation happens while jobs run, and the kept key is minutes old."""
    reference = harness.submit()
    harness.simulator.rotate_key("rotated " + KEY)
    harness.key.stored = "rotated " + KEY

    assert harness.provider.check(reference).phase is Phase.QUEUED
    assert harness.key.fresh_reads == 1


@pytest.mark.fault(66)
def test_submits_once_with_a_rotated_key(harness: AdapterHarness) -> None:
    """The refused upload was none, so that the one with the new key is the only."""
    harness.simulator.rotate_key("rotated " + KEY)
    harness.key.stored = "rotated " + KEY

    reference = harness.submit()

    assert harness.provider.check(reference).phase is Phase.QUEUED
    assert harness.accepted_count() == 1
    assert harness.key.fresh_reads == 1
