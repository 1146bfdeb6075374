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
from tests.contract.harness import KEY, AdapterHarness, read


def test_brings_back_every_result_of_a_submitted_file(bench: AdapterHarness) -> None:
    """This is the main job: what was handed over comes back as all its results."""
    reference = bench.submit()
    before = bench.provider.check(reference)
    bench.finish()

    after = bench.provider.check(reference)
    links = bench.results(reference)
    tallies = {
        kind: read(bench.provider.open(link, seconds=20), bench.provider.result_format)[
            1
        ]
        for kind, link in links.items()
    }

    assert before.phase not in (Phase.FINISHED, Phase.FAILED, Phase.ABORTED)
    assert before.kinds == ()
    assert after.phase is Phase.FINISHED
    assert set(after.kinds) == set(links)
    assert {kind: tally.rows for kind, tally in tallies.items()} == bench.rows()
    assert bench.accepted() == 1


def test_counts_what_is_worth_paying_for(bench: AdapterHarness) -> None:
    """A file is looked at before it is handed over, and nobody is asked for that."""
    key = f"provider/type/{bench.file_name}"

    assert bench.validate(key, bench.file) == bench.file_rows
    assert bench.validate(key.upper(), bench.file) == bench.file_rows
    assert bench.simulator.requests == []


@pytest.mark.fault(7)
@pytest.mark.fault(9)
@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe{"])
def test_refuses_what_is_not_worth_paying_for(
    bench: AdapterHarness, content: bytes
) -> None:
    """Nothing, and what is no text, is somebody's mistake."""
    with pytest.raises((SourceEmpty, SourceNotText)):
        bench.validate(bench.file_name, content)


@pytest.mark.fault(9)
@pytest.mark.parametrize("name", ["file", "file.xlsx", "file.json.csv.zip"])
def test_refuses_a_file_of_another_name(bench: AdapterHarness, name: str) -> None:
    """What says that it is something else is not handed over as what we know."""
    with bench.fails(SourceMisnamed):
        bench.validate(name, bench.file)


def test_finds_what_was_submitted_by_our_name_alone(bench: AdapterHarness) -> None:
    """After a lost answer nothing but our own name leads to the job that is paid."""
    reference = bench.submit()

    if bench.finding is None:
        with bench.fails(SubmitOutcomeUnknown):
            bench.provider.find("our-name", bench.list_type)
    else:
        assert bench.provider.find("our-name", bench.list_type) == reference
        assert bench.provider.find("another-name", bench.list_type) is None


def test_says_that_it_does_not_know_a_reference(bench: AdapterHarness) -> None:
    """A job that the provider lost will not be found by asking on and on."""
    with pytest.raises((ProviderLostJob, ProviderRejected)):
        bench.provider.check(bench.unknown_ref)


@pytest.mark.fault(25)
def test_asks_nothing_for_a_reference_that_cannot_be_one(bench: AdapterHarness) -> None:
    """A reference becomes part of an address: what is none never gets there."""
    nowhere = ("", "../list", "1/../2", "1?x=1", "1\n", "\uff11", "x" * 10_000)
    for reference in (*nowhere, *bench.impossible_refs):
        with bench.fails(ProviderLostJob):
            bench.provider.check(reference)
        with bench.fails(ProviderLostJob):
            bench.provider.results(reference)

    assert bench.simulator.requests == []


@pytest.mark.fault(20)
def test_believes_a_refused_key_after_one_fresh_read(bench: AdapterHarness) -> None:
    """A key that was read anew and is refused again is wrong; more reads cost."""
    bench.simulator.rotate_key("another key")

    with bench.fails(CredentialsRejected):
        bench.provider.check(bench.unknown_ref)

    assert bench.key.fresh_reads == 1
    assert bench.asked(bench.checking) == 1


@pytest.mark.fault(20)
def test_tries_a_fresh_key_only_once(bench: AdapterHarness) -> None:
    """A secret that changes all the time must not become an endless loop."""
    bench.simulator.rotate_key("another key")
    bench.key.stored = "a third key"

    with bench.fails(CredentialsRejected):
        bench.submit()

    assert bench.key.fresh_reads == 1
    assert bench.asked(bench.submitting) == 2
    assert bench.accepted() == 0


@pytest.mark.fault(66)
def test_goes_on_with_a_rotated_key(bench: AdapterHarness) -> None:
    """Rotation happens while jobs run, and the kept key is minutes old."""
    reference = bench.submit()
    bench.simulator.rotate_key("rotated " + KEY)
    bench.key.stored = "rotated " + KEY

    assert bench.provider.check(reference).phase is Phase.QUEUED
    assert bench.key.fresh_reads == 1


@pytest.mark.fault(66)
def test_submits_once_with_a_rotated_key(bench: AdapterHarness) -> None:
    """The refused upload was none, so that the one with the new key is the only."""
    bench.simulator.rotate_key("rotated " + KEY)
    bench.key.stored = "rotated " + KEY

    reference = bench.submit()

    assert bench.provider.check(reference).phase is Phase.QUEUED
    assert bench.accepted() == 1
    assert bench.key.fresh_reads == 1
