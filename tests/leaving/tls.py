"""TLS: what clients of RabbitMQ and Redis see with the right certificate, the wrong one and none, and on a port of the other kind.

    python3 tests/leaving/tls.py [WARREN]

WARREN is a `warren` whose plain ports are asked the same as those of the real servers. Certificates are made by `openssl` in a
scratch folder.
"""

import os
import socket
import ssl
import subprocess
import sys
import time

import pika
import redis

from servers import Rabbit, Redis, alone, listens, say, title, tried


def certificates(folder):
    """A CA, another CA, a server's certificate for localhost and a client's."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        made = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=leaving {name}", *made)
    with open(os.path.join(folder, "names"), "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return lambda name: os.path.join(folder, name)


def context(ca=None, client=None):
    """What a client believes: the certificates of `ca`, or everything; and what it shows."""
    made = ssl.create_default_context(cafile=ca)
    if ca is None:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if client:
        made.load_cert_chain(f"{client}.pem", f"{client}.key")
    return made


def amqp(port, tls=None, name="localhost"):
    """A program of the tutorial over a connection of the one kind or the other."""
    options = pika.SSLOptions(tls, name) if tls else None
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, ssl_options=options))
    channel = connection.channel()
    channel.queue_declare("hello")
    channel.basic_publish("", "hello", b"Hello World!")
    body = channel.basic_get("hello", auto_ack=True)[2]
    connection.close()
    return f"got {body!r}"


def heard(port, sent, patience=3.0):
    """What a port answers to bytes, how that ends and when."""
    begun = time.monotonic()
    stream = socket.create_connection(("127.0.0.1", port))
    stream.settimeout(patience)
    stream.sendall(sent)
    answer, end = b"", "open"
    try:
        while True:
            piece = stream.recv(65536)
            if not piece:
                end = "closed"
                break
            answer += piece
    except TimeoutError:
        pass
    except OSError as error:
        end = type(error).__name__
    stream.close()
    after = "" if end == "open" else f" after {time.monotonic() - begun:.0f} s"
    return f"{answer!r}, {end}{after}"


def hello():
    """The first bytes of a TLS client, always the same."""
    # Version, random, session, four ciphers, no compression; extensions: supported groups (type 10), signatures, versions.
    extensions = bytes.fromhex("000a00060004001d0017000d0006000404030804002b0003020304")
    ciphers = bytes.fromhex("0008130113021303c02f")
    body = b"\x03\x03" + bytes(range(32, 64)) + b"\x00" + ciphers + b"\x01\x00" + len(extensions).to_bytes(2, "big") + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake


def library_hello(name):
    """What Python's own TLS sends first: other bytes each time."""
    outgoing = ssl.MemoryBIO()
    tls = context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def rabbit(folder, file):
    title("RabbitMQ with listeners.ssl.default = 5671")
    base = f"""
listeners.ssl.default = 5671
ssl_options.cacertfile = {file("ca.pem")}
ssl_options.certfile = {file("server.pem")}
ssl_options.keyfile = {file("server.key")}
"""
    node = Rabbit(folder, "tls", configuration=base + "ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n").start()
    tried("plain client, plain port", lambda: amqp(5672))
    tried("TLS, right CA", lambda: amqp(5671, context(file("ca.pem"))))
    tried("TLS, CERT_NONE", lambda: amqp(5671, context()))
    tried("TLS, another CA", lambda: amqp(5671, context(file("other.pem"))))
    tried("TLS, the system's CAs", lambda: amqp(5671, ssl.create_default_context()))
    tried("TLS, another host name", lambda: amqp(5671, context(file("ca.pem")), "rabbit.example"))
    url = f"amqps://guest:guest@localhost:5671/%2f?ssl_options={{'cafile':'{file('ca.pem')}'}}"
    tried("amqps://, defaults", lambda: pika.BlockingConnection(pika.URLParameters("amqps://guest:guest@localhost/%2f")).close())
    tried("amqps:// with ca file", lambda: pika.BlockingConnection(pika.URLParameters(url)).close())
    tried("plain client, TLS port", lambda: amqp(5671))
    tried("TLS client, plain port", lambda: amqp(5672, context()))
    say("TLS port to an AMQP header:", heard(5671, b"AMQP\x00\x00\x09\x01", 12))
    node.stop()
    title("RabbitMQ that wants a client's certificate")
    node = Rabbit(folder, "tls", configuration=base + "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n").start()
    tried("none shown", lambda: amqp(5671, context(file("ca.pem"))))
    tls12 = context(file("ca.pem"))
    tls12.maximum_version = ssl.TLSVersion.TLSv1_2
    tried("none shown, TLS 1.2", lambda: amqp(5671, tls12))
    tried("the right one", lambda: amqp(5671, context(file("ca.pem"), file("client"))))
    tried("one of another CA", lambda: amqp(5671, context(file("ca.pem"), file("other"))))
    return node


def ask(port, **options):
    """A program of redis-py over a connection of the one kind or the other."""
    store = redis.Redis("localhost", port, socket_timeout=3, retry=None, **options)
    store.set("greeting", "hello")
    return f"got {store.get('greeting')!r}"


def cli(port, *words):
    """What redis-cli says."""
    result = subprocess.run(["redis-cli", "-p", str(port), *words, "PING"], capture_output=True, text=True, timeout=20)
    return f"{(result.stdout + result.stderr).strip()!r}, exit code {result.returncode}"


def store(folder, file):
    title("redis-server with --tls-port 6380")
    words = ["--tls-port", "6380", "--tls-cert-file", file("server.pem"), "--tls-key-file", file("server.key"), "--tls-ca-cert-file", file("ca.pem")]
    server = Redis(folder, 6379, *words).start()
    ca, mine = {"ssl": True, "ssl_ca_certs": file("ca.pem")}, {"ssl_certfile": file("client.pem"), "ssl_keyfile": file("client.key")}
    tried("plain client, plain port", lambda: ask(6379))
    tried("TLS, right CA, no certificate shown", lambda: ask(6380, **ca))
    tried("TLS, right CA, certificate shown", lambda: ask(6380, **ca, **mine))
    store = redis.Redis(port=6379)
    store.config_set("tls-auth-clients", "no")
    say("CONFIG SET tls-auth-clients no")
    tried("TLS, right CA, no certificate shown", lambda: ask(6380, **ca))
    tried("TLS, another CA", lambda: ask(6380, ssl=True, ssl_ca_certs=file("other.pem")))
    tried("TLS, ssl_cert_reqs=none", lambda: ask(6380, ssl=True, ssl_cert_reqs="none"))
    tried("rediss://, defaults", lambda: redis.from_url("rediss://localhost:6380", retry=None).ping())
    tried("rediss:// with ca file", lambda: redis.from_url(f"rediss://localhost:6380?ssl_ca_certs={file('ca.pem')}").ping())
    tried("plain client, TLS port", lambda: ask(6380))
    tried("TLS client, plain port", lambda: ask(6379, ssl=True, ssl_cert_reqs="none"))
    tried("redis-cli, TLS port", lambda: cli(6380))
    tried("redis-cli --tls, no CA given", lambda: cli(6380, "--tls"))
    tried("redis-cli --tls --cacert", lambda: cli(6380, "--tls", "--cacert", file("ca.pem")))
    tried("redis-cli --tls --cacert of another", lambda: cli(6380, "--tls", "--cacert", file("other.pem")))
    tried("redis-cli --tls --insecure", lambda: cli(6380, "--tls", "--insecure"))
    tried("redis-cli --tls, plain port", lambda: cli(6379, "--tls", "--insecure"))
    say("TLS port to PING:", heard(6380, b"PING\r\n"))
    return server


def main():
    folder = alone()
    file = certificates(folder)
    servers = [rabbit(folder, file), store(folder, file)]
    ports = [("RabbitMQ", 5672), ("Redis", 6379)]
    if len(sys.argv) > 1:
        words = [sys.argv[1], "server", "--amqp", "127.0.0.1:5673", "--redis", "127.0.0.1:6378"]
        warren = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        listens(5673), listens(6378)
        ports += [("Warren, AMQP", 5673), ("Warren, Redis", 6378)]
        title("Warren's plain ports")
        tried("pika over TLS", lambda: amqp(5673, context()))
        tried("redis-py over TLS", lambda: ask(6378, ssl=True, ssl_cert_reqs="none"))
        tried("redis-cli --tls", lambda: cli(6378, "--tls", "--insecure"))
    title("plain ports to the first bytes of a TLS client")
    for name, port in ports:
        say(f"{name}: {heard(port, hello())}")
    if len(sys.argv) > 1:
        differing = 0
        for number in range(100):
            sent = library_hello(f"host{number}.example")
            answers = [heard(port, sent, 0.2 if "Redis" in name else 3) for name, port in ports]
            if answers[0] != answers[2] or answers[1] != answers[3]:
                differing += 1
                say("\n  ".join([sent.hex(), *answers]))
        say(f"100 hellos of Python's ssl: {differing} answered otherwise by Warren")
        warren.terminate()
    servers[1].end()
    servers[0].stop()


if __name__ == "__main__":
    main()
