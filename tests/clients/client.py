"""pika against `warren server`: what an acceptance test of a client does. Prints ok at the end."""
import sys
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(sys.argv[1])))
channel = connection.channel()
channel.confirm_delivery()
queue = channel.queue_declare("", exclusive=True).method.queue
channel.exchange_declare("client.py", "topic", auto_delete=True)
channel.queue_bind(queue, "client.py", "a.#")
sent = [b"x" * size for size in (0, 1, 200_000)]
for body in sent:
    properties = pika.BasicProperties(headers={"list": [1, "two", None, {"deep": True}]}, delivery_mode=2)
    channel.basic_publish("client.py", "a.b", body, properties, mandatory=True)
try:
    channel.basic_publish("client.py", "b", b"", mandatory=True)
    raise SystemExit("the unroutable message did not come back")
except pika.exceptions.UnroutableError:
    pass
got = []
for method, properties, body in channel.consume(queue, inactivity_timeout=5):
    assert method is not None, "a message is missing"
    assert properties.headers == {"list": [1, "two", None, {"deep": True}]}, properties.headers
    got.append(body)
    channel.basic_ack(method.delivery_tag)
    if len(got) == len(sent):
        break
assert got == sent, "other bodies"
channel.cancel()
try:
    channel.queue_declare("amq.mine")
    raise SystemExit("a reserved name was taken")
except pika.exceptions.ChannelClosedByBroker as error:
    assert error.reply_code == 403, error
connection.close()
print("ok")
