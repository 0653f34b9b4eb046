"""RabbitMQ as a cluster of three nodes on one machine: what programs see of quorum queues, streams and classic queues while nodes come and go.

    python3 tests/leaving/cluster.py [--warren WARREN] [PART...]

PART is the name of a function below that is decorated with `part`; without one, all run, which takes some minutes. Nodes `w1`, `w2` and
`w3` listen on ports 5671 + number; "killed" is SIGKILL, "stopped" is `rabbitmqctl stop`.
"""

import glob
import json
import os
import subprocess
import sys
import time
import urllib.request

import pika

from servers import Rabbit, alone, listens, say, title, tried

PARTS = {}


def part(function):
    PARTS[function.__name__] = function
    return function


class Client:
    """A connection to a node with one channel, on which nothing blocks: what comes is collected in `seen`."""

    def __init__(self, node, confirms=False):
        self.seen, self.begun = [], time.monotonic()
        parameters = pika.ConnectionParameters("127.0.0.1", node.port, heartbeat=0, blocked_connection_timeout=None)
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        self.channel.add_on_cancel_callback(lambda _: self.note("basic.cancel"))
        self.channel.add_on_return_callback(lambda _, method, *__: self.note(f"basic.return {method.reply_code} {method.reply_text}"))
        if confirms:
            # pika's blocking channel waits for each confirm; the channel inside it tells them one by one.
            self.channel._impl.confirm_delivery(self.confirmed, lambda _: None)
            self.wait(0.2)

    def note(self, words):
        self.seen.append((time.monotonic() - self.begun, words))

    def confirmed(self, frame):
        method = frame.method
        self.note(f"{method.NAME.lower()} {method.delivery_tag}{' multiple' if method.multiple else ''}")

    def publish(self, queue, body):
        self.channel._impl.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True)

    def consume(self, queue, prefetch=10, ack=True, **options):
        def delivered(channel, method, _, body):
            self.note(f"{body.decode()}{' redelivered' if method.redelivered else ''}")
            if ack:
                channel.basic_ack(method.delivery_tag)
        self.channel.basic_qos(prefetch_count=prefetch)
        self.channel.basic_consume(queue, delivered, **options)

    def wait(self, limit, until=None):
        """Hears for so many seconds, or until something like `until` was seen; how long that took."""
        begun = time.monotonic()
        try:
            while self.connection.is_open and time.monotonic() - begun < limit and not (until and any(until in words for _, words in self.seen)):
                self.connection.process_data_events(0.05)
        except pika.exceptions.AMQPError as error:
            self.note(f"{type(error).__name__}: {error}")
        return time.monotonic() - begun

    def told(self):
        """What was seen since this was last asked, equal things in a row once."""
        words, last = [], None
        for _, this in self.seen:
            words += [this] if this != last else []
            last = this
        self.seen = []
        return "; ".join(words) if words else "nothing"


def ask(node, action):
    """An action on a channel of its own; its answer in a word."""
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", node.port, heartbeat=0))
    try:
        answer = action(connection.channel())
    finally:
        if connection.is_open:
            connection.close()
    if isinstance(answer, tuple):
        return answer[2]
    return str(answer.method) if hasattr(answer, "method") else answer


class Cluster:
    def __init__(self, folder, configuration=""):
        numbers = (1, 2, 3)
        self.nodes = [Rabbit(folder, f"w{number}", 5671 + number, 25671 + number, configuration) for number in numbers]
        self.nodes[0].start()
        for node in self.nodes[1:]:
            node.begin()
        for node in self.nodes[1:]:
            node.wait()
            for words in (["stop_app"], ["join_cluster", self.nodes[0].name], ["start_app"]):
                told = node.ctl(*words)
                if told:
                    say(node.name, *words, told)

    def quorum(self, name):
        """Leader and followers of a queue, as nodes."""
        asked = next(node for node in self.nodes if node.process and node.process.poll() is None)
        told = json.loads(asked.ctl("list_queues", "name", "leader", "members", "--formatter", "json"))
        leader = next(row["leader"] for row in told if row["name"] == name)
        first = next(node for node in self.nodes if node.name == leader)
        return first, [node for node in self.nodes if node is not first]


def declare(channel, name, kind, **arguments):
    return channel.queue_declare(name, durable=True, arguments={"x-queue-type": kind, **arguments})


@part
def definitions(cluster, warren):
    title("a file of Warren's definitions is imported into a cluster")
    process = subprocess.Popen(
        [warren, "server", "--amqp", "127.0.0.1:7672", "--http", "127.0.0.1:7673"], stdout=subprocess.DEVNULL
    )
    listens(7672), listens(7673)
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", 7672))
    channel = connection.channel()
    for kind in ("classic", "quorum", "stream"):
        declare(channel, f"from.{kind}", kind)
    channel.exchange_declare("orders", "topic", durable=True)
    channel.queue_bind("from.quorum", "orders", "order.#")
    request = urllib.request.Request("http://127.0.0.1:7673/api/definitions", headers={"Authorization": "Basic Z3Vlc3Q6Z3Vlc3Q="})
    text = urllib.request.urlopen(request).read()
    connection.close()
    process.terminate()
    path = cluster.nodes[0].log + ".json"
    with open(path, "wb") as file:
        file.write(text)
    tried("import_definitions", lambda: cluster.nodes[1].ctl("import_definitions", path) or "no word")
    for node in cluster.nodes[::2]:
        say(f"list_queues at {node.name}:", cluster_queues(node, "from."))
    tried("list_bindings", lambda: [row for row in cluster.nodes[2].ctl("list_bindings").splitlines() if row.startswith("orders")])


def cluster_queues(node, start):
    told = json.loads(node.ctl("list_queues", "name", "type", "pid", "leader", "members", "--formatter", "json"))
    rows = [row for row in told if row["name"].startswith(start)]
    return "; ".join(f"{row['name']}: {row['type']}, leader {row['leader'] or row['pid']}, members {len(row['members'] or [])}" for row in rows)


@part
def majority(cluster, warren):
    title("a quorum queue while its nodes are killed, a publisher with confirms")
    ask(cluster.nodes[0], lambda channel: declare(channel, "q", "quorum"))
    leader, (first, second) = cluster.quorum("q")
    publisher = Client(leader, confirms=True)

    def publish(words, limit):
        publisher.publish("q", words.encode())
        took = publisher.wait(limit, "basic.")
        say(f"{words}: {publisher.told()} (after {took * 1000:.0f} ms)")

    publish("three nodes", 5)
    first.kill()
    publish("a follower killed", 5)
    for _ in range(3):
        publish("two nodes", 5)
    second.kill()
    publish("both followers killed", 45)
    tried("basic.get", lambda: ask(leader, lambda channel: channel.basic_get("q")))
    tried("declare of a queue that is there", lambda: ask(leader, lambda channel: declare(channel, "q", "quorum")))
    tried("declare of a new queue", lambda: ask(leader, lambda channel: declare(channel, "q2", "quorum")))
    tried("declare of a classic queue", lambda: ask(leader, lambda channel: declare(channel, "c2", "classic")))
    tried("queue.delete", lambda: ask(leader, lambda channel: channel.queue_delete("q2")))
    first.begin()
    took = publisher.wait(90, "basic.")
    say(f"a follower comes back: {publisher.told()} (after {took:.0f} s)")
    second.begin()
    first.wait(), second.wait()
    say("then in the queue:", ask(leader, lambda channel: channel.queue_declare("q", passive=True)))


@part
def leaders(cluster, warren):
    title("a quorum queue's leader goes: a consumer with prefetch 2 that does not acknowledge, a publisher, both at other nodes")
    for how in ("killed", "stopped"):
        name = f"led.{how}"
        ask(cluster.nodes[0], lambda channel: declare(channel, name, "quorum"))
        leader, (first, second) = cluster.quorum(name)
        publisher, consumer, near = Client(first, confirms=True), Client(second), Client(leader)
        for number in range(4):
            publisher.publish(name, f"m{number}".encode())
        publisher.wait(2, "4")
        say(f"confirms: {publisher.told()}")
        consumer.consume(name, prefetch=2, ack=False)
        consumer.wait(1)
        say(f"consumer: {consumer.told()}")
        begun = time.monotonic()
        if how == "killed":
            leader.kill()
        else:
            leader.stop()
        say(f"the leader's node is {how} (within {time.monotonic() - begun:.1f} s)")
        for number in range(4, 6):
            publisher.publish(name, f"m{number}".encode())
        took = publisher.wait(20, "basic.ack")
        publisher.wait(0.5)
        say(f"publisher: {publisher.told()} (after {took:.1f} s)")
        consumer.wait(2)
        say(f"consumer: {consumer.told()}")
        near.wait(1)
        say(f"a client of the {how} node: {near.told()}")
        tried("acknowledging both", lambda: consumer.channel.basic_ack(2, multiple=True))
        consumer.wait(2)
        say(f"consumer: {consumer.told()}")
        consumer.connection.close()
        again = Client(second)
        again.consume(name)
        again.wait(1.5)
        say(f"the next consumer: {again.told()}")
        publisher.connection.close(), again.connection.close()
        leader.start()


@part
def duplicates(cluster, warren):
    title("a quorum queue's leader is killed while one publishes with confirms and another consumes, 3,000 messages")
    ask(cluster.nodes[0], lambda channel: declare(channel, "many", "quorum"))
    leader, (first, second) = cluster.quorum("many")
    publisher, consumer = Client(first, confirms=True), Client(second)
    consumer.consume("many", prefetch=50)
    for number in range(3000):
        publisher.publish("many", f"m{number}".encode())
        if number % 50 == 0:
            publisher.wait(0.01), consumer.wait(0.01)
        if number == 1500:
            leader.kill()
    for _ in range(100):
        publisher.wait(0.1), consumer.wait(0.1)
    confirmed = 0
    for _, words in publisher.seen:
        kind, tag = words.split()[:2]
        confirmed = max(confirmed, int(tag)) if words.endswith("multiple") else confirmed + 1
    bodies = [words.split()[0] for _, words in consumer.seen]
    marked = sum("redelivered" in words for _, words in consumer.seen)
    order = [int(body[1:]) for body in dict.fromkeys(bodies) if body[1:].isdigit()]
    say(f"{confirmed} confirmed (nacks: {sum('nack' in words for _, words in publisher.seen)}), {len(bodies)} delivered,",
        f"{len(set(bodies))} different, {marked} marked redelivered, in order: {order == sorted(order)}")
    publisher.connection.close(), consumer.connection.close()
    leader.start()


@part
def home(cluster, warren):
    title("classic queues whose node is down, seen from another")
    lost, other = cluster.nodes[2], cluster.nodes[0]
    ask(lost, lambda channel: channel.queue_declare("durable", durable=True))
    ask(lost, lambda channel: channel.queue_declare("transient"))
    for name in ("durable", "transient"):
        ask(lost, lambda channel: channel.basic_publish("", name, b"kept?", pika.BasicProperties(delivery_mode=2)))
    for how in ("stopped", "killed"):
        consumers = {name: Client(other) for name in ("durable", "transient")}
        for name, consumer in consumers.items():
            consumer.consume(name, ack=False)
            consumer.wait(0.5)
        publisher = Client(other, confirms=True)
        if how == "stopped":
            lost.stop()
        else:
            lost.kill()
        say(f"its node is {how}")
        for name, consumer in consumers.items():
            consumer.wait(3, "basic.cancel")
            say(f"consumer of {name}: {consumer.told()}")
            consumer.connection.close()
        for name in ("durable", "transient"):
            publisher.publish(name, b"now")
            took = publisher.wait(5, "basic.ack")
            say(f"mandatory publish to {name}: {publisher.told()} (after {took:.1f} s)")
            tried(f"passive declare of {name}", lambda: ask(other, lambda channel: channel.queue_declare(name, passive=True)))
            tried(f"basic.consume of {name}", lambda: ask(other, lambda channel: channel.basic_consume(name, print)))
            tried(f"basic.get of {name}", lambda: ask(other, lambda channel: channel.basic_get(name)))
            tried(f"queue.purge of {name}", lambda: ask(other, lambda channel: channel.queue_purge(name)))
            tried(f"queue.bind of {name}", lambda: ask(other, lambda channel: channel.queue_bind(name, "amq.fanout")))
            tried(f"declare of {name} as it was", lambda: ask(other, lambda channel: channel.queue_declare(name, durable=name == "durable")))
        publisher.connection.close()
        lost.start()
        for name in ("durable", "transient"):
            tried(f"{name} once it is back", lambda: ask(other, lambda channel: channel.queue_declare(name, passive=True)))
        ask(lost, lambda channel: channel.queue_delete("transient"))
        ask(lost, lambda channel: channel.queue_declare("transient"))
    lost.stop()
    tried("queue.delete of durable while its node is down", lambda: ask(other, lambda channel: channel.queue_delete("durable")))
    lost.start()
    tried("durable once it is back", lambda: ask(other, lambda channel: channel.queue_declare("durable", passive=True)))


@part
def mirrored(cluster, warren):
    title("a mirrored classic queue (policy ha-mode: all) while its node is killed")
    first, second, third = cluster.nodes
    first.ctl("set_policy", "mirrors", "^ha", '{"ha-mode":"all"}', "--apply-to", "queues")
    for failover in (False, True):
        name = f"ha.{failover}"
        ask(first, lambda channel: channel.queue_declare(name, durable=True))
        time.sleep(1)
        publisher, consumer = Client(second, confirms=True), Client(third)
        for number in range(4):
            publisher.publish(name, f"m{number}".encode())
        publisher.wait(2, "4")
        publisher.told()
        consumer.consume(name, prefetch=2, ack=False, arguments={"x-cancel-on-ha-failover": True} if failover else None)
        consumer.wait(1)
        say(f"x-cancel-on-ha-failover {failover}; consumer: {consumer.told()}")
        first.kill()
        publisher.publish(name, b"m4")
        took = publisher.wait(20, "basic.")
        say(f"its node is killed; publisher: {publisher.told()} (after {took:.1f} s)")
        consumer.wait(2)
        say(f"consumer: {consumer.told()}")
        tried("acknowledging the first two", lambda: consumer.channel.basic_ack(2, multiple=True))
        consumer.wait(1)
        say(f"consumer: {consumer.told()}")
        again = Client(second)
        if consumer.connection.is_open:
            consumer.connection.close()
        again.consume(name)
        again.wait(1.5)
        say(f"the next consumer: {again.told()}")
        publisher.connection.close(), again.connection.close()
        first.start()
    first.ctl("clear_policy", "mirrors")


@part
def exclusive(cluster, warren):
    title("an exclusive queue, and who else sees it")
    owner, other = Client(cluster.nodes[0]), cluster.nodes[1]
    owner.channel.queue_declare("mine", exclusive=True)
    tried("passive declare at another node", lambda: ask(other, lambda channel: channel.queue_declare("mine", passive=True)))
    tried("declare at another node", lambda: ask(other, lambda channel: channel.queue_declare("mine", exclusive=True)))
    tried("basic.consume at another node", lambda: ask(other, lambda channel: channel.basic_consume("mine", print)))
    tried("basic.get at another node", lambda: ask(other, lambda channel: channel.basic_get("mine")))
    publisher = Client(other, confirms=True)
    publisher.publish("mine", b"x")
    publisher.wait(2, "basic.")
    say(f"publish at another node: {publisher.told()}")
    publisher.connection.close(), owner.connection.close()
    tried("its owner has gone", lambda: ask(other, lambda channel: channel.queue_declare("mine", passive=True)))


@part
def placing(cluster, warren):
    title("where classic queues are placed: 6 declared at w1 for each x-queue-master-locator")
    for locator in (None, "client-local", "min-masters", "random"):
        names = [f"at.{locator}.{number}" for number in range(6)]
        arguments = {"x-queue-master-locator": locator} if locator else None
        for name in names:
            ask(cluster.nodes[0], lambda channel: channel.queue_declare(name, arguments=arguments))
        rows = dict(row.split("\t") for row in cluster.nodes[0].ctl("list_queues", "name", "pid").splitlines() if "\t" in row)
        say(f"{locator}:", [rows[name].split("@")[0].strip("<") for name in names])
        for name in names:
            ask(cluster.nodes[0], lambda channel: channel.queue_delete(name))
    arguments = {"x-queue-master-locator": "nonsense"}
    tried("x-queue-master-locator: nonsense", lambda: ask(cluster.nodes[0], lambda channel: channel.queue_declare("at", arguments=arguments)))
    arguments = {"x-queue-leader-locator": "nonsense"}
    tried("x-queue-leader-locator: nonsense", lambda: ask(cluster.nodes[0], lambda channel: declare(channel, "at", "quorum", **arguments)))


@part
def latency(cluster, warren):
    title("the order of confirms: one channel publishes to a quorum queue and two classic ones in turn, 300 each")
    ask(cluster.nodes[0], lambda channel: declare(channel, "slow", "quorum"))
    ask(cluster.nodes[0], lambda channel: channel.queue_declare("quick"))
    ask(cluster.nodes[0], lambda channel: declare(channel, "far", "classic"))
    publisher = Client(cluster.nodes[0], confirms=True)
    for _ in range(300):
        for name in ("slow", "far", "quick"):
            publisher.publish(name, b"x" * 100)
    publisher.wait(3)
    tags = [int(words.split()[1]) for _, words in publisher.seen if "basic.ack" in words]
    overtaken = sum(later < earlier for earlier, later in zip(tags, tags[1:]))
    say(f"{len(tags)} acks for 900 publishes, {sum('multiple' in words for _, words in publisher.seen)} of them multiple;",
        f"{overtaken} times an ack had a smaller tag than the one before; the first ten:", tags[:10])
    for name in ("slow", "far", "quick"):
        took = []
        for _ in range(30):
            publisher.seen, begun = [], time.monotonic()
            publisher.publish(name, b"x" * 100)
            while not publisher.seen:
                publisher.connection.process_data_events(0.001)
            took.append((time.monotonic() - begun) * 1000)
        say(f"{dict(slow='quorum', far='classic, durable', quick='classic, transient')[name]}: {sorted(took)[15]:.1f} ms in the middle of 30, one at a time")
    publisher.connection.close()


def reads(node):
    """What a new consumer of the stream reads."""
    reader = Client(node)
    reader.consume("s", arguments={"x-stream-offset": "first"})
    reader.wait(2)
    return reader.told()


@part
def streams(cluster, warren):
    title("a stream of three nodes while its leader's node is killed")
    ask(cluster.nodes[0], lambda channel: declare(channel, "s", "stream"))
    leader, (first, second) = cluster.quorum("s")
    publisher, consumer = Client(first, confirms=True), Client(second)
    for number in range(3):
        publisher.publish("s", f"m{number}".encode())
    publisher.wait(2, "3")
    say(f"confirms: {publisher.told()}")
    consumer.consume("s", arguments={"x-stream-offset": "first"})
    consumer.wait(2, "m2")
    say(f"consumer at a replica: {consumer.told()}")
    leader.kill()
    publisher.publish("s", b"m3")
    took = publisher.wait(30, "basic.")
    say(f"the leader's node is killed; publish: {publisher.told()} (after {took:.1f} s)")
    consumer.wait(3, "m3")
    say(f"consumer: {consumer.told()}")
    tried("another consumer", lambda: reads(first))
    first.kill()
    left = Client(second, confirms=True)
    left.publish("s", b"m4")
    took = left.wait(90, "basic.")
    say(f"one node of three left; publish: {left.told()} (after {took:.1f} s)")
    consumer.wait(1)
    say(f"consumer: {consumer.told()}")
    tried("another consumer", lambda: reads(second))
    tried("declare of a new stream", lambda: ask(second, lambda channel: declare(channel, "s2", "stream")))
    first.start()
    begun, left = time.monotonic(), Client(second, confirms=True)
    left.publish("s", b"m5")
    left.wait(60, "basic.")
    say(f"a second node is back; publish: {left.told()} (after {time.monotonic() - begun:.1f} s)")
    leader.start()
    consumer.wait(2)
    say(f"all are back; consumer: {consumer.told()}")
    tried("a new consumer", lambda: reads(leader))


@part
def partition(cluster, warren):
    title("the network between w1 and the others breaks (cluster_partition_handling is ignore, as it is unless set)")
    one, two, _ = cluster.nodes
    ask(one, lambda channel: channel.queue_declare("at.one", durable=True))
    # The leader of this one stands where nothing is cut off but w1.
    ask(two, lambda channel: declare(channel, "split", "quorum", **{"x-queue-leader-locator": "client-local"}))
    here, there = Client(one, confirms=True), Client(two, confirms=True)
    # Nodes that no longer share a secret do not speak with each other.
    others = [node.name for node in cluster.nodes[1:]]
    cut = "".join(f"erlang:set_cookie('{name}', other), erlang:disconnect_node('{name}'), " for name in others)
    one.ctl("eval", f"{cut} ok.")
    time.sleep(3)
    for name in ("split", "at.one"):
        for words, client in (("w1", here), ("w2", there)):
            client.publish(name, b"x")
            took = client.wait(8, "basic.")
            say(f"publish to {name} at {words}: {client.told()} (after {took:.1f} s)")
    for node in (one, two):
        name = node.name.split("@")[0]
        tried(f"passive declare of at.one at {name}", lambda: ask(node, lambda channel: channel.queue_declare("at.one", passive=True)))
        tried(f"declare of a new queue at {name}", lambda: ask(node, lambda channel: channel.queue_declare("twice", durable=True)))
    ask(one, lambda channel: channel.queue_declare("alone", durable=True))
    heal = "".join(f"erlang:set_cookie('{name}', erlang:get_cookie()), net_adm:ping('{name}'), " for name in others)
    one.ctl("eval", f"{heal} ok.")
    took = here.wait(30, "basic.ack")
    say(f"the network is whole again; what w1 had not confirmed: {here.told()} (after {took:.1f} s)")
    time.sleep(3)
    for node in (one, two):
        told = json.loads(node.ctl("cluster_status", "--formatter", "json"))
        say(f"cluster_status at {node.name}: running {sorted(told['running_nodes'])}, partitions {told['partitions']}")
        tried("messages in twice, at.one and split", lambda: [
            ask(node, lambda channel: channel.queue_declare(name, passive=True)) for name in ("twice", "at.one", "split")
        ])
    here.connection.close(), there.connection.close()
    one.stop()
    one.start()
    told = json.loads(two.ctl("cluster_status", "--formatter", "json"))
    say(f"w1 started again: running {sorted(told['running_nodes'])}, partitions {told['partitions']}")
    for name in ("twice", "at.one", "alone"):
        tried(f"passive declare of {name}", lambda: ask(two, lambda channel: channel.queue_declare(name, passive=True)))


@part
def starting(cluster, warren):
    title("all nodes are stopped, w3 last; then w1 alone is started")
    for node in cluster.nodes:
        node.stop()
    first, _, last = cluster.nodes
    first.begin()
    begun = time.monotonic()
    time.sleep(25)
    tried("a client of w1", lambda: Client(first))
    with open(glob.glob(os.path.join(os.path.dirname(first.log), "logs", f"{first.name}.log"))[0]) as file:
        said = [line.split("> ", 1)[-1].strip() for line in file if "Waiting for Mnesia" in line or "retries left" in line]
    say("its log:", said[-1:])
    last.begin()
    listens(first.port)
    say(f"w3 is started too: w1 listens (after {time.monotonic() - begun:.0f} s in all)")
    last.wait()
    cluster.nodes[1].start()


@part
def minority(cluster, warren):
    title("cluster_partition_handling = pause_minority, two of three nodes are killed")
    last = cluster.nodes[2]
    last.stop()
    last.configure("cluster_partition_handling = pause_minority\n")
    last.start()
    client = Client(last, confirms=True)
    for node in cluster.nodes[:2]:
        node.kill()
    took = client.wait(30)
    say(f"a client of the node that is left: {client.told()} (after {took:.1f} s)")
    tried("another client of it", lambda: Client(last))
    cluster.nodes[0].start()
    begun = time.monotonic()
    listens(last.port)
    say(f"a second node is back: the paused one listens (after {time.monotonic() - begun:.1f} s)")
    cluster.nodes[1].start()


def main():
    folder = alone()
    words = sys.argv[1:]
    warren = None
    if words[:1] == ["--warren"]:
        warren, words = words[1], words[2:]
    begun = time.monotonic()
    cluster = Cluster(folder)
    say(f"three nodes are there (after {time.monotonic() - begun:.0f} s)")
    for name, function in PARTS.items():
        if not words or name in words:
            function(cluster, warren)


if __name__ == "__main__":
    main()
