"""Many connections, connections that come and go, and a consumer that never reads, against one broker: how long it takes, what
memory it takes, and how long another client waits for an answer meanwhile.

    python3 tests/clients/scale.py PORT [PID]

PID is the broker's process, whose memory is told. It speaks AMQP 0-9-1 by itself, so that the client's own library is not measured.
"""

import socket
import struct
import sys
import threading
import time

CONNECTIONS, CHANNELS, CHURN, WORKERS = 1000, 10, 20000, 8
MESSAGES, BODY, LENGTH = 300000, b"x" * 1024, 1000


def short(text):
    return bytes([len(text)]) + text.encode()


def long(data):
    return struct.pack(">I", len(data)) + data


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def method(channel, class_id, method_id, rest=b""):
    return frame(1, channel, struct.pack(">HH", class_id, method_id) + rest)


class Client:
    """One connection, with blocking calls."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(b"AMQP\0\0\x09\x01")
        self.until(10, 10)
        start_ok = long(b"") + short("PLAIN") + long(b"\0guest\0guest") + short("en_US")
        self.socket.sendall(method(0, 10, 11, start_ok))
        self.until(10, 30)
        tune_ok = method(0, 10, 31, struct.pack(">HIH", 2047, 131072, 0))
        self.socket.sendall(tune_ok + method(0, 10, 40, short("/") + short("") + b"\0"))
        self.until(10, 41)

    def until(self, class_id, method_id):
        while True:
            head = self.file.read(7)
            assert len(head) == 7, "the broker closed the connection"
            kind, _, size = struct.unpack(">BHI", head)
            payload = self.file.read(size + 1)
            if kind == 1:
                said = struct.unpack(">HH", payload[:4])
                assert said in ((class_id, method_id), (60, 60)), f"{said}: {payload[4:]}"
                if said == (class_id, method_id):
                    return payload

    def open(self, channel):
        self.socket.sendall(method(channel, 20, 10, short("")))
        self.until(20, 11)

    def declare(self, queue, length=0):
        table = short("x-max-length") + b"I" + struct.pack(">I", length) if length else b""
        self.socket.sendall(method(1, 50, 10, b"\0\0" + short(queue) + b"\0" + long(table)))
        self.until(50, 11)

    def consume(self, queue):
        self.socket.sendall(method(1, 60, 20, b"\0\0" + short(queue) + short("") + b"\x02" + long(b"")))

    def close(self):
        self.socket.sendall(method(0, 10, 50, struct.pack(">H", 200) + short("") + struct.pack(">HH", 0, 0)))
        self.until(10, 51)
        self.file.close()
        self.socket.close()


def memory(pid):
    """What a process holds now and held at most, in MiB."""
    if not pid:
        return "memory unknown"
    text = open(f"/proc/{pid}/status").read()
    of = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if line.startswith("Vm")}
    return f"{int(of['VmRSS']) / 1024:.1f} MiB now, {int(of['VmHWM']) / 1024:.1f} at most"


class Other(threading.Thread):
    """Asks something every 10 ms and remembers the longest wait."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client, self.longest, self.asked, self.is_over = Client(port), 0.0, 0, False
        self.client.open(1)

    def run(self):
        while not self.is_over:
            begun = time.monotonic()
            self.client.declare("other")
            self.longest = max(self.longest, time.monotonic() - begun)
            self.asked += 1
            time.sleep(0.01)

    def told(self):
        longest, asked = self.longest * 1000, self.asked
        self.longest, self.asked = 0.0, 0
        return f"another client was answered {asked} times, at the latest after {longest:.0f} ms"


def main(port, pid):
    other = Other(port)
    other.start()
    time.sleep(1)
    print(f"idle: {memory(pid)}")

    begun = time.monotonic()
    clients = [Client(port) for _ in range(CONNECTIONS)]
    for client in clients:
        for channel in range(1, CHANNELS + 1):
            client.open(channel)
    seconds = time.monotonic() - begun
    print(f"{CONNECTIONS} connections, {CHANNELS} channels each: {seconds:.1f} s, {memory(pid)}; {other.told()}")
    for client in clients:
        client.close()

    def churn():
        for _ in range(CHURN // WORKERS):
            client = Client(port)
            client.open(1)
            client.close()

    begun = time.monotonic()
    workers = [threading.Thread(target=churn) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - begun
    print(f"{CHURN} connections that came and went: {seconds:.1f} s, {memory(pid)}; {other.told()}")

    deaf, publisher = Client(port), Client(port)
    deaf.open(1)
    publisher.open(1)
    deaf.declare("deaf", LENGTH)
    deaf.consume("deaf")
    publish = method(1, 60, 40, b"\0\0" + short("") + short("deaf") + b"\0")
    publish += frame(2, 1, struct.pack(">HHQH", 60, 0, len(BODY), 0)) + frame(3, 1, BODY)
    begun = time.monotonic()
    for _ in range(MESSAGES // 100):
        publisher.socket.sendall(publish * 100)
    publisher.declare("other")
    seconds = time.monotonic() - begun
    print(
        f"{MESSAGES} messages of {len(BODY)} bytes to a queue of {LENGTH} whose consumer never reads: {seconds:.1f} s, "
        f"{memory(pid)}; {other.told()}"
    )
    other.is_over = True


main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
