"""What test guests do: core code for ``tests.guests.wat.guest`` in the 0.2 world.

Memory below 64 KiB: 0 to 511 for results, 512 for arguments, and data
from 4096 on.
"""

from __future__ import annotations

__all__ = [
    "ALLOCATE",
    "BLOCKING_READ",
    "GETTERS",
    "LEAK",
    "LOOKUP",
    "NOTHING",
    "POLL",
    "READ_FOR_EVER",
    "SPIN",
    "TRAP",
    "WRITE_FOR_EVER",
    "asks",
    "connected",
    "then_lookup",
]

NOTHING = "(i32.const 0)"

SPIN = "(loop $l (br $l)) (i32.const 0)"

TRAP = "(unreachable)"

ALLOCATE = """
  (loop $l
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
    (br $l))
  (i32.const 0)
"""

# A timer of an hour.
POLL = """
  (i32.store (i32.const 512) (call $monotonic-clock-subscribe-duration (i64.const 3600000000000)))
  (call $poll-poll (i32.const 512) (i32.const 1) (i32.const 0))
  (i32.const 0)
"""

LEAK = """(local $i i32)
  (loop $l
    (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
    (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
  (i32.const 0)
"""

# Waits for a lookup of "localhost".
LOOKUP = """(local $net i32) (local $s i32) (local $p i32)
  (i64.store (i32.const 512) (i64.const 0x736f686c61636f6c)) (i32.store8 (i32.const 520) (i32.const 0x74))
  (local.set $net (call $instance-network-instance-network))
  (call $ip-name-lookup-resolve-addresses
    (local.get $net) (i32.const 512) (i32.const 9) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (local.set $s (i32.load (i32.const 4)))
  (local.set $p (call $ip-name-lookup-resolve-address-stream-subscribe (local.get $s)))
  (call $poll-pollable-block (local.get $p))
  (i32.const 0)
"""

_CONNECT = """(local $net i32) (local $s i32) (local $p i32) (local $in i32) (local $out i32) (local $i i32)
  (local.set $net (call $instance-network-instance-network))
  (call $tcp-create-socket-create-tcp-socket (i32.const 0) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (local.set $s (i32.load (i32.const 4)))
  (call $tcp-tcp-socket-start-connect (local.get $s) (local.get $net)
    (i32.const 0) (i32.const PORT)
    (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (local.set $p (call $tcp-tcp-socket-subscribe (local.get $s)))
  (call $poll-pollable-block (local.get $p))
  (call $drop-pollable (local.get $p))
  (call $tcp-tcp-socket-finish-connect (local.get $s) (i32.const 0))
  (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
  (local.set $in (i32.load (i32.const 4)))
  (local.set $out (i32.load (i32.const 8)))
"""


def connected(port: int, then: str) -> str:
    """Connect to this port of 127.0.0.1, and then: the streams are ``$in`` and ``$out``, the socket ``$s``."""
    return _CONNECT.replace("PORT", str(port)) + then


BLOCKING_READ = """
  (call $streams-input-stream-blocking-read (local.get $in) (i64.const 100) (i32.const 0))
  (i32.const 0)
"""

READ_FOR_EVER = """
  (loop $l
    (call $streams-input-stream-blocking-read (local.get $in) (i64.const 1000000000) (i32.const 0))
    (call $reset)
    (br_if $l (i32.eqz (i32.load8_u (i32.const 0)))))
  (i32.const 0)
"""

# Whatever the peer takes: 4096 bytes at once.
WRITE_FOR_EVER = """
  (loop $l
    (call $streams-output-stream-blocking-write-and-flush
      (local.get $out) (i32.const 4096) (i32.const 4096) (i32.const 0))
    (br_if $l (i32.eqz (i32.load8_u (i32.const 0)))))
  (i32.const 0)
"""

GETTERS = """
  (loop $l
    (call $tcp-tcp-socket-hop-limit (local.get $s) (i32.const 0))
    (br $l))
  (i32.const 0)
"""


def then_lookup(name: str = "localhost") -> str:
    """``LOOKUP`` of a name of nine letters behind ``connected``, whose variables it takes over."""
    assert len(name) == 9
    code = LOOKUP.partition("\n")[2]
    for written, letters in (("0x736f686c61636f6c", name[:8]), ("0x74", name[8])):
        code = code.replace(written, hex(int.from_bytes(letters.encode(), "little")))
    return code


_ASKS = """(local $net i32) (local $s i32) (local $p i32) (local $t i32) (local $out i32) (local $i i32)
  DATA
  (local.set $net (call $instance-network-instance-network))
  (local.set $out (call $stderr-get-stderr))
  (loop $again
    (call $streams-output-stream-blocking-write-and-flush
      (local.get $out) (i32.const 4096) (i32.const 8) (i32.const 0))
    (call $ip-name-lookup-resolve-addresses
      (local.get $net) (i32.const 4128) (i32.const 12) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
    (local.set $s (i32.load (i32.const 4)))
    (local.set $p (call $ip-name-lookup-resolve-address-stream-subscribe (local.get $s)))
    (local.set $t (call $monotonic-clock-subscribe-duration (i64.const NANOSECONDS)))
    (i32.store (i32.const 512) (local.get $p))
    (i32.store (i32.const 516) (local.get $t))
    (call $poll-poll (i32.const 512) (i32.const 2) (i32.const 0))
    (if (i32.eqz (i32.load (i32.load (i32.const 0)))) (then (return (i32.const 0))))
    (call $drop-pollable (local.get $p))
    (call $drop-pollable (local.get $t))
    (call $streams-output-stream-blocking-write-and-flush
      (local.get $out) (i32.const 4104) (i32.const 8) (i32.const 0))
    (call $drop-resolve-address-stream (local.get $s))
    (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ROUNDS))))
  (i32.const 1)
"""


def asks(rounds: int, milliseconds: int) -> str:
    """Looks ``example.test`` up, gives up after a time and says so, again and again; for ``0.2-command``.

    It writes ``trying, `` before, without a line's end, and ``gave up\\n`` when it gives up.
    """
    data = b"trying, gave up\n".ljust(32) + b"example.test"
    stores = " ".join(f"(i32.store8 (i32.const {4096 + at}) (i32.const {byte}))" for at, byte in enumerate(data))
    body = _ASKS.replace("DATA", stores).replace("ROUNDS", str(rounds))
    return body.replace("NANOSECONDS", str(milliseconds * 1_000_000))
