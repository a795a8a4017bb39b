"""Addresses of this machine or of a server, where a port may be left out."""

from __future__ import annotations

from wasinet.cli.values import BadValue, BadZone, Endpoint, parse_endpoint

__all__ = ["local_address", "parse_address"]


def parse_address(text: str, port: int, what: str) -> Endpoint:
    """``10.0.0.1``, ``10.0.0.1:53``, ``::1``, ``fe80::1%eth0``, ``[::1]`` or ``[::1]:53``: never a name.

    Args:
        text: as it was typed.
        port: where the text has none.
        what: what it should be, with an example, for the error.

    Raises:
        BadValue: it is no address, or its zone is missing or no interface.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    # An IPv6 address without brackets looks as if its last group were a port.
    for attempt in (f"[{bare}]:{port}", f"{text}:{port}", text):
        try:
            endpoint = parse_endpoint(attempt)
        except BadZone:
            raise
        except BadValue:
            continue
        if endpoint.family is not None:
            return endpoint
    raise BadValue(f"{text!r} is no {what}")


def local_address(text: str) -> Endpoint:
    """An address of this machine to bind; port 0 where it has none. Raises BadValue."""
    return parse_address(text, 0, "local address; e.g. 127.0.0.1, 127.0.0.1:5000, [::1]:5000")
