"""Links: whether a one-time URL may be opened at all."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from functions.core.errors import LinkRefused

_LONGEST = 4_096
# Visible ASCII without quotes, backslash, angle brackets and the fragment sign:
# where parsers disagree about a URL, the URL holds something else.
_PLAIN = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")


def check_link(url: str, *, hosts: Collection[str], schemes: Collection[str]) -> None:
    """Refuse a link that is not an https URL of an allow-listed host.

    `hosts` are names in lower case, with a port only where it is not the
    scheme's own. Nothing is resolved and nothing is sent.

    Raises:
        LinkRefused: The link breaks a rule, which the text names; never the link.
    """
    if not 0 < len(url) <= _LONGEST:
        raise LinkRefused("the link is not of a sane length")
    if not _PLAIN.fullmatch(url):
        raise LinkRefused("the link holds characters that no link needs")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise LinkRefused("the link is not a URL") from None
    if parts.scheme not in schemes or not url.startswith(f"{parts.scheme}://"):
        raise LinkRefused("the link's scheme is not https")
    # The authority as it stands: no user, no upper case, no trailing dot, no
    # other port, no address can equal an allow-listed name.
    if parts.netloc.removesuffix(":443") not in hosts:
        raise LinkRefused("the link's host is not on the allow-list")
