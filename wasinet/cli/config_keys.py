"""The keys of the configuration file: what each may be, and what it sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from typer import BadParameter

from wasinet.cli.options import DECLARATIONS
from wasinet.cli.settings import ConfigError, Settings
from wasinet.cli.values import BadValue, parse_count, parse_limit, parse_size
from wasinet.hosts.limits import LIMITS
from wasinet.oscalls.documents import DocumentError, parse_toml, read_whole
from wasinet.render.theme import STYLES, restyle, style_mistake
from wasinet.wit.data import Data

__all__ = ["Key", "Setting", "apply", "check_flag", "check_rules", "keys", "load", "one_of", "parse"]

# A file of settings or rules is written by hand.
_LIMIT = 1 << 20
_LONGEST = 60


class Key(Data):
    """A key.

    Args:
        name: ``color``, ``repl.keys``.
        metavar: what its value is.
        text: what it does.
        check: raises BadValue for a wrong value, and gives the value to set.
        setting: the attribute of ``Settings`` that it is, or empty.
        option: the option that it is the default of, in all commands that have it; or empty.
        example: a value, as TOML.
    """

    name: str
    metavar: str
    text: str
    check: Callable[[Any], Any]
    setting: str = ""
    option: str = ""
    example: str = ""


class Setting(Data):
    """A key that the file sets: the value as written and as checked, and the line."""

    key: Key
    written: Any
    value: Any
    line: int


def _text(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise BadValue(f"{shown(value)} is no text")
        return parse(str(value))

    return check


def check_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(f"{shown(value)} is neither true nor false")
    return value


def _duration(value: Any) -> str:
    text = str(_text(str)(value))
    parse_limit(text)
    return text


def _checked(parse: Callable[[str], int]) -> Callable[[str], str]:
    """For a value that its option parses: it stays the text that it is."""

    def check(text: str) -> str:
        parse(text)
        return text

    return check


def one_of(choices: Sequence[str], what: str) -> Callable[[Any], str]:
    """The check of a key whose value is one of a few texts."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise BadValue(f"{shown(value)} is no {what}; choose {', '.join(choices)}")
        return value

    return check


_KEYS = one_of(("emacs", "vi"), "set of keys")


def _editing(value: Any) -> bool:
    return _KEYS(value) == "vi"


def check_rules(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(rule, str) for rule in value):
        raise BadValue(f'{shown(value)} is no list of rules; e.g. ["tcp-connect:10.0.0.0/8:443"]')
    from wasinet.engine.policy import PolicyError, Rule

    for rule in value:
        try:
            Rule.parse(rule)
        except PolicyError as error:
            raise BadValue(str(error)) from None
    return tuple(value)


def _style(value: Any) -> str:
    text = str(_text(str)(value))
    mistake = style_mistake(text)
    if mistake:
        raise BadValue(mistake)
    return text


def shown(value: Any) -> str:
    """A value of a file for a message: briefly, however large it is."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "a table" if isinstance(value, dict) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@cache
def keys() -> Mapping[str, Key]:
    """All keys by name: the common options, then what only some commands have."""
    found = []
    for names, parse, metavar, text in DECLARATIONS:
        name = names[0][2:]
        check = check_flag if parse is None else _text(parse)
        found.append(Key(name, metavar or "true|false", text, check, setting=name.replace("-", "_")))
    found += [
        Key(name, "DURATION", text, _duration, option=f"--{name}")
        for name, text in (
            ("connect-timeout", "Give up connecting after this long."),
            ("idle-timeout", "Give a connection up after this long without a byte."),
        )
    ]
    found += [
        Key(
            limit.option,
            "SIZE" if limit.size else "N",
            limit.text,
            _text(_checked(parse_size if limit.size else parse_count)),
            option=f"--{limit.option}",
        )
        for limit in LIMITS.values()
    ]
    found.append(Key("repl.keys", "emacs|vi", "The keys of the prompt.", _editing, option="--vi"))
    found += [
        Key(
            "policy.allow", "RULES", "What guests may do beside what is allowed anyway.", check_rules, option="--allow"
        ),
        Key("policy.deny", "RULES", "What they may not do; goes before what is allowed.", check_rules, option="--deny"),
    ]
    found += [Key(f"theme.{role}", "STYLE", f"How {_what(role)} looks.", _style) for role in STYLES]
    return {key.name: key for key in found}


def _what(role: str) -> str:
    return f"the role {role}"


def load(path: str, known: Mapping[str, Key] | None = None) -> list[Setting]:
    """What a file sets; see ``parse``.

    Raises:
        FileNotFoundError: there is none.
        ConfigError: it cannot be read, or has a mistake.
    """
    try:
        raw = read_whole(path, _LIMIT)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(error.errno, error.strerror, path) from None
    except OSError as error:
        raise ConfigError(path, 0, f"cannot be read: {error.strerror}") from None
    return parse(path, raw, known)


def parse(path: str, raw: bytes, known: Mapping[str, Key] | None = None) -> list[Setting]:
    """What the file sets; ``known`` are the keys that there are, those of the configuration without it.

    Raises:
        ConfigError: with the first mistake.
    """
    try:
        tree = parse_toml(raw)
    except DocumentError as error:
        raise ConfigError(path, error.line, str(error)) from None
    lines = _lines(raw.decode())
    known = keys() if known is None else known
    found = []
    for name, value in _flat(tree, known):
        line = lines.get(name, lines.get(name.partition(".")[0], 1))
        key = known.get(name)
        if key is None:
            raise ConfigError(path, line, _unknown(name, list(known)))
        try:
            found.append(Setting(key, value, key.check(value), line))
        except (BadValue, BadParameter) as error:
            raise ConfigError(path, line, f"{name}: {error}") from None
    return found


def apply(found: Sequence[Setting], settings: Settings, path: str = "") -> None:
    """Set the settings, the defaults of options, and the theme; ``path`` is the file's, for messages."""
    styles = {}
    for one in found:
        key = one.key
        option = key.option or (f"--{key.name}" if key.setting else "")
        if option:
            settings.sources[option] = f"{path}:{one.line}: {key.name}"
        if key.setting:
            setattr(settings, key.setting, one.value)
        elif key.option:
            settings.defaults[key.option] = one.value
        else:
            styles[key.name.partition(".")[2]] = one.value
    restyle(styles)


def _flat(tree: Mapping[str, Any], known: Mapping[str, Key], before: str = "") -> list[tuple[str, Any]]:
    """Dotted names and values; a table of unknown name is a value, so that the mistake names it."""
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        whole = f"{before}{name}"
        if isinstance(value, dict) and any(key.startswith(f"{whole}.") for key in known):
            found += _flat(value, known, f"{whole}.")
        else:
            found.append((whole, value))
    return found


_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?\Z")
_ASSIGNED = re.compile(r"""\s*([\w."' -]+?)\s*=""")


def _lines(text: str) -> dict[str, int]:
    """Dotted names to line numbers. tomllib tells none, and the file has tables and simple keys only."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _bare(header[1])
            found.setdefault(table, number)
            table += "."
            continue
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            found.setdefault(table + _bare(assigned[1]), number)
    return found


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _unknown(name: str, known: Sequence[str]) -> str:
    last = name.rpartition(".")[2]
    near = get_close_matches(name.replace("_", "-"), known, 1) or [
        key for key in known if key.rpartition(".")[2] == last.replace("_", "-")
    ]
    if near:
        return f"there is no key {name!r}; did you mean {' or '.join(near)}?"
    top = dict.fromkeys(key.partition(".")[0] + ("." if "." in key else "") for key in known)
    return f"there is no key {name!r}; there is {', '.join(one + '*' if one.endswith('.') else one for one in top)}"
