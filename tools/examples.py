"""Examples for the manual pages: at least one for each command, in the order to show."""

from __future__ import annotations

from collections.abc import Mapping

from tools.program import Example

__all__ = ["EXAMPLES"]

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "": (
        Example("Show everything at work on loopback:", "wasinet demo"),
        Example("Send a line to a server, and print its answer:", "echo hello | wasinet tcp connect localhost:8080"),
        Example(
            "The same, with every WASI call on standard error:",
            "echo hello | wasinet tcp connect localhost:8080 --trace",
        ),
        Example("Ask what a function needs and does:", "wasinet explain tcp-socket.start-listen"),
    ),
    "tcp connect": (
        Example("Send standard input, and print what comes back:", "echo hello | wasinet tcp connect localhost:8080"),
        Example(
            "Is the port open? The exit code tells:",
            "wasinet tcp connect --probe --count 3 --interval 100ms localhost:8080",
        ),
        Example(
            "Receive a file, and give up when nothing comes for ten seconds:",
            "wasinet tcp connect --recv-only --idle-timeout 10s --output file localhost:8080",
        ),
    ),
    "tcp listen": (
        Example("Serve one connection on every address, IPv4 and IPv6:", "wasinet tcp listen :8080"),
        Example(
            "Echo for many clients, on a free port that a script can read:",
            "wasinet tcp listen 127.0.0.1:0 --keep-open --echo --port-file port.txt",
        ),
    ),
    "udp send": (
        Example(
            "Send two datagrams, and wait a second for replies:", "wasinet udp send 127.0.0.1:5353 one two --wait 1s"
        ),
        Example("Each line that is typed is a datagram:", "wasinet udp send localhost:5353 --lines"),
    ),
    "udp recv": (
        Example("Print the first three datagrams that come:", "wasinet udp recv 127.0.0.1:5353 --count 3"),
        Example("Show each as a hex dump, and send it back:", "wasinet udp recv :5353 --echo --hex"),
    ),
    "resolve": (
        Example("The addresses of two names:", "wasinet resolve localhost example.com"),
        Example("IPv6 only, asked of a name server:", "wasinet resolve -6 --server 127.0.0.1:5353 example.com"),
    ),
    "poll": (
        Example("Which comes first, a connection or a second?", "wasinet poll tcp-connect:localhost:8080 timer:1s"),
        Example("Wait for both:", "wasinet poll --all udp:127.0.0.1:5353 resolve:localhost"),
    ),
    "call": (
        Example(
            "Bind a socket, and ask where:",
            "wasinet call 's = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0)\n"
            "s.finish-bind(); s.local-address()'",
        ),
        Example("Read the calls from a file:", "wasinet call - < calls.txt"),
    ),
    "repl": (
        Example("Make calls at a prompt:", "wasinet repl"),
        Example("Run lines from a pipe:", "echo 'create-tcp-socket(ipv4)' | wasinet repl"),
    ),
    "run": (
        Example("Run a component, with loopback as all its network:", "wasinet run guest.wasm"),
        Example("The same, with every WASI call on standard error:", "wasinet run --trace guest.wasm"),
        Example(
            "With an argument, a variable and a folder that it may only read:",
            "wasinet run --env LANG=C --dir data::/data:ro guest.wasm serve",
        ),
        Example("Let it reach one host besides:", "wasinet run --allow tcp-connect:api.example.com:443 guest.wasm"),
        Example(
            "Find out what it needs of the network, and give it that:", "wasinet run --learn policy.toml guest.wasm"
        ),
    ),
    "trace summary": (
        Example("Where did the time go, and what leaked?", "wasinet trace summary trace.ndjson"),
        Example("The same of a guest, as it ends:", "wasinet run --trace-file - guest.wasm | wasinet trace summary -"),
    ),
    "trace view": (
        Example("The timeline of each handle, on the terminal:", "wasinet trace view trace.ndjson"),
        Example("As a page for a browser:", "wasinet trace view trace.ndjson --html trace.html"),
    ),
    "replay": (
        Example("Check all transcripts of a folder:", "wasinet replay tests/"),
        Example("Write what came where something else was expected:", "wasinet replay --update session.wasinet"),
        Example("Report to a CI server:", "wasinet replay --junit report.xml tests/"),
    ),
    "diff": (
        Example("Where does Wasmtime answer otherwise, and may it?", "wasinet diff session.wasinet"),
        Example("Report to a CI server:", "wasinet diff --hosts native,wasmtime --junit report.xml tests/"),
        Example("Does what is known of Wasmtime still hold?", "wasinet diff --known"),
    ),
    "fuzz": (
        Example("Look for differences between Wasmtime and the native host:", "wasinet fuzz --calls 20000"),
        Example("Keep what was found:", "wasinet fuzz --seed 7 > found.wasinet"),
    ),
    "conform": (
        Example("The score of Wasmtime's sockets, and what fails:", "wasinet conform --host wasmtime"),
        Example("The same for programs:", "wasinet conform --host wasmtime --json"),
    ),
    "demo": (
        Example("Show everything at work:", "wasinet demo"),
        Example("The same as one event a line, for programs:", "wasinet demo --json"),
    ),
    "states": (
        Example("Which call is legal where, and where it leads:", "wasinet states tcp"),
        Example("The diagram, for Graphviz:", "wasinet states udp --format dot | dot -Tsvg > udp.svg"),
    ),
    "explain": (
        Example("A function:", "wasinet explain tcp-socket.accept"),
        Example("An error code:", "wasinet explain address-in-use"),
        Example("The same step in every world:", "wasinet explain --compare tcp.connect"),
    ),
    "wit": (
        Example("The declarations of the early API:", "wasinet wit --world draft"),
        Example("The names of all interfaces, with jq:", "wasinet wit --json | jq '.[] | keys'"),
    ),
    "config show": (Example("What is set, and where from:", "wasinet config show"),),
    "config path": (Example("Where the file is, or would be:", "wasinet config path"),),
    "config edit": (Example("Change it with your editor:", "wasinet config edit"),),
    "man": (
        Example("The page of a command:", "wasinet man tcp listen"),
        Example("A page with man's own formatting:", "wasinet man --mdoc states | man -l -"),
    ),
    "completion": (
        Example("In bash, for this shell:", 'eval "$(wasinet completion bash)"'),
        Example("In zsh, in .zshrc after compinit:", "source <(wasinet completion zsh)"),
        Example("In fish:", "wasinet completion fish > ~/.config/fish/completions/wasinet.fish"),
    ),
}
"""Command to examples; the empty name is the program itself."""
