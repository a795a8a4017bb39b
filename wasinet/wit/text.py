"""A world as WIT text, in one file that WIT tools can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wasinet.wit.declare import Function, Interface, Package, World
from wasinet.wit.types import (
    Alias,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)

__all__ = ["identifier", "wit_text"]

_KEYWORDS = frozenset({
    "as", "async", "bool", "borrow", "char", "constructor", "enum", "error-context", "export", "f32", "f64", "flags",
    "from", "func", "future", "import", "include", "interface", "list", "map", "option", "own", "package", "record",
    "resource", "result", "s16", "s32", "s64", "s8", "static", "stream", "string", "tuple", "type", "u16", "u32",
    "u64", "u8", "use", "variant", "with", "world",
})  # fmt: skip

_INDENT = "  "


def identifier(name: str) -> str:
    """The name as WIT text spells it: a keyword takes a ``%``."""
    return f"%{name}" if name in _KEYWORDS else name


def wit_text(world: World) -> str:
    """The world's packages, nested in one file, and a world ``imports`` that imports every interface.

    Where programs offer an interface, the world is ``command`` and exports that one.
    Packages without a namespace (before versions existed) have no spelling as nested packages: their
    interfaces stand beside the world.
    """
    lines = ["package wasinet:api;", ""]
    imports: list[str] = []
    exports: list[str] = []
    for package in world.packages:
        nested = ":" in package.name
        for interface in package.interfaces:
            path = _path(package, interface) if nested else interface.name
            if interface.exported:
                exports.append(f"export {path};")
            else:
                imports += [*_gate(interface.since), f"import {path};"]
        body = list(_separated(_interface(interface, world) for interface in package.interfaces))
        lines += _block(f"package {package.name}", body) if nested else body
        lines.append("")
    lines += _block(f"world {'command' if exports else 'imports'}", imports + exports)
    return "\n".join(lines) + "\n"


def _path(package: Package, interface: Interface) -> str:
    """``wasi:io/poll@0.2.12``."""
    name, at, version = package.name.partition("@")
    return f"{name}/{interface.name}{at}{version}"


def _interface(interface: Interface, world: World) -> list[str]:
    body: list[str] = []
    for source, names in interface.uses:
        body += _gate(_common_gate(interface, names))
        body.append(f"use {source}.{{{', '.join(map(identifier, names))}}};")
    for name, type_ in interface.types.items():
        body += ["", *_gate(interface.since), *_definition(name, type_, interface, world)]
    for function in interface.functions:
        if "." not in function.name:
            body += ["", *_function(function)]
    block = _block(f"interface {identifier(interface.name)}", _trimmed(body))
    return [*_doc(interface.summary), *_gate(interface.since), *block]


def _definition(name: str, type_: Type, interface: Interface, world: World) -> list[str]:
    name = identifier(name)
    match type_:
        case Resource():
            methods = [f for f in interface.functions if f.name.startswith(type_.name + ".")]
            body = list(_separated(_function(method) for method in methods))
            return _block(f"resource {name}", body) if body else [f"resource {name};"]
        case Alias():
            return [f"type {name} = {type_.target};"]
        case Record():
            return _block(f"record {name}", [f"{identifier(field)}: {of}," for field, of in type_.fields])
        case Variant():
            return _block(f"variant {name}", [f"{identifier(case)}{_payload(of)}," for case, of in type_.cases])
        case Flags():
            return _block(f"flags {name}", [f"{identifier(flag)}," for flag in type_.flags])
        case Enum():
            meanings = {code.name: code.meaning for code in world.error_codes}
            if not meanings.keys() >= set(type_.cases):
                meanings = {}
            body = [line for case in type_.cases for line in (*_doc(meanings.get(case, "")), f"{identifier(case)},")]
            return _block(f"enum {name}", body)
        case _:
            raise TypeError(f"{type_} has no definition of its own")


def _payload(type_: Type | None) -> str:
    return "" if type_ is None else f"({type_})"


def _function(function: Function) -> list[str]:
    params = ", ".join(f"{identifier(name)}: {type_}" for name, type_ in function.params)
    result = "" if function.result is None else f" -> {function.result}"
    declaration = f"{identifier(function.member)}: func({params}){result};"
    return [*_doc(function.summary), *_gate(function.since), declaration]


def _gate(since: str) -> list[str]:
    kind, _, feature = since.partition(" ")
    if not since:
        return []
    if kind != "unstable":
        raise ValueError(f"unknown gate {since!r}")
    return [f"@unstable(feature = {feature})"]


def _common_gate(interface: Interface, names: Iterable[str]) -> str:
    """The gate of a ``use``: that of the functions that need it, if they share one and no type needs it.

    An ungated ``use`` would make guests import an interface that only a gated function mentions.
    """
    wanted = set(names)
    for type_ in interface.types.values():
        if wanted & set(_mentions(type_)):
            return ""
    gates = {
        function.since
        for function in interface.functions
        for type_ in (*(of for _, of in function.params), function.result)
        if wanted & set(_mentions(type_))
    }
    return gates.pop() if len(gates) == 1 else ""


def _mentions(type_: Type | None) -> Iterator[str]:
    """The names of the types that a type mentions, itself included."""
    match type_:
        case List(element):
            yield from _mentions(element)
        case Option(payload):
            yield from _mentions(payload)
        case Result(ok, err):
            yield from _mentions(ok)
            yield from _mentions(err)
        case Tuple(items):
            for item in items:
                yield from _mentions(item)
        case Own(resource) | Borrow(resource):
            yield resource.name
        case Record(name, parts) | Variant(name, parts):
            yield name
            for _, part in parts:
                yield from _mentions(part)
        case Alias(name, target):
            yield name
            yield from _mentions(target)
        case Enum(name) | Flags(name) | Resource(name):
            yield name
        case _:
            pass


def _doc(text: str) -> list[str]:
    return [f"/// {text}"] if text else []


def _block(head: str, body: list[str]) -> list[str]:
    return [f"{head} {{", *(_INDENT + line if line else "" for line in body), "}"]


def _separated(blocks: Iterable[list[str]]) -> Iterator[str]:
    for index, block in enumerate(blocks):
        if index:
            yield ""
        yield from block


def _trimmed(lines: list[str]) -> list[str]:
    return lines[1:] if lines and not lines[0] else lines
