"""Completions for zsh's compsys."""

from __future__ import annotations

from tools.program import (
    ADDRESS,
    ANYTHING,
    FILE,
    NAME,
    PLACE,
    WORDS,
    Command,
    Parameter,
    Program,
    ValueKind,
)
from tools.shells import header, quoted

__all__ = ["zsh"]


def zsh(program: Program) -> str:
    """The script: an autoloaded function, which also may be sourced."""
    common = [spec for option in program.common for spec in _option(option)]
    parts = [
        "#compdef wasinet",
        header("zsh", "compinit finds it as _wasinet in a folder of $fpath."),
        _function("_wasinet_common", ["wasinet_common=(", *(f"    {quoted(spec)}" for spec in common), ")"]),
        _names(program),
        _HELPERS,
    ]
    for path in reversed(program.paths()):
        command = program.command(path)
        parts.append(_group(program, path) if command is None else _command(command))
    return "\n".join((*parts, _END))


def _function(name: str, lines: list[str]) -> str:
    return "\n".join((f"{name}() {{", *(f"    {line}" for line in lines), "}", ""))


def _name(path: tuple[str, ...]) -> str:
    return "_wasinet_at" + "".join(f"_{word.replace('-', '_')}" for word in path) if path else "_wasinet"


def _group(program: Program, path: tuple[str, ...]) -> str:
    children = program.children(path)
    described = [quoted(f"{word.replace(':', chr(92) + ':')}:{text.rstrip('.')}") for word, text in children.items()]
    lines = ["local curcontext=$curcontext state line", "local -A opt_args"]
    if not path:
        # Further down, $words begins with the command's own word.
        lines += ["local -a wasinet_words wasinet_common", 'wasinet_words=("${words[@]}")', "_wasinet_common"]
    lines += ["local -a wasinet_commands", "wasinet_commands=(", *(f"    {one}" for one in described), ")"]
    lines += [
        # What stands behind a command is its own, options that every command has as well.
        '_arguments -C -s -S -A "-*" : "${wasinet_common[@]}" \\',
        "    '1: :{_describe command wasinet_commands}' '*:: :->rest'",
        "case $state in",
        "    rest)",
        "        case $words[1] in",
        *(f"            {word}) {_name((*path, word))} ;;" for word in children),
        "        esac",
        "        ;;",
        "esac",
    ]
    return _function(_name(path), lines)


def _command(command: Command) -> str:
    specs = [spec for option in command.options for spec in _option(option)]
    for index, argument in enumerate(command.arguments):
        assert argument.value is not None
        place = "*" if argument.many else str(index + 1)
        specs.append(f"{place}:{_escaped(argument.metavar)}:{_action(argument.value)}")
    lines = ['_arguments -s -S : "${wasinet_common[@]}"', *(f"    {quoted(spec)}" for spec in specs)]
    return _function(_name(command.path), [" \\\n    ".join(lines)])


def _option(option: Parameter) -> list[str]:
    every = option.spellings
    # A flag that was given does not come again, nor does its other spelling.
    excluded = "*" if option.many else f"({' '.join(every)})"
    text = option.help.replace("[", "\\[").replace("]", "\\]")
    found = []
    for spelling in every:
        if option.value is None:
            found.append(f"{excluded}{spelling}[{text}]")
        else:
            mark = "=" if spelling.startswith("--") else "+"
            found.append(f"{excluded}{spelling}{mark}[{text}]:{_escaped(option.metavar)}:{_action(option.value)}")
    return found


def _escaped(text: str) -> str:
    return text.replace(":", "\\:")


def _action(value: ValueKind) -> str:
    # An action that begins with a blank is run as it is.
    if value.kind == WORDS:
        return f" _wasinet_words {' '.join(map(_escaped, value.words))}"
    if value.kind == FILE:
        return f'_files -g "*.({"|".join(value.words)})(-.)"' if value.words else "_files"
    actions = {ANYTHING: " ", NAME: " _wasinet_names", ADDRESS: " _wasinet_addresses \\:", PLACE: " _wasinet_addresses"}
    return actions[value.kind]


def _names(program: Program) -> str:
    *others, (_, default) = program.known_names()
    lines = [
        "local world=${WASINET_WORLD-} index",
        "for ((index = 2; index < $#wasinet_words; index++)); do",
        "    case $wasinet_words[index] in",
        "        --world) world=$wasinet_words[index+1] ;;",
        "        --world=*) world=${wasinet_words[index]#*=} ;;",
        "    esac",
        "done",
        "local -a found",
        "case $world in",
        *(f"    {quoted(world)}) found=({line}) ;;" for world, line in others),
        f"    *) found=({default}) ;;",
        "esac",
        "compadd -a found",
    ]
    return _function("_wasinet_names", lines)


_HELPERS = r"""# Words; one that ends in a colon is the beginning of a value.
_wasinet_words() {
    local -a whole begun
    whole=("${(@)argv:#*:}")
    begun=("${(@M)argv:#*:}")
    (($#begun)) && compadd -S '' -a begun
    (($#whole)) && compadd -a whole
}

# The addresses of this machine, the loopback always; with $1 behind them.
_wasinet_addresses() {
    local index rest family address open= close= tail=${1-}
    local -a found
    [[ -n $tail ]] && open='[' close=']'
    found=("127.0.0.1$tail" "${open}::1$close$tail")
    [[ -n $tail ]] && found+=("localhost$tail")
    # Asked for first: what handles commands that are not found takes its time.
    if (($+commands[ip])); then
        ip -o addr
    elif (($+commands[ifconfig])); then
        ifconfig | sed -n 's/^[[:space:]]*\(inet6*\) \([^ %]*\).*/- - \1 \2/p'
    fi 2>/dev/null |
        while read -r index rest family address rest; do
            address=${address%%/*}
            case $family:$address in
                inet:127.0.0.1 | inet6:::1) ;;
                inet:*) found+=("$address$tail") ;;
                inet6:fe80:*) [[ $index == [0-9]*: ]] && found+=("$open$address%${index%:}$close$tail") ;;
                inet6:*) found+=("$open$address$close$tail") ;;
            esac
        done
    compadd -S '' -a found
}
"""

_END = """\
# Sourced, it announces itself; autoloaded, it is what is called.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _wasinet "$@"
else
    compdef _wasinet wasinet
fi
"""
