"""What to show of a call: the outcome, what changed, and for a failure why and what would help."""

from __future__ import annotations

from collections.abc import Iterable

from wasinet.hosts import Trapped
from wasinet.render.printable import Printable
from wasinet.render.table import Table
from wasinet.render.theme import Painter
from wasinet.render.units import show_seconds
from wasinet.render.values import value_table
from wasinet.repl.paths import Change
from wasinet.script.outcomes import AGAIN, code_of, outcome_text
from wasinet.script.session import Session, Step
from wasinet.wave.human import HumanPrinter
from wasinet.wave.printer import Printer
from wasinet.wit.types import handle_of
from wasinet.wit.values import Err

__all__ = ["FORMATS", "changes_text", "explanation", "outcome_line", "outcome_table"]

FORMATS = ("table", "wave", "json")

_GAP = Printable("  ")
# So many changes are listed one by one.
_LISTED = 4


def outcome_line(session: Session, step: Step, form: str, paint: Painter) -> Printable:
    """The outcome alone: ``ok(#3)``; with ``wave`` in pure WAVE."""
    if isinstance(step.outcome, Trapped):
        return paint("trap", "trap")
    printer = Printer() if form == "wave" else HumanPrinter()
    text = outcome_text(step.function, step.outcome, printer)
    if not isinstance(step.outcome, Err):
        return paint("ok", text)
    return paint("muted" if step.outcome.value in AGAIN else "error", text)


def outcome_table(step: Step) -> Table | None:
    """The outcome as a table, where it is a record or a list of such."""
    if isinstance(step.outcome, Trapped):
        return None
    return value_table(step.outcome, step.function.result, HumanPrinter())


def changes_text(session: Session, step: Step, changes: Iterable[Change], paint: Painter) -> Printable:
    """``s: unbound → bind-in-progress``, ``rx1 is an input-stream``; empty where nothing changed.

    Args:
        session: whose handles.
        step: the call that did it; other variables that it set are told, too.
        changes: of handles.
        paint: the colours.
    """
    parts: list[str] = []
    for change in changes:
        name = paint("handle", session.name_of(change.handle))
        if change.gone:
            parts.append(name + " is gone")
        elif change.before:
            moved = paint("state", change.before), paint("state", change.after)
            parts.append(Printable("{}: {} → {}").format(name, *moved))
        else:
            article = "an" if change.type[0] in "aeio" else "a"
            state = ", " + paint("state", change.after) if change.after else ""
            parts.append(Printable("{} is {} {}{}").format(name, article, paint("function", change.type), state))
    if len(parts) > _LISTED:
        parts = [*parts[:_LISTED], f"and {len(parts) - _LISTED} more"]
    values = [name for name in step.assigned if handle_of(session.variables[name].type) is None]
    if values:
        parts.append(f"{', '.join(values)} set")
    return _GAP.join(parts)


def explanation(session: Session, step: Step) -> str:
    """One line for a failed call: why, and the call or the deed that would help."""
    reason = " ".join(session.reason(step).split())
    if isinstance(step.outcome, Trapped):
        clause = f" (rule: {step.outcome.clause})" if step.outcome.clause else ""
        return f"{reason}{clause}"
    assert isinstance(step.outcome, Err)
    name, reason = code_of(step.outcome, reason)
    if name in AGAIN and step.handle is not None:
        return f"{reason or 'nothing is there yet'}. Try: .wait {session.name_of(step.handle)}"
    code = session.host.world.code(name)
    text = reason or (code.meaning if code is not None else "")
    if "Try: " not in text and code is not None and code.advice:
        text = f"{text.rstrip('.')}. {code.advice}" if text else code.advice
    return text


def timing(step: Step, paint: Painter) -> Printable:
    """How long it took."""
    return paint("muted", show_seconds(step.duration))
