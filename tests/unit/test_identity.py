"""Identity: the same thing has the same job id, and nothing else has it."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.core import identity

triples = st.tuples(st.text(), st.text(), st.text())


@given(parts=triples)
def test_a_job_id_fits_an_execution_name_and_is_repeatable(
    parts: tuple[str, str, str],
) -> None:
    """Step Functions takes 80 characters; a duplicate event must find the same job."""
    job_id = identity.of_object(*parts)

    assert re.fullmatch(r"[0-9a-f]{64}", job_id)
    assert identity.of_object(*parts) == job_id


@pytest.mark.fault(2)
@pytest.mark.fault(15)
@given(first=triples, second=triples)
def test_any_differing_part_makes_another_job(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    """Another version, or the same content under another name, is another job."""
    assume(first != second)

    assert identity.of_object(*first) != identity.of_object(*second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("ab", "c", "v"), ("a", "bc", "v"), id="joined"),
        pytest.param(("a/b", "c", "v"), ("a", "b/c", "v"), id="slash"),
        pytest.param(('a","b', "c", "v"), ("a", 'b","c', "v"), id="quotes"),
        pytest.param(("a", "b\x00c", "v"), ("a\x00b", "c", "v"), id="NUL"),
        pytest.param(("a", "é", "v"), ("a", "\\u00e9", "v"), id="escape"),
        pytest.param(("a", "e\u0301", "v"), ("a", "\u00e9", "v"), id="not normalised"),
    ],
)
def test_parts_are_kept_apart(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    """A key that an uploader chooses must not lead to the job of another object."""
    assert identity.of_object(*first) != identity.of_object(*second)


@given(first=st.text(), second=st.text(), third=st.text())
def test_objects_references_and_requests_have_different_job_ids(
    first: str, second: str, third: str
) -> None:
    """An idempotency key may look like a reference; it must not lead to that job."""
    job_ids = {
        identity.of_object(first, second, third),
        identity.of_reference(first, second),
        identity.of_request(first, second),
    }

    assert len(job_ids) == 3


@given(
    rows=st.lists(st.integers(1, 5000), min_size=1),
    numbers=st.sets(st.integers(1, 50), min_size=2, max_size=2),
)
def test_a_request_that_is_sent_again_has_another_job_id(
    rows: list[int], numbers: set[int]
) -> None:
    """Under its first id nothing is submitted twice."""
    ids = {identity.of_part("batch", rows, submission=number) for number in numbers}

    assert len(ids) == 2


def test_job_ids_do_not_change_between_deployments() -> None:
    """A job of yesterday must be found today, or it is submitted and paid twice."""
    job_id = identity.of_object("inbox", "ipqs/email/a b.csv", "v1")

    assert job_id == "3178991fc8c81bb19388f8a0aca52943ffb1cdcd8c7f7da968ce1467974c03dd"
