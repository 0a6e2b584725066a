# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2119,SC2120 # variables and functions for the tests
# For tests with network components: proxies, certificates, and network namespaces. Load it after helper.bash.

eval "helper_$(declare -f setup)"
eval "helper_$(declare -f teardown)"
eval "helper_$(declare -f steer)"
PATH=$PATH:/usr/sbin:/sbin

setup()
{
    helper_setup
    COMPONENTS=() HOLDERS=() INSIDE=() NEAR=() LASTING=()
}

teardown()
{
    COMPONENTS+=("${LASTING[@]}")
    stop_components
    stop_server
    local holder
    for holder in "${HOLDERS[@]}"; do
        kill -KILL "$holder" || :
        wait "$holder" || :
    done 2>/dev/null
    helper_teardown
}

# --- components ---

# component NAME READY COMMAND...: starts COMMAND, whose output goes to $T/NAME.log, and waits for a line that contains
# READY. Returns 1 if COMMAND ends before that.
component()
{
    local name=$1 ready=$2 line='' both log
    shift 2
    rm -f "$T/$name.pipe"
    mkfifo "$T/$name.pipe"
    # shellcheck disable=SC2094 # a pipe
    exec {both}<>"$T/$name.pipe" {log}<"$T/$name.pipe"
    "$@" </dev/null >"$T/$name.pipe" 2>&1 3>&- {both}>&- {log}>&- &
    COMPONENT=$!
    COMPONENTS+=("$COMPONENT $name $log")
    OURS+=("$log")
    exec {both}>&-
    while read -r -t "$PATIENCE" -u "$log" line; do
        printf '%s\n' "$line" >>"$T/$name.log"
        if [[ $line == *"$ready"* ]]; then
            return 0
        fi
    done
    return 1
}

# Ends all components and completes their logs.
stop_components()
{
    local each pid name log
    for each in "${COMPONENTS[@]}"; do
        read -r pid name log <<<"$each"
        kill -TERM "$pid" || :
        wait "$pid" || :
        cat <&"$log" >>"$T/$name.log"
        exec {log}<&-
    done 2>/dev/null
    COMPONENTS=()
}

# allow_slow_handshakes: raises the connect timeout, whose default is 10 seconds, in proportion to PATIENCE.
allow_slow_handshakes()
{
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo "{\"connect-timeout\": $(scaled 10)}" >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
}

# start_nginx LISTEN [NAME]: starts nginx. LISTEN is an address and optionally parameters of `listen`. Standard input is the
# rest of the `server` block, where @PORT@ is replaced by the port of the mock. Sets PROXY_PORT, and NGINX to its process ID.
start_nginx()
{
    local lines address=${1%% *} options='' tries name=${2-nginx} dir
    [ "$address" = "$1" ] || options=${1#* }
    # shellcheck disable=SC2153 # of helper.bash
    lines=$(sed "s/@PORT@/$PORT/g")
    dir=$T/$name.d
    mkdir -p "$dir"
    allow_slow_handshakes
    for tries in 1 2 3 4 5; do
        PROXY_PORT=$((20000 + SRANDOM % 12000))
        cat >"$dir/nginx.conf" <<CONFIGURATION
daemon off;
${NGINX_MAIN-master_process off; user root root;}
pid $dir/pid;
error_log stderr notice;
events { worker_connections 64; }
http {
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    log_format way '\$server_protocol \$request_method \$uri \$status';
    access_log $dir/access.log way;
    proxy_http_version 1.1;
    proxy_set_header Host \$http_host;
    proxy_set_header Connection "";
    ssl_certificate_key $TLS/key.pem;
    server {
        listen $address:$PROXY_PORT $options;
$lines
    }
}
CONFIGURATION
        if component "$name" 'OS: ' "${INSIDE[@]}" nginx -e stderr -p "$dir/" -c "$dir/nginx.conf"; then
            NGINX=$COMPONENT ACCESS=$dir/access.log
            return
        fi
    done
    cat "$T/$name.log" >&2
    fail "failed to start nginx ($tries attempts)"
}

# proxy_lines [LINE]...: prints the usual configuration of a reverse proxy.
proxy_lines()
{
    printf '%s\n' 'location / {' 'proxy_pass http://127.0.0.1:@PORT@;' "$@" '}'
}

# start_tinyproxy LINE...: starts a forward proxy with these additional settings. Sets FORWARD to its URL.
start_tinyproxy()
{
    local port tries
    for tries in 1 2 3 4 5; do
        port=$((20000 + SRANDOM % 12000))
        printf '%s\n' "Port $port" 'Listen 127.0.0.1' 'Timeout 60' 'MaxClients 20' 'LogLevel Info' \
            'Allow 127.0.0.1' "$@" >"$T/tinyproxy.conf"
        if component tinyproxy 'Accepting connections' "${INSIDE[@]}" tinyproxy -d -c "$T/tinyproxy.conf"; then
            FORWARD=http://127.0.0.1:$port
            return
        fi
    done
    cat "$T/tinyproxy.log" >&2
    fail "failed to start tinyproxy ($tries attempts)"
}

# --- certificates ---

# certificate NAME SUBJECT_ALT_NAMES [FROM TO]: issues $TLS/NAME.pem, valid from FROM to TO.
certificate()
{
    echo "subjectAltName = $2" >"$TLS/extensions"
    openssl req -new -config "$TLS/openssl.cnf" -key "$TLS/key.pem" -subj "/CN=$1" -out "$TLS/$1.csr"
    openssl ca -batch -notext -config "$TLS/openssl.cnf" -extfile "$TLS/extensions" -in "$TLS/$1.csr" \
        -startdate "${3-20250101000000Z}" -enddate "${4-20991231235959Z}" -out "$TLS/$1.pem"
}

# make_certificates, for setup_file: makes two certificate authorities and certificates of every kind in $TLS.
make_certificates()
{
    export TLS=$BATS_FILE_TMPDIR/tls
    local names=DNS:localhost,DNS:backend.test,IP:127.0.0.1,IP:::1,IP:10.77.0.2
    mkdir -p "$TLS/issued"
    : >"$TLS/index.txt"
    cat >"$TLS/openssl.cnf" <<CONFIGURATION
[ca]
default_ca = authority
[authority]
new_certs_dir = $TLS/issued
database = $TLS/index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
certificate = $TLS/ca.pem
private_key = $TLS/ca.key
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[authority_extensions]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[self]
subjectAltName = $names
CONFIGURATION
    {
        local key
        for key in key.pem ca.key other.key; do
            openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$TLS/$key"
        done
        for key in ca other; do
            openssl req -x509 -new -config "$TLS/openssl.cnf" -extensions authority_extensions -days 3650 \
                -key "$TLS/$key.key" -subj "/CN=Authority of the tests: $key" -out "$TLS/$key.pem"
        done
        openssl req -x509 -new -config "$TLS/openssl.cnf" -extensions self -days 3650 \
            -key "$TLS/key.pem" -subj /CN=self-signed -out "$TLS/self.pem"
        certificate good "$names"
        certificate wrong DNS:elsewhere.test
        certificate expired "$names" 20200101000000Z 20200102000000Z
        certificate future "$names" 20980101000000Z 20990102000000Z
    } >"$TLS/log" 2>&1 || {
        cat "$TLS/log" >&2
        return 1
    }
}

# --- network namespaces ---

# hold COMMAND...: starts a process in the namespaces that COMMAND (unshare and its options) makes, which keeps them alive.
# Sets HOLDER to its process ID. Returns 1 if COMMAND is not permitted.
hold()
{
    local number=${#HOLDERS[@]} line='' writer ready
    mkfifo "$T/ready.$number" "$T/hold.$number"
    # shellcheck disable=SC2094 # a pipe
    exec {writer}<>"$T/ready.$number" {ready}<"$T/ready.$number"
    # Nothing is ever written to what it reads.
    "$@" sh -c 'ip link set lo up && echo ready; read -r _' \
        <>"$T/hold.$number" >"$T/ready.$number" 2>"$T/hold.err" 3>&- {writer}>&- {ready}>&- &
    HOLDER=$!
    HOLDERS+=("$HOLDER")
    exec {writer}>&-
    # End of file if unshare fails.
    read -r -t "$PATIENCE" -u "$ready" line || :
    exec {ready}<&-
    [ "$line" = ready ]
}

# own_network: runs the program, the server and the components in network and mount namespaces of this test from here on.
# Skips the test if the system does not permit that.
own_network()
{
    local tool how=(unshare --net --mount) enter=(--net --mount)
    for tool in unshare nsenter ip; do
        command -v $tool >/dev/null || skip "requires $tool"
    done
    if [ "$(id -u)" -ne 0 ]; then
        how+=(--user --map-root-user) enter=(--user --preserve-credentials "${enter[@]}")
    fi
    hold "${how[@]}" || skip "network namespaces are not permitted: $(head -n 1 "$T/hold.err")"
    ENTER=("${enter[@]}")
    INSIDE=(nsenter --target "$HOLDER" --root "${ENTER[@]}" --)
    PROGRAM=$CHAT SERVER=$MOCK
    wrapper chat "$PROGRAM"
    CHAT=$T/chat
    wrapper mock "$SERVER"
    MOCK=$T/mock
    # shellcheck disable=SC2317 # helper.bash calls it
    steer()
    {
        steer_inside "$@"
    }
}

# wrapper NAME PROGRAM: makes a script $T/NAME that runs PROGRAM in the namespaces.
wrapper()
{
    {
        echo '#!/bin/sh'
        # shellcheck disable=SC2016 # the script expands
        printf 'exec %s "%s" "$@"\n' "${INSIDE[*]}" "$2"
    } >"$T/$1"
    chmod +x "$T/$1"
}

# inside COMMAND...: runs COMMAND in the namespaces.
inside()
{
    "${INSIDE[@]}" "$@"
}

# two_machines: makes a second network namespace for the server and the components, as another machine would be. The
# program's end of the link between them has the address 10.77.0.1, the server's end 10.77.0.2.
two_machines()
{
    own_network
    NEAR=("${INSIDE[@]}")
    [ -w /dev/net/tun ] || skip "requires /dev/net/tun"
    mkfifo "$T/control" "$T/says"
    exec {CONTROL}<>"$T/control" {SAYS}<>"$T/says"
    component link ready "${NEAR[@]}" python3 "$BATS_TEST_DIRNAME/link.py" "$T/control" "$T/says" ||
        skip "network interfaces are not permitted: $(tail -n 1 "$T/link.log")"
    # The link is kept until the end of the test.
    LASTING=("${COMPONENTS[@]}") COMPONENTS=()
    hold "${NEAR[@]}" unshare --net ||
        skip "a second network namespace is not permitted: $(head -n 1 "$T/hold.err")"
    INSIDE=(nsenter --target "$HOLDER" --root "${ENTER[@]}" --)
    wrapper mock "$SERVER"
    near ip link set wire-far netns "$HOLDER"
    near ip address add 10.77.0.1/24 dev wire
    inside ip address add 10.77.0.2/24 dev wire-far
    inside ip link set wire-far up
    inside ip route replace 10.77.0.0/24 dev wire-far rto_min 20ms
    link_up
}

# near COMMAND...: runs COMMAND in the namespaces of the program.
near()
{
    "${NEAR[@]}" "$@"
}

# Sets the link up, with a short retransmission timeout.
link_up()
{
    near ip link set wire up
    near ip route replace 10.77.0.0/24 dev wire rto_min 20ms
}

# lose [PERCENT]: drops that share of all packets from now on. Sets LOST to the number of packets dropped so far.
lose()
{
    echo "${1-}" >&"$CONTROL"
    read -r -t "$PATIENCE" -u "$SAYS" LOST
}

# lost_more_than COUNT: more packets than that were dropped.
lost_more_than()
{
    lose
    [ "$LOST" -gt "$1" ]
}

# own_hosts LINE...: makes these lines the /etc/hosts of the namespaces. The resolver sorts loopback addresses first.
own_hosts()
{
    printf '%s\n' "$@" '127.0.0.1 localhost' >"$T/hosts"
    inside mount --bind "$T/hosts" /etc/hosts
}

# Does what steer of helper.bash does, for a server in the namespaces.
steer_inside()
{
    # shellcheck disable=SC2016 # the inner shell expands
    inside env PORT="$PORT" ADDRESS="$ADDRESS" bash -c 'fail() { echo "$*" >&2; exit 1; }
        '"$(declare -f helper_steer)"'; helper_steer "$@"' steer "$@"
}

# Makes a link on which packets to 10.66.0.2 and fd66::2 are neither answered nor refused. 10.67.0.2 is an address of this
# namespace with the same source address as 10.66.0.2, so that the resolver does not change the order of the two.
black_hole()
{
    inside sh -e -c '
        ip link add name hole type veth peer name nowhere
        ip address add 10.66.0.1/24 dev hole
        ip address add fd66::1/64 dev hole nodad
        ip link set nowhere up
        ip link set hole up
        ip route add local 10.67.0.0/24 dev lo src 10.66.0.1
        ip neighbour add 10.66.0.2 lladdr 02:00:00:00:66:02 dev hole
        ip neighbour add fd66::2 lladdr 02:00:00:00:66:02 dev hole'
}

# connecting ADDRESS PORT: the program is connecting to that IPv4 address (SYN-SENT).
connecting()
{
    local address machine=inside
    [ "${#NEAR[@]}" -eq 0 ] || machine=near
    # shellcheck disable=SC2046 # four words
    set -- "$2" $(tr . '\n' <<<"$1" | tac)
    address=$(printf %02X "${@:2}")
    $machine cat /proc/net/tcp | grep -q " $address:$(printf %04X "$1") 02 "
}
