"""Floats as text: shortest, and rounded once where the type is ``f32``."""

from __future__ import annotations

from math import frexp, isfinite, isinf, isnan
from struct import pack, unpack

__all__ = ["f32_text", "f64_text", "read_f32", "round_f32"]

_F32_LIMIT = 2.0**128


def f64_text(value: float) -> str:
    """The shortest WAVE number that reads back as this float."""
    text = repr(value)
    digits, mark, exponent = text.partition("e")
    if mark:
        # Python pads the exponent with zeros, which the grammar of WAVE does not have.
        return f"{digits}e{int(exponent)}"
    return digits.removesuffix(".0")


def f32_text(value: float) -> str:
    """The shortest WAVE number that reads back as this float, which is exact in 32 bits."""
    if not isfinite(value) or value == 0:
        return f64_text(value)
    # Above a power of two floats lie twice as far apart as below it, so the shortest number
    # may be the second nearest of its length there.
    power = abs(frexp(value)[0]) == 0.5
    for precision in range(9):
        text = f"{value:.{precision}e}"
        if read_f32(text) == value:
            return f64_text(float(text))
        if power:
            digits, _, exponent = text.replace(".", "").partition("e")
            text = f"{int(digits) + (1 if value > 0 else -1)}e{int(exponent) - precision}"
            if read_f32(text) == value:
                return f64_text(float(text))
    return f64_text(value)


def round_f32(value: float) -> float:
    """The nearest float of 32 bits, ties to even; infinite where that is out of range."""
    try:
        rounded: float = unpack("<f", pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return rounded


def read_f32(text: str) -> float:
    """The float of 32 bits nearest to a decimal number, however many digits it has."""
    double = float(text)
    rounded = round_f32(double)
    if rounded == double or isnan(double) or isinf(double):
        return rounded
    # The text was rounded to a double first. When that hit the middle between two floats of 32 bits,
    # only the text itself can tell to which of them it is nearer.
    other = _neighbour(rounded, double)
    low, high = sorted((rounded, other))
    if _finite(low) / 2 + _finite(high) / 2 != double:
        return rounded
    from decimal import Decimal

    exact, middle = Decimal(text), Decimal(double)
    if exact == middle:
        return rounded
    return low if exact < middle else high


def _neighbour(value: float, towards: float) -> float:
    """The next float of 32 bits on the way to ``towards``."""
    bits: int = unpack("<I", pack("<f", abs(value)))[0]
    if value == 0:
        bits = 1
        sign = towards
    else:
        bits += 1 if abs(towards) > abs(value) else -1
        sign = value
    result: float = unpack("<f", pack("<I", bits))[0]
    return result if sign > 0 else -result


def _finite(value: float) -> float:
    """The value, where an infinity stands for the number that follows the greatest one."""
    if isinf(value):
        return _F32_LIMIT if value > 0 else -_F32_LIMIT
    return value
