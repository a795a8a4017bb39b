"""Outcomes as text: for people, as pure WAVE, and with what differs from run to run as ``_``."""

from __future__ import annotations

import re

from wasinet.engine.records import Trapped
from wasinet.wave.human import HumanPrinter
from wasinet.wave.printer import Printer, Write
from wasinet.wave.text import string_text
from wasinet.wit.declare import Function
from wasinet.wit.types import Alias, Borrow, Own, Resource, Type, Variant
from wasinet.wit.values import Case, Err, Value

__all__ = ["AGAIN", "MOMENTS", "Masked", "PureMasked", "code_of", "outcome_text", "trap_text"]

AGAIN = frozenset({"would-block", "again"})
"""The codes that say: not yet, call again."""

MOMENTS = frozenset({"instant"})
"""Types whose values are of the moment."""

_HANDLE = re.compile(r"#[0-9]+(?: \([a-z-]+\))?")


def outcome_text(function: Function, outcome: Value | Trapped, printer: Printer) -> str:
    """``ok(5)``, ``err(would-block)``, ``[0]``; ``ok`` where there is no result; ``trap "text"``."""
    if isinstance(outcome, Trapped):
        return f"trap {string_text(outcome.message)}"
    return "ok" if function.result is None else printer.dumps(outcome, function.result)


def trap_text(trap: Trapped) -> str:
    """The trap as a transcript expects it: with the longest piece of its message that names no handle."""
    pieces = [piece.strip(" :,;") for piece in _HANDLE.split(trap.message)]
    longest = max(pieces, key=len)
    return f"trap {string_text(longest)}" if longest else "trap"


def code_of(outcome: Err, reason: str) -> tuple[str, str]:
    """The code of an ``err`` and what is left of the reason; for a stream's, the network's code where there is one."""
    if not isinstance(outcome.value, Case):
        return str(outcome.value), reason
    if outcome.value.payload is not None:
        code, colon, rest = reason.partition(": ")
        if colon:
            return code, rest
    return outcome.value.name, reason


class Masked(HumanPrinter):
    """Prints values so that they fit another run: handles, moments and ports that nobody chose as ``_``.

    Args:
        ports: those that were chosen; more may be added.
    """

    def __init__(self, ports: set[int]) -> None:
        super().__init__()
        self.ports = ports

    def compile_handle(self, type_: Own | Borrow | Resource) -> Write:
        return _blank

    def compile_alias(self, type_: Alias) -> Write:
        return _blank if type_.name in MOMENTS else super().compile_alias(type_)

    def compile_variant(self, type_: Variant) -> Write:
        return _without_port(super().compile_variant(type_), type_, self.ports)


class PureMasked(Printer):
    """As ``Masked``, in pure WAVE."""

    def __init__(self, ports: set[int]) -> None:
        super().__init__()
        self.ports = ports

    def compile_handle(self, type_: Own | Borrow | Resource) -> Write:
        return _blank

    def compile_alias(self, type_: Alias) -> Write:
        return _blank if type_.name in MOMENTS else super().compile_alias(type_)

    def compile_variant(self, type_: Variant) -> Write:
        return _without_port(super().compile_variant(type_), type_, self.ports)


def _blank(value: Value) -> str:
    return "_"


def _without_port(write: Write, type_: Type, ports: set[int]) -> Write:
    if not isinstance(type_, Variant) or type_.name != "ip-socket-address":
        return write

    def masked(value: Value) -> str:
        text = write(value)
        port = value.payload["port"]
        if port == 0 or port in ports:
            return text
        if text.endswith(f":{port}"):
            return f"{text[: -len(str(port))]}_"
        return text.replace(f"port: {port}", "port: _", 1)

    return masked
