from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import componentize_py
from wasinet.wit import WORLD_NAMES, Function, Interface, Package, World, load
from wasinet.wit.facts import facts
from wasinet.wit.text import identifier, wit_text
from wasinet.wit.types import STRING, U8, U32, Alias, Enum, Flags, Record, Resource, Result

WORLDS = [load(name) for name in WORLD_NAMES]
TEXT = wit_text(load("0.2"))

every_world = pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)


def read_back(text: str) -> dict[str, Any]:
    """The functions and uses of each interface, read from the text line by line and by its braces.

    Interfaces outside a package are the draft's.
    """
    found: dict[str, Any] = {}
    open_blocks: list[tuple[str, str]] = []
    here: dict[str, Any] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith(("///", "@")) or not line:
            continue
        if line.endswith("{"):
            keyword, name = line[:-1].split()
            if keyword == "interface":
                here = {"uses": [], "functions": {}}
                found.setdefault(open_blocks[0][1] if open_blocks else "draft", {})[name] = here
            open_blocks.append((keyword, name))
        elif line == "}":
            open_blocks.pop()
        elif use := re.fullmatch(r"use (\S+)\.\{(.*)\};", line):
            here["uses"].append([use[1], use[2].split(", ")])
        elif function := re.fullmatch(r"(%?[a-z0-9-]+): func\((.*?)\)(?: -> (.*))?;", line):
            resource = "".join(f"{name}." for keyword, name in open_blocks if keyword == "resource")
            params = [param.split(": ", 1) for param in re.split(r", (?=%?[a-z-]+: )", function[2]) if param]
            here["functions"][resource + function[1].removeprefix("%")] = {
                "kind": "func",
                "params": [[name.removeprefix("%"), type_] for name, type_ in params],
                "result": function[3],
            }
    assert not open_blocks
    return found


@every_world
def test_the_text_says_what_the_facts_say(world: World) -> None:
    expected = {
        package: {
            name: {"uses": interface["uses"], "functions": interface["functions"]}
            for name, interface in interfaces.items()
        }
        for package, interfaces in facts(world).items()
    }
    assert read_back(wit_text(world)) == expected


@every_world
def test_every_type_of_the_facts_is_defined(world: World) -> None:
    text = wit_text(world)
    keywords = {"alias": "type"}
    for interfaces in facts(world).values():
        for interface in interfaces.values():
            for name, definition in interface["types"].items():
                (kind,) = definition
                assert re.search(rf"^ +{keywords.get(kind, kind)} {name}(;| \{{| = )", text, re.MULTILINE)


@every_world
def test_every_function_is_preceded_by_its_summary(world: World) -> None:
    text = wit_text(world)
    assert all(f"/// {function.summary}\n" in text for function in world.functions.values())


@every_world
def test_the_error_codes_carry_their_meanings(world: World) -> None:
    lines = [line.strip() for line in wit_text(world).splitlines()]
    assert all(lines[lines.index(f"{code.name},") - 1] == f"/// {code.meaning}" for code in world.error_codes)
    assert lines[lines.index("ipv6,") - 1] == "ipv4,"


def test_keywords_are_escaped() -> None:
    assert identifier("stream") == "%stream"
    assert identifier("streams") == "streams"
    assert "\n      %stream: func(" in TEXT


def test_the_unstable_function_is_gated_together_with_the_use_that_only_it_needs() -> None:
    gate = "    @unstable(feature = network-error-code)\n"
    assert TEXT.count(gate) == 2
    assert gate + "    use wasi:io/error@0.2.12.{error};\n" in TEXT
    assert gate + "    network-error-code: func(" in TEXT


@every_world
def test_the_world_imports_every_interface(world: World) -> None:
    imports = re.findall(r"^  import (\S+);$", wit_text(world), re.MULTILINE)
    assert len(imports) == len(world.interfaces)
    wanted = {"0.2": "wasi:sockets/tcp-create-socket@0.2.12", "draft": "tcp-create-socket"}
    assert wanted[world.name] in imports


@every_world
def test_no_trailing_blanks(world: World) -> None:
    text = wit_text(world)
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.endswith("}\n")


def test_a_world_from_before_packages_had_versions() -> None:
    socket = Alias("tcp-socket", U32, handle=Resource("tcp-socket"))
    error = Enum("error", ("unknown", "again"))
    network = Interface("network", {"error": error, "modes": Flags("modes", ("list", "of"))})
    tcp = Interface(
        "tcp",
        {"tcp-socket": socket, "stream-error": Record("stream-error", ())},
        (
            Function("tcp", "listen", (("this", socket), ("from", STRING)), Result(None, error), "Listens."),
            Function("tcp", "drop-tcp-socket", (("this", socket),), None, "Drops the socket."),
        ),
        uses=(("network", ("error",)),),
        summary="TCP.",
    )
    assert wit_text(World("draft", (Package("draft", (network, tcp)),), {}, ())) == (
        """\
package wasinet:api;

interface network {
  enum error {
    unknown,
    again,
  }

  flags modes {
    %list,
    of,
  }
}

/// TCP.
interface tcp {
  use network.{error};

  type tcp-socket = u32;

  record stream-error {
  }

  /// Listens.
  listen: func(this: tcp-socket, %from: string) -> result<_, error>;

  /// Drops the socket.
  drop-tcp-socket: func(this: tcp-socket);
}

world imports {
  import network;
  import tcp;
}
"""
    )


def test_a_gate_of_another_kind_is_refused() -> None:
    function = Function("a", "f", (), None, "Does.", since="deprecated")
    with pytest.raises(ValueError, match="deprecated"):
        wit_text(World("x", (Package("x", (Interface("a", functions=(function,)),)),), {}, ()))


def test_a_type_without_a_definition_is_refused() -> None:
    with pytest.raises(TypeError, match="u8"):
        wit_text(World("x", (Package("x", (Interface("y", {"z": U8}),)),), {}, ()))


@pytest.mark.slow
@pytest.mark.parametrize("features", [[], ["--all-features"]], ids=["stable", "all features"])
@every_world
def test_a_wit_tool_reads_it(tmp_path: Path, world: World, features: list[str]) -> None:
    tool = componentize_py()
    if tool is None:
        pytest.skip("componentize-py is not installed")
    source = tmp_path / "world.wit"
    source.write_text(wit_text(world), encoding="utf-8")
    command = [tool, "-d", str(source), "-w", "imports", *features, "bindings", str(tmp_path / "bindings")]
    subprocess.run(command, check=True, capture_output=True)
    made = {path.stem for path in (tmp_path / "bindings" / "wit_world" / "imports").glob("*.py")} - {"__init__"}
    assert made == {interface.name.replace("-", "_") for interface in world.interfaces}
