"""Links: only a plain https URL of an allow-listed host may be opened."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import LinkRefused
from functions.providers.transport.links import check_link
from tests.contract.hostile_links import HOST, LINKS

GOOD = f"https://{HOST}/download?download=aB3&filename=List+1%2C+All.csv"


def allowed(url: str) -> bool:
    """Return whether a link may be opened."""
    try:
        check_link(url, hosts=(HOST,), schemes=("https",))
    except LinkRefused:
        return False
    return True


@pytest.mark.fault(55)
def test_has_at_least_150_different_links() -> None:
    """Duplicates prove nothing."""
    assert len(set(LINKS)) == len(LINKS) >= 150


@pytest.mark.fault(55)
@pytest.mark.parametrize("url", LINKS, ids=range(len(LINKS)))
def test_a_hostile_link_is_refused_without_being_quoted(url: str) -> None:
    """A link is a secret, and the text of an error is logged."""
    with pytest.raises(LinkRefused) as caught:
        check_link(url, hosts=(HOST,), schemes=("https",))

    assert HOST not in str(caught.value)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(GOOD, id="as documented"),
        pytest.param(f"https://{HOST}:443/x", id="the scheme's own port"),
        pytest.param(f"https://{HOST}", id="no path"),
        pytest.param(f"https://{HOST}?download=a", id="only a query"),
    ],
)
def test_a_plain_link_is_allowed(url: str) -> None:
    """A rule that refuses good links loses results that are paid for."""
    assert allowed(url)


@pytest.mark.fault(55)
@given(
    url=st.text(max_size=80)
    | st.text("htps:/@.\\#?[]%0125exampldown-", max_size=60).map("https://".__add__)
    | st.text(max_size=20).map(f"https://{HOST}".__add__)
)
def test_an_allowed_link_leads_to_the_host(url: str) -> None:
    """Whatever the link holds, nothing but the allow-listed host is called."""
    if allowed(url):
        assert urlsplit(url).netloc.removesuffix(":443") == HOST
