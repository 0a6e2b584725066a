# SPDX-License-Identifier: MIT
"""A TLS server in front of the server of the benchmark, with a certificate whose authority is one of the system's: in a
mount namespace, the directory and the bundle of the system's authorities have one more."""
import select
import socket
import ssl
import subprocess
import threading

# Where Debian's libcurl and curl look by default.
AUTHORITIES = '/etc/ssl/certs'

# Arguments: the directory with ca.pem and hash, the name of ca.pem's hash link. Ends with standard input.
NAMESPACE = f'''set -e
cp -RL {AUTHORITIES} "$1/authorities"
mount -t tmpfs authorities {AUTHORITIES}
cp -R "$1/authorities/." {AUTHORITIES}/
cat "$1/ca.pem" >>{AUTHORITIES}/ca-certificates.crt
cp "$1/ca.pem" "{AUTHORITIES}/$2"
echo ready
read -r _'''


def run(command, directory):
    done = subprocess.run(command, cwd=directory, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: {done.stderr}')
    return done.stdout


def make_certificates(directory):
    """Writes ca.pem, key.pem and good.pem. Returns the name of ca.pem's hash link."""
    key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
    run(['openssl', 'req', '-x509', *key, '-subj', '/CN=Authority of the benchmark', '-keyout', 'ca.key', '-out', 'ca.pem'],
        directory)
    run(['openssl', 'req', *key, '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'good.csr'], directory)
    (directory / 'extensions').write_text('subjectAltName = DNS:localhost\n')
    run(['openssl', 'x509', '-req', '-in', 'good.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30',
         '-extfile', 'extensions', '-out', 'good.pem'], directory)
    return run(['openssl', 'x509', '-noout', '-subject_hash', '-in', 'ca.pem'], directory).strip() + '.0'


class TlsServer:
    """Decrypts connections to `port` and passes them on to `target`, one at a time. `enter` is the command that runs another
    one in the namespace in which its authority is trusted."""

    def __init__(self, directory, target):
        link = make_certificates(directory)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(directory / 'good.pem', directory / 'key.pem')
        self.target = target
        self.namespace = subprocess.Popen(['unshare', '--mount', 'sh', '-c', NAMESPACE, 'sh', directory, link],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.namespace.stdout.readline() != 'ready\n':
            raise RuntimeError('the mount namespace of the authorities cannot be made')
        self.enter = ['nsenter', f'--target={self.namespace.pid}', '--mount']
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(client, server_side=True) as tls, socket.create_connection(self.target) as plain:
                    relay(tls, plain)
            except OSError:
                client.close()

    def end(self):
        self.listener.close()
        self.namespace.stdin.close()
        self.namespace.wait()


def relay(tls, plain):
    while True:
        readable = [tls] if tls.pending() else select.select([tls, plain], [], [])[0]
        for one, other in (tls, plain), (plain, tls):
            if one in readable:
                data = one.recv(65536)
                if not data:
                    return
                other.sendall(data)
