"""What a dot command says when it cannot do what it was asked for; and the readers of its arguments."""

from __future__ import annotations

from wasinet.script.session import Session
from wasinet.wit.types import handle_of

__all__ = ["CommandError", "choice", "handle", "no_more"]


class CommandError(Exception):
    """Bad input to a dot command; the message is one clear line."""


def no_more(text: str, name: str) -> None:
    """For commands without arguments."""
    if text:
        raise CommandError(f".{name} takes no arguments, not {text!r}")


def choice(text: str, name: str, choices: tuple[str, ...]) -> str:
    """One of the choices."""
    if text in choices:
        return text
    got = f", not {text!r}" if text else ""
    raise CommandError(f".{name} takes {', '.join(choices[:-1])} or {choices[-1]}{got}")


def handle(session: Session, text: str, name: str) -> int:
    """A live handle, written as a variable or ``#3``."""
    from wasinet.script.names import near

    if not text:
        raise CommandError(f".{name} needs a handle: a variable or #3; see .handles")
    if text.startswith("#") and text[1:].isascii() and text[1:].isdigit():
        number = int(text[1:18])
        if not session.host.kind(number):
            raise CommandError(f"{text} is no live handle; see .handles")
        return number
    found = session.variables.get(text)
    if found is None:
        reason = session.why_not(text)
        if reason:
            raise CommandError(f"{text} is not set: {reason}")
        raise CommandError(f"no variable is named {text}{near(text, session.variables)}; see .handles")
    if handle_of(found.type) is None:
        raise CommandError(f"{text} is no handle but a value of the type {found.type}")
    if not session.host.kind(found.value):
        raise CommandError(f"{text} (#{found.value}) was dropped; see .handles")
    number = found.value
    assert isinstance(number, int)
    return number
