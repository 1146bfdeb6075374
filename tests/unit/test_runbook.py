"""Whatever ends a job, its name leads to a section that says what to do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verdict_courier.console import runbook

from functions.core.errors import PERMANENT, RETRYABLE
from tools.runbook import FOREIGN, RUNBOOK, anchors, section_of, written

LEAVES = (*RETRYABLE, *PERMANENT)


def test_the_sections_are_fresh() -> None:
    """Stale? `make runbook` writes them anew."""
    text = RUNBOOK.read_text()

    assert written(text) == text


def test_a_run_book_without_a_place_is_told() -> None:
    """Somebody who deletes the markers hears of it."""
    with pytest.raises(ValueError, match="lacks the line"):
        written("# Operations\n")


@pytest.mark.parametrize("error", LEAVES, ids=lambda leaf: leaf.__name__)
def test_an_error_has_a_section_in_both_forms(error: type[Exception]) -> None:
    """In the repository, where GitHub makes the anchors, and beside the page."""
    section = section_of(error.__name__)

    assert section != FOREIGN
    assert section in anchors(RUNBOOK.read_text())
    assert f'<h3 id="{section}">{error.__name__}</h3>' in runbook.html()


@given(name=st.text())
def test_any_other_name_has_one_too(name: str) -> None:
    """AWS ends jobs as well, and a link that leads nowhere helps nobody."""
    assert section_of(name) in anchors(RUNBOOK.read_text())


def test_links_of_the_page_lead_somewhere() -> None:
    """What is in the repository is not beside the page, so it is not linked there."""
    html = runbook.html()
    known = set(re.findall(r'id="([^"]+)"', html))

    for target in re.findall(r'href="([^"]+)"', html):
        assert target.startswith("https://") or target.removeprefix("#") in known
