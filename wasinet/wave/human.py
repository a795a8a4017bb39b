"""Values for people: addresses in short form, bytes as text where they are text."""

from __future__ import annotations

from binascii import b2a_base64

from wasinet.wave.printer import Printer, Write, buffer
from wasinet.wave.text import string_text
from wasinet.wit.addresses import ipv6_text
from wasinet.wit.english import counted
from wasinet.wit.types import U8, U16, U32, List, Record, Tuple, Type, Variant, resolve
from wasinet.wit.values import Case, Value

__all__ = ["HumanPrinter"]

_CONTROLS = str.maketrans("", "", "\t\n\r")
_IPV4 = (U8,) * 4
_IPV6 = (U16,) * 8


class HumanPrinter(Printer):
    """Prints values as people read them; the rest is WAVE.

    - ``list<u8>`` prints as ``"text"`` where it is printable UTF-8 (with tabs and line ends), else as ``b64"..."``.
    - ``ip-socket-address`` prints as ``127.0.0.1:80`` or ``[fe80::1%2]:80``, ``ip-address`` as ``127.0.0.1``
      or ``::1``, in the form of RFC 5952. An address with flow information keeps its record form.
    - Handles print as ``#3``.

    Args:
        data_limit: how many bytes of one ``list<u8>`` to show before ``"abc"... (1234 bytes)``; None shows all.
    """

    def __init__(self, data_limit: int | None = None) -> None:
        super().__init__()
        self.data_limit = data_limit

    def compile_bytes(self, type_: List) -> Write:
        """``list<u8>``."""
        limit = self.data_limit

        def write(value: Value) -> str:
            data = value if value.__class__ is bytes else buffer(type_, value).tobytes()
            if limit is None or len(data) <= limit:
                return _data(data)
            return f"{_data(_whole(data[:limit]))}... ({counted(len(data), 'byte')})"

        return write

    def compile_variant(self, type_: Variant) -> Write:
        """Any variant; the two of addresses have their short form."""
        pure = super().compile_variant(type_)
        cases = dict(type_.cases)
        v4, v6 = cases.get("ipv4"), cases.get("ipv6")
        if len(cases) != 2 or v4 is None or v6 is None:
            return pure
        if type_.name == "ip-address" and _is_tuple(v4, _IPV4) and _is_tuple(v6, _IPV6):
            return _address(pure)
        if type_.name == "ip-socket-address" and _is_endpoint(v4, _IPV4) and _is_endpoint(v6, _IPV6):
            return _socket_address(pure)
        return pure


def _address(pure: Write) -> Write:
    def write(value: Value) -> str:
        if value.__class__ is Case:
            text = _v4(value.payload) if value.name == "ipv4" else _v6(value.payload)
            if text and value.name in ("ipv4", "ipv6"):
                return text
        return pure(value)

    return write


def _socket_address(pure: Write) -> Write:
    # Whatever is not exactly a value of the type goes to the pure printer, which knows what to complain about.
    def write(value: Value) -> str:
        if value.__class__ is not Case or value.payload.__class__ is not dict:
            return pure(value)
        fields = value.payload
        port = fields.get("port")
        if port.__class__ is int and 0 <= port <= 0xFFFF:
            if value.name == "ipv4" and len(fields) == 2:
                text = _v4(fields.get("address"))
                if text:
                    return f"{text}:{port}"
            elif value.name == "ipv6" and len(fields) == 4 and fields.get("flow-info") == 0:
                text = _v6(fields.get("address"))
                scope = fields.get("scope-id")
                if text and scope.__class__ is int and 0 <= scope <= U32.maximum:
                    return f"[{text}%{scope}]:{port}" if scope else f"[{text}]:{port}"
        return pure(value)

    return write


def _is_tuple(type_: Type, items: tuple[Type, ...]) -> bool:
    type_ = resolve(type_)
    return isinstance(type_, Tuple) and tuple(map(resolve, type_.items)) == items


def _is_endpoint(type_: Type, items: tuple[Type, ...]) -> bool:
    type_ = resolve(type_)
    if not isinstance(type_, Record):
        return False
    fields = dict(type_.fields)
    address = fields.pop("address", None)
    if address is None or not _is_tuple(address, items):
        return False
    others = {name: resolve(field) for name, field in fields.items()}
    return others == ({"port": U16} if items is _IPV4 else {"port": U16, "flow-info": U32, "scope-id": U32})


def _v4(address: Value) -> str:
    """The dotted form; empty where this is no address."""
    if address.__class__ is not tuple or len(address) != 4:
        return ""
    try:
        return ".".join(map(str, bytes(address)))
    except (TypeError, ValueError):
        return ""


def _v6(address: Value) -> str:
    """The form of RFC 5952; empty where this is no address."""
    if address.__class__ is not tuple or len(address) != 8:
        return ""
    for group in address:
        if group.__class__ is not int or not 0 <= group <= 0xFFFF:
            return ""
    return ipv6_text(address)


def _whole(data: bytes) -> bytes:
    """The bytes without the first ones of a UTF-8 character that was cut off at the end."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if size > back else data
        if byte < 0x80:
            break
    return data


def _data(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pass
    else:
        if text.isprintable() or text.translate(_CONTROLS).isprintable():
            return string_text(text)
    return f'b64"{b2a_base64(data, newline=False).decode()}"'
