"""Identity: the same thing has the same name, and nothing else has it."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.core import identity

triples = st.tuples(st.text(), st.text(), st.text())


@given(parts=triples)
def test_a_name_fits_an_execution_and_is_repeatable(
    parts: tuple[str, str, str],
) -> None:
    """Step Functions takes 80 characters; a duplicate must find the same name."""
    name = identity.of_object(*parts)

    assert re.fullmatch(r"[0-9a-f]{64}", name)
    assert identity.of_object(*parts) == name


@pytest.mark.fault(2)
@pytest.mark.fault(15)
@given(one=triples, other=triples)
def test_any_differing_part_makes_another_job(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """Another version, or the same content under another name, is another job."""
    assume(one != other)

    assert identity.of_object(*one) != identity.of_object(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("ab", "c", "v"), ("a", "bc", "v"), id="joined"),
        pytest.param(("a/b", "c", "v"), ("a", "b/c", "v"), id="slash"),
        pytest.param(('a","b', "c", "v"), ("a", 'b","c', "v"), id="quotes"),
        pytest.param(("a", "b\x00c", "v"), ("a\x00b", "c", "v"), id="NUL"),
        pytest.param(("a", "é", "v"), ("a", "\\u00e9", "v"), id="escape"),
        pytest.param(("a", "e\u0301", "v"), ("a", "\u00e9", "v"), id="not normalised"),
    ],
)
def test_parts_never_run_into_each_other(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """Whoever chooses a key may not choose somebody else's job."""
    assert identity.of_object(*one) != identity.of_object(*other)


@given(one=st.text(), other=st.text(), third=st.text())
def test_objects_references_and_requests_have_names_apart(
    one: str, other: str, third: str
) -> None:
    """A caller's key may look like a reference; it must not become that job."""
    names = {
        identity.of_object(one, other, third),
        identity.of_reference(one, other),
        identity.of_request(one, other),
    }

    assert len(names) == 3


def test_names_do_not_change_between_deployments() -> None:
    """A name made yesterday must be found today, or the job is paid twice."""
    name = identity.of_object("inbox", "ipqs/email/a b.csv", "v1")

    assert name == "3178991fc8c81bb19388f8a0aca52943ffb1cdcd8c7f7da968ce1467974c03dd"
