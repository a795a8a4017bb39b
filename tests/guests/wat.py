"""Components as WAT text, made from the declarations.

    guest = Guest(world, ["monotonic-clock.now", "tcp-socket.hop-limit"], version="0.2.6")
    guest.component("(call $now) drop i32.const 0")
"""
