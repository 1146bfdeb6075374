"""IP values: decide whether a cell is one IP address, and write it in one form."""

import ipaddress
import re

_PORT = re.compile(r"[0-9.]+:[0-9]+|\[.*\](?::[0-9]+)?")


def unfit_ip(cell: str) -> str:
    """Return why a cell is no IP address, "" if it is one."""
    try:
        address = ipaddress.ip_address(cell)
    except ValueError:
        if "/" in cell:
            return "it is a network or a URL, not an IP address"
        if _PORT.fullmatch(cell):
            return "it has a port or brackets"
        return "it is not an IP address"
    return "it names a network interface" if "%" in str(address) else ""


def ip_key(value: str) -> str:
    """Return the address in its canonical form."""
    return str(ipaddress.ip_address(value))
