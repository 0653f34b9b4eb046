"""Every management call of RabbitMQ 3.10, right and wrong, on two servers: `management.py AMQP HTTP AMQP HTTP [-v]`, four ports of
127.0.0.1, RabbitMQ's first. Both have to be fresh. Compared are status, type, what is said of errors, and the names of all fields
with the types of their values; where figures do not matter, the values too. -v shows what differs."""
import base64, json, re, socket, struct, sys, time
import http.client

sys.dont_write_bytecode = True
from management_calls import FIXTURE, calls


class Amqp:
    """As much of AMQP as the fixture needs."""

    def __init__(self, port, vhost="/", user="guest"):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"AMQP\0\0\x09\x01")
        self.read()
        properties = short("product") + b"S" + long("probe") + short("connection_name") + b"S" + long("the probe")
        properties += short("capabilities") + b"F" + long(short("consumer_cancel_notify") + b"t\1")
        login = long(properties) + short("PLAIN") + long(f"\0{user}\0{user}") + short("en_US")
        self.send(0, 10, 11, login)
        self.read()
        self.send(0, 10, 31, struct.pack(">HIH", 2047, 131072, 0))
        self.ask(0, 10, 40, short(vhost) + short("") + b"\0")

    def send(self, channel, klass, method, arguments=b"", kind=1):
        payload = struct.pack(">HH", klass, method) + arguments
        self.socket.sendall(struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce")

    def ask(self, *words):
        self.send(*words)
        return self.read()

    def read(self):
        time.sleep(0.15)
        return self.socket.recv(1 << 20)

    def publish(self, channel, exchange, key, body=b"hello", flags=b"\0"):
        self.send(channel, 60, 40, b"\0\0" + short(exchange) + short(key) + flags)
        self.send(channel, 60, 0, struct.pack(">QHB", len(body), 0x1000, 2), kind=2)
        self.socket.sendall(struct.pack(">BHI", 3, channel, len(body)) + body + b"\xce")


def short(text):
    return bytes([len(text.encode())]) + text.encode()


def long(text):
    text = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(text)) + text


class Server:
    def __init__(self, amqp, http_port):
        self.amqp, self.port = int(amqp), int(http_port)
        overview = self.call("GET", "/api/overview")[3]
        self.node, self.cluster = overview["node"], overview["cluster_name"]
        self.connections = []

    def call(self, method, path, body=None, user="guest", headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = dict(headers)
        if user:
            password = "wrong" if user == "stranger" else user
            sent["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text, value

    def plain(self, text):
        """Without the names that differ from server to server."""
        for name, word in [(self.node, "NODE"), (self.cluster, "NODE"), (str(self.port), "88888"), (str(self.amqp), "77777")]:
            text = text.replace(name, word)
        return re.sub(r"rabbitmq-cluster-id-[\w-]+", "ID", re.sub(r"127\.0\.0\.1:\d+ ->", "127.0.0.1:N ->", text))

    def fixture(self):
        for path, body in FIXTURE:
            status, _, text, _ = self.call("POST" if "/bindings/" in path or "/publish" in path else "PUT", path, body)
            if status >= 300:
                print(f"fixture {path}: {status} {text}")
        one = Amqp(self.amqp)
        self.connections.append(one)
        for channel in range(1, 6):
            one.ask(channel, 20, 10, short(""))
        one.ask(1, 85, 10, b"\0")
        for n in range(5):
            one.publish(1, "", "q.classic")
            one.publish(1, "x.t", "a.b")
        one.publish(1, "", "q.none", flags=b"\1")
        one.publish(1, "", "q.none")
        one.publish(1, "", "q.quorum")
        one.publish(1, "", "q.stream")
        one.ask(2, 60, 10, struct.pack(">IHB", 0, 2, 0))
        one.ask(2, 60, 20, b"\0\0" + short("q.classic") + short("tag") + b"\0" + long(short("x-priority") + b"I\0\0\0\1"))
        one.ask(2, 60, 80, struct.pack(">QB", 1, 0))
        one.ask(3, 60, 70, b"\0\0" + short("q.topic") + b"\0")
        one.ask(3, 60, 70, b"\0\0" + short("q.topic") + b"\1")
        one.ask(3, 60, 70, b"\0\0" + short("q.empty") + b"\0")
        one.ask(4, 90, 10)
        one.publish(4, "", "q.topic")
        one.ask(5, 50, 10, b"\0\0" + short("q.mine") + b"\x04" + long(""))
        for tag in ("s1", "s2"):
            one.ask(5, 60, 20, b"\0\0" + short("q.single") + short(tag) + b"\0" + long(""))
        other = Amqp(self.amqp, "v1", "u.management")
        other.ask(1, 20, 10, short(""))
        self.connections.append(other)

    def names(self):
        """What a path may speak of that every server names by itself."""
        found = {one["vhost"]: one["name"] for one in self.call("GET", "/api/connections")[3]}
        bindings = self.call("GET", "/api/bindings/%2F/e/x.h/q/q.topic")[3] or [{"properties_key": "?"}]
        return {"{node}": self.node, "{connection}": quote(found.get("/", "?")), "{other}": quote(found.get("v1", "?")),
                "{http}": str(self.port), "{amqp}": str(self.amqp), "{binding}": quote(bindings[0]["properties_key"])}


def quote(text):
    return text.replace("%", "%25").replace(" ", "%20").replace(">", "%3E").replace(":", "%3A")


def shape(value):
    """The names of fields and the types of values. A list is what any of its items is."""
    if isinstance(value, dict):
        return {name: shape(of) for name, of in value.items()}
    if isinstance(value, list):
        merged = {}
        for item in value:
            for path, kinds in flat(shape(item)).items():
                merged.setdefault(path, set()).update(kinds)
        return [merged]
    if isinstance(value, bool):
        return "bool"
    return {int: "number", float: "number", str: "text", type(None): "null"}[type(value)]


def flat(shaped, at=""):
    """A shape as paths with the types that were seen there."""
    if isinstance(shaped, dict):
        found = {at: {"object"}}
        for name, of in shaped.items():
            found.update(flat(of, f"{at}.{name}"))
        return found
    if isinstance(shaped, list):
        found = {at: {"list"}}
        found.update({f"{at}[]{path}": kinds for path, kinds in shaped[0].items()})
        return found
    return {at: {shaped}}


def seen(server, names, call):
    """What is compared of an answer."""
    method, path, body, user, exact, headers = call
    for name, value in names.items():
        path = path.replace(name, value)
        if isinstance(body, str):
            body = body.replace(name, value)
    status, got, text, value = server.call(method, path, body, user, headers)
    told = {"status": status, "type": got.get("content-type"), "allow": got.get("allow"), "length": bool(text),
            "location": got.get("location") and server.plain(got["location"]), "challenge": got.get("www-authenticate")}
    if isinstance(value, (dict, list)):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and "password_hash" in one:
                one["password_hash"] = "letters"
    if value is None:
        told["text"] = server.plain(text)
    elif exact or status >= 400:
        told["value"] = json.loads(server.plain(json.dumps(value, sort_keys=True)))
        if exact == "any order" and isinstance(value, list):
            told["value"].sort(key=json.dumps)
    else:
        paths = {server.plain(path): sorted(kinds) for path, kinds in flat(shape(value)).items()}
        # Other nodes and files of settings there may be or not.
        told["shape"] = {path: kinds for path, kinds in paths.items() if not re.search(r"cluster_links|config_files", path)}
    return told


def difference(one, other):
    lines = []
    for name in one.keys() | other.keys():
        left, right = one.get(name), other.get(name)
        if left == right:
            continue
        if name == "shape" and left and right:
            for path in sorted(left.keys() | right.keys()):
                if left.get(path) != right.get(path):
                    lines.append(f"{path}: {left.get(path)} / {right.get(path)}")
        else:
            if isinstance(left, list) and isinstance(right, list):
                left, right = [one for one in left if one not in right], [one for one in right if one not in left]
            lines.append(f"{name}: {json.dumps(left)[:700]}\n      / {json.dumps(right)[:700]}")
    return lines


def main():
    left, right = Server(*sys.argv[1:3]), Server(*sys.argv[3:5])
    for server in (left, right):
        server.fixture()
    # RabbitMQ gathers its figures now and then.
    time.sleep(7)
    names = [left.names(), right.names()]
    same, differ, stumbles = 0, 0, 0
    for call in calls():
        answers = seen(left, names[0], call), seen(right, names[1], call)
        lines = difference(*answers)
        stumbles += bool(lines) and answers[0]["status"] >= 500
        same, differ = (same, differ + 1) if lines else (same + 1, differ)
        if lines and "-v" in sys.argv:
            method, path, body, user, *_ = call
            print(method, path, "" if body is None else json.dumps(body)[:200], "" if user == "guest" else f"as {user}")
            print("".join(f"    {line}\n" for line in lines[:60]), end="")
    print(f"{same} of {same + differ} calls are answered alike, {differ} are not; on {stumbles} of those RabbitMQ itself stumbles (500)")


if __name__ == "__main__":
    main()
