#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a process of its own
# The static program of ./bootstrap static, in a root directory without any other file.

load helper
load network

setup_file()
{
    make_certificates
}

# Skips the test for a program that needs shared libraries.
static_only()
{
    if ldd "$CHAT" 2>/dev/null | grep -q '=>'; then
        skip "the program is linked with shared libraries"
    fi
    [ "$(id -u)" -eq 0 ] || skip "requires root for chroot"
    own_network
    ROOT=$T/root
    mkdir -p "$ROOT/etc"
    cp "$PROGRAM" "$ROOT/sigmasight-chat"
    printf '127.0.0.1 localhost\n127.0.0.1 backend.example\n' >"$ROOT/etc/hosts"
}

# alone ARGUMENT...: runs the file in that root.
alone()
{
    status=0
    inside env -i PATH="$PATH" SIGMASIGHT_TOKEN="$TOKEN" SIGMASIGHT_URL="$SIGMASIGHT_URL" \
        chroot "$ROOT" /sigmasight-chat "$@" >"$OUT" 2>"$ERR" || status=$?
}

@test "static: --version, --help and decode open no other file" {
    static_only
    alone --version
    expect_status 0
    expect_line 'libcurl/.*' "$OUT"
    alone send --help
    expect_status 0
    cp "$TRANSCRIPTS/first-tools.sse" "$ROOT/answer.sse"
    alone decode -q answer.sse
    expect_status 0
    cmp "$OUT" "$TRANSCRIPTS/first-tools.text"
}

@test "static: a name of /etc/hosts is resolved" {
    static_only
    serve_hello
    SIGMASIGHT_URL=http://backend.example:$PORT/api/v1
    alone send --allow-http hi
    expect_status 0
    expect_bytes 'Hello\n'
}

@test "static: the authorities of Debian, Fedora, openSUSE and Alpine are found" {
    static_only
    serve_hello
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines; } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    local place
    for place in etc etc/ssl/certs; do
        mkdir -p "$ROOT/$place"
        alone send --retry 0 hi
        expect_status 69
        expect_line '.*; install the package ca-certificates, or name a file with --cacert'
    done
    for place in ssl/certs/ca-certificates.crt pki/tls/certs/ca-bundle.crt pki/ca-trust/extracted/pem/tls-ca-bundle.pem \
        ssl/ca-bundle.pem ssl/cert.pem; do
        rm -rf "$ROOT/etc/ssl" "$ROOT/etc/pki"
        mkdir -p "$(dirname "$ROOT/etc/$place")"
        cp "$TLS/ca.pem" "$ROOT/etc/$place"
        alone send --retry 0 hi
        expect_status 0
    done
    # A directory of hash links is sufficient without a bundle.
    rm -rf "$ROOT/etc/ssl" "$ROOT/etc/pki"
    mkdir -p "$ROOT/etc/ssl/certs"
    cp "$TLS/ca.pem" "$ROOT/etc/ssl/certs/"
    openssl rehash "$ROOT/etc/ssl/certs"
    alone send --retry 0 hi
    expect_status 0
}
