"""The command line described as data, for manual pages, completions and the README.

Everything is read from the table of commands and from each command's Typer parameters. What a value
can be comes from its metavar, so a command gets good completions by naming its values well:

- ``auto|always|never``: one of these words;
- ``FILE``, ``COMPONENT``, ``FOLDER``: a file; extensions that the help names (``.wasm``) narrow it;
- ``FILE.toml``: a file with this extension;
- ``RULE``: a rule of a policy;
- ``HOST:PORT``, ``ADDRESS``, ``ADDRESS[:PORT]``: an address;
- ``WORLD``, ``HOST``: their names.

``_OWN`` has what no metavar can say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tools import program as data
from tools.contract import ENVIRONMENT, EVENTS, EXITS, FILES, RECORD
from tools.examples import EXAMPLES
from tools.program import Command, Parameter, Program, ValueKind
from tools.topic_pages import TOPICS
from wasinet import __version__
from wasinet.cli.commands import COMMANDS, Entry, Group
from wasinet.cli.config_keys import keys
from wasinet.cli.lazy import SUMMARY, leaf
from wasinet.cli.options import CommonOption, common_options
from wasinet.cli.params import default_text
from wasinet.cli.poll import KINDS
from wasinet.engine.policy import CREATES, USES
from wasinet.hosts import HOST_NAMES
from wasinet.render.explanations import known_names
from wasinet.wit import WORLD_NAMES, load

__all__ = ["program"]

_WORD = re.compile(r"[a-z0-9][a-z0-9.-]*")
_TYPED = re.compile(r"[A-Z]+\.[a-z]+")
_EXTENSION = re.compile(r"(?<![\w.])\*?\.(wasinet|wasm|wat|toml|ndjson|pcap|xml)\b")


def program() -> Program:
    """The command line as it is. Imports every command."""
    found: list[Command] = []
    groups: dict[str, str] = {}
    for name, entry in COMMANDS.items():
        if isinstance(entry, Group):
            groups[name] = entry.help
            found += (_command((name, inner), one) for inner, one in entry.commands.items())
        else:
            found.append(_command((name,), entry))
    common = tuple(_parameter("", option) for option in common_options(environment=True))
    return Program(
        name="wasinet",
        version=__version__,
        summary=SUMMARY,
        commands=tuple(found),
        groups=groups,
        common=common,
        exits=EXITS,
        environment=(*_variables(common), *ENVIRONMENT),
        files=FILES,
        config=tuple(data.Entry(f"{key.name} = {key.metavar}", key.text) for key in keys().values()),
        names={world: tuple(known_names(load(world))) for world in WORLD_NAMES},
        worlds=WORLD_NAMES,
        events=tuple(
            data.Entry(name, f"{event.text[:1].upper()}{event.text[1:]}: {_listed(event.fields)}.")
            for name, event in EVENTS.items()
        ),
        records=tuple(data.Entry(name, text) for name, text in RECORD.items()),
        examples=EXAMPLES[""],
    )


def _variables(common: tuple[Parameter, ...]) -> tuple[data.Entry, ...]:
    return tuple(
        data.Entry(parameter.environment, f"The same as `{parameter.options[0]}`{_yes(parameter)}.")
        for parameter in common
        if parameter.environment
    )


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _yes(parameter: Parameter) -> str:
    return ": `1` or `0`" if parameter.value is None else ""


def _command(path: tuple[str, ...], entry: Entry) -> Command:
    command = leaf(path[-1], entry)
    name = " ".join(path)
    own = [
        param for param in command.params if not (isinstance(param, CommonOption) or getattr(param, "hidden", False))
    ]
    return Command(
        path=path,
        summary=entry.help,
        help=tuple(" ".join(part.split()) for part in (command.help or "").split("\n\n")),
        arguments=tuple(_parameter(name, param) for param in own if param.param_type_name == "argument"),
        options=tuple(_parameter(name, param) for param in own if param.param_type_name == "option"),
        examples=EXAMPLES.get(name, ()),
    )


def _parameter(command: str, param: Any) -> Parameter:
    argument = param.param_type_name == "argument"
    flag = not argument and param.is_flag
    metavar = "" if flag else str(param.metavar).removesuffix("...")
    default = default_text(param, param.default)
    # An option's long name says more, but people look for the short one first.
    names = () if argument else tuple(sorted(param.opts, key=len))
    return Parameter(
        name=str(param.name),
        options=names,
        off=() if argument else tuple(param.secondary_opts),
        metavar=metavar,
        help=" ".join(filter(None, (param.help, default and f"The default is {default}."))),
        value=None if flag else _value(command, str(param.name), metavar, param.help or ""),
        required=bool(param.required),
        many=param.nargs != 1 if argument else bool(param.multiple),
        environment="" if argument or not isinstance(param.envvar, str) else param.envvar,
    )


def _value(command: str, name: str, metavar: str, text: str) -> ValueKind:
    own = _OWN.get((command, name))
    if own is not None:
        return own
    alternatives = metavar.split("|")
    typed = tuple(one.partition(".")[2] for one in alternatives if _TYPED.fullmatch(one))
    if typed:
        return ValueKind(data.FILE, typed)
    if all(map(_WORD.fullmatch, alternatives)):
        return ValueKind(data.WORDS, tuple(alternatives))
    for alternative in alternatives:
        if alternative in _PLACEHOLDERS:
            kind = _PLACEHOLDERS[alternative]
            extensions = tuple(dict.fromkeys(_EXTENSION.findall(text))) if kind.kind == data.FILE else ()
            return ValueKind(kind.kind, kind.words or extensions)
    return ValueKind()


_PLACEHOLDERS: Mapping[str, ValueKind] = {
    "FILE": ValueKind(data.FILE),
    "FOLDER": ValueKind(data.FILE),
    "COMPONENT": ValueKind(data.FILE, ("wasm", "wat")),
    "TRANSCRIPT": ValueKind(data.FILE, ("wasinet",)),
    "RULE": ValueKind(data.WORDS, (*(use if use in CREATES else f"{use}:" for use in USES), "all")),
    "HOST:PORT": ValueKind(data.ADDRESS),
    "ADDRESS": ValueKind(data.ADDRESS),
    "ADDRESS[:PORT]": ValueKind(data.PLACE),
    "WORLD": ValueKind(data.WORDS, WORLD_NAMES),
    "HOST": ValueKind(data.WORDS, HOST_NAMES),
}


_GROUPS = {name: entry.commands for name, entry in COMMANDS.items() if isinstance(entry, Group)}
_PAGES = (
    *(name for name in COMMANDS if name not in _GROUPS),
    *_GROUPS,
    *(one for inner in _GROUPS.values() for one in inner),
)
_OWN: Mapping[tuple[str, str], ValueKind] = {
    ("explain", "name"): ValueKind(data.NAME),
    ("poll", "texts"): ValueKind(data.WORDS, tuple(f"{kind}:" if rest else kind for kind, (rest, _) in KINDS.items())),
    ("man", "words"): ValueKind(data.WORDS, tuple(dict.fromkeys((*_PAGES, *TOPICS)))),
}
