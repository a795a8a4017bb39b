"""Durations, sizes, ports, addresses and data as people type them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from wasinet.wit.data import Data
from wasinet.wit.values import Case

__all__ = [
    "BadValue",
    "BadZone",
    "Endpoint",
    "parse_bytes",
    "parse_count",
    "parse_duration",
    "parse_endpoint",
    "parse_file",
    "parse_host",
    "parse_input",
    "parse_local",
    "parse_port",
    "parse_seconds",
    "parse_size",
    "show_duration",
    "to_socket_address",
]

# A file for --send is one datagram; what is larger than any is refused by the call itself, not here.
_LARGEST = 1 << 20
_U64 = (1 << 64) - 1
_MOST_SECONDS = float(_U64 // 10**9)
_DIGITS = frozenset("0123456789")
_DURATIONS = {
    "": 1_000_000_000,
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # micro sign
    "μs": 1_000,  # Greek mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SIZES = {
    "": 1,
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_MAX_PORT = 65535


class BadValue(ValueError):
    """A text that is not what it should be; the message says what would be right. Ends a command with 2.

    Attributes:
        lines: the message; one line, or more where a place in a text is shown.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


class BadZone(BadValue):
    """An IPv6 address whose zone is missing, or is no interface."""


class Endpoint(Data):
    """A host and a port.

    Args:
        host: a name, or an address without brackets and scope; None where only the port was given.
        port: 0 to 65535.
        family: 4 or 6 for an address, None for a name.
        scope: the interface's number of a link-local IPv6 address, else 0.
    """

    host: str | None
    port: int
    family: int | None = None
    scope: int = 0

    def __str__(self) -> str:
        host = self.host or ""
        if self.family == 6:
            host = f"[{host}%{self.scope}]" if self.scope else f"[{host}]"
        return f"{host}:{self.port}"


def parse_duration(text: str) -> int:
    """``5s``, ``250ms``, ``1.5m``, a plain number of seconds: as nanoseconds, as WIT's ``duration`` has them."""
    return _measure(text, _DURATIONS, "duration", "5s, 250ms")


def parse_limit(text: str) -> int:
    """A duration that ends something: not 0."""
    limit = parse_duration(text)
    if not limit:
        raise BadValue(f"{text!r} is too short; e.g. 5s, 250ms")
    return limit


def parse_seconds(text: str) -> float:
    """A duration as seconds; as nanoseconds again it still is one, although the nearest float may be greater."""
    return min(parse_duration(text) / 1e9, _MOST_SECONDS)


def parse_size(text: str) -> int:
    """``64KiB``, ``10MB``, a plain number of bytes: as bytes."""
    return _measure(text, _SIZES, "size", "64KiB, 10MB, 512")


def _measure(text: str, units: dict[str, int], what: str, examples: str) -> int:
    number = text.strip()
    unit = number.lstrip("0123456789.")
    whole, _, fraction = number.removesuffix(unit).rstrip().partition(".")
    unit = unit.strip()
    if unit not in units or not whole + fraction or not _DIGITS.issuperset(fraction):
        raise BadValue(f"{text!r} is no {what}; e.g. {examples}")
    # Python refuses to read very many digits; these are more than enough.
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")[:20]
    scale = int(f"1{'0' * len(fraction)}")
    value, rest = divmod(int(whole[:30] + fraction or "0") * units[unit], scale)
    if len(whole) > 20 or value > _U64:
        raise BadValue(f"{text!r} is too {'long' if units is _DURATIONS else 'large'} a {what}")
    if rest:
        raise BadValue(f"{text!r} is no whole number of {'nanoseconds' if units is _DURATIONS else 'bytes'}")
    return value


def show_duration(nanoseconds: int) -> str:
    """``5s``, ``1.5s``, ``250ms``: a form that reads back."""
    for unit in ("s", "ms", "us"):
        whole, rest = divmod(nanoseconds, _DURATIONS[unit])
        if whole:
            fraction = str(rest).zfill(len(str(_DURATIONS[unit])) - 1).rstrip("0")
            return f"{whole}.{fraction}{unit}" if fraction else f"{whole}{unit}"
    return f"{nanoseconds}ns"


def parse_count(text: str) -> int:
    """A whole number from 0 on."""
    digits = text.strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        raise BadValue(f"{text!r} is no number; e.g. 0, 10, 1000")
    return int(digits)


def parse_port(text: str) -> int:
    """0 to 65535."""
    if not text.isascii() or not text.isdigit():
        raise BadValue(f"{text!r} is no port; ports are numbers from 0 to {_MAX_PORT}")
    if len(text) > 9 or int(text) > _MAX_PORT:
        raise BadValue(f"port {text[:20]} is too large; ports go up to {_MAX_PORT}")
    return int(text)


def parse_endpoint(text: str) -> Endpoint:
    """``HOST:PORT``, ``[V6]:PORT``, ``[V6%ZONE]:PORT`` or ``:PORT``; a zone is an interface's name or number.

    Raises:
        BadValue: with what would be right.
    """
    if "://" in text:
        raise BadValue(f"{text!r} is a URL; give only the host and the port, e.g. example.com:80")
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise BadValue(f"{text!r} has no closing bracket; e.g. [::1]:80")
        if not rest.startswith(":"):
            raise BadValue(f"{text!r} has no port after the bracket; e.g. [{inside}]:80")
        host, scope = _v6(inside, text)
        return Endpoint(host, parse_port(rest[1:]), 6, scope)
    host, colon, port = text.rpartition(":")
    if ":" in host or (colon and not host and _is_v6(text)):
        raise BadValue(_unbracketed(text))
    if not colon:
        if text.isascii() and text.isdigit():
            raise BadValue(f"{text!r} has no host; e.g. localhost:{parse_port(text)}")
        example = f"{text}:80" if text else "localhost:80"
        raise BadValue(f"{text!r} has no port; e.g. {example}")
    if not port:
        raise BadValue(f"{text!r} has no port; e.g. {host or 'localhost'}:80")
    if not host:
        return Endpoint(None, parse_port(port))
    return Endpoint(host, parse_port(port), parse_host(host))


def parse_local(text: str) -> Endpoint:
    """As ``parse_endpoint``, of this machine: where a port alone was given, the advice is another."""
    if text.isascii() and text.isdigit():
        port = parse_port(text)
        raise BadValue(f"{text!r} has no host; e.g. 127.0.0.1:{port}, or :{port} for all addresses of this machine")
    return parse_endpoint(text)


def parse_file(text: str) -> str:
    """The name of a file to write; ``-`` is standard output, see ``wasinet.cli.output.write_file``."""
    if not text:
        raise BadValue("the name of the file is empty; e.g. report.txt, or - for standard output")
    return text


def parse_input(text: str) -> str:
    """The name of a file to read; ``-`` is standard input."""
    if not text:
        raise BadValue("the name of the file is empty; e.g. input.txt, or - for standard input")
    return "/dev/stdin" if text == "-" else text


def parse_host(host: str) -> int | None:
    """4 for an IPv4 address, None for a name; BadValue for what can be neither."""
    try:
        IPv4Address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if last.isascii() and (last.isdigit() or last[:2] in ("0x", "0X")):
            raise BadValue(f"{host!r} is no IPv4 address; e.g. 127.0.0.1, four numbers from 0 to 255") from None
        if not host or any(character.isspace() or character in "/@%[]\0" for character in host):
            raise BadValue(f"{host!r} is neither an address nor a name; e.g. 127.0.0.1, [::1], localhost") from None
        return None
    return 4


def _is_v6(text: str) -> bool:
    try:
        IPv6Address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _unbracketed(text: str) -> str:
    head, _, last = text.rpartition(":")
    if _is_v6(head) and last.isdigit():
        return f"{text!r} needs brackets around the IPv6 address: [{head}]:{last}"
    if _is_v6(text):
        return f"{text!r} needs brackets around the IPv6 address, and a port: [{text}]:80"
    return f"{text!r} has too many colons; e.g. localhost:80, [::1]:80"


def _v6(inside: str, whole: str) -> tuple[str, int]:
    """The address without its zone, and the zone's number."""
    host, percent, zone = inside.partition("%")
    if not _is_v6(host):
        raise BadValue(f"{inside!r} in {whole!r} is no IPv6 address; e.g. [::1]:80")
    if percent:
        from wasinet.oscalls.interfaces import zone_number

        try:
            return host, zone_number(zone)
        except ValueError as error:
            raise BadZone(str(error)) from None
    if IPv6Address(host).is_link_local:
        from wasinet.oscalls.interfaces import missing_zone

        raise BadZone(missing_zone(host))
    return host, 0


def to_socket_address(endpoint: Endpoint) -> Case:
    """The WIT ``ip-socket-address`` of an endpoint whose host is an address.

    Raises:
        BadValue: the host is a name, or missing.
    """
    if endpoint.host is None or endpoint.family is None:
        raise BadValue(f"'{endpoint}' has no address; e.g. 127.0.0.1:{endpoint.port}")
    if endpoint.family == 4:
        return Case("ipv4", {"port": endpoint.port, "address": tuple(IPv4Address(endpoint.host).packed)})
    packed = IPv6Address(endpoint.host).packed
    words = tuple(int.from_bytes(packed[at : at + 2], "big") for at in range(0, 16, 2))
    return Case("ipv6", {"port": endpoint.port, "flow-info": 0, "address": words, "scope-id": endpoint.scope})


def parse_bytes(text: str) -> bytes:
    """``TEXT`` as UTF-8, or the content of the file of ``@FILE``; ``@@`` begins a text with one ``@``.

    ``@-`` is standard input.
    """
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    if text.startswith("@@"):
        return text[1:].encode("utf-8", "surrogateescape")
    from wasinet.oscalls.documents import read_whole

    try:
        return read_whole(parse_input(text[1:]), _LARGEST)
    except OSError as error:
        raise BadValue(f"{text[1:]!r} cannot be read: {error.strerror}") from None
