"""Completions for fish, from 3.1 on."""

from __future__ import annotations

from tools.program import ADDRESS, FILE, NAME, PLACE, WORDS, Parameter, Program, ValueKind
from tools.shells import header

__all__ = ["fish"]


def fish(program: Program) -> str:
    """The script."""
    lines = [
        header("fish", "fish finds it in share/fish/vendor_completions.d."),
        _state(program),
        _names(program),
        _HELPERS,
        "complete -c wasinet -f",
    ]
    lines += [_option(option, "") for option in program.common]
    for path in program.paths():
        command = program.command(path)
        lines.append("")
        where = _quoted(" ".join(path))
        if command is None:
            for word, text in program.children(path).items():
                lines.append(f"complete -c wasinet -n {_condition(where)} -a {word} -d {_quoted(text.rstrip('.'))}")
            continue
        lines += [_option(option, where) for option in command.options]
        for place, argument in command.positions():
            assert argument.value is not None
            if argument.value.kind == FILE and not argument.value.words:
                lines.append(f"complete -c wasinet -n {_condition(where, place)} -F")
            elif _values(argument.value):
                values = _values(argument.value)
                lines.append(f"complete -c wasinet -n {_condition(where, place)} -a {values}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _condition(where: str, place: str = "") -> str:
    return '"' + " ".join(filter(None, ("__wasinet_at", where, "" if place == "*" else place))) + '"'


def _option(option: Parameter, where: str) -> str:
    lines = []
    for spelling in option.spellings:
        words = ["complete -c wasinet"]
        if where:
            words.append(f"-n {_condition(where)}")
        words.append(f"-l {spelling[2:]}" if spelling.startswith("--") else f"-s {spelling[1:]}")
        if option.value is not None:
            values = _values(option.value)
            if option.value.kind == FILE and not option.value.words:
                words.append("-r -F")
            else:
                words.append(f"-x -a {values}" if values else "-x")
        words.append(f"-d {_quoted(option.help.rstrip('.'))}")
        lines.append(" ".join(words))
    return "\n".join(lines)


def _values(value: ValueKind) -> str:
    if value.kind == WORDS:
        return _quoted(" ".join(value.words))
    if value.kind == FILE:
        return _quoted(f"(__wasinet_files {' '.join(value.words)})")
    return {
        NAME: "'(__wasinet_names)'",
        ADDRESS: "'(__wasinet_addresses :)'",
        PLACE: "'(__wasinet_addresses)'",
    }.get(value.kind, "")


def _state(program: Program) -> str:
    paths = [_quoted(" ".join(path)) for path in program.paths() if path]
    valued = [spelling for option in program.common if option.value is not None for spelling in option.spellings]
    own = [
        _quoted(f"{command.name} {spelling}")
        for command in program.commands
        for option in command.options
        if option.value is not None
        for spelling in option.spellings
    ]
    return "\n".join(
        (
            f"set -g __wasinet_paths {' '.join(paths)}",
            f"set -g __wasinet_valued {' '.join((*valued, *own))}",
            _STATE,
        )
    )


def _names(program: Program) -> str:
    *others, (_, default) = program.known_names()
    lines = ["# The names that the world of the command line explains.", "function __wasinet_names"]
    lines += ["    set -l world $WASINET_WORLD", "    set -l words (commandline -opc)"]
    lines += ["    for index in (seq (count $words))", "        switch $words[$index]"]
    lines += ["            case --world", "                set world $words[(math $index + 1)]"]
    lines += [
        "            case '--world=*'",
        "                set world (string replace -- --world= '' $words[$index])",
    ]
    lines += ["        end", "    end", '    switch "$world"']
    for world, line in others:
        lines += [f"        case {_quoted(world)}", f"            string split ' ' {_quoted(line)}"]
    lines += ["        case '*'", f"            string split ' ' {_quoted(default)}", "    end", "end", ""]
    return "\n".join(lines)


_STATE = r"""
# The words of the command so far, and how many arguments follow them; once for each command line.
function __wasinet_read
    set -l words (commandline -opc)
    test "$words" = "$__wasinet_words"; and return
    set -g __wasinet_words $words
    set -g __wasinet_path ''
    set -g __wasinet_place 0
    set -l skip 0
    set -l ended 0
    set -e words[1]
    for word in $words
        if test $skip = 1
            set skip 0
        else if test $ended = 0; and string match -q -- '-?*' $word
            if test $word = --
                set ended 1
            else if contains -- $word $__wasinet_valued; or contains -- "$__wasinet_path $word" $__wasinet_valued
                set skip 1
            end
        else if contains -- (string trim -- "$__wasinet_path $word") $__wasinet_paths
            set -g __wasinet_path (string trim -- "$__wasinet_path $word")
        else
            set -g __wasinet_place (math $__wasinet_place + 1)
        end
    end
end

# Whether the command line is at these words, and, if given, at this argument.
function __wasinet_at
    __wasinet_read
    test "$__wasinet_path" = "$argv[1]"; and test -z "$argv[2]" -o "$argv[2]" = $__wasinet_place
end
"""

_HELPERS = r"""# Files with these extensions, and folders.
function __wasinet_files
    set -l pattern '/$|\.(?:'(string join '|' $argv)')$'
    set -l typed (commandline -ct | string replace -r -- '^--[a-z-]+=' '')
    complete -C"'' $typed" | string replace -r '\t.*' '' | string match -r -- ".*(?:$pattern)"
end

# The addresses of this machine, the loopback always; with the argument behind them.
function __wasinet_addresses
    # Quoted: fish joins a text and an empty list to nothing.
    set -l tail "$argv[1]"
    set -l open ''
    set -l close ''
    if test -n "$tail"
        set open '['
        set close ']'
        echo localhost$tail
    end
    echo 127.0.0.1$tail
    echo $open::1$close$tail
    # Asked for first: what handles commands that are not found says so.
    if command -q ip
        ip -o addr
    else if command -q ifconfig
        ifconfig | sed -n 's/^[[:space:]]*\(inet6*\) \([^ %]*\).*/- - \1 \2/p'
    end 2>/dev/null | while read -l index name family address rest
        set address (string replace -r '/.*' '' -- $address)
        switch "$family $address"
            case 'inet 127.0.0.1' 'inet6 ::1'
            case 'inet *'
                echo $address$tail
            case 'inet6 fe80:*'
                string match -qr '^[0-9]+:$' -- $index
                and echo $open$address%(string trim -c : -- $index)$close$tail
            case 'inet6 *'
                echo $open$address$close$tail
        end
    end
end
"""
