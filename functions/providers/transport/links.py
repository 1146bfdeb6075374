"""Links: check a download URL before it is opened."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from functions.core.errors import LinkRefused

_MAX_LENGTH = 4_096
# Visible ASCII without quotes, backslash, angle brackets and the fragment sign:
# URL parsers disagree only about URLs with other characters.
_ALLOWED_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")


def check_link(url: str, *, hosts: Collection[str], schemes: Collection[str]) -> None:
    """Raise unless a link is a plain URL of an allow-listed host.

    `hosts` are names in lower case, with a port unless it is the scheme's default.
    Nothing is resolved and nothing is sent.

    Raises:
        LinkRefused: The link breaks a rule; the text names the rule, not the link.
    """
    if not 0 < len(url) <= _MAX_LENGTH:
        raise LinkRefused("the link is empty or too long")
    if not _ALLOWED_CHARACTERS.fullmatch(url):
        raise LinkRefused("the link has a character that no download link needs")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise LinkRefused("the link is not a URL") from None
    if parts.scheme not in schemes or not url.startswith(f"{parts.scheme}://"):
        raise LinkRefused("the link's scheme is not https")
    # Compared as it is written: with a user, upper case, a trailing dot, another
    # port or an address in it, the authority equals no allow-listed name.
    if parts.netloc.removesuffix(":443") not in hosts:
        raise LinkRefused("the link's host is not on the allow-list")
