"""redis-server after its end: what snapshots and the append-only file keep, what replicas answer, what a cluster says to programs.

    python3 tests/leaving/redis_kept.py [PART...]

PART is the name of a function below that is decorated with `part`; without one, all run.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import redis

from servers import Redis, alone, say, title, tried

PARTS = {}


def part(function):
    PARTS[function.__name__] = function
    return function


def connect(server, **options):
    return redis.Redis(port=server.port, decode_responses=True, retry=None, **options)


def command(server, *words):
    return connect(server).execute_command(*words)


def has(server):
    """What a server holds: keys with values, and how long they live, in seconds."""
    store = connect(server)
    return {key: (store.get(key), store.ttl(key)) for key in sorted(store.keys())}


@part
def snapshots(folder):
    title("RDB: what is there after a restart")
    server = Redis(folder, 6400).start()
    store = connect(server)
    store.set("saved", "1"), store.set("short", "1", px=1500), store.set("long", "1", ex=100)
    store.save()
    store.set("after", "1")
    server.kill()
    time.sleep(2)
    server.start()
    say("SET saved, SET short PX 1500, SET long EX 100, SAVE, SET after; kill -9, 2 s later a start:", has(server))
    connect(server).set("more", "1")
    server.end()
    server.start()
    say("SET more; SIGTERM without save points, start:", has(server))
    command(server, "CONFIG", "SET", "save", "3600 1")
    connect(server).set("more", "1")
    server.end()
    server.start()
    say("CONFIG SET save '3600 1', SET more; SIGTERM, start:", has(server), "and", command(server, "CONFIG", "GET", "save"))
    command(server, "CONFIG", "SET", "save", "3600 1")
    connect(server).set("last", "1")
    tried("SHUTDOWN NOSAVE", lambda: connect(server).shutdown(nosave=True))
    server.process.wait(10)
    server.start()
    say("SET last, start:", sorted(has(server)))
    store = connect(server)
    store.xadd("stream", {"a": 1}), store.xgroup_create("stream", "g", "0"), store.xreadgroup("g", "c", {"stream": ">"})
    store.function_load("#!lua name=mine\nredis.register_function('f', function() return 1 end)")
    sha, channel = store.script_load("return 1"), store.pubsub()
    store.acl_setuser("ann", enabled=True, nopass=True, commands=["+@all"], keys=["*"])
    channel.subscribe("news"), channel.get_message(timeout=1)
    store.save()
    server.kill()
    server.start()
    store = connect(server)
    say("a group's pending entries:", store.xpending("stream", "g")["pending"], "functions:", len(store.function_list()),
        "scripts:", store.script_exists(sha), "users:", store.acl_users())
    tried("EVALSHA", lambda: store.evalsha(sha, 0))
    tried("a subscriber", lambda: channel.get_message(timeout=1))
    # A folder stands where the snapshot is to be written.
    os.rename(os.path.join(server.home, "dump.rdb"), os.path.join(server.home, "old.rdb"))
    os.mkdir(os.path.join(server.home, "dump.rdb"))
    store.config_set("save", "3600 1000"), store.bgsave()
    time.sleep(1)
    tried("SET after a snapshot failed", lambda: store.set("a", "b"))
    server.kill()


def lost(server, how):
    """Counts up with one client, a write after each answer, while the server is killed; what was answered last and what is there then."""
    store, answered = connect(server), 0
    threading.Timer(2.5, how).start()
    try:
        while True:
            answered = store.incr("n")
    except redis.ConnectionError:
        pass
    server.process.wait(20)
    return answered


@part
def appended(folder):
    title("AOF: INCR by one client for 2.5 s, then kill -9 of the process")
    for fsync in ("everysec", "always", "no"):
        server = Redis(folder, 6401, "--appendonly", "yes", "--appendfsync", fsync).start()
        answered = lost(server, server.process.kill)
        server.start()
        say(f"appendfsync {fsync}: {answered} answered, {command(server, 'GET', 'n')} after the start")
        server.end()
        subprocess.run(["rm", "-r", server.home], check=True)
    title("AOF: the tail of the file is cut, as a machine that loses power may leave it")
    server = Redis(folder, 6402, "--appendonly", "yes").start()
    store = connect(server)
    for number in range(10):
        store.rpush("list", number)
    store.set("short", "1", px=1000), store.set("long", "1", ex=100)
    with store.pipeline(transaction=True) as pipe:
        pipe.incr("a").incr("b").execute()
    server.kill()
    names = os.path.join(server.home, "appendonlydir")
    say("files:", sorted(os.listdir(names)))
    path = os.path.join(names, next(name for name in os.listdir(names) if "incr" in name))
    os.truncate(path, os.path.getsize(path) - 5)
    time.sleep(1.5)
    server.start()
    say("the end of a transaction is cut off:", sorted(connect(server).keys()), "list:", command(server, "LLEN", "list"))
    server.kill()
    with open(path, "r+b") as file:
        file.seek(60), file.write(b"!!!!!!!!")
    server.process = subprocess.Popen(["redis-server", *server.words], stdout=subprocess.PIPE, text=True)
    said, _ = server.process.communicate(timeout=20)
    say("damaged in the middle:", said.strip().splitlines()[-1].split("# ")[-1], "exit code", server.process.returncode)


def linked(store):
    """Waits until a replica has a copy and follows."""
    while store.info("replication")["master_link_status"] != "up":
        time.sleep(0.1)


@part
def replica(folder):
    title("a primary and one replica")
    first, second = Redis(folder, 6403).start(), Redis(folder, 6404, "--replicaof", "127.0.0.1 6403").start()
    one, two = connect(first), connect(second)
    linked(two)
    one.set("k", "1")
    tried("WAIT 1 1000", lambda: one.wait(1, 1000))
    tried("GET at the replica", lambda: two.get("k"))
    tried("SET at the replica", lambda: two.set("k", "2"))
    tried("EVAL that writes, at the replica", lambda: two.eval("return redis.call('SET', KEYS[1], '2')", 1, "k"))
    tried("XREADGROUP at the replica", lambda: two.xreadgroup("g", "c", {"s": ">"}))
    one.set("gone", "1", px=300)
    time.sleep(0.1)
    before = two.get("gone")
    os.kill(first.process.pid, signal.SIGSTOP)
    time.sleep(0.5)
    say("a key of 300 ms at the replica, before and after its time, the primary being frozen:", before, two.get("gone"), "DBSIZE", two.dbsize())
    os.kill(first.process.pid, signal.SIGCONT)
    os.kill(second.process.pid, signal.SIGSTOP)
    one.set("k", "3")
    tried("the replica is frozen; WAIT 1 1000", lambda: one.wait(1, 1000))
    one.config_set("min-replicas-to-write", 1), one.config_set("min-replicas-max-lag", 1)
    time.sleep(3)
    tried("min-replicas-to-write 1, SET", lambda: one.set("k", "4"))
    os.kill(second.process.pid, signal.SIGCONT)
    time.sleep(1.5)
    tried("the replica goes on; SET", lambda: one.set("k", "5"))
    # What is answered but still waits in the primary when it dies is not at the replica.
    one.config_set("min-replicas-to-write", 0)
    os.kill(second.process.pid, signal.SIGSTOP)
    for number in range(40):
        one.set(f"n{number}", "x" * 1024 * 1024)
    first.kill()
    os.kill(second.process.pid, signal.SIGCONT)
    time.sleep(1)
    say("40 SET of 1 MiB answered while the replica was frozen, the primary killed; there are at the replica:", len(two.keys("n*")))
    tried("GET of what it has, the primary being gone", lambda: two.get("k"))
    tried("role", lambda: two.role())
    two.config_set("replica-serve-stale-data", "no")
    tried("replica-serve-stale-data no, GET", lambda: two.get("k"))
    two.config_set("replica-serve-stale-data", "yes")
    tried("REPLICAOF NO ONE", lambda: two.replicaof("NO", "ONE"))
    tried("SET", lambda: two.set("k", "6"))
    tried("REPLICAOF the old primary again", lambda: two.replicaof("127.0.0.1", 6403))
    first.start()
    linked(two)
    say("the old primary is started again without a snapshot; its keys:", one.dbsize(), "and the replica's:", two.dbsize())
    first.end(), second.end()


@part
def slots(folder):
    title("a cluster of three nodes with all slots")
    nodes = [Redis(folder, 6405 + number, "--cluster-enabled", "yes").start() for number in range(3)]
    words = ["redis-cli", "--cluster", "create", *[f"127.0.0.1:{node.port}" for node in nodes], "--cluster-yes"]
    made = subprocess.run(words, capture_output=True, text=True)
    say(next(line for line in made.stdout.splitlines() if "covered" in line))
    one = connect(nodes[0])
    for key in ("a", "b", "{t}a", "{t}b"):
        say(f"slot of {key}: {one.execute_command('CLUSTER', 'KEYSLOT', key)}")

    def words_of(*commands):
        """Answers of plain connections to node 1: no library knows of the cluster."""
        stream = socket.create_connection(("127.0.0.1", nodes[0].port))
        stream.settimeout(1)
        answers = []
        for line in commands:
            stream.sendall(line.encode() + b"\r\n")
            answers.append(stream.recv(4096).decode().strip().replace("\r\n", " "))
        stream.close()
        return answers

    say("SET b at its node, SET a at another:", words_of("SET b 1", "SET a 1"))
    say("MULTI, SET b, SET a, EXEC:", words_of("MULTI", "SET b 1", "SET a 1", "EXEC"))
    say("MULTI, SET b, SET f, EXEC (f: same node, another slot):", words_of("MULTI", "SET b 1", "SET f 1", "EXEC"))
    say("MSET b f:", words_of("MSET b 1 f 1"))
    say("EVAL with keys of two slots:", words_of('EVAL "return 1" 2 b f'))
    say("EVAL with keys of another node:", words_of('EVAL "return 1" 1 a'))
    say("EVAL that touches an undeclared key of another node:", words_of("EVAL \"return redis.call('GET','a')\" 1 b"))
    say("EVAL that touches an undeclared key of another slot:", words_of("EVAL \"return redis.call('GET','f')\" 1 b"))
    say("WATCH of another node's key:", words_of("WATCH a"))
    say("KEYS, DBSIZE, SCAN are each node's own:", words_of("SET b 1", "DBSIZE"), connect(nodes[2]).dbsize())
    title("publish and subscribe in the cluster")
    heard = [connect(node).pubsub() for node in nodes]
    for number, listener in enumerate(heard):
        listener.subscribe("news")
        listener.get_message(timeout=1)
    say("PUBLISH news at node 1 answers", one.publish("news", "x"))
    time.sleep(0.3)
    say("heard at nodes 1, 2, 3:", [(listener.get_message(timeout=0.5) or {}).get("data") for listener in heard])
    slot = one.execute_command("CLUSTER", "KEYSLOT", "news")
    say(f"slot of news {slot}; SSUBSCRIBE at node 1:", words_of("SSUBSCRIBE news"), "and SSUBSCRIBE one:", words_of("SSUBSCRIBE one"))
    say("SSUBSCRIBE of channels of two slots:", words_of("SSUBSCRIBE news one"))
    tried("PUBLISH within MULTI", lambda: words_of("MULTI", "PUBLISH news x", "EXEC"))
    title("clients that know clusters")
    cluster = redis.RedisCluster("127.0.0.1", nodes[0].port, decode_responses=True)
    tried("set, get", lambda: (cluster.set("a", "1"), cluster.get("a")))
    tried("mset of two slots", lambda: cluster.mset({"a": 1, "b": 2}))
    tried("mset of one tag", lambda: cluster.mset({"{t}a": 1, "{t}b": 2}))
    tried("pipeline of two slots", lambda: cluster.pipeline().set("a", 1).set("b", 2).execute())
    tried("transaction of two slots", lambda: cluster.pipeline(transaction=True).set("a", 1).set("b", 2).execute())
    tried("eval of two slots", lambda: cluster.eval("return 1", 2, "a", "b"))
    told = subprocess.run(["redis-cli", "-c", "-p", str(nodes[0].port), "GET", "a"], capture_output=True, text=True)
    say("redis-cli -c GET a:", repr(told.stdout.strip()))
    title("a node goes")
    nodes[2].kill()
    begun = time.monotonic()
    while one.cluster("INFO")["cluster_state"] == "ok" and time.monotonic() - begun < 30:
        time.sleep(0.2)
    say(f"the state is fail (after {time.monotonic() - begun:.0f} s with cluster-node-timeout 15000)", words_of("GET b"))
    one.config_set("cluster-require-full-coverage", "no")
    time.sleep(1)
    say("cluster-require-full-coverage no:", words_of("GET b", "GET a"))
    for node in nodes[:2]:
        node.end()


def main():
    folder = alone()
    for name, function in PARTS.items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            function(folder)


if __name__ == "__main__":
    main()
