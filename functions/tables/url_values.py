"""URL values: decide whether a cell is a URL of the web, or a domain."""

import re

#: The scheme (which a domain lacks), the host with its port, and the rest.
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.\-]*)://)?([^/?#\\\s]*)((?:[/?#\\]\S*)?)")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,63}|xn--[A-Za-z0-9\-]{1,59})\.?"
)
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_PORT = re.compile(r":[0-9]{1,5}\Z")


def unfit_url(cell: str) -> str:
    """Return why a cell is no URL and no domain, "" if it is one."""
    url = _URL.fullmatch(cell)
    if not url:
        return "it has a space in it"
    scheme, host = (url[1] or "").lower(), _PORT.sub("", url[2])
    if scheme not in ("", "http", "https"):
        return "its scheme is neither http nor https"
    if "@" in host:
        return "it is an address, or has a user name"
    if _DOMAIN.fullmatch(host) or _IPV4.fullmatch(host) or _IPV6.fullmatch(host):
        return ""
    return "its host has no dot" if "." not in host else "its host is not a domain"


def url_key(value: str) -> str:
    """Return the URL with its scheme and its host in lower case."""

    def folded(url: re.Match[str]) -> str:
        scheme = f"{url[1].lower()}://" if url[1] else ""
        return f"{scheme}{url[2].casefold()}{url[3]}"

    return _URL.sub(folded, value, count=1)
