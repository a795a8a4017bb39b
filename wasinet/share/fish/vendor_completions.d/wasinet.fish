# Completions of wasinet for fish, made of its definitions by "python -m tools.generate".
# fish finds it in share/fish/vendor_completions.d.
# Changes here are lost; no Python is started.

set -g __wasinet_paths 'tcp' 'tcp connect' 'tcp listen' 'udp' 'udp send' 'udp recv' 'resolve' 'poll' 'run' 'call' 'repl' 'replay' 'diff' 'conform' 'fuzz' 'demo' 'trace' 'trace summary' 'trace view' 'states' 'explain' 'wit' 'config' 'config show' 'config path' 'config edit' 'man' 'completion'
set -g __wasinet_valued --world --host --trace-file --trace-data --trace-only --timeout --color 'tcp connect --count' 'tcp connect --interval' 'tcp connect --bind' 'tcp connect --connect-timeout' 'tcp connect --send' 'tcp connect --output' 'tcp connect --idle-timeout' 'tcp connect --hop-limit' 'tcp connect --receive-buffer' 'tcp connect --send-buffer' 'tcp connect --keep-alive-params' 'tcp listen --max' 'tcp listen --send' 'tcp listen --output' 'tcp listen --idle-timeout' 'tcp listen --port-file' 'tcp listen --backlog' 'tcp listen --hop-limit' 'tcp listen --receive-buffer' 'tcp listen --send-buffer' 'tcp listen --keep-alive-params' 'udp send --count' 'udp send --interval' 'udp send --wait' 'udp send --bind' 'udp send --hop-limit' 'udp send --send-buffer' 'udp send --receive-buffer' 'udp recv --count' 'udp recv --port-file' 'udp recv --hop-limit' 'udp recv --receive-buffer' 'udp recv --send-buffer' 'resolve --server' 'resolve --server-timeout' 'run --env' 'run --dir' 'run --max-memory' 'run --max-memories' 'run --max-tables' 'run --max-table-elements' 'run --max-instances' 'run --max-handles' 'run --max-queued' 'run --fuel' 'run --allow' 'run --deny' 'run --policy' 'run --learn' 'call --format' 'replay --junit' 'diff --hosts' 'diff --junit' 'fuzz --hosts' 'fuzz --calls' 'fuzz --seed' 'trace view --html' 'states --format'

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

# The names that the world of the command line explains.
function __wasinet_names
    set -l world $WASINET_WORLD
    set -l words (commandline -opc)
    for index in (seq (count $words))
        switch $words[$index]
            case --world
                set world $words[(math $index + 1)]
            case '--world=*'
                set world (string replace -- --world= '' $words[$index])
        end
    end
    switch "$world"
        case 'draft'
            string split ' ' 'drop-network instance-network drop-pollable poll-oneoff udp.bind bind udp.connect connect receive send udp.local-address local-address udp.remote-address remote-address udp.address-family address-family udp.ipv6-only ipv6-only udp.set-ipv6-only set-ipv6-only udp.unicast-hop-limit unicast-hop-limit udp.set-unicast-hop-limit set-unicast-hop-limit udp.receive-buffer-size receive-buffer-size udp.set-receive-buffer-size set-receive-buffer-size udp.send-buffer-size send-buffer-size udp.set-send-buffer-size set-send-buffer-size udp.non-blocking non-blocking udp.set-non-blocking set-non-blocking udp.subscribe subscribe drop-udp-socket create-udp-socket read blocking-read skip blocking-skip subscribe-to-input-stream drop-input-stream write blocking-write write-zeroes blocking-write-zeroes splice blocking-splice forward subscribe-to-output-stream drop-output-stream tcp.bind tcp.connect listen accept tcp.local-address tcp.remote-address tcp.address-family tcp.ipv6-only tcp.set-ipv6-only set-listen-backlog-size keep-alive set-keep-alive no-delay set-no-delay tcp.unicast-hop-limit tcp.set-unicast-hop-limit tcp.receive-buffer-size tcp.set-receive-buffer-size tcp.send-buffer-size tcp.set-send-buffer-size tcp.non-blocking tcp.set-non-blocking tcp.subscribe shutdown drop-tcp-socket create-tcp-socket resolve-addresses resolve-next-address drop-resolve-address-stream ip-name-lookup.non-blocking ip-name-lookup.set-non-blocking ip-name-lookup.subscribe unknown again unbound bound connecting connection listener closed connected network poll udp udp-create-socket streams tcp tcp-create-socket ip-name-lookup pollable udp-socket output-stream input-stream tcp-socket resolve-address-stream'
        case '*'
            string split ' ' 'error.to-debug-string to-debug-string pollable.ready ready pollable.block block poll input-stream.read read input-stream.blocking-read blocking-read input-stream.skip skip input-stream.blocking-skip blocking-skip input-stream.subscribe subscribe output-stream.check-write check-write output-stream.write write output-stream.blocking-write-and-flush blocking-write-and-flush output-stream.flush flush output-stream.blocking-flush blocking-flush output-stream.subscribe output-stream.write-zeroes write-zeroes output-stream.blocking-write-zeroes-and-flush blocking-write-zeroes-and-flush output-stream.splice splice output-stream.blocking-splice blocking-splice now resolution subscribe-instant subscribe-duration network-error-code instance-network resolve-address-stream.resolve-next-address resolve-next-address resolve-address-stream.subscribe resolve-addresses tcp-socket.start-bind start-bind tcp-socket.finish-bind finish-bind tcp-socket.start-connect start-connect tcp-socket.finish-connect finish-connect tcp-socket.start-listen start-listen tcp-socket.finish-listen finish-listen tcp-socket.accept accept tcp-socket.local-address local-address tcp-socket.remote-address remote-address tcp-socket.is-listening is-listening tcp-socket.address-family address-family tcp-socket.set-listen-backlog-size set-listen-backlog-size tcp-socket.keep-alive-enabled keep-alive-enabled tcp-socket.set-keep-alive-enabled set-keep-alive-enabled tcp-socket.keep-alive-idle-time keep-alive-idle-time tcp-socket.set-keep-alive-idle-time set-keep-alive-idle-time tcp-socket.keep-alive-interval keep-alive-interval tcp-socket.set-keep-alive-interval set-keep-alive-interval tcp-socket.keep-alive-count keep-alive-count tcp-socket.set-keep-alive-count set-keep-alive-count tcp-socket.hop-limit hop-limit tcp-socket.set-hop-limit set-hop-limit tcp-socket.receive-buffer-size receive-buffer-size tcp-socket.set-receive-buffer-size set-receive-buffer-size tcp-socket.send-buffer-size send-buffer-size tcp-socket.set-send-buffer-size set-send-buffer-size tcp-socket.subscribe tcp-socket.shutdown shutdown create-tcp-socket udp-socket.start-bind udp-socket.finish-bind udp-socket.stream stream udp-socket.local-address udp-socket.remote-address udp-socket.address-family udp-socket.unicast-hop-limit unicast-hop-limit udp-socket.set-unicast-hop-limit set-unicast-hop-limit udp-socket.receive-buffer-size udp-socket.set-receive-buffer-size udp-socket.send-buffer-size udp-socket.set-send-buffer-size udp-socket.subscribe incoming-datagram-stream.receive receive incoming-datagram-stream.subscribe outgoing-datagram-stream.check-send check-send outgoing-datagram-stream.send send outgoing-datagram-stream.subscribe create-udp-socket unknown access-denied not-supported invalid-argument out-of-memory timeout concurrency-conflict not-in-progress would-block invalid-state new-socket-limit address-not-bindable address-in-use remote-unreachable connection-refused connection-reset connection-aborted datagram-too-large name-unresolvable temporary-resolver-failure permanent-resolver-failure unbound bind-in-progress bound listen-in-progress listening connect-in-progress connected closed error streams monotonic-clock network ip-name-lookup tcp tcp-create-socket udp udp-create-socket pollable input-stream output-stream resolve-address-stream tcp-socket udp-socket incoming-datagram-stream outgoing-datagram-stream'
    end
end

# Files with these extensions, and folders.
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

complete -c wasinet -f
complete -c wasinet -l world -x -a '0.2 draft' -d 'The generation of the API'
complete -c wasinet -l host -x -a 'native wasmtime' -d 'What answers the calls'
complete -c wasinet -l json -d 'Events and results as JSON on standard output, one a line'
complete -c wasinet -l trace -d 'Show every WASI call on standard error'
complete -c wasinet -l trace-file -r -F -d 'Write every call as a line of JSON; - is standard output, alone there'
complete -c wasinet -l trace-summary -d 'At the end: counts, errors and times per function'
complete -c wasinet -l trace-data -x -d 'Show at most N bytes of data in a trace; 64 by default'
complete -c wasinet -l trace-only -x -d 'Trace only these: tcp, udp, resolve, poll, streams, clocks, '
complete -c wasinet -l trace-errors -d 'Trace only calls that fail'
complete -c wasinet -l timeout -x -d 'End the whole command after 5s, 250ms, 2m; exit code 124'
complete -c wasinet -s q -d 'No progress on standard error'
complete -c wasinet -l quiet -d 'No progress on standard error'
complete -c wasinet -s v -d 'More progress, and the reasons of errors'
complete -c wasinet -l verbose -d 'More progress, and the reasons of errors'
complete -c wasinet -l color -x -a 'auto always never' -d 'Colour; auto is colour on a terminal'
complete -c wasinet -l debug -d 'Show Python\'s traceback of an error'
complete -c wasinet -s h -d 'Show this page'
complete -c wasinet -l help -d 'Show this page'

complete -c wasinet -n "__wasinet_at ''" -a tcp -d 'Connect and listen'
complete -c wasinet -n "__wasinet_at ''" -a udp -d 'Send and receive datagrams'
complete -c wasinet -n "__wasinet_at ''" -a resolve -d 'Look up the addresses of names'
complete -c wasinet -n "__wasinet_at ''" -a poll -d 'Wait until sources are ready: connections, datagrams, timers, standard input'
complete -c wasinet -n "__wasinet_at ''" -a run -d 'Run a WASI component, and answer its calls'
complete -c wasinet -n "__wasinet_at ''" -a call -d 'Make calls by hand, and print what each gives'
complete -c wasinet -n "__wasinet_at ''" -a repl -d 'Make calls at a prompt, with completion; plain wasinet on a terminal is this, too'
complete -c wasinet -n "__wasinet_at ''" -a replay -d 'Run transcripts, and compare what comes with what they expect'
complete -c wasinet -n "__wasinet_at ''" -a diff -d 'Make the same calls on two hosts, and judge what differs'
complete -c wasinet -n "__wasinet_at ''" -a conform -d 'Run the conformance suite on a host, with a score for each interface'
complete -c wasinet -n "__wasinet_at ''" -a fuzz -d 'Make random calls on two hosts, and look for what nobody knows'
complete -c wasinet -n "__wasinet_at ''" -a demo -d 'Show everything at work on loopback, in a few seconds'
complete -c wasinet -n "__wasinet_at ''" -a trace -d 'Read what --trace-file wrote'
complete -c wasinet -n "__wasinet_at ''" -a states -d 'The state machine of TCP or UDP sockets'
complete -c wasinet -n "__wasinet_at ''" -a explain -d 'What a function, an error code or a state means'
complete -c wasinet -n "__wasinet_at ''" -a wit -d 'The declarations of a world, as WIT or JSON'
complete -c wasinet -n "__wasinet_at ''" -a config -d 'The configuration file: defaults for options, the keys of the REPL, colours'
complete -c wasinet -n "__wasinet_at ''" -a man -d 'The manual page of a command'
complete -c wasinet -n "__wasinet_at ''" -a completion -d 'Print the completions for bash, zsh or fish'

complete -c wasinet -n "__wasinet_at 'tcp'" -a connect -d 'Connect to a peer; standard input goes out, what comes in is printed'
complete -c wasinet -n "__wasinet_at 'tcp'" -a listen -d 'Wait for connections and serve them'

complete -c wasinet -n "__wasinet_at 'tcp connect'" -l probe -d 'Only connect, and report how long it took'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l count -x -d 'With --probe: how often. The default is 1'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l interval -x -d 'With --probe: the pause between. The default is 1s'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l bind -x -a '(__wasinet_addresses :)' -d 'Connect from this local address'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l connect-timeout -x -d 'Give up connecting after this long'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l send -x -d 'Send this, not standard input'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l output -r -F -d 'Write what is received to FILE'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l crlf -d 'Send each line end as CR LF'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l hex -d 'Show what is received as a hex dump'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l recv-only -d 'Send nothing; standard input is not read'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l send-only -d 'End when all is sent; what is received is thrown away'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l no-half-close -d 'Do not tell the peer when there is no more to send'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l idle-timeout -x -d 'Give a connection up after this long without a byte'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l hop-limit -x -d 'Hop limit (TTL), 1 to 255'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l receive-buffer -x -d 'Receive buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l send-buffer -x -d 'Send buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l keep-alive -d 'Probe an idle peer'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l keep-alive-params -x -d 'When and how often, e.g. 30s,5s,3; turns --keep-alive on'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -s 4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l ipv4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -s 6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -l ipv6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'tcp connect'" -a '(__wasinet_addresses :)'

complete -c wasinet -n "__wasinet_at 'tcp listen'" -s k -d 'Serve many connections, and go on'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l keep-open -d 'Serve many connections, and go on'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l max -x -d 'With --keep-open: end after N connections'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l echo -d 'Send back what is received'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l discard -d 'Throw away what is received'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l send -x -d 'Send this, not standard input'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l output -r -F -d 'Write what is received to FILE'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l crlf -d 'Send each line end as CR LF'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l hex -d 'Show what is received as a hex dump'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l recv-only -d 'Send nothing; standard input is not read'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l send-only -d 'End when all is sent; what is received is thrown away'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l no-half-close -d 'Do not tell the peer when there is no more to send'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l idle-timeout -x -d 'Give a connection up after this long without a byte'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l port-file -r -F -d 'Write the bound port to FILE'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l backlog -x -d 'How many connections may wait'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l hop-limit -x -d 'Hop limit (TTL), 1 to 255'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l receive-buffer -x -d 'Receive buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l send-buffer -x -d 'Send buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l keep-alive -d 'Probe an idle peer'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l keep-alive-params -x -d 'When and how often, e.g. 30s,5s,3; turns --keep-alive on'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -s 4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l ipv4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -s 6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'tcp listen'" -l ipv6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'tcp listen' 0" -a '(__wasinet_addresses :)'

complete -c wasinet -n "__wasinet_at 'udp'" -a send -d 'Send datagrams, and print replies'
complete -c wasinet -n "__wasinet_at 'udp'" -a recv -d 'Receive datagrams'

complete -c wasinet -n "__wasinet_at 'udp send'" -l lines -d 'Send each line of standard input, without its end, as it comes'
complete -c wasinet -n "__wasinet_at 'udp send'" -l count -x -d 'Send everything N times. The default is 1'
complete -c wasinet -n "__wasinet_at 'udp send'" -l interval -x -d 'Time from one datagram to the next'
complete -c wasinet -n "__wasinet_at 'udp send'" -l wait -x -d 'Print replies, until this long after the last datagram'
complete -c wasinet -n "__wasinet_at 'udp send'" -l bind -x -a '(__wasinet_addresses :)' -d 'Send from this local address'
complete -c wasinet -n "__wasinet_at 'udp send'" -l raw -d 'Write just the bytes, as nc and socat do: no line end between datagrams'
complete -c wasinet -n "__wasinet_at 'udp send'" -l hex -d 'Show each datagram as a hex dump, under its sender'
complete -c wasinet -n "__wasinet_at 'udp send'" -l hop-limit -x -d 'Hop limit (TTL), 1 to 255'
complete -c wasinet -n "__wasinet_at 'udp send'" -l send-buffer -x -d 'Send buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'udp send'" -l receive-buffer -x -d 'Receive buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'udp send'" -s 4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'udp send'" -l ipv4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'udp send'" -s 6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'udp send'" -l ipv6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'udp send' 0" -a '(__wasinet_addresses :)'

complete -c wasinet -n "__wasinet_at 'udp recv'" -l count -x -d 'End after N datagrams'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l echo -d 'Send each datagram back to its sender, instead of printing it'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l raw -d 'Write just the bytes, as nc and socat do: no line end between datagrams'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l hex -d 'Show each datagram as a hex dump, under its sender'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l port-file -r -F -d 'Write the bound port to FILE'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l hop-limit -x -d 'Hop limit (TTL), 1 to 255'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l receive-buffer -x -d 'Receive buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l send-buffer -x -d 'Send buffer, e.g. 256KiB'
complete -c wasinet -n "__wasinet_at 'udp recv'" -s 4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l ipv4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'udp recv'" -s 6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'udp recv'" -l ipv6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'udp recv' 0" -a '(__wasinet_addresses :)'

complete -c wasinet -n "__wasinet_at 'resolve'" -l server -x -a '(__wasinet_addresses)' -d 'Ask this name server, not the system; no hosts file and no search list then'
complete -c wasinet -n "__wasinet_at 'resolve'" -l server-timeout -x -d 'With --server: how long one name may take; 5s'
complete -c wasinet -n "__wasinet_at 'resolve'" -s 4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'resolve'" -l ipv4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'resolve'" -s 6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'resolve'" -l ipv6 -d 'IPv6 only'

complete -c wasinet -n "__wasinet_at 'poll'" -l all -d 'Wait until each has been ready'
complete -c wasinet -n "__wasinet_at 'poll'" -s 4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'poll'" -l ipv4 -d 'IPv4 only'
complete -c wasinet -n "__wasinet_at 'poll'" -s 6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'poll'" -l ipv6 -d 'IPv6 only'
complete -c wasinet -n "__wasinet_at 'poll'" -a 'tcp-connect: tcp-listen: udp: resolve: timer: stdin'

complete -c wasinet -n "__wasinet_at 'run'" -l env -x -d 'Give the guest a variable; NAME alone as it is here'
complete -c wasinet -n "__wasinet_at 'run'" -l dir -x -d 'Give the guest a folder, as GUEST, and only to read with :ro'
complete -c wasinet -n "__wasinet_at 'run'" -l stdin -d 'Whether the guest reads your standard input. The default is --stdin'
complete -c wasinet -n "__wasinet_at 'run'" -l no-stdin -d 'Whether the guest reads your standard input. The default is --stdin'
complete -c wasinet -n "__wasinet_at 'run'" -l max-memory -x -d 'Most memory, all memories of the guest together; 1GiB by default'
complete -c wasinet -n "__wasinet_at 'run'" -l max-memories -x -d 'Most memories; 100 by default'
complete -c wasinet -n "__wasinet_at 'run'" -l max-tables -x -d 'Most tables; 100 by default'
complete -c wasinet -n "__wasinet_at 'run'" -l max-table-elements -x -d 'Most elements of each table; 1000000 by default'
complete -c wasinet -n "__wasinet_at 'run'" -l max-instances -x -d 'Most core instances; 1000 by default'
complete -c wasinet -n "__wasinet_at 'run'" -l max-handles -x -d 'Most live handles: sockets, streams, pollables, files; 100000 by default'
complete -c wasinet -n "__wasinet_at 'run'" -l max-queued -x -d 'Most data held for the guest: written and not sent yet, received and not read; 1GiB by default'
complete -c wasinet -n "__wasinet_at 'run'" -l fuel -x -d 'End the guest after about N instructions'
complete -c wasinet -n "__wasinet_at 'run'" -l allow -x -a 'tcp-create tcp-bind: tcp-listen: tcp-accept: tcp-connect: udp-create udp-bind: udp-send: udp-receive: name-lookup: all' -d 'Allow more: tcp-connect:api.example.com:443, tcp-connect:10.0.0.0/8, all'
complete -c wasinet -n "__wasinet_at 'run'" -l deny -x -a 'tcp-create tcp-bind: tcp-listen: tcp-accept: tcp-connect: udp-create udp-bind: udp-send: udp-receive: name-lookup: all' -d 'Deny what a rule speaks of, whatever is allowed'
complete -c wasinet -n "__wasinet_at 'run'" -l ask -d 'Ask at the terminal about what no rule speaks of'
complete -c wasinet -n "__wasinet_at 'run'" -l policy -x -a '(__wasinet_files toml)' -d 'Take the rules of a file instead of loopback only'
complete -c wasinet -n "__wasinet_at 'run'" -l learn -x -a '(__wasinet_files toml)' -d 'Allow everything, and write the smallest policy that the run needed'
complete -c wasinet -n "__wasinet_at 'run' 0" -a '(__wasinet_files wasm wat)'

complete -c wasinet -n "__wasinet_at 'call'" -l format -x -a 'human wave' -d 'Short forms, or pure WAVE. The default is human'
complete -c wasinet -n "__wasinet_at 'call'" -l keep-going -d 'Go on after a call that fails'

complete -c wasinet -n "__wasinet_at 'repl'" -l vi -d 'The keys of vi, or those of emacs. The default is --emacs'
complete -c wasinet -n "__wasinet_at 'repl'" -l emacs -d 'The keys of vi, or those of emacs. The default is --emacs'

complete -c wasinet -n "__wasinet_at 'replay'" -l update -d 'Write what came where it was not expected'
complete -c wasinet -n "__wasinet_at 'replay'" -l junit -r -F -d 'Also write a JUnit report'
complete -c wasinet -n "__wasinet_at 'replay'" -l strict -d 'With --update, write pure WAVE'
complete -c wasinet -n "__wasinet_at 'replay'" -a '(__wasinet_files wasinet)'

complete -c wasinet -n "__wasinet_at 'diff'" -l hosts -x -d 'Which two. The default is native,wasmtime'
complete -c wasinet -n "__wasinet_at 'diff'" -l junit -r -F -d 'Also write a JUnit report'
complete -c wasinet -n "__wasinet_at 'diff'" -l known -d 'Run the evidence of all known divergences, and report those that are stale'


complete -c wasinet -n "__wasinet_at 'fuzz'" -l hosts -x -d 'Which two. The default is native,wasmtime'
complete -c wasinet -n "__wasinet_at 'fuzz'" -l calls -x -d 'How many calls to compare. The default is 2000'
complete -c wasinet -n "__wasinet_at 'fuzz'" -l seed -x -d 'Make the calls of an earlier run again'


complete -c wasinet -n "__wasinet_at 'trace'" -a summary -d 'Calls by function, handles, and where the time went'
complete -c wasinet -n "__wasinet_at 'trace'" -a view -d 'The timeline of each handle, as text or as a page'

complete -c wasinet -n "__wasinet_at 'trace summary' 0" -F

complete -c wasinet -n "__wasinet_at 'trace view'" -l html -r -F -d 'Write a page with the timeline instead; needs nothing beside it'
complete -c wasinet -n "__wasinet_at 'trace view' 0" -F

complete -c wasinet -n "__wasinet_at 'states'" -l format -x -a 'table mermaid dot json' -d 'As what. The default is table'
complete -c wasinet -n "__wasinet_at 'states' 0" -a 'tcp udp'

complete -c wasinet -n "__wasinet_at 'explain'" -l compare -d 'How each world does the same thing, side by side: tcp.connect'
complete -c wasinet -n "__wasinet_at 'explain' 0" -a '(__wasinet_names)'


complete -c wasinet -n "__wasinet_at 'config'" -a show -d 'What is set, and where'
complete -c wasinet -n "__wasinet_at 'config'" -a path -d 'Where the file is, or would be'
complete -c wasinet -n "__wasinet_at 'config'" -a edit -d 'Open the file in your editor, and check it'




complete -c wasinet -n "__wasinet_at 'man'" -l mdoc -d 'The page\'s source, for man -l - and mandoc'
complete -c wasinet -n "__wasinet_at 'man'" -a 'resolve poll run call repl replay diff conform fuzz demo states explain wit man completion tcp udp trace config connect listen send recv summary view show path edit transcript wave'

complete -c wasinet -n "__wasinet_at 'completion' 0" -a 'bash zsh fish'
