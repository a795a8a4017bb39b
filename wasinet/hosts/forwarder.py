"""A component, as WAT, that forwards a world's functions: what a caller outside gives it, it calls.

It is generated from the declarations. Its handles are those of the component's own instance, as they
are a guest's. Every function it exports has the same type, ``func(arguments: string) -> string``, and
the strings are blocks of bytes (``wasinet.hosts.abi``): of all that the component model has, only
strings cross element by element neither here nor there. A string in ``latin1+utf16`` whose characters
are all below U+0100 is its bytes, one each; the numbers in it that point into memory point into the
guest's, where both blocks lie at addresses that the caller knows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from wasinet.hosts.abi import Arguments, aligned, flatten, size_of
from wasinet.wit.declare import Function, Interface, World
from wasinet.wit.types import (
    Alias,
    Borrow,
    Enum,
    List,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Tuple,
    Type,
    Variant,
    resolve,
)

__all__ = ["BASE", "drop_export", "export_name", "forwarder", "result_base"]

BASE = 16
"""Where the block of arguments lies in the guest's memory."""

_RETURNED = 8
"""Where a forwarder leaves the address and length of its result."""

_MOST_FLAT = 16
"""The core parameters that a function may have (CanonicalABI.md, MAX_FLAT_PARAMS); no function of 0.2 needs more."""


def result_base(arguments: int) -> int:
    """Where the block of a result lies, behind so many bytes of arguments."""
    return aligned(BASE + arguments, 8)


def export_name(function: Function) -> str:
    """What the forwarder of a function is called."""
    return f"{function.interface}-{function.name.replace('.', '-')}"


def drop_export(kind: str) -> str:
    """What disposes of handles of this resource."""
    return f"drop-{kind}"


def forwarder(world: World, missing: Collection[str] = ()) -> str:
    """The component's text.

    Args:
        world: whose functions it forwards.
        missing: keys of functions that the runtime does not have; they are left out.
    """
    functions = [function for key, function in world.functions.items() if key not in missing]
    left_out = {world.functions[key] for key in missing}
    lines = ["(component $top"]
    aliases = {name for i in world.interfaces for name, type_ in i.types.items() if isinstance(type_, Alias)}
    for package in world.packages:
        name, _, version = package.name.partition("@")
        for interface in package.interfaces:
            lines += _import(interface, f"{name}/{interface.name}@{version}", left_out, aliases)
    lines += _MEMORY
    for function in functions:
        lines.append(
            f'  (core func $to-{export_name(function)} (canon lower (func $of-{function.interface} "'
            f'{_member(function)}") (memory $memory "memory") (realloc (func $memory "realloc"))))'
        )
    resources = sorted(world.resources)
    lines += (f"  (core func $to-drop-{kind} (canon resource.drop ${kind}))" for kind in resources)
    lines += _core_module(functions, resources)
    names = [*(export_name(function) for function in functions), *map(drop_export, resources)]
    lines += _exports(names)
    lines.append(")")
    return "\n".join(lines) + "\n"


def _member(function: Function) -> str:
    """The function's name in its interface: ``[method]tcp-socket.accept``."""
    return function.name if function.resource is None else f"[method]{function.name}"


# The imports


def _import(interface: Interface, path: str, left_out: Collection[Function], aliases: Collection[str]) -> list[str]:
    own = {name: type_ for name, type_ in interface.types.items() if not isinstance(type_, Alias)}
    used = [name for _, names in interface.uses for name in names if name not in aliases]
    lines = [f'  (import "{path}" (instance $of-{interface.name}']
    lines += (f"    (alias outer $top ${name} (type ${name}))" for name in used)
    for name, type_ in own.items():
        if isinstance(type_, Resource):
            lines.append(f'    (export "{name}" (type ${name} (sub resource)))')
        else:
            lines.append(f"    (type $the-{name} {_shape(type_)})")
            lines.append(f'    (export "{name}" (type ${name} (eq $the-{name})))')
    for function in interface.functions:
        if function in left_out:
            continue
        params = " ".join(f'(param "{name}" {_use(type_)})' for name, type_ in function.arguments)
        result = "" if function.result is None else f" (result {_use(function.result)})"
        lines.append(f'    (export "{_member(function)}" (func {params}{result}))')
    lines.append("  ))")
    # Only a type that an instance exports may be named outside of it.
    lines += (f'  (alias export $of-{interface.name} "{name}" (type ${name}))' for name in own)
    return lines


def _shape(type_: Type) -> str:
    """A type's definition."""
    match type_:
        case Record(fields=fields):
            return "(record " + " ".join(f'(field "{name}" {_use(of)})' for name, of in fields) + ")"
        case Variant(cases=cases):
            return "(variant " + " ".join(_case(name, of) for name, of in cases) + ")"
        case Enum(cases=cases):
            return "(enum " + " ".join(f'"{case}"' for case in cases) + ")"
        case _:
            raise TypeError(f"{type_} has no definition of its own")


def _case(name: str, of: Type | None) -> str:
    return f'(case "{name}")' if of is None else f'(case "{name}" {_use(of)})'


def _use(type_: Type) -> str:
    """A type where it is used."""
    type_ = resolve(type_)
    match type_:
        case List(element=element):
            return f"(list {_use(element)})"
        case Option(payload=payload):
            return f"(option {_use(payload)})"
        case Result(ok=ok, err=err):
            inside = [*([_use(ok)] if ok is not None else []), *([f"(error {_use(err)})"] if err is not None else [])]
            return f"(result {' '.join(inside)})" if inside else "(result)"
        case Tuple(items=items):
            return f"(tuple {' '.join(map(_use, items))})"
        case Own(resource=resource):
            return f"(own ${resource.name})"
        case Borrow(resource=resource):
            return f"(borrow ${resource.name})"
        case Record(name=name) | Variant(name=name) | Enum(name=name):
            return f"${name}"
        case _:
            return str(type_)


# The core of it

# What grows is always what was allocated last, so it grows where it is: the runtime allocates a
# string once, as large as it may become, and then cuts it to what it became.
_MEMORY = f"""\
  (core module $memory-module
    (memory (export "memory") 4)
    (global $next (export "next") (mut i32) (i32.const {BASE}))
    (func (export "realloc") (param $old i32) (param $was i32) (param $alignment i32) (param $size i32) (result i32)
      (local $at i32)
      (if (local.get $old)
        (then (local.set $at (local.get $old)))
        (else (local.set $at
          (i32.and
            (i32.add (global.get $next) (i32.sub (local.get $alignment) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $alignment))))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
        (then
          (if (i32.eq (i32.const -1)
                (memory.grow
                  (i32.add (i32.const 1)
                    (i32.shr_u
                      (i32.sub (global.get $next) (i32.shl (memory.size) (i32.const 16)))
                      (i32.const 16)))))
            (then (unreachable)))))
      (local.get $at)))
  (core instance $memory (instantiate $memory-module))""".splitlines()


def _core_module(functions: list[Function], resources: list[str]) -> Iterator[str]:
    yield "  (core module $forwarders-module"
    yield '    (import "memory" "memory" (memory 1))'
    yield '    (import "memory" "next" (global $next (mut i32)))'
    yield '    (import "memory" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))'
    for function in functions:
        params, results, _ = _signature(function)
        yield _core_import(export_name(function), params, results)
    for kind in resources:
        yield _core_import(drop_export(kind), ("i32",), ())
    for function in functions:
        yield from _core_function(function)
    for kind in resources:
        call = f"(call $to-{drop_export(kind)} (i32.load (i32.const {BASE})))"
        yield from _frame(drop_export(kind), 0, call)
    yield "  )"
    yield "  (core instance $forwarders (instantiate $forwarders-module"
    yield '    (with "memory" (instance $memory))'
    yield '    (with "to" (instance'
    for name in (*map(export_name, functions), *map(drop_export, resources)):
        yield f'      (export "{name}" (func $to-{name}))'
    yield "    ))"
    yield "  ))"


def _core_import(name: str, params: tuple[str, ...], results: tuple[str, ...]) -> str:
    taken = f" (param {' '.join(params)})" if params else ""
    given = f" (result {' '.join(results)})" if results else ""
    return f'    (import "to" "{name}" (func $to-{name}{taken}{given}))'


def _signature(function: Function) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Core parameters, core results, and whether the last parameter says where the result goes."""
    params = tuple(core for _, type_ in function.arguments for core in flatten(type_))
    if len(params) > _MOST_FLAT:
        raise TypeError(f"{function.name} has {len(params)} core parameters")
    results = () if function.result is None else flatten(function.result)
    if len(results) > 1:
        return (*params, "i32"), (), True
    return params, results, False


def _core_function(function: Function) -> Iterator[str]:
    _, results, stored = _signature(function)
    arguments = Arguments([type_ for _, type_ in function.arguments], BASE)
    loads = [f"({core}.load (i32.const {BASE + at}))" for core, at in arguments.offsets()]
    call = f"(call $to-{export_name(function)} {' '.join([*loads, *(['(local.get $out)'] if stored else [])])})"
    if results:
        call = f"({results[0]}.store (local.get $out) {call})"
    size = 0 if function.result is None else aligned(size_of(function.result), 8)
    yield from _frame(export_name(function), size, call)


def _frame(name: str, size: int, call: str) -> Iterator[str]:
    """A forwarder: ``$out`` is where its result of this size lies, and what the result points to lies behind it.

    The next call's arguments begin at ``BASE`` again; nothing is allocated between this result being
    left and its being read.
    """
    yield f'    (func (export "{name}") (param i32 i32) (result i32)'
    yield "      (local $out i32)"
    yield f"      (local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const {size})))"
    yield f"      {call}"
    yield f"      (i32.store (i32.const {_RETURNED}) (local.get $out))"
    yield f"      (i32.store (i32.const {_RETURNED + 4}) (i32.sub (global.get $next) (local.get $out)))"
    yield f"      (global.set $next (i32.const {BASE}))"
    yield f"      (i32.const {_RETURNED}))"


def _exports(names: list[str]) -> Iterator[str]:
    yield '  (type $forward (func (param "arguments" string) (result string)))'
    for name in names:
        yield f'  (func (export "{name}") (type $forward) (canon lift (core func $forwarders "{name}")'
        yield '    (memory $memory "memory") (realloc (func $memory "realloc")) string-encoding=latin1+utf16))'
