"""Run-book: every error that can end a job has a section."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verdict_courier.console import runbook

from functions.core.errors import PERMANENT, RETRYABLE
from tools.runbook import RUNBOOK, anchors, with_generated_parts

LEAVES = (*RETRYABLE, *PERMANENT)


def test_the_sections_are_current() -> None:
    """If not, run `make runbook`."""
    text = RUNBOOK.read_text()

    assert with_generated_parts(text) == text


def test_a_run_book_without_markers_is_an_error() -> None:
    """Without its markers, a section could no longer be kept current."""
    with pytest.raises(ValueError, match="lacks the line"):
        with_generated_parts("# Operations\n")


@pytest.mark.parametrize("error", LEAVES, ids=lambda leaf: leaf.__name__)
def test_an_error_has_a_section_on_github_and_in_the_console(
    error: type[Exception],
) -> None:
    """Both make anchors from headings, each with code of its own."""
    section = runbook.section_of(error.__name__)

    assert section != runbook.OTHER_ERRORS
    assert section in anchors(RUNBOOK.read_text())
    assert f'<h3 id="{section}">{error.__name__}</h3>' in runbook.html()


@given(name=st.text())
def test_any_other_error_name_has_a_section(name: str) -> None:
    """AWS has error names of its own, which can end a job as well."""
    assert runbook.section_of(name) in anchors(RUNBOOK.read_text())


def test_links_of_the_page_have_targets() -> None:
    """The console does not serve other files of the repository."""
    html = runbook.html()
    ids = set(re.findall(r'id="([^"]+)"', html))

    for target in re.findall(r'href="([^"]+)"', html):
        assert target.startswith("https://") or target.removeprefix("#") in ids
