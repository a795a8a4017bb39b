"""``python -m benchmarks [NAME...]``: run all or some, and print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from benchmarks import (
    bulk,
    completion,
    components,
    connections,
    datagrams,
    forward,
    getter,
    poll,
    repl,
    replay,
    roundtrip,
    startup,
    wasmtime,
)
from benchmarks.measure import Row, table

_GIB = 1 << 30


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against references.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run; all without it")
    parser.add_argument("--gib", type=float, default=4.0, help="how much bulk moves, in GiB (4)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bound does not hold")
    options = parser.parse_args()
    every: Mapping[str, Callable[[], list[Row]]] = {
        "getter": getter.run,
        "roundtrip": roundtrip.run,
        "poll": poll.run,
        "connections": connections.run,
        "bulk": lambda: bulk.run(int(options.gib * _GIB)),
        "forward": lambda: forward.run(int(options.gib * _GIB)),
        "datagrams": datagrams.run,
        "repl": repl.run,
        "replay": replay.run,
        "startup": startup.run,
        "completion": completion.run,
        "components": components.run,
        "wasmtime": wasmtime.run,
    }
    unknown = [name for name in options.names if name not in every]
    if unknown:
        parser.error(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(every)}")
    rows: list[Row] = []
    for name in options.names or every:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += every[name]()
    print(table(rows))
    missed = [row for row in rows if row.ratio is not None and row.bound.holds(row.ratio) is False]
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
