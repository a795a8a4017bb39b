"""A trace as one page: a timeline in SVG that can be zoomed, with every call's details at hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape as html_escape

from wasinet.render.tracefile import Call, Handle
from wasinet.render.tracetables import Times, times_of
from wasinet.render.units import show_seconds
from wasinet.wave.text import printable
from wasinet.wit.english import counted

__all__ = ["trace_page"]

_ROW = 26
_BAR = 16
_TOP = 28
_WIDTH = 1000.0
_LABEL = 230
# So many states have a colour of their own; further ones begin anew.
_COLORS = 10
_TICKS = 10

_STYLE = """
:root { color-scheme: light dark; --page: #fbfbfd; --ink: #1d1f27; --faint: #6b7080; --line: #e3e5ec; --row: #f3f4f8;
  --call: #1d1f27; --error: #d22f3d; --panel: #ffffff;
  --s0: #b8d4f7; --s1: #f9dfa4; --s2: #bfe6c8; --s3: #f6c6b3; --s4: #8fd3a5; --s5: #d9c9f3; --s6: #7fc4dd;
  --s7: #cfd3dd; --s8: #f3b9d3; --s9: #d5e59b; }
@media (prefers-color-scheme: dark) { :root { --page: #14161c; --ink: #e6e8ee; --faint: #8d93a5; --line: #2a2e3a;
  --row: #1a1d25; --call: #f4f5f9; --error: #ff6b73; --panel: #1e212b;
  --s0: #2f4f7a; --s1: #6e5a20; --s2: #2b5c3b; --s3: #744332; --s4: #1f7a44; --s5: #574682; --s6: #23657f;
  --s7: #434857; --s8: #74395a; --s9: #55651e; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 24px 28px; background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0 0 4px; }
p { margin: 0 0 14px; color: var(--faint); }
ul { list-style: none; margin: 0 0 14px; padding: 0; display: flex; flex-wrap: wrap; gap: 6px 18px; }
li::before { content: ""; display: inline-block; width: 14px; height: 12px; border-radius: 3px; margin-right: 6px;
  vertical-align: -1px; background: var(--c); }
#frame { display: flex; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; background: var(--panel); }
#names { flex: none; width: 230px; border-right: 1px solid var(--line); }
#scroll { overflow-x: auto; flex: 1; }
svg { display: block; }
text { font: 12px ui-monospace, monospace; fill: var(--ink); }
.tick { fill: var(--faint); font-size: 11px; }
.grid { stroke: var(--line); }
.odd { fill: var(--row); }
.call { fill: var(--call); opacity: .72; cursor: pointer; }
.call.again { opacity: .3; }
.call.error, .call.trap { fill: var(--error); opacity: 1; }
.call.interrupted { fill: none; stroke: var(--call); }
.call:hover, .call:focus { opacity: 1; outline: none; stroke: var(--ink); stroke-width: 2; }
#details { margin-top: 14px; min-height: 7.5em; padding: 12px 14px; border: 1px solid var(--line); border-radius: 8px;
  background: var(--panel); font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
"""

# Positions are kept as shares of the whole time, so that zooming is one pass over the elements.
_SCRIPT = """
const chart = document.getElementById("chart"), scroll = document.getElementById("scroll");
const details = document.getElementById("details");
let zoom = 1;
const base = () => Math.max(scroll.clientWidth - 2, 300);
function draw() {
  const width = base() * zoom;
  chart.setAttribute("width", width);
  for (const one of chart.querySelectorAll("[data-at]")) {
    const at = one.dataset.at * (width - 8);
    if (one.tagName === "line") { one.setAttribute("x1", at); one.setAttribute("x2", at); continue; }
    one.setAttribute("x", one.tagName === "text" ? at + 4 : at);
    if (one.dataset.for !== undefined) {
      const least = one.classList.contains("call") ? 2.5 : 1;
      one.setAttribute("width", Math.max(one.dataset.for * (width - 8), least));
    } else if (one.classList.contains("odd")) one.setAttribute("width", width);
  }
}
scroll.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) >= Math.abs(event.deltaY)) return;
  event.preventDefault();
  const x = event.clientX - scroll.getBoundingClientRect().left, share = (scroll.scrollLeft + x) / (base() * zoom);
  zoom = Math.min(Math.max(zoom * Math.exp(-event.deltaY / 400), 1), 5000);
  draw();
  scroll.scrollLeft = share * base() * zoom - x;
}, { passive: false });
const show = (event) => {
  const title = event.target.querySelector && event.target.querySelector("title");
  if (title && event.target.classList.contains("call")) details.textContent = title.textContent;
};
chart.addEventListener("mouseover", show);
chart.addEventListener("focusin", show);
addEventListener("resize", draw);
draw();
document.body.dataset.drawn = "yes";
"""


def trace_page(calls: Sequence[Call], handles: Sequence[Handle], title: str) -> str:
    """The page, with everything that it needs in it.

    Args:
        calls: all calls.
        handles: all handles.
        title: what to call it: the file's name.
    """
    start = min((call.time for call in calls), default=0.0)
    end = max((call.end for call in calls), default=0.0)
    span = max(end - start, 1e-9)

    def share(time: float) -> str:
        return f"{min(max((time - start) / span, 0), 1):.7f}"

    def length(seconds: float) -> str:
        return f"{max(seconds, 0) / span:.7f}"

    states = list(dict.fromkeys(state for handle in handles for _, state in handle.states))
    color = {state: index % _COLORS for index, state in enumerate(states)}
    free = [call for call in calls if call.handle is None]
    height = _TOP + _ROW * (len(handles) + bool(free))
    names: list[str] = []
    marks: list[str] = []
    for number, (at, text) in enumerate(_ticks(span)):
        marks.append(f'<line class="grid" data-at="{at:.7f}" y1="{_TOP - 6}" y2="{height}"/>' if number else "")
        marks.append(f'<text class="tick" data-at="{at:.7f}" y="16">{escape(text)}</text>')
    rows: list[tuple[str, Handle | None, list[Call]]] = [
        (f"#{handle.number} {handle.type}", handle, [c for c in handle.calls if c.handle == handle.number])
        for handle in handles
    ]
    if free:
        rows.insert(0, ("functions", None, free))
    for index, (name, handle, own) in enumerate(rows):
        top = _TOP + index * _ROW
        middle = top + (_ROW - _BAR) / 2
        if index % 2 == 0:
            stripe = f'<rect class="odd" y="{top}" height="{_ROW}"'
            names.append(f'{stripe} width="{_LABEL}"/>')
            marks.insert(0, f'{stripe} data-at="0"/>')
        names.append(f'<text x="12" y="{top + _ROW / 2 + 4}">{escape(name)}</text>')
        if handle is not None:
            gone = end if handle.gone is None else handle.gone
            bands = handle.states or [(handle.born, "")]
            for (begin, state), after in zip(bands, [*(time for time, _ in bands[1:]), gone], strict=True):
                fill = f"var(--s{color[state]})" if state else "var(--line)"
                said = escape(f"{name}: {state or 'alive'}")
                marks.append(
                    f'<rect class="band" data-at="{share(begin)}" data-for="{length(after - begin)}" y="{middle}"'
                    f' height="{_BAR}" rx="2" style="fill: {fill}"><title>{said}</title></rect>'
                )
        marks += (
            f'<rect class="call {call.kind}" data-at="{share(call.time)}" data-for="{length(call.duration)}"'
            f' y="{middle + 3}" height="{_BAR - 6}" rx="1" tabindex="0">'
            f"<title>{chr(10).join(map(escape, _details(call)))}</title></rect>"
            for call in own
        )
    legend = "".join(f'<li style="--c: var(--s{color[state]})">{escape(state)}</li>' for state in states)
    shown = escape(title)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{shown}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{shown}</h1>
<p>{escape(_summary(calls, handles, times_of(calls)))}</p>
<ul>{legend}<li style="--c: var(--call)">a call</li><li style="--c: var(--error)">a call that failed</li></ul>
<div id="frame">
<svg id="names" width="{_LABEL}" height="{height}" aria-hidden="true">{"".join(names)}</svg>
<div id="scroll"><svg id="chart" width="{_WIDTH}" height="{height}" role="img" aria-label="Timeline of {shown}">
{"".join(marks)}
</svg></div>
</div>
<div id="details" aria-live="polite">Point at a call. The wheel zooms.</div>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _summary(calls: Sequence[Call], handles: Sequence[Handle], times: Times) -> str:
    failed = sum(call.kind in ("error", "trap") for call in calls)
    leaked = sum(handle.gone is None for handle in handles)
    return (
        f"{counted(len(calls), 'call')} in {show_seconds(times.whole)}, {failed} of them failed; "
        f"{counted(len(handles), 'handle')}, "
        f"{leaked} never dropped; {show_seconds(times.blocked)} in calls that may wait"
    )


def _ticks(span: float) -> list[tuple[float, str]]:
    """Round times, as shares of the whole."""
    steps = (size * 10.0**power for power in range(-6, 9) for size in (1, 2, 5))
    step = next(step for step in steps if span / step <= _TICKS)
    times = (count * step for count in range(int(span / step) + 1))
    return [(time / span, show_seconds(time) if time else "0") for time in times]


def _details(call: Call) -> list[str]:
    """A call as its tooltip tells it."""
    receiver = "" if call.handle is None else f"#{call.handle} "
    arguments = ", ".join(f"{name}: {_short(value)}" for name, value in call.arguments.items())
    lines = [f"{receiver}{call.function}({arguments})"]
    if call.outcome is not None:
        lines.append(f"→ {_short(call.outcome)}")
    if call.reason:
        lines.append(call.reason)
    if call.before or call.after:
        lines.append(call.after if call.before == call.after else f"{call.before or 'new'} → {call.after or 'gone'}")
    lines.append(f"at {show_seconds(call.time)}, took {show_seconds(call.duration)}")
    return lines


def escape(text: str) -> str:
    """A text for HTML, in one line, without what turns the writing direction or is no character."""
    return html_escape(printable(text))


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"
