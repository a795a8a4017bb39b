"""Reading and compiling a component, and finding out what it imports."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from wasmtime import Config, Engine, WasmtimeError
from wasmtime.component import Component as Compiled
from wasmtime.component import ComponentInstanceType, FuncType

from wasinet.hosts.components.imports import import_name
from wasinet.hosts.memories import Memories
from wasinet.oscalls.documents import read_whole
from wasinet.oscalls.interruption import in_thread
from wasinet.wit.data import Data
from wasinet.wit.declare import Interface, World

__all__ = ["Component", "Import", "NotRunnable", "cause_of"]

_LARGEST = 512 << 20
_TEXT = re.compile(rb"\s*[(;]")
_MAGIC = b"\0asm"
_CORE_VERSION = b"\x01\0\0\0"
# Release candidates had other signatures.
_VERSION = re.compile(r"0\.2\.[0-9]+")


class NotRunnable(Exception):
    """The file is no component that can be run here; the message says why, in one line."""


class Import(Data):
    """One imported interface.

    Args:
        name: as imported: ``wasi:io/poll@0.2.0``.
        interface: our declaration of it.
        functions: the names of what it imports from there: ``[method]pollable.block``.
    """

    name: str
    interface: Interface
    functions: frozenset[str]


class Component:
    """A compiled component.

    Args:
        path: a ``.wasm`` file, or WAT text.
        cache: the folder for compiled code; None for no cache. One that cannot be used is none.
        fuel: whether its instructions are to be counted.

    Attributes:
        memories: of its instances.

    Raises:
        NotRunnable: the file cannot be read, or is no component.
    """

    def __init__(self, path: str, *, cache: str | None = None, fuel: bool = False) -> None:
        self.path = path
        binary = _read(path)
        self.memories = Memories()
        self.engine = Engine(_config(cache, fuel, self.memories))
        try:
            # Compiling takes seconds for a large component, and Ctrl-C is to end that, too.
            self.compiled = in_thread(lambda: Compiled(self.engine, binary))
        except WasmtimeError as error:
            raise NotRunnable(f"{path} is not a valid component: {cause_of(error)}") from None
        self.imports: dict[str, Any] = self.compiled.type.imports(self.engine)
        self.exports: dict[str, Any] = self.compiled.type.exports(self.engine)

    def answered(self, world: World) -> Iterator[Import]:
        """The imports that are interfaces of a world, of whatever patch version."""
        known = {
            (f"{package.name.partition('@')[0]}/" if ":" in package.name else "") + interface.name: interface
            for package in world.packages
            for interface in package.interfaces
            if not interface.exported
        }
        for name, item in self.imports.items():
            path, _, version = name.partition("@")
            interface = known.get(path)
            if interface is None or (version and not _VERSION.fullmatch(version)):
                continue
            if isinstance(item, ComponentInstanceType):
                functions = frozenset(n for n, of in item.exports(self.engine).items() if isinstance(of, FuncType))
                yield Import(name, interface, functions)

    def entry(self) -> tuple[str, ...]:
        """The path of the export to call: that of ``wasi:cli/run``, or a plain function ``run``.

        Raises:
            NotRunnable: there is neither.
        """
        for name, item in self.exports.items():
            path, _, version = name.partition("@")
            if path == "wasi:cli/run" and _VERSION.fullmatch(version) and isinstance(item, ComponentInstanceType):
                if _is_entry(item.exports(self.engine).get("run")):
                    return (name, "run")
            elif name == "run" and _is_entry(item):
                return ("run",)
        raise NotRunnable(f"{self.path} exports no wasi:cli/run@0.2, so there is nothing to run")

    def missing(self, answered: list[Import]) -> str:
        """The first import that nothing answers; empty where there is none."""
        names = {found.name for found in answered}
        for name in self.imports:
            if name not in names:
                return name
        for found in answered:
            declared = {import_name(function) for function in found.interface.functions}
            for function in sorted(found.functions - declared):
                return f"{found.name}#{function}"
        return ""


def _is_entry(item: Any) -> bool:
    return isinstance(item, FuncType) and not item.params


def cause_of(error: WasmtimeError) -> str:
    """The root of an error's chain of causes, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "Caused by:" in lines:
        last = lines[-1]
        number, _, rest = last.partition(": ")
        return rest if number.isdigit() else last
    return " ".join(lines)


def _read(path: str) -> bytes | str:
    try:
        content = read_whole(path, _LARGEST)
    except OSError as error:
        raise NotRunnable(f"{path}: {error.strerror}") from None
    if content.startswith(_MAGIC):
        if content[4:8] == _CORE_VERSION:
            raise NotRunnable(f"{path} is a core module, not a component; wasm-tools component new makes one of it")
        return content
    try:
        text = content.decode() if _TEXT.match(content) else ""
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise NotRunnable(f"{path} is not a component: neither a .wasm file nor WAT text")
    if _first_word(text) == "(module":
        raise NotRunnable(f"{path} is a core module, not a component")
    return text


def _first_word(text: str) -> str:
    """The word that a WAT text begins with, behind its comments."""
    while True:
        text = text.lstrip()
        if text.startswith(";;"):
            text = text.partition("\n")[2]
        elif text.startswith("(;"):
            text = text.partition(";)")[2]
        else:
            return text.replace("(", " (", 1).split(None, 1)[0].rstrip(")") if text else ""


def _config(cache: str | None, fuel: bool, memories: Memories) -> Config:
    config = Config()
    memories.serve(config)
    # What ends a guest that computes and calls nothing.
    config.epoch_interruption = True
    if fuel:
        config.consume_fuel = True
    if cache is not None:
        try:
            config.cache = _cache_file(cache)
        except (OSError, WasmtimeError):
            # A start that takes longer is still a start.
            pass
    return config


def _cache_file(folder: str) -> str:
    """The runtime takes its cache's folder from a file only."""
    compiled = os.path.join(folder, "compiled")
    os.makedirs(compiled, exist_ok=True)
    path = os.path.join(folder, "wasmtime.toml")
    quoted = compiled.replace("\\", "\\\\").replace('"', '\\"')
    content = f'[cache]\ndirectory = "{quoted}"\n'
    try:
        with open(path, encoding="utf-8") as file:
            fresh = file.read() == content
    except OSError:
        fresh = False
    if not fresh:
        # Another start may be reading it.
        draft = f"{path}.{os.getpid()}"
        with open(draft, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(draft, path)
    return path
