# Completions of wasinet for bash, made of its definitions by "python -m tools.generate".
# bash-completion finds it in share/bash-completion/completions.
# Changes here are lost; no Python is started.

# What may follow these words: other words in $words, or options in $options.
_wasinet_spec()
{
    words= options=
    case $1 in
        '')
            words='tcp udp resolve poll run call repl replay diff conform fuzz demo trace states explain wit config man completion'
            ;;
        'tcp')
            words='connect listen'
            ;;
        'tcp connect')
            options='--probe --count --interval --bind --connect-timeout --send --output --crlf --hex --recv-only --send-only --no-half-close --idle-timeout --hop-limit --receive-buffer --send-buffer --keep-alive --keep-alive-params -4 --ipv4 -6 --ipv6'
            ;;
        'tcp listen')
            options='-k --keep-open --max --echo --discard --send --output --crlf --hex --recv-only --send-only --no-half-close --idle-timeout --port-file --backlog --hop-limit --receive-buffer --send-buffer --keep-alive --keep-alive-params -4 --ipv4 -6 --ipv6'
            ;;
        'udp')
            words='send recv'
            ;;
        'udp send')
            options='--lines --count --interval --wait --bind --raw --hex --hop-limit --send-buffer --receive-buffer -4 --ipv4 -6 --ipv6'
            ;;
        'udp recv')
            options='--count --echo --raw --hex --port-file --hop-limit --receive-buffer --send-buffer -4 --ipv4 -6 --ipv6'
            ;;
        'resolve')
            options='--server --server-timeout -4 --ipv4 -6 --ipv6'
            ;;
        'poll')
            options='--all -4 --ipv4 -6 --ipv6'
            ;;
        'run')
            options='--env --dir --stdin --no-stdin --max-memory --max-memories --max-tables --max-table-elements --max-instances --max-handles --max-queued --fuel --allow --deny --ask --policy --learn'
            ;;
        'call')
            options='--format --keep-going'
            ;;
        'repl')
            options='--vi --emacs'
            ;;
        'replay')
            options='--update --junit --strict'
            ;;
        'diff')
            options='--hosts --junit --known'
            ;;
        'conform')
            :
            ;;
        'fuzz')
            options='--hosts --calls --seed'
            ;;
        'demo')
            :
            ;;
        'trace')
            words='summary view'
            ;;
        'trace summary')
            :
            ;;
        'trace view')
            options='--html'
            ;;
        'states')
            options='--format'
            ;;
        'explain')
            options='--compare'
            ;;
        'wit')
            :
            ;;
        'config')
            words='show path edit'
            ;;
        'config show')
            :
            ;;
        'config path')
            :
            ;;
        'config edit')
            :
            ;;
        'man')
            options='--mdoc'
            ;;
        'completion')
            :
            ;;
    esac
    options="$options --world --host --json --trace --trace-file --trace-summary --trace-data --trace-only --trace-errors --timeout -q --quiet -v --verbose --color --debug -h --help"
}

# What stands for the value of an option, or at a place: in $kind and $words; fails for a flag.
_wasinet_kind()
{
    kind= words=
    case "$1 $2" in
        'tcp connect --count') kind=anything ;;
        'tcp connect --interval') kind=anything ;;
        'tcp connect --bind') kind=address ;;
        'tcp connect --connect-timeout') kind=anything ;;
        'tcp connect --send') kind=anything ;;
        'tcp connect --output') kind=file ;;
        'tcp connect --idle-timeout') kind=anything ;;
        'tcp connect --hop-limit') kind=anything ;;
        'tcp connect --receive-buffer') kind=anything ;;
        'tcp connect --send-buffer') kind=anything ;;
        'tcp connect --keep-alive-params') kind=anything ;;
        'tcp connect '[0-9]*) kind=address ;;
        'tcp listen --max') kind=anything ;;
        'tcp listen --send') kind=anything ;;
        'tcp listen --output') kind=file ;;
        'tcp listen --idle-timeout') kind=anything ;;
        'tcp listen --port-file') kind=file ;;
        'tcp listen --backlog') kind=anything ;;
        'tcp listen --hop-limit') kind=anything ;;
        'tcp listen --receive-buffer') kind=anything ;;
        'tcp listen --send-buffer') kind=anything ;;
        'tcp listen --keep-alive-params') kind=anything ;;
        'tcp listen 0') kind=address ;;
        'udp send --count') kind=anything ;;
        'udp send --interval') kind=anything ;;
        'udp send --wait') kind=anything ;;
        'udp send --bind') kind=address ;;
        'udp send --hop-limit') kind=anything ;;
        'udp send --send-buffer') kind=anything ;;
        'udp send --receive-buffer') kind=anything ;;
        'udp send 0') kind=address ;;
        'udp send '[0-9]*) kind=anything ;;
        'udp recv --count') kind=anything ;;
        'udp recv --port-file') kind=file ;;
        'udp recv --hop-limit') kind=anything ;;
        'udp recv --receive-buffer') kind=anything ;;
        'udp recv --send-buffer') kind=anything ;;
        'udp recv 0') kind=address ;;
        'resolve --server') kind=place ;;
        'resolve --server-timeout') kind=anything ;;
        'resolve '[0-9]*) kind=anything ;;
        'poll '[0-9]*) kind=words words='tcp-connect: tcp-listen: udp: resolve: timer: stdin' ;;
        'run --env') kind=anything ;;
        'run --dir') kind=anything ;;
        'run --max-memory') kind=anything ;;
        'run --max-memories') kind=anything ;;
        'run --max-tables') kind=anything ;;
        'run --max-table-elements') kind=anything ;;
        'run --max-instances') kind=anything ;;
        'run --max-handles') kind=anything ;;
        'run --max-queued') kind=anything ;;
        'run --fuel') kind=anything ;;
        'run --allow') kind=words words='tcp-bind: tcp-listen: tcp-accept: tcp-connect: udp-bind: udp-send: udp-receive: name-lookup: all' ;;
        'run --deny') kind=words words='tcp-bind: tcp-listen: tcp-accept: tcp-connect: udp-bind: udp-send: udp-receive: name-lookup: all' ;;
        'run --policy') kind=file words='toml' ;;
        'run --learn') kind=file words='toml' ;;
        'run 0') kind=file words='wasm wat' ;;
        'run '[0-9]*) kind=anything ;;
        'call --format') kind=words words='human wave' ;;
        'call 0') kind=anything ;;
        'replay --junit') kind=file ;;
        'replay '[0-9]*) kind=file words='wasinet' ;;
        'diff --hosts') kind=anything ;;
        'diff --junit') kind=file ;;
        'diff '[0-9]*) kind=anything ;;
        'fuzz --hosts') kind=anything ;;
        'fuzz --calls') kind=anything ;;
        'fuzz --seed') kind=anything ;;
        'trace summary 0') kind=file ;;
        'trace view --html') kind=file ;;
        'trace view 0') kind=file ;;
        'states --format') kind=words words='table mermaid dot json' ;;
        'states 0') kind=words words='tcp udp' ;;
        'explain 0') kind=name ;;
        'man '[0-9]*) kind=words words='resolve poll run call repl replay diff conform fuzz demo states explain wit man completion tcp udp trace config connect listen send recv summary view show path edit transcript wave' ;;
        'completion 0') kind=words words='bash zsh fish' ;;
        *)
            case $2 in
                --world) kind=words words='0.2 draft' ;;
                --host) kind=words words='native wasmtime' ;;
                --trace-file) kind=file ;;
                --trace-data) kind=anything ;;
                --trace-only) kind=anything ;;
                --timeout) kind=anything ;;
                --color) kind=words words='auto always never' ;;
                *) return 1 ;;
            esac
            ;;
    esac
}

# The names that a world explains.
_wasinet_names()
{
    case $1 in
        'draft') words='drop-network instance-network drop-pollable poll-oneoff udp.bind bind udp.connect connect receive send udp.local-address local-address udp.remote-address remote-address udp.address-family address-family udp.ipv6-only ipv6-only udp.set-ipv6-only set-ipv6-only udp.unicast-hop-limit unicast-hop-limit udp.set-unicast-hop-limit set-unicast-hop-limit udp.receive-buffer-size receive-buffer-size udp.set-receive-buffer-size set-receive-buffer-size udp.send-buffer-size send-buffer-size udp.set-send-buffer-size set-send-buffer-size udp.non-blocking non-blocking udp.set-non-blocking set-non-blocking udp.subscribe subscribe drop-udp-socket create-udp-socket read blocking-read skip blocking-skip subscribe-to-input-stream drop-input-stream write blocking-write write-zeroes blocking-write-zeroes splice blocking-splice forward subscribe-to-output-stream drop-output-stream tcp.bind tcp.connect listen accept tcp.local-address tcp.remote-address tcp.address-family tcp.ipv6-only tcp.set-ipv6-only set-listen-backlog-size keep-alive set-keep-alive no-delay set-no-delay tcp.unicast-hop-limit tcp.set-unicast-hop-limit tcp.receive-buffer-size tcp.set-receive-buffer-size tcp.send-buffer-size tcp.set-send-buffer-size tcp.non-blocking tcp.set-non-blocking tcp.subscribe shutdown drop-tcp-socket create-tcp-socket resolve-addresses resolve-next-address drop-resolve-address-stream ip-name-lookup.non-blocking ip-name-lookup.set-non-blocking ip-name-lookup.subscribe unknown again unbound bound connecting connection listener closed connected network poll udp udp-create-socket streams tcp tcp-create-socket ip-name-lookup pollable udp-socket output-stream input-stream tcp-socket resolve-address-stream' ;;
        *) words='error.to-debug-string to-debug-string pollable.ready ready pollable.block block poll input-stream.read read input-stream.blocking-read blocking-read input-stream.skip skip input-stream.blocking-skip blocking-skip input-stream.subscribe subscribe output-stream.check-write check-write output-stream.write write output-stream.blocking-write-and-flush blocking-write-and-flush output-stream.flush flush output-stream.blocking-flush blocking-flush output-stream.subscribe output-stream.write-zeroes write-zeroes output-stream.blocking-write-zeroes-and-flush blocking-write-zeroes-and-flush output-stream.splice splice output-stream.blocking-splice blocking-splice now resolution subscribe-instant subscribe-duration network-error-code instance-network resolve-address-stream.resolve-next-address resolve-next-address resolve-address-stream.subscribe resolve-addresses tcp-socket.start-bind start-bind tcp-socket.finish-bind finish-bind tcp-socket.start-connect start-connect tcp-socket.finish-connect finish-connect tcp-socket.start-listen start-listen tcp-socket.finish-listen finish-listen tcp-socket.accept accept tcp-socket.local-address local-address tcp-socket.remote-address remote-address tcp-socket.is-listening is-listening tcp-socket.address-family address-family tcp-socket.set-listen-backlog-size set-listen-backlog-size tcp-socket.keep-alive-enabled keep-alive-enabled tcp-socket.set-keep-alive-enabled set-keep-alive-enabled tcp-socket.keep-alive-idle-time keep-alive-idle-time tcp-socket.set-keep-alive-idle-time set-keep-alive-idle-time tcp-socket.keep-alive-interval keep-alive-interval tcp-socket.set-keep-alive-interval set-keep-alive-interval tcp-socket.keep-alive-count keep-alive-count tcp-socket.set-keep-alive-count set-keep-alive-count tcp-socket.hop-limit hop-limit tcp-socket.set-hop-limit set-hop-limit tcp-socket.receive-buffer-size receive-buffer-size tcp-socket.set-receive-buffer-size set-receive-buffer-size tcp-socket.send-buffer-size send-buffer-size tcp-socket.set-send-buffer-size set-send-buffer-size tcp-socket.subscribe tcp-socket.shutdown shutdown create-tcp-socket udp-socket.start-bind udp-socket.finish-bind udp-socket.stream stream udp-socket.local-address udp-socket.remote-address udp-socket.address-family udp-socket.unicast-hop-limit unicast-hop-limit udp-socket.set-unicast-hop-limit set-unicast-hop-limit udp-socket.receive-buffer-size udp-socket.set-receive-buffer-size udp-socket.send-buffer-size udp-socket.set-send-buffer-size udp-socket.subscribe incoming-datagram-stream.receive receive incoming-datagram-stream.subscribe outgoing-datagram-stream.check-send check-send outgoing-datagram-stream.send send outgoing-datagram-stream.subscribe create-udp-socket unknown access-denied not-supported invalid-argument out-of-memory timeout concurrency-conflict not-in-progress would-block invalid-state new-socket-limit address-not-bindable address-in-use remote-unreachable connection-refused connection-reset connection-aborted datagram-too-large name-unresolvable temporary-resolver-failure permanent-resolver-failure unbound bind-in-progress bound listen-in-progress listening connect-in-progress connected closed error streams monotonic-clock network ip-name-lookup tcp tcp-create-socket udp udp-create-socket pollable input-stream output-stream resolve-address-stream tcp-socket udp-socket incoming-datagram-stream outgoing-datagram-stream' ;;
    esac
}

# The addresses of this machine, the loopback always; with $1 behind them.
_wasinet_addresses()
{
    local index family address rest
    words="127.0.0.1$1 ${1:+[}::1${1:+]}$1"
    [[ -n $1 ]] && words+=" localhost$1"
    # Asked for first: what handles commands that are not found takes its time.
    while read -r index rest family address rest; do
        address=${address%%/*}
        case $family in
            inet) [[ $address == 127.0.0.1 ]] || words+=" $address$1" ;;
            inet6)
                case $address in
                    ::1) ;;
                    fe80:*) [[ $index == [0-9]*: ]] && words+=" ${1:+[}$address%${index%:}${1:+]}$1" ;;
                    *) words+=" ${1:+[}$address${1:+]}$1" ;;
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
}

# Files with the extensions $1 (all without), and folders.
_wasinet_files()
{
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
}

_wasinet()
{
    local line=${COMP_LINE:0:COMP_POINT} path= world=${WASINET_WORLD-} kind= words= options=
    local expects= ended= position=0 prefix= cut= breaks index raw cur
    local -a typed listed
    typed=()
    # bash takes HOST:PORT and --option=value apart; what has no blank between belongs together.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        raw=${COMP_WORDS[index]}
        if ((index == 0)) || [[ $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            ((index == COMP_CWORD)) && raw=$line
            typed+=("$raw")
        else
            ((index == COMP_CWORD)) && raw=$line
            typed[${#typed[@]} - 1]+=$raw
        fi
        line=${line#"$raw"}
    done
    cur=${typed[${#typed[@]} - 1]}
    for ((index = 1; index < ${#typed[@]} - 1; index++)); do
        raw=${typed[index]}
        if [[ -n $expects ]]; then
            [[ $expects == --world ]] && world=$raw
            expects=
        elif [[ -z $ended && $raw == -- ]]; then
            ended=1
        elif [[ -z $ended && $raw == --*=* ]]; then
            [[ $raw == --world=* ]] && world=${raw#*=}
        elif [[ -z $ended && $raw == -?* ]]; then
            _wasinet_kind "$path" "$raw" && expects=$raw
        else
            _wasinet_spec "$path"
            if [[ " $words " == *" $raw "* ]]; then
                path="${path:+$path }$raw"
            else
                ((position += 1))
            fi
        fi
    done
    COMPREPLY=()
    if [[ -n $expects ]]; then
        _wasinet_kind "$path" "$expects"
    elif [[ -z $ended && $cur == --*=* ]]; then
        prefix=${cur%%=*}=
        _wasinet_kind "$path" "${cur%%=*}" || return 0
    elif [[ -z $ended && $cur == -* ]]; then
        _wasinet_spec "$path"
        kind=words words=$options
    else
        _wasinet_spec "$path"
        if [[ -n $words ]]; then kind=words; else _wasinet_kind "$path" "$position" || return 0; fi
    fi
    case $kind in
        anything) return 0 ;;
        name) _wasinet_names "$world" ;;
        address) _wasinet_addresses : ;;
        place) _wasinet_addresses '' ;;
        file)
            _wasinet_files "$words" "${cur#"$prefix"}"
            return 0
            ;;
    esac
    # What stands before the last character that breaks words is not replaced.
    breaks=${COMP_WORDBREAKS//[!:=]/}
    [[ -n $breaks && $cur == *[$breaks]* ]] && cut=${cur%"${cur##*[$breaks]}"}
    IFS=' ' read -ra listed <<<"$words"
    for raw in "${listed[@]}"; do
        if [[ $prefix$raw == "$cur"* ]]; then
            raw=$prefix$raw
            COMPREPLY+=("${raw#"$cut"}")
        fi
    done
    # The beginning of a value: more is to come.
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *: ]]; then
        type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
    fi
    return 0
}

complete -F _wasinet wasinet
