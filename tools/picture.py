"""Pictures of the terminal for the README: ``python -m tools.picture`` runs the commands and draws what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "call.svg"
COMMANDS = (
    (
        "call",
        "--trace",
        "s = create-tcp-socket(ipv4); s.start-bind(net, 127.0.0.1:0); s.finish-bind(); s.accept()",
    ),
)
_WIDTH = 124


def main() -> None:
    """Draw the picture."""
    environment = {**os.environ, "COLUMNS": str(_WIDTH), "WASINET_COLOR": "always"}
    console = Console(record=True, width=_WIDTH, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    for arguments in COMMANDS:
        shown = " ".join(f"'{word}'" if " " in word else word for word in arguments)
        console.print(Text(f"$ wasinet {shown}", style="bold"))
        done = subprocess.run(
            [sys.executable, "-m", "wasinet", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=environment,
            timeout=30,
            check=False,
        )
        console.print(Text.from_ansi(done.stdout))
    PICTURE.parent.mkdir(exist_ok=True)
    drawn = console.export_svg(title="wasinet")
    # A page that shows the picture is not to fetch fonts from elsewhere.
    drawn = re.sub(r"\s*@font-face \{.*?\}|\s*<!--.*?-->", "", drawn, flags=re.DOTALL)
    PICTURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
