"""Real servers for the scripts beside this file: RabbitMQ nodes and redis-servers of a scratch folder, in a network of their own.

The scripts want `pika` and `redis` (`python3 -m pip install pika redis`), `unshare`, `ip` and `openssl`, and write what they saw
to standard output. `alone` starts a script again in network and process namespaces of its own: no port is taken from anybody,
nothing is reached from outside, and whatever was started ends with the script.
"""

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

# One scheduler for each node: three nodes share a machine with other work.
ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"


def alone():
    """Goes on in namespaces of its own, with a scratch folder that is gone afterwards; answers that folder."""
    if os.environ.get("LEAVING_ALONE") != "yes":
        words = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if os.geteuid() != 0:
            words.append("--map-root-user")
        environment = dict(os.environ, LEAVING_ALONE="yes", PYTHONUNBUFFERED="1")
        os.execvpe("unshare", [*words, sys.executable, *sys.argv], environment)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    folder = tempfile.mkdtemp(prefix="leaving-")
    # As the first process of its namespace it ends on a signal only if it says so.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    import atexit
    atexit.register(shutil.rmtree, folder, True)
    return folder


def say(*words):
    """One line of what was seen."""
    print(*words, flush=True)


def title(words):
    print(f"\n== {words}", flush=True)


def tried(name, action):
    """Does something and says what came of it: its answer, or the class and the words of what it raised, and after how long when that
    was long. Answers what the action answered."""
    begun, answer = time.monotonic(), None
    try:
        answer = action()
        words = "ok" if answer is None else answer
    except Exception as error:  # Whatever a library raises is what is to be seen.
        inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
        words = f"{type(error).__name__}: {inner!r}" if inner is not error else f"{type(error).__name__}: {error}" if str(error) else repr(error)
    after = time.monotonic() - begun
    say(f"{name}: {words}" + (f" (after {after:.1f} s)" if after >= 0.5 else ""))
    return answer


def listens(port, limit=60.0):
    """Waits until something listens on a port of this network."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


class Rabbit:
    """A RabbitMQ node `NAME@localhost`. `configuration` is what stands in its rabbitmq.conf."""

    def __init__(self, folder, name="w1", port=5672, dist_port=25672, configuration="", plugins=""):
        self.name, self.port, self.process = f"{name}@localhost", port, None
        home = os.path.join(folder, name)
        os.makedirs(home, exist_ok=True)
        self.log = os.path.join(home, "start.log")
        self.configure(configuration)
        with open(os.path.join(home, "plugins"), "w") as file:
            file.write(f"[{plugins}].\n")
        # Debian's wrappers in /usr/sbin insist on another user; RabbitMQ's own scripts do not.
        scripts = sorted(glob.glob("/usr/lib/rabbitmq/lib/*/sbin"))[-1]
        self.environment = dict(
            os.environ,
            PATH=scripts + ":" + os.environ["PATH"],
            HOME=folder,
            LANG="C.UTF-8",
            RABBITMQ_MNESIA_BASE=os.path.join(home, "mnesia"),
            RABBITMQ_LOG_BASE=os.path.join(home, "logs"),
            RABBITMQ_PID_FILE=os.path.join(home, "pid"),
            RABBITMQ_CONFIG_FILE=os.path.join(home, "rabbitmq"),
            RABBITMQ_ENABLED_PLUGINS_FILE=os.path.join(home, "plugins"),
            RABBITMQ_CONF_ENV_FILE=os.path.join(home, "rabbitmq-env.conf"),
            RABBITMQ_NODENAME=self.name,
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=str(port),
            RABBITMQ_DIST_PORT=str(dist_port),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=ERLANG,
            ERL_EPMD_ADDRESS="127.0.0.1",
        )

    def configure(self, text):
        """What stands in rabbitmq.conf from the next start on."""
        with open(os.path.join(os.path.dirname(self.log), "rabbitmq.conf"), "w") as file:
            file.write(text)

    def begin(self):
        """Starts the node without waiting for it."""
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                ["rabbitmq-server"], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def start(self):
        self.begin()
        self.wait()
        return self

    def wait(self):
        listens(self.port)
        self.ctl("await_startup")

    def ctl(self, *words):
        """What `rabbitmqctl` says, without its greeting."""
        result = subprocess.run(["rabbitmqctl", "-q", *words], env=self.environment, capture_output=True, text=True)
        return (result.stdout + result.stderr).strip()

    def stop(self):
        """Ends the node cleanly, as `rabbitmqctl stop` does."""
        self.ctl("stop")
        self.process.wait(60)

    def kill(self):
        """Ends the node as a crash does: the script, the machine and all it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


class Redis:
    """A redis-server with a folder of its own, `words` being more of its command line."""

    def __init__(self, folder, port=6379, *words):
        self.port, self.process = port, None
        self.home = os.path.join(folder, f"redis-{port}")
        os.makedirs(self.home, exist_ok=True)
        self.words = ["--port", str(port), "--dir", self.home, "--save", "", *words]

    def start(self):
        with open(os.path.join(self.home, "log"), "a") as log:
            self.process = subprocess.Popen(["redis-server", *self.words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        listens(self.port)
        return self

    def kill(self):
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait(10)

    def end(self):
        """SIGTERM, which a redis-server takes as SHUTDOWN."""
        self.process.terminate()
        self.process.wait(30)
