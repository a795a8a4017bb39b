"""Completions for bash, from 3.2 on; the package bash-completion is not needed."""

from __future__ import annotations

from tools.program import ADDRESS, ANYTHING, FILE, NAME, PLACE, WORDS, Parameter, Program, ValueKind
from tools.shells import header, quoted

__all__ = ["bash"]


def bash(program: Program) -> str:
    """The script."""
    return "\n".join(
        (
            header("bash", "bash-completion finds it in share/bash-completion/completions."),
            _spec(program),
            _kinds(program),
            _names(program),
            _CODE,
        )
    )


def _spec(program: Program) -> str:
    lines = ["# What may follow these words: other words in $words, or options in $options.", "_wasinet_spec()", "{"]
    lines += ["    words= options=", "    case $1 in"]
    for path in program.paths():
        command = program.command(path)
        lines.append(f"        {quoted(' '.join(path))})")
        if command is None:
            lines.append(f"            words={quoted(' '.join(program.children(path)))}")
        elif command.options:
            own = " ".join(spelling for option in command.options for spelling in option.spellings)
            lines.append(f"            options={quoted(own)}")
        else:
            lines.append("            :")
        lines.append("            ;;")
    common = " ".join(spelling for option in program.common for spelling in option.spellings)
    return "\n".join([*lines, "    esac", f'    options="$options {common}"', "}", ""])


def _kinds(program: Program) -> str:
    lines = ["# What stands for the value of an option, or at a place: in $kind and $words; fails for a flag."]
    lines += ["_wasinet_kind()", "{", "    kind= words=", '    case "$1 $2" in']
    for command in program.commands:
        for option in command.options:
            if option.value is not None:
                lines += _case([f"{command.name} {one}" for one in option.spellings], option.value)
        for place, argument in command.positions():
            assert argument.value is not None
            if place != "*":
                lines += _case([f"{command.name} {place}"], argument.value)
            else:
                lines += _case([f"{command.name} "], argument.value, "[0-9]*")
    lines += ["        *)", "            case $2 in"]
    lines += [line for option in program.common for line in _common(option)]
    return "\n".join(
        [*lines, "                *) return 1 ;;", "            esac", "            ;;", "    esac", "}", ""]
    )


def _case(patterns: list[str], value: ValueKind, suffix: str = "") -> list[str]:
    pattern = " | ".join(quoted(one) + suffix for one in patterns)
    return [f"        {pattern}) {_assign(value)} ;;"]


def _common(option: Parameter) -> list[str]:
    if option.value is None:
        return []
    return [f"                {' | '.join(option.spellings)}) {_assign(option.value)} ;;"]


def _assign(value: ValueKind) -> str:
    words = f" words={quoted(' '.join(value.words))}" if value.words else ""
    return f"kind={value.kind}{words}"


def _names(program: Program) -> str:
    *others, (_, default) = program.known_names()
    lines = ["# The names that a world explains.", "_wasinet_names()", "{", "    case $1 in"]
    lines += [f"        {quoted(world)}) words={quoted(line)} ;;" for world, line in others]
    return "\n".join([*lines, f"        *) words={quoted(default)} ;;", "    esac", "}", ""])


_CODE = rf"""# The addresses of this machine, the loopback always; with $1 behind them.
_wasinet_addresses()
{{
    local index family address rest
    words="127.0.0.1$1 ${{1:+[}}::1${{1:+]}}$1"
    [[ -n $1 ]] && words+=" localhost$1"
    # Asked for first: what handles commands that are not found takes its time.
    while read -r index rest family address rest; do
        address=${{address%%/*}}
        case $family in
            inet) [[ $address == 127.0.0.1 ]] || words+=" $address$1" ;;
            inet6)
                case $address in
                    ::1) ;;
                    fe80:*) [[ $index == [0-9]*: ]] && words+=" ${{1:+[}}$address%${{index%:}}${{1:+]}}$1" ;;
                    *) words+=" ${{1:+[}}$address${{1:+]}}$1" ;;
                esac
                ;;
        esac
    done <<EOF
$(if type ip >/dev/null 2>&1; then
    ip -o addr 2>/dev/null
elif type ifconfig >/dev/null 2>&1; then
    ifconfig 2>/dev/null | sed -n 's/^[[:space:]]*\(inet6*\) \([^ %]*\).*/- - \1 \2/p'
fi)
EOF
}}

# Files with the extensions $1 (all without), and folders.
_wasinet_files()
{{
    local extension found
    while IFS= read -r found; do
        [[ -n $found ]] && COMPREPLY+=("$found")
    done <<EOF
$(if [[ -z $1 ]]; then
    compgen -f -- "$2"
else
    compgen -d -- "$2"
    for extension in $1; do compgen -f -X "!*.$extension" -- "$2"; done
fi)
EOF
    type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null
}}

_wasinet()
{{
    local line=${{COMP_LINE:0:COMP_POINT}} path= world=${{WASINET_WORLD-}} kind= words= options=
    local expects= ended= position=0 prefix= cut= breaks index raw cur
    local -a typed listed
    typed=()
    # bash takes HOST:PORT and --option=value apart; what has no blank between belongs together.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        raw=${{COMP_WORDS[index]}}
        if ((index == 0)) || [[ $line == [[:space:]]* ]]; then
            line=${{line#"${{line%%[![:space:]]*}}"}}
            ((index == COMP_CWORD)) && raw=$line
            typed+=("$raw")
        else
            ((index == COMP_CWORD)) && raw=$line
            typed[${{#typed[@]}} - 1]+=$raw
        fi
        line=${{line#"$raw"}}
    done
    cur=${{typed[${{#typed[@]}} - 1]}}
    for ((index = 1; index < ${{#typed[@]}} - 1; index++)); do
        raw=${{typed[index]}}
        if [[ -n $expects ]]; then
            [[ $expects == --world ]] && world=$raw
            expects=
        elif [[ -z $ended && $raw == -- ]]; then
            ended=1
        elif [[ -z $ended && $raw == --*=* ]]; then
            [[ $raw == --world=* ]] && world=${{raw#*=}}
        elif [[ -z $ended && $raw == -?* ]]; then
            _wasinet_kind "$path" "$raw" && expects=$raw
        else
            _wasinet_spec "$path"
            if [[ " $words " == *" $raw "* ]]; then
                path="${{path:+$path }}$raw"
            else
                ((position += 1))
            fi
        fi
    done
    COMPREPLY=()
    if [[ -n $expects ]]; then
        _wasinet_kind "$path" "$expects"
    elif [[ -z $ended && $cur == --*=* ]]; then
        prefix=${{cur%%=*}}=
        _wasinet_kind "$path" "${{cur%%=*}}" || return 0
    elif [[ -z $ended && $cur == -* ]]; then
        _wasinet_spec "$path"
        kind={WORDS} words=$options
    else
        _wasinet_spec "$path"
        if [[ -n $words ]]; then kind={WORDS}; else _wasinet_kind "$path" "$position" || return 0; fi
    fi
    case $kind in
        {ANYTHING}) return 0 ;;
        {NAME}) _wasinet_names "$world" ;;
        {ADDRESS}) _wasinet_addresses : ;;
        {PLACE}) _wasinet_addresses '' ;;
        {FILE})
            _wasinet_files "$words" "${{cur#"$prefix"}}"
            return 0
            ;;
    esac
    # What stands before the last character that breaks words is not replaced.
    breaks=${{COMP_WORDBREAKS//[!:=]/}}
    [[ -n $breaks && $cur == *[$breaks]* ]] && cut=${{cur%"${{cur##*[$breaks]}}"}}
    IFS=' ' read -ra listed <<<"$words"
    for raw in "${{listed[@]}}"; do
        if [[ $prefix$raw == "$cur"* ]]; then
            raw=$prefix$raw
            COMPREPLY+=("${{raw#"$cut"}}")
        fi
    done
    # The beginning of a value: more is to come.
    if ((${{#COMPREPLY[@]}} == 1)) && [[ ${{COMPREPLY[0]}} == *: ]]; then
        type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
    fi
    return 0
}}

complete -F _wasinet wasinet
"""
