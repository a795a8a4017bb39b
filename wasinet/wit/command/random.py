"""``wasi:random``: random bytes and numbers, secure and insecure."""

from __future__ import annotations

from wasinet.wit.declare import Function, Interface, Note
from wasinet.wit.types import U8, U64, List, Tuple

__all__ = ["INTERFACES"]

_LEN = (("len", U64),)
_SOURCE = "getrandom(2)"
_INSECURE = Note(
    "The insecure functions draw from the same secure source: it is fast enough, and nothing can be guessed from it.",
    "wasi:random/insecure get-insecure-random-bytes; wasi:random/insecure-seed insecure-seed",
)
_MOST = Note(
    "One call gives 64 MiB at the most; asking for more traps, as the type has no error.",
    "wasi:random/random get-random-bytes; wasi:random/insecure get-insecure-random-bytes",
)

INTERFACES = (
    Interface(
        "insecure-seed",
        functions=(
            Function(
                "insecure-seed",
                "insecure-seed",
                (),
                Tuple((U64, U64)),
                "Returns 128 bits to seed a hash map with, so that it is hard to attack with colliding keys.",
                posix=_SOURCE,
                notes=(_INSECURE,),
            ),
        ),
        summary="A seed for hash maps.",
    ),
    Interface(
        "insecure",
        functions=(
            Function(
                "insecure",
                "get-insecure-random-bytes",
                _LEN,
                List(U8),
                "Returns len bytes that look random, for uses where nobody gains by guessing them.",
                posix="random(3)",
                notes=(_INSECURE, _MOST),
            ),
            Function(
                "insecure",
                "get-insecure-random-u64",
                (),
                U64,
                "Returns a number that looks random, for uses where nobody gains by guessing it.",
                posix="random(3)",
                notes=(_INSECURE,),
            ),
        ),
        summary="Numbers that look random.",
    ),
    Interface(
        "random",
        functions=(
            Function(
                "random",
                "get-random-bytes",
                _LEN,
                List(U8),
                "Returns len bytes that nobody can predict.",
                posix=_SOURCE,
                notes=(_MOST,),
            ),
            Function(
                "random",
                "get-random-u64",
                (),
                U64,
                "Returns a number that nobody can predict.",
                posix=_SOURCE,
            ),
        ),
        summary="Random bytes, good enough for cryptography.",
    ),
)
