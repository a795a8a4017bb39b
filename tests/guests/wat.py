"""Components as WAT text, made from the declarations: a core function ``run`` in WAT, everything else is generated.

    path.write_text(guest(world, "(drop (call $monotonic-clock-now)) (i32.const 0)", version="0.2.6"))

In the body every function of the world is ``$interface-name`` (``$tcp-tcp-socket-start-bind``) with
its core parameters, and ``$drop-RESOURCE`` drops. The memory is the body's: results go where it says,
and what they point to goes behind 64 KiB, from ``$heap`` on.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from wasinet.hosts.components.imports import import_name
from wasinet.wit.declare import Function, Interface, World
from wasinet.wit.types import (
    Alias,
    Borrow,
    Enum,
    Flags,
    List,
    Option,
    Own,
    Primitive,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
)

__all__ = ["core_name", "guest"]

_MOST_PARAMS = 16


def core_name(function: Function) -> str:
    """What a function is called in a body."""
    return f"${function.interface}-{function.name.replace('.', '-')}"


def guest(
    world: World,
    body: str,
    *,
    version: str = "",
    only: Iterable[str] | None = None,
    functions: str = "",
    memory: int = 20,
) -> str:
    """A component that imports a world's interfaces and exports ``wasi:cli/run``.

    Args:
        world: what it imports.
        body: the core code of ``run``: it leaves an i32, 0 for ``ok`` and 1 for ``err``.
        version: the patch version that it imports, instead of the declared one.
        only: the qualified functions that it imports; all without it. Their interfaces' types come along.
        functions: more core functions beside ``run``.
        memory: its memory's pages.
    """
    wanted = None if only is None else set(only)
    lines = ["(component $top"]
    lowered: list[Function] = []
    dropped: list[tuple[str, str]] = []
    for package in world.packages:
        path, _, declared = package.name.partition("@")
        for interface in package.interfaces:
            if interface.exported:
                continue
            chosen = [f for f in interface.functions if wanted is None or f.qualified in wanted]
            name = f"{path}/{interface.name}@{version or declared}" if declared else interface.name
            lines += _import(interface, name, chosen, world)
            lowered += chosen
            dropped += ((interface.name, n) for n, type_ in interface.types.items() if isinstance(type_, Resource))
    lines += [
        '  (core module $libc (memory (export "memory") ' + str(memory) + ")",
        "    (global $heap (mut i32) (i32.const 65536))",
        '    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)',
        "      (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))",
        "      (global.set $heap (i32.add (local.get $at) (local.get 3)))",
        "      (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))",
        "        (then (if (i32.eq (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))",
        "          (i32.const -1)) (then (unreachable)))))",
        "      (local.get $at))",
        '    (func (export "reset") (global.set $heap (i32.const 65536))))',
        "  (core instance $libc (instantiate $libc))",
    ]
    for function in lowered:
        lines.append(
            f'  (core func {core_name(function)} (canon lower (func $of-{function.interface} "{import_name(function)}")'
            ' (memory $libc "memory") (realloc (func $libc "realloc"))))'
        )
    lines += (f"  (core func $drop-{n} (canon resource.drop ${of}--{n}))" for of, n in dropped)
    lines += [
        "  (core module $main",
        '    (import "libc" "memory" (memory 1))',
        '    (import "libc" "reset" (func $reset))',
    ]
    for function in lowered:
        params, results = _signature(function)
        lines.append(
            f'    (import "of" "{core_name(function)}" (func {core_name(function)}'
            f"{' (param ' + ' '.join(params) + ')' if params else ''}"
            f"{' (result ' + ' '.join(results) + ')' if results else ''}))"
        )
    lines += (f'    (import "of" "$drop-{n}" (func $drop-{n} (param i32)))' for _, n in dropped)
    lines += [functions, f'    (func (export "run") (result i32) {body}))']
    lines += ['  (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "of" (instance']
    lines += (f'    (export "{core_name(function)}" (func {core_name(function)}))' for function in lowered)
    lines += (f'    (export "$drop-{n}" (func $drop-{n}))' for _, n in dropped)
    lines += [
        "  ))))",
        '  (func $run (result (result)) (canon lift (core func $main "run")))',
        '  (instance $run-instance (export "run" (func $run)))',
        f'  (export "wasi:cli/run@{version or "0.2.12"}" (instance $run-instance))',
        ")",
    ]
    return "\n".join(lines) + "\n"


def _signature(function: Function) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Core parameters and results; what does not fit goes through memory, its address as a parameter."""
    params = tuple(core for _, type_ in function.arguments for core in _flat(type_))
    if len(params) > _MOST_PARAMS:
        params = ("i32",)
    results = () if function.result is None else _flat(function.result)
    return ((*params, "i32"), ()) if len(results) > 1 else (params, results)


def _flat(type_: Type) -> tuple[str, ...]:
    """The core values that a value is passed as (CanonicalABI.md, flattening)."""
    type_ = _plain(type_)
    match type_:
        case Primitive(name="string") | List():
            return ("i32", "i32")
        case Primitive(name="f32" | "f64" as name):
            return (name,)
        case Primitive(bits=64):
            return ("i64",)
        case Flags(flags=flags):
            return ("i32",) * -(-len(flags) // 32)
        case Tuple(items=items):
            return tuple(core for item in items for core in _flat(item))
        case Record(fields=fields):
            return tuple(core for _, field in fields for core in _flat(field))
        case Variant(cases=cases):
            return _flat_cases([of for _, of in cases])
        case Option(payload=payload):
            return _flat_cases([payload])
        case Result(ok=ok, err=err):
            return _flat_cases([ok, err])
        case _:
            return ("i32",)


def _flat_cases(payloads: list[Type | None]) -> tuple[str, ...]:
    shapes = [_flat(payload) for payload in payloads if payload is not None]
    return ("i32", *(_joined(set(column) - {None}) for column in zip_longest(*shapes)))


def _joined(cores: set[str | None]) -> str:
    if len(cores) == 1:
        return str(next(iter(cores)))
    return "i64" if cores & {"i64", "f64"} else "i32"


def _plain(type_: Type) -> Type:
    """A type without aliases, which would be taken for handles."""
    while isinstance(type_, Alias):
        type_ = type_.target
    return type_


def _import(interface: Interface, name: str, chosen: list[Function], world: World) -> list[str]:
    aliases = {n for i in world.interfaces for n, type_ in i.types.items() if isinstance(type_, Alias)}
    own = {n: type_ for n, type_ in interface.types.items() if not isinstance(type_, Alias) and not _empty(type_)}
    empty = {n for i in world.interfaces for n, type_ in i.types.items() if _empty(type_)}
    used = {n: source for source, names in interface.uses for n in names if n not in aliases and n not in empty}
    lines = [f'  (import "{name}" (instance $of-{interface.name}']
    lines += (f"    (alias outer $top ${_origin(source, n, world)}--{n} (type ${n}))" for n, source in used.items())
    for n, type_ in own.items():
        if isinstance(type_, Resource):
            lines.append(f'    (export "{n}" (type ${n} (sub resource)))')
        else:
            lines += [f"    (type $the-{n} {_shape(type_)})", f'    (export "{n}" (type ${n} (eq $the-{n})))']
    for function in chosen:
        params = " ".join(f'(param "{n}" {_use(type_)})' for n, type_ in function.arguments)
        result = "" if function.result is None else f" (result {_use(function.result)})"
        lines.append(f'    (export "{import_name(function)}" (func {params}{result}))')
    lines.append("  ))")
    lines += (f'  (alias export $of-{interface.name} "{n}" (type ${interface.name}--{n}))' for n in own)
    return lines


def _origin(source: str, name: str, world: World) -> str:
    """The interface that declares a type, where ``source`` may have it from another one."""
    short = source.rpartition("/")[2].partition("@")[0]
    interface = next(interface for interface in world.interfaces if interface.name == short)
    if name in interface.types:
        return short
    return _origin(next(of for of, names in interface.uses if name in names), name, world)


def _empty(type_: Type) -> bool:
    """A record without fields, which components may not have any more."""
    return isinstance(type_, Record) and not type_.fields


def _shape(type_: Type) -> str:
    match type_:
        case Record(fields=fields):
            return "(record " + " ".join(f'(field "{n}" {_use(of)})' for n, of in fields) + ")"
        case Variant(cases=cases):
            inside = (f'(case "{n}"' + (f" {_use(of)})" if of is not None else ")") for n, of in cases)
            return f"(variant {' '.join(inside)})"
        case Enum(cases=cases):
            return "(enum " + " ".join(f'"{case}"' for case in cases) + ")"
        case Flags(flags=flags):
            return "(flags " + " ".join(f'"{flag}"' for flag in flags) + ")"
        case _:
            raise TypeError(f"{type_} has no definition of its own")


def _use(type_: Type) -> str:
    type_ = _plain(type_)
    match type_:
        case List(element=element):
            return f"(list {_use(element)})"
        case Option(payload=payload):
            return f"(option {_use(payload)})"
        case Result(ok=ok, err=err):
            ok_text = "" if ok is None else f" {_use(ok)}"
            err_text = "" if err is None or _empty(_plain(err)) else f" (error {_use(err)})"
            return f"(result{ok_text}{err_text})"
        case Tuple(items=items):
            return f"(tuple {' '.join(map(_use, items))})"
        case Own(resource=resource):
            return f"(own ${resource.name})"
        case Borrow(resource=resource):
            return f"(borrow ${resource.name})"
        case Record(name=name) | Variant(name=name) | Enum(name=name) | Flags(name=name):
            return f"${name}"
        case _:
            return str(type_)
