"""What `management.py` asks: what is there beforehand, and the calls, right and wrong."""
import json

ARGUMENTS = {"x-max-length": 100, "x-message-ttl": 600000, "x-dead-letter-exchange": "", "x-overflow": "drop-head"}
FIXTURE = [
    ("/api/vhosts/v1", {"description": "one", "tags": "a,b"}),
    ("/api/users/u.monitoring", {"password": "u.monitoring", "tags": "monitoring"}),
    ("/api/users/u.management", {"password": "u.management", "tags": "management"}),
    ("/api/users/u.policymaker", {"password": "u.policymaker", "tags": "policymaker"}),
    ("/api/users/u.none", {"password": "u.none", "tags": ""}),
    ("/api/permissions/v1/u.management", {"configure": ".*", "write": ".*", "read": ".*"}),
    ("/api/permissions/v1/u.policymaker", {"configure": "^a", "write": "", "read": ".*"}),
    ("/api/topic-permissions/v1/u.management", {"exchange": "amq.topic", "write": "^a", "read": ".*"}),
    ("/api/exchanges/%2F/x.t", {"type": "topic", "durable": True}),
    ("/api/exchanges/%2F/x.h", {"type": "headers", "auto_delete": True, "arguments": {"alternate-exchange": "x.t"}}),
    ("/api/exchanges/v1/x.v", {"type": "fanout", "internal": True}),
    ("/api/queues/%2F/q.classic", {"durable": True}),
    ("/api/queues/%2F/q.topic", {"durable": True, "arguments": ARGUMENTS}),
    ("/api/queues/%2F/q.empty", {"auto_delete": True}),
    ("/api/queues/%2F/q.quorum", {"durable": True, "arguments": {"x-queue-type": "quorum"}}),
    ("/api/queues/%2F/q.stream", {"durable": True, "arguments": {"x-queue-type": "stream"}}),
    ("/api/queues/%2F/q.priority", {"durable": True, "arguments": {"x-max-priority": 3}}),
    ("/api/queues/%2F/q.lazy", {"durable": True, "arguments": {"x-queue-mode": "lazy"}}),
    ("/api/queues/%2F/q.single", {"durable": True, "arguments": {"x-single-active-consumer": True}}),
    ("/api/queues/v1/q.v", {"durable": True}),
    ("/api/bindings/%2F/e/x.t/q/q.topic", {"routing_key": "a.#"}),
    ("/api/bindings/%2F/e/x.h/q/q.topic", {"arguments": {"x-match": "all", "k": "v"}}),
    ("/api/bindings/%2F/e/x.t/e/x.h", {"routing_key": "b c"}),
    ("/api/policies/%2F/p1", {"pattern": "^q", "definition": {"max-length": 1000}, "priority": 1, "apply-to": "queues"}),
    ("/api/policies/v1/p2", {"pattern": "x", "definition": {"alternate-exchange": "a"}, "apply-to": "exchanges"}),
    ("/api/operator-policies/%2F/o1", {"pattern": "q.topic", "definition": {"expires": 9999999}}),
    ("/api/vhost-limits/v1/max-connections", {"value": 100}),
    ("/api/user-limits/u.none/max-channels", {"value": 10}),
    ("/api/global-parameters/g1", {"value": {"a": [1, "b"]}}),
    ("/api/exchanges/%2F/amq.default/publish", {"properties": {"headers": {"h": 1}, "content_type": "t"},
                                                "routing_key": "q.topic", "payload": "hi", "payload_encoding": "string"}),
]

# Names of things that are told exactly: nothing in them is a figure.
EXACT = """extensions whoami auth cluster-name
bindings bindings/%2F bindings/v1 bindings/nope bindings/%2F/e/x.t/q/q.topic bindings/%2F/e/x.t/e/x.h bindings/%2F/e/x.t/q/nope
bindings/%2F/e/nope/q/q.topic bindings/%2F/e/x.t/q/q.topic/a.%23 bindings/%2F/e/x.t/q/q.topic/nope bindings/%2F/e/x.t/e/x.h/b+c
bindings/%2F/e/x.t/e/x.h/b%20c bindings/%2F/e/x.t/e/x.h/b%2520c bindings/%2F/e/x.h/q/q.topic/{binding}
bindings/%2F/e/amq.default/q/q.topic bindings/%2F/e//q/q.topic bindings/%2F/e/amq.default/q/q.topic/q.topic bindings/v1/e/x.t/q/q.topic
bindings/nope/e/x.t/q/q.topic bindings/%2F/q/x.t/q/q.topic bindings/%2F/e/x.t/z/q.topic bindings/%2F/x
queues/%2F/q.topic/bindings queues/%2F/nope/bindings queues/nope/q.topic/bindings queues/%2F/q.empty/bindings
exchanges/%2F/x.t/bindings/source exchanges/%2F/x.t/bindings/destination exchanges/%2F/x.h/bindings/source
exchanges/%2F/x.h/bindings/destination exchanges/%2F/amq.default/bindings/source exchanges/%2F/amq.default/bindings/destination
exchanges/%2F/nope/bindings/source exchanges/nope/x.t/bindings/source exchanges/%2F/x.t/bindings exchanges/%2F/x.t/bindings/other
users/u.none/permissions users/guest/permissions users/nope/permissions users/u.management/topic-permissions users/guest/topic-permissions
users/nope/topic-permissions vhosts/v1/permissions vhosts/%2F/permissions vhosts/nope/permissions vhosts/v1/topic-permissions
vhosts/%2F/topic-permissions vhosts/nope/topic-permissions permissions permissions/%2F/guest permissions/v1/guest permissions/%2F/nope
permissions/nope/guest permissions/%2F/u.none topic-permissions topic-permissions/v1/u.management topic-permissions/%2F/guest
topic-permissions/v1/u.management/amq.topic topic-permissions/nope/guest topic-permissions/%2F/nope
parameters parameters/vhost-limits parameters/vhost-limits/v1 parameters/vhost-limits/v1/limits parameters/vhost-limits/%2F/limits
parameters/policy parameters/policy/%2F parameters/policy/%2F/p1 parameters/policy/%2F/nope parameters/operator_policy
parameters/operator_policy/%2F parameters/operator_policy/%2F/o1 parameters/nope parameters/nope/%2F parameters/nope/%2F/x
parameters/vhost-limits/nope parameters/federation-upstream parameters/shovel parameters/shovel/%2F global-parameters
global-parameters/g1 global-parameters/nope global-parameters/cluster_name policies policies/%2F policies/v1 policies/nope policies/%2F/p1
policies/%2F/nope policies/nope/p1 operator-policies operator-policies/%2F operator-policies/nope operator-policies/%2F/o1
operator-policies/%2F/nope vhost-limits vhost-limits/v1 vhost-limits/%2F vhost-limits/nope vhost-limits/v1/max-connections user-limits
user-limits/u.none user-limits/guest user-limits/nope user-limits/u.none/max-channels
healthchecks/node healthchecks/node/{node} healthchecks/node/nope
health/checks/alarms health/checks/local-alarms health/checks/virtual-hosts health/checks/node-is-mirror-sync-critical
health/checks/node-is-quorum-critical health/checks/certificate-expiration/1/days health/checks/certificate-expiration/1/weeks
health/checks/certificate-expiration/1/nope health/checks/certificate-expiration/x/days health/checks/certificate-expiration/1
health/checks/port-listener/{amqp} health/checks/port-listener/{http} health/checks/port-listener/1 health/checks/port-listener/x
health/checks/port-listener health/checks/protocol-listener/amqp091 health/checks/protocol-listener/amqp health/checks/protocol-listener/http
health/checks/protocol-listener/amqp1.0 health/checks/protocol-listener/mqtt health/checks/protocol-listener/nope health/checks/nope
health/checks health deprecated-features federation-links federation-links/%2F shovels shovels/%2F federation-upstreams stream
stream/connections traces trace-files top/{node} nope login rebalance/queues reset
feature-flags feature-flags/quorum_queue vhosts/v1/start/{node} connections/nope connections/nope/channels channels/nope consumers/nope
connections/username/guest connections/username/u.management connections/username/nope connections/username exchanges/nope exchanges/%2F/nope exchanges/nope/x
queues/nope queues/%2F/nope queues/nope/q queues/%2F/q.topic/get queues/%2F/q.topic/contents queues/%2F/q.topic/actions
queues/%2F/q.topic/nope exchanges/%2F/x.t/publish nodes/nope nodes/nope/memory nodes/{node}/nope users/nope vhosts/nope
vhosts/nope/connections vhosts/nope/channels definitions/nope users/bulk-delete users/without-permissions"""
SHAPES = """overview overview?disable_stats=true overview?enable_queue_totals=true overview?disable_stats=true&enable_queue_totals=true
overview?columns=node,queue_totals overview?columns=queue_totals.messages,object_totals overview?columns=nope
overview?lengths_age=60&lengths_incr=5 overview?lengths_age=600&lengths_incr=5&msg_rates_age=600&msg_rates_incr=5
overview?lengths_age=x&lengths_incr=5 nodes nodes?columns=name,running
nodes/{node} nodes/{node}?memory=true nodes/{node}?binary=true nodes/{node}/memory nodes/{node}/memory/relative nodes/{node}/memory/ets
nodes/{node}?columns=name,mem_used nodes/{node}?lengths_age=60&lengths_incr=5
auth/attempts/{node} auth/attempts/{node}/source auth/attempts/nope nodes/{node}?node_stats_age=20&node_stats_incr=5&columns=mem_used_details
connections?data_rates_age=20&data_rates_incr=5&columns=recv_oct_details channels?msg_rates_age=20&msg_rates_incr=5
definitions definitions/%2F definitions/v1 all-configuration definitions?download=x.json
connections connections?page=1 connections?sort=name connections?sort=name&sort_reverse=true connections?columns=name,vhost,client_properties
connections/{connection} connections/{connection}/channels connections/{other} connections/{other}/channels
connections/{connection}?columns=name connections/{connection}?data_rates_age=60&data_rates_incr=5 vhosts/%2F/connections vhosts/v1/connections vhosts/%2F/channels vhosts/v1/channels
channels channels?page=1&page_size=2 channels?columns=name,number,connection_details.name
channels/{connection}%20(1) channels/{connection}%20(2) channels/{connection}%20(3) channels/{connection}%20(4)
channels/{connection}%20(5) channels/{connection}%20(9) channels/{other}%20(1) channels/{connection}%20(1)?columns=publishes
consumers consumers/%2F consumers/v1 consumers?columns=queue.name,consumer_tag consumers?page=1 consumers/%2F?sort=consumer_tag
exchanges exchanges/%2F exchanges/v1 exchanges?page=1&page_size=3 exchanges?name=amq exchanges?name=amq&page=1
exchanges/%2F/x.t exchanges/%2F/x.h exchanges/%2F/amq.default exchanges/%2F/amq.direct exchanges/v1/x.v exchanges/%2F/
exchanges/%2F/x.t?msg_rates_age=60&msg_rates_incr=5 exchanges?disable_stats=true exchanges?columns=name,message_stats.publish_in
queues queues/%2F queues/v1 queues?columns=name,messages queues?columns=name,message_stats.publish,nope queues?disable_stats=true
queues?disable_stats=true&enable_queue_totals=true queues?enable_queue_totals=true queues/%2F?disable_stats=true queues/%2F/?x=1
queues/%2F?disable_stats=true&enable_queue_totals=true queues/v1?columns=name
queues?page=1 queues?page=1&page_size=2&sort=name queues?page=2&page_size=3&sort=name queues?page=9 queues?page=0 queues?page=-1 queues?page=x queues?page=1&page_size=0
queues?page=1&page_size=501 queues?page=1&page_size=x queues?page_size=2 queues?page=1&page_size=2&name=classic queues?page=1&name=classic&use_regex=false
queues?page=1&name=%5Eq%5C.c&use_regex=true queues?page=1&name=%5Eq%5C.c queues?page=1&name=(&use_regex=true queues?page=1&use_regex=true
queues?page=1&name=nope queues?name=classic queues?name=classic&page=1&page_size=1 queues?page=1&sort=messages&sort_reverse=true queues?page=1&use_regex=x
queues?page=1&page_size=100&name=&use_regex=false&pagination=true queues?page=1&columns=name queues?page=1&disable_stats=true
queues/%2F?page=1&page_size=1&sort=name queues?sort=name queues?sort=nope queues?sort=message_stats.publish_details.rate queues?sort=
queues?lengths_age=60&lengths_incr=5 queues?page=1&disable_stats=true&enable_queue_totals=true
queues/%2F/q.classic queues/%2F/q.topic queues/%2F/q.empty queues/%2F/q.quorum queues/%2F/q.stream queues/%2F/q.priority queues/%2F/q.lazy
queues/%2F/q.single queues/%2F/q.mine queues/v1/q.v queues/%2F/q.classic?columns=name,messages queues/%2F/q.classic?disable_stats=true
queues/%2F/q.classic?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5 queues/%2F/q.classic?disable_stats=true&enable_queue_totals=true
queues/%2F/q.classic?columns=message_stats.publish_details.rate queues/%2F/q.quorum?disable_stats=true
users users/guest users/u.none users/ users?columns=name users?page=1
vhosts vhosts/%2F vhosts/v1 vhosts?columns=name vhosts?page=1 vhosts/%2F?columns=name vhosts?sort=name vhosts/v1?disable_stats=true
bindings?page=1 permissions?columns=user policies?columns=name feature-flags?columns=name whoami?columns=name
"""
USERS = ["u.monitoring", "u.management", "u.policymaker", "u.none", "stranger", None]
FOR_ALL = """overview nodes nodes/{node} definitions parameters global-parameters policies policies/%2F policies/v1 operator-policies vhost-limits
connections connections/{connection} connections/{other} channels channels/{other}%20(1) consumers exchanges exchanges/%2F exchanges/v1/x.v queues queues/v1 queues/%2F/q.topic
bindings bindings/%2F vhosts vhosts/v1 users users/guest user-limits feature-flags whoami permissions topic-permissions health/checks/alarms auth
auth/attempts/{node} extensions cluster-name nope vhosts/v1/permissions vhosts/v1/connections healthchecks/node all-configuration vhosts/%2F"""

PUBLISH = {"properties": {}, "routing_key": "q.topic", "payload": "hi", "payload_encoding": "string"}
GET = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
WRITES = [
    # Virtual hosts.
    ("PUT", "vhosts/w1", [None, "", {}, "[]", "no json", "1", {"tracing": True}, {"tracing": None}, {"tracing": "x"}, {"tracing": "true"},
                          {"description": "d", "tags": "a, b"}, {"tags": ["c", "d"]}, {"tags": None}, {"tags": 1}, {"description": 1},
                          {"default_queue_type": "quorum"}, {"nope": 1}, {"tracing": False}]),
    ("GET", "vhosts/w1", [None]),
    ("PUT", "vhosts/%20", [{}]), ("DELETE", "vhosts/%20", [None]),
    ("POST", "vhosts/w1", [{}]), ("DELETE", "vhosts/nope", [None]), ("POST", "vhosts/w1/start/{node}", [None, {}]),
    ("POST", "vhosts/nope/start/{node}", [None]), ("POST", "vhosts/w1/start/nope", [None]),
    # Queues.
    ("PUT", "queues/%2F/w.q", [{}, {}, {"durable": True}, {"durable": "x"}, {"durable": None}, {"auto_delete": 1}, {"arguments": []},
                               {"arguments": "x"}, {"arguments": {"x-max-length": "a"}}, {"arguments": {"x-max-length": -1}},
                               {"arguments": {"a": None}}, {"node": "nope"}, {"node": "{node}"}, "[]", "no json", None, "", "1", "\"x\"",
                               {"arguments": {"x-queue-type": "nope"}}, {"exclusive": True}]),
    ("PUT", "queues/%2F/w.q2", [None]), ("PUT", "queues/%2F/amq.w", [{}]), ("PUT", "queues/nope/w.q", [{}, "no json"]),
    ("PUT", "queues/%2F/", [{}]), ("POST", "queues/%2F/w.q", [{}]), ("POST", "queues/%2F", [{}]), ("PUT", "queues", [{}]),
    ("PUT", "queues/%2F/w.quorum", [{"arguments": {"x-queue-type": "quorum"}}, {"durable": True, "arguments": {"x-queue-type": "quorum"}}]),
    ("DELETE", "queues/%2F/nope", [None]), ("DELETE", "queues/nope/w.q", [None]), ("DELETE", "queues/%2F/w.q?if-unused=true", [None]),
    ("DELETE", "queues/%2F/q.single?if-unused=true", [None]), ("DELETE", "queues/%2F/q.topic?if-empty=true", [None]),
    ("DELETE", "queues/%2F/q.mine", [None]), ("DELETE", "queues/%2F/q.mine/contents", [None]), ("DELETE", "queues/%2F/nope/contents", [None]),
    ("DELETE", "queues/nope/q/contents", [None]), ("DELETE", "queues/%2F/q.lazy/contents", [None, {"mode": "purge"}]),
    ("DELETE", "queues/%2F/q.stream/contents", [None]), ("DELETE", "queues/%2F/w.q", [None]), ("DELETE", "queues/%2F/w.q2", [None]),
    ("POST", "queues/%2F/q.topic/actions", [{"action": "sync"}, {"action": "cancel_sync"}, {"action": "nope"}, {}, None, "no json"]),
    ("POST", "queues/%2F/nope/actions", [{"action": "sync"}]), ("POST", "queues/%2F/q.quorum/actions", [{"action": "sync"}]),
    ("POST", "queues/%2F/q.topic/get", [GET, {**GET, "count": 2}, {**GET, "count": "1"}, {**GET, "count": "x"}, {**GET, "count": None},
                                        {**GET, "count": -1}, {**GET, "count": 0}, {**GET, "ackmode": "x"}, {**GET, "ackmode": None},
                                        {**GET, "encoding": "base64"}, {**GET, "encoding": "x"}, {**GET, "truncate": 1},
                                        {**GET, "truncate": "1"}, {**GET, "truncate": -1}, {**GET, "ackmode": "reject_requeue_true"},
                                        {**GET, "ackmode": "ack_requeue_false"}, {**GET, "requeue": True}, {"count": 1},
                                        {"count": 1, "requeue": True, "encoding": "auto"}, {}, None, "no json", "[]"]),
    ("POST", "queues/%2F/nope/get", [GET]), ("POST", "queues/nope/q/get", [GET]), ("POST", "queues/%2F/q.mine/get", [GET]),
    ("POST", "queues/%2F/q.stream/get", [GET]), ("POST", "queues/%2F/q.empty/get", [GET]), ("POST", "queues/%2F/q.quorum/get", [GET]),
    # Exchanges.
    ("PUT", "exchanges/%2F/w.x", [{"type": "w.nope"}, {}, {"type": "direct"}, {"type": "topic"}, {"type": 1}, {"type": None}, {"durable": "x"},
                                  {"internal": "x"}, {"arguments": {"alternate-exchange": 1}}, {"arguments": []}, "no json", None, "[]"]),
    ("PUT", "exchanges/%2F/w.x2", [{"type": "fanout", "durable": True, "auto_delete": True, "internal": True, "arguments": {"a": "b"}}, {}]),
    ("PUT", "exchanges/%2F/amq.w", [{"type": "direct"}]), ("PUT", "exchanges/%2F/amq.default", [{"type": "direct"}]),
    ("PUT", "exchanges/%2F/amq.direct", [{"type": "direct", "durable": True}]), ("PUT", "exchanges/nope/w.x", [{"type": "direct"}]),
    ("DELETE", "exchanges/%2F/nope", [None]), ("DELETE", "exchanges/%2F/amq.direct", [None]), ("DELETE", "exchanges/%2F/amq.default", [None]),
    ("DELETE", "exchanges/nope/w.x", [None]), ("DELETE", "exchanges/%2F/x.t?if-unused=true", [None]),
    ("DELETE", "exchanges/%2F/w.x", [None]), ("DELETE", "exchanges/%2F/w.x2", [None]), ("POST", "exchanges/%2F/x.t", [{}]),
    ("POST", "exchanges/%2F/x.t/publish", [PUBLISH, {**PUBLISH, "routing_key": "a.b"}, {**PUBLISH, "payload": "aGk=", "payload_encoding": "base64"},
                                           {**PUBLISH, "payload": "%", "payload_encoding": "base64"}, {**PUBLISH, "payload_encoding": "x"},
                                           {**PUBLISH, "properties": []}, {**PUBLISH, "properties": None}, {**PUBLISH, "properties": "x"},
                                           {**PUBLISH, "properties": {"delivery_mode": "x"}}, {**PUBLISH, "properties": {"delivery_mode": 2, "nope": 1}},
                                           {**PUBLISH, "properties": {"headers": []}}, {**PUBLISH, "properties": {"headers": {"a": None}}},
                                           {**PUBLISH, "properties": {"content_type": 1}}, {**PUBLISH, "properties": {"timestamp": "1"}},
                                           {**PUBLISH, "properties": {"user_id": "nope"}}, {**PUBLISH, "properties": {"expiration": "x"}},
                                           {**PUBLISH, "payload": 1}, {**PUBLISH, "payload": None}, {**PUBLISH, "routing_key": None},
                                           {**PUBLISH, "routing_key": 1}, {"payload": "x"}, {}, None, "no json", "[]"]),
    ("POST", "exchanges/%2F/nope/publish", [PUBLISH]), ("POST", "exchanges/nope/x/publish", [PUBLISH]), ("POST", "exchanges/v1/x.v/publish", [PUBLISH]),
    ("POST", "exchanges/%2F/amq.default/publish", [PUBLISH, {**PUBLISH, "routing_key": "nope"}]),
    # Bindings.
    ("POST", "bindings/%2F/e/x.t/q/q.lazy", [{"routing_key": "k", "arguments": {}}, {"routing_key": "k"}, {}, None, {"routing_key": None}, {"routing_key": 1},
                                             {"arguments": {"a": 1, "b": "c"}, "routing_key": "k"}, {"arguments": {"a": None}}, {"arguments": []},
                                             {"arguments": "x"}, "no json", "[]", {"routing_key": "a/b c%é"}]),
    ("POST", "bindings/%2F/e/nope/q/q.lazy", [{}]), ("POST", "bindings/%2F/e/x.t/q/nope", [{}]), ("POST", "bindings/%2F/e/x.t/e/nope", [{}]),
    ("POST", "bindings/nope/e/x/q/q", [{}]), ("POST", "bindings/%2F/e/amq.default/q/q.lazy", [{"routing_key": "z"}]),
    ("POST", "bindings/%2F/e/x.t/e/x.h", [{"routing_key": "z", "arguments": {"m": 1}}]), ("POST", "bindings/%2F/e/x.t/q/q.mine", [{}]),
    ("GET", "bindings/%2F/e/x.t/q/q.lazy", [None]), ("DELETE", "bindings/%2F/e/x.t/q/q.lazy/k", [None, None]),
    ("DELETE", "bindings/%2F/e/x.t/q/q.lazy/~", [None]), ("DELETE", "bindings/%2F/e/x.t/q/q.lazy/a%252Fb%2520c%2525%25C3%25A9", [None]),
    ("DELETE", "bindings/%2F/e/x.t/q/nope/k", [None]), ("DELETE", "bindings/nope/e/x.t/q/q/k", [None]), ("DELETE", "bindings/%2F/e/x.t/q/q.lazy", [None]),
    ("DELETE", "bindings/%2F/e/amq.default/q/q.lazy/q.lazy", [None]), ("PUT", "bindings/%2F/e/x.t/q/q.lazy", [{}]),
    ("PUT", "bindings/%2F/e/x.t/q/q.lazy/k", [{}]),
    # Users and what they may do.
    ("PUT", "users/w.u", [{}, {"tags": ""}, {"password": "x"}, {"password": "x", "tags": "management"}, {"password_hash": "", "tags": ""},
                          {"password_hash": "x", "tags": ""}, {"password_hash": "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "tags": "a"},
                          {"password": 1, "tags": ""}, {"password": None, "tags": ""}, {"tags": None, "password": "x"}, {"tags": 1, "password": "x"},
                          {"tags": ["a", "b"], "password": "x"}, {"tags": [1], "password": "x"}, {"password": "", "tags": ""},
                          {"password": "x", "password_hash": "x", "tags": ""}, {"tags": "administrator, b", "password": "x"}, "no json", None, "[]",
                          {"password": "x", "tags": "", "hashing_algorithm": "rabbit_password_hashing_sha512"},
                          {"password": "x", "tags": "", "hashing_algorithm": "nope"}, {"tag": "x"}, {"password": "x", "tags": "", "limits": {"max-channels": 1}}]),
    ("GET", "users/w.u", [None]), ("PUT", "users/", [{"tags": ""}]), ("POST", "users/w.u", [{}]), ("DELETE", "users/nope", [None]),
    ("POST", "users/bulk-delete", [{}, {"users": []}, {"users": ["nope"]}, {"users": "x"}, {"users": [1]}, None, "no json", {"users": ["w.u"]}]),
    ("PUT", "permissions/v1/u.none", [{}, {"configure": "a"}, {"configure": ".*", "write": ".*", "read": ".*"}, {"configure": ".*", "write": ".*", "read": ".*"},
                                      {"configure": "(", "write": "", "read": ""}, {"configure": 1, "write": "", "read": ""},
                                      {"configure": None, "write": "", "read": ""}, None, "no json", "[]"]),
    ("PUT", "permissions/nope/u.none", [{"configure": "", "write": "", "read": ""}, {}]), ("PUT", "permissions/v1/nope", [{"configure": "", "write": "", "read": ""}]),
    ("DELETE", "permissions/v1/nope", [None]), ("DELETE", "permissions/nope/guest", [None]), ("DELETE", "permissions/v1/u.none", [None, None]),
    ("PUT", "topic-permissions/v1/u.none", [{}, {"exchange": "amq.topic", "write": "", "read": ""}, {"exchange": "nope", "write": "", "read": ""},
                                            {"exchange": 1, "write": "", "read": ""}, {"exchange": "a", "write": "(", "read": ""}, None, "no json"]),
    ("PUT", "topic-permissions/nope/u.none", [{"exchange": "a", "write": "", "read": ""}]), ("PUT", "topic-permissions/v1/nope", [{"exchange": "a", "write": "", "read": ""}]),
    ("GET", "topic-permissions/v1/u.none", [None]), ("DELETE", "topic-permissions/v1/u.none/amq.topic", [None]), ("DELETE", "topic-permissions/v1/u.none", [None, None]),
    ("DELETE", "topic-permissions/v1/nope", [None]), ("POST", "permissions/v1/u.none", [{}]),
    # Policies and parameters.
    ("PUT", "policies/%2F/w.p", [{}, {"pattern": "a"}, {"pattern": "a", "definition": {}}, {"pattern": "a", "definition": {"max-length": 1}},
                                 {"pattern": "(", "definition": {"max-length": 1}}, {"pattern": 1, "definition": {"max-length": 1}},
                                 {"pattern": "a", "definition": {"nope": 1}}, {"pattern": "a", "definition": {"max-length": "x"}},
                                 {"pattern": "a", "definition": []}, {"pattern": "a", "definition": "x"}, {"pattern": "a", "definition": {"max-length": 1}, "priority": "1"},
                                 {"pattern": "a", "definition": {"max-length": 1}, "priority": 1.5}, {"pattern": "a", "definition": {"max-length": 1}, "priority": None},
                                 {"pattern": "a", "definition": {"max-length": 1}, "apply-to": "nope"}, {"pattern": "a", "definition": {"max-length": 1}, "apply-to": 1},
                                 {"pattern": "a", "definition": {"max-length": 1}, "apply-to": "quorum_queues"},
                                 {"pattern": "a", "definition": {"ha-mode": "all"}}, {"pattern": "a", "definition": {"ha-mode": "nope"}},
                                 {"pattern": "a", "definition": {"federation-upstream-set": "all"}}, {"pattern": "a", "definition": {"queue-mode": "lazy"}},
                                 {"pattern": "a", "definition": {"max-length": 1}, "vhost": "/", "name": "w.p", "nope": 1}, None, "no json", "[]"]),
    ("GET", "policies/%2F/w.p", [None]), ("PUT", "policies/nope/w.p", [{"pattern": "a", "definition": {"max-length": 1}}, {}]),
    ("DELETE", "policies/%2F/w.p", [None, None]), ("DELETE", "policies/nope/w.p", [None]), ("POST", "policies/%2F/w.p", [{}]),
    ("PUT", "operator-policies/%2F/w.o", [{"pattern": "a", "definition": {"max-length": 1}}, {"pattern": "a", "definition": {"dead-letter-exchange": "x"}}, {}, {"pattern": "a"}, "no json"]),
    ("DELETE", "operator-policies/%2F/w.o", [None, None]), ("PUT", "operator-policies/nope/w.o", [{"pattern": "a", "definition": {"max-length": 1}}]),
    ("PUT", "parameters/nope/%2F/w", [{"value": {}}, {}, None]), ("PUT", "parameters/vhost-limits/%2F/limits", [{"value": {"max-queues": 50}}, {"value": {"max-queues": "x"}}, {"value": {}}, {}]),
    ("PUT", "parameters/vhost-limits/%2F/x", [{"value": {}}]), ("DELETE", "parameters/vhost-limits/%2F/limits", [None, None]),
    ("PUT", "parameters/policy/%2F/w", [{"value": {"pattern": "a", "definition": {"max-length": 1}}}]), ("DELETE", "parameters/policy/%2F/w", [None]),
    ("PUT", "parameters/nope/nope/w", [{"value": {}}]), ("DELETE", "parameters/nope/%2F/w", [None]), ("PUT", "parameters/shovel/%2F/w", [{"value": {"src-uri": "amqp://"}}]),
    ("PUT", "parameters/federation-upstream/%2F/w", [{"value": {"uri": "amqp://"}}]),
    ("PUT", "global-parameters/w", [{"value": 1}, {"value": "x"}, {"value": {"a": 1}}, {"value": None}, {}, None, "no json", {"value": [], "name": "w"}]),
    ("GET", "global-parameters/w", [None]), ("DELETE", "global-parameters/w", [None, None]), ("POST", "global-parameters/w", [{}]),
    ("PUT", "cluster-name", [{"name": "another"}, {}, {"name": 1}, None, "no json", {"name": "rabbit"}]), ("DELETE", "cluster-name", [None]),
    ("PUT", "vhost-limits/v1/max-queues", [{"value": 10}, {"value": "x"}, {"value": None}, {"value": -1}, {"value": 1.5}, {}, None, "no json"]),
    ("PUT", "vhost-limits/v1/nope", [{"value": 1}]), ("PUT", "vhost-limits/nope/max-queues", [{"value": 1}]), ("GET", "vhost-limits/v1", [None]),
    ("DELETE", "vhost-limits/v1/max-queues", [None, None]), ("DELETE", "vhost-limits/v1/nope", [None]), ("DELETE", "vhost-limits/nope/max-queues", [None]),
    ("POST", "vhost-limits/v1/max-queues", [{"value": 1}]),
    ("PUT", "user-limits/u.none/max-connections", [{"value": 10}, {"value": "x"}, {"value": None}, {}, None, "no json"]),
    ("PUT", "user-limits/u.none/nope", [{"value": 1}]), ("PUT", "user-limits/nope/max-connections", [{"value": 1}]), ("GET", "user-limits/u.none", [None]),
    ("DELETE", "user-limits/u.none/max-connections", [None, None]), ("DELETE", "user-limits/nope/max-connections", [None]),
    # Definitions.
    ("POST", "definitions", [{}, None, "no json", "[]", {"queues": []}, {"queues": [{"name": "d.q", "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}}]},
                             {"queues": [{"name": "d.q", "vhost": "nope", "durable": True, "auto_delete": False, "arguments": {}}]}, {"queues": [{"name": "d.q"}]},
                             {"exchanges": [{"name": "d.x", "vhost": "/", "type": "nope", "durable": True, "auto_delete": False, "internal": False, "arguments": {}}]},
                             {"exchanges": [{"name": "d.x", "vhost": "/", "type": "topic", "durable": True, "auto_delete": False, "internal": False, "arguments": {}}]},
                             {"bindings": [{"source": "d.x", "vhost": "/", "destination": "d.q", "destination_type": "queue", "routing_key": "k", "arguments": {}}]},
                             {"users": [{"name": "d.u", "password_hash": "", "tags": ""}]}, {"users": [{"name": "d.u2"}]}, {"vhosts": [{"name": "d.v"}]},
                             {"permissions": [{"user": "d.u", "vhost": "d.v", "configure": "", "write": "", "read": ""}]},
                             {"permissions": [{"user": "nope", "vhost": "d.v", "configure": "", "write": "", "read": ""}]},
                             {"policies": [{"vhost": "/", "name": "d.p", "pattern": "x", "apply-to": "all", "definition": {"max-length": 5}, "priority": 0}]},
                             {"policies": [{"vhost": "/", "name": "d.p", "pattern": "x", "apply-to": "all", "definition": {"nope": 5}, "priority": 0}]},
                             {"parameters": [{"component": "nope", "vhost": "/", "name": "x", "value": {}}]}, {"global_parameters": [{"name": "d.g", "value": 1}]},
                             {"nope": 1}]),
    ("POST", "definitions/v1", [{}, {"queues": [{"name": "d.q", "durable": True, "auto_delete": False, "arguments": {}}]}, {"policies": [{"name": "d.p", "pattern": "x", "definition": {"max-length": 5}}]}, "no json"]),
    ("POST", "definitions/nope", [{}]), ("PUT", "definitions", [{}]), ("POST", "all-configuration", [{}]),
    # The rest.
    ("PUT", "feature-flags/quorum_queue/enable", [{}, None]), ("PUT", "feature-flags/nope/enable", [{}]),
    ("GET", "aliveness-test/%2F", [None]), ("GET", "aliveness-test/v1", [None]), ("GET", "aliveness-test/nope", [None]), ("GET", "aliveness-test", [None]),
    ("POST", "rebalance/queues", [{}, None]), ("GET", "rebalance/queues", [None]),
    ("DELETE", "auth/attempts/{node}", [None]), ("DELETE", "auth/attempts/{node}/source", [None]), ("POST", "overview", [{}]), ("PUT", "overview", [{}]),
    ("DELETE", "overview", [None]), ("PATCH", "overview", [{}]), ("POST", "nodes", [{}]), ("DELETE", "channels/{other}%20(1)", [None]), ("PUT", "connections/{other}", [{}]),
    ("POST", "login", ["username=guest&password=guest", "username=guest&password=x", "x", None, ""]), ("PUT", "nope", [{}]), ("DELETE", "nope", [None]),
    ("DELETE", "connections/nope", [None]), ("DELETE", "connections/{other}", [None]), ("DELETE", "connections/username/nope", [None]),
    ("DELETE", "vhosts/w1", [None, None]), ("DELETE", "users/d.u", [None]), ("DELETE", "vhosts/d.v", [None]),
    ("DELETE", "reset", [None]), ("DELETE", "reset/{node}", [None]), ("DELETE", "reset/nope", [None]),
]


def limited():
    """What users may do who may only do this and that: `u.limited` configures what begins with c, writes w, reads r."""
    guest, user, admin = "guest", "u.limited", "u.admin"
    yield "PUT", "vhosts/lv", {}, guest
    yield "PUT", "users/u.limited", {"password": "u.limited", "tags": "management"}, guest
    yield "PUT", "permissions/lv/u.limited", {"configure": "^c", "write": "^w", "read": "^r"}, guest
    for letter in "crw":
        yield "PUT", f"queues/lv/{letter}1", {}, guest
        yield "PUT", f"exchanges/lv/{letter}x", {"type": "topic"}, guest
    yield "PUT", "topic-permissions/lv/u.limited", {"exchange": "wx", "write": "^ok", "read": "^ok"}, guest
    for letter in "crw":
        queue, exchange = f"{letter}1", f"{letter}x"
        yield "PUT", f"queues/lv/{letter}2", {}, user
        yield "GET", f"queues/lv/{queue}?columns=name", None, user
        yield "POST", f"queues/lv/{queue}/get", GET, user
        yield "DELETE", f"queues/lv/{queue}/contents", None, user
        yield "PUT", f"exchanges/lv/{exchange}2", {"type": "direct"}, user
        yield "PUT", f"exchanges/lv/{exchange}3", {"type": "direct", "arguments": {"alternate-exchange": "zz"}}, user
        for key in ("ok.1", "no.1"):
            yield "POST", f"exchanges/lv/{exchange}/publish", {**PUBLISH, "routing_key": key}, user
        yield "POST", f"bindings/lv/e/{exchange}/q/w1", {"routing_key": "ok"}, user
        yield "POST", f"bindings/lv/e/rx/q/{queue}", {"routing_key": "ok"}, user
        yield "DELETE", f"bindings/lv/e/{exchange}/q/w1/ok", None, user
        yield "DELETE", f"bindings/lv/e/rx/q/{queue}/ok", None, user
        yield "PUT", f"queues/lv/{letter}3", {"arguments": {"x-dead-letter-exchange": "zz"}}, user
        yield "DELETE", f"queues/lv/{letter}2", None, user
        yield "DELETE", f"exchanges/lv/{exchange}2", None, user
    yield "POST", "exchanges/lv/amq.default/publish", {**PUBLISH, "routing_key": "c1"}, user
    yield "GET", "aliveness-test/lv", None, user
    yield "PUT", "queues/lv/amq.x", {}, user
    yield "POST", "exchanges/lv/wx/publish", {**PUBLISH, "routing_key": "ok.1", "properties": {"user_id": "guest"}}, user
    yield "PUT", "vhost-limits/lv/max-queues", {"value": 1}, guest
    yield "PUT", "queues/lv/over", {}, guest
    yield "PUT", "queues/lv/c1", {}, guest
    yield "DELETE", "vhost-limits/lv/max-queues", None, guest
    yield "PUT", "vhost-limits/lv/max-connections", {"value": 0}, guest
    for method, path, body in [("PUT", "queues/lv/over", {}), ("POST", "exchanges/lv/wx/publish", PUBLISH), ("POST", "queues/lv/c1/get", GET),
                               ("GET", "aliveness-test/lv", None), ("POST", "bindings/lv/e/wx/q/c1", {})]:
        yield method, path, body, guest
    yield "DELETE", "vhost-limits/lv/max-connections", None, guest
    yield "PUT", "user-limits/u.limited/max-connections", {"value": 0}, guest
    yield "PUT", "queues/lv/c9", {}, user
    yield "POST", "exchanges/lv/wx/publish", {**PUBLISH, "routing_key": "ok"}, user
    yield "DELETE", "user-limits/u.limited/max-connections", None, guest
    # An administrator without permissions.
    yield "PUT", "users/u.admin", {"password": "u.admin", "tags": "administrator"}, guest
    for method, path, body in [("PUT", "queues/lv/a9", {}), ("POST", "exchanges/lv/wx/publish", PUBLISH), ("POST", "queues/lv/c1/get", GET),
                               ("DELETE", "queues/lv/c1", None), ("GET", "queues/lv?columns=name&sort=name", None), ("GET", "aliveness-test/lv", None),
                               ("POST", "bindings/lv/e/wx/q/c1", {}), ("PUT", "policies/lv/p", {"pattern": "x", "definition": {"max-length": 1}})]:
        yield method, path, body, admin
    yield "DELETE", "vhosts/lv", None, guest


def calls():
    """Method, path, body, user, whether values count, more headers."""
    for path in EXACT.split():
        yield "GET", "/api/" + path, None, "guest", "any order", {}
    for path in SHAPES.split():
        yield "GET", "/api/" + path, None, "guest", False, {}
    for path in ["overview", "queues", "queues/%2F/q.topic", "queues/%2F/nope", "nope", "definitions", "vhosts/v1", "users/guest", "exchanges/%2F/x.t/publish", "auth"]:
        for method in ("HEAD", "OPTIONS"):
            yield method, "/api/" + path, None, "guest", False, {}
    for path in ["/", "/api", "/api/", "/api/queues/", "/api/overview/", "/api//overview", "/api/queues//", "/api/queues/%2f", "/cli", "/cli/", "/cli/rabbitmqadmin", "/doc/stats.html", "/js/nope.js", "/api/index.html", "/nope"]:
        yield "HEAD" if path.startswith(("/cli", "/api/index", "/doc", "/")) and not path.startswith("/api/q") and len(path) > 30 else "GET", path, None, "guest", False, {}
    for user in USERS:
        for path in FOR_ALL.split():
            yield "GET", "/api/" + path, None, user, False, {}
        for method, path, body in [("PUT", "queues/v1/z", {}), ("DELETE", "queues/v1/z", None), ("PUT", "queues/%2F/z", {}), ("PUT", "vhosts/z", {}), ("PUT", "users/z", {"tags": ""}),
                                   ("PUT", "policies/v1/z", {"pattern": "z", "definition": {"max-length": 1}}), ("DELETE", "policies/v1/z", None),
                                   ("POST", "exchanges/v1/amq.default/publish", PUBLISH), ("POST", "queues/v1/q.v/get", GET), ("PUT", "parameters/a/v1/z", {"value": {}}),
                                   ("PUT", "global-parameters/z", {"value": 1}), ("DELETE", "connections/{connection}", None), ("POST", "definitions", {}), ("DELETE", "vhosts/z", None),
                                   ("PUT", "cluster-name", {"name": "z"}), ("PUT", "operator-policies/v1/z", {"pattern": "z", "definition": {"max-length": 1}}),
                                   ("POST", "rebalance/queues", {}), ("PUT", "permissions/v1/z", {"configure": "", "write": "", "read": ""})]:
            yield method, "/api/" + path, body, user, False, {}
    for method, path, bodies in WRITES:
        for body in bodies:
            yield method, "/api/" + path, body, "guest", True, {}
    for method, path, body, user in limited():
        yield method, "/api/" + path, body, user, True, {}
    for headers in [{"Authorization": "Basic x"}, {"Authorization": "Basic Z3Vlc3Q="}, {"Authorization": "Bearer x"}, {"Authorization": "Digest x"}]:
        yield "GET", "/api/overview", None, None, False, headers
    for headers in [{"Accept": "text/html"}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "application/xml"}, {"Accept": "text/plain, application/json"}, {"Accept": "application/bigwig"}]:
        yield "GET", "/api/whoami", None, "guest", True, headers
    for body in ["username=guest&password=guest", "username=guest&password=x", "x=y"]:
        yield "POST", "/api/login", body, None, True, {"Content-Type": "application/x-www-form-urlencoded"}
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; charset=utf-8", "*/*", "x"]:
        yield "PUT", "/api/queues/%2F/z.type", "{}", "guest", True, {"Content-Type": kind}
        yield "POST", "/api/exchanges/%2F/x.t/publish", json.dumps(PUBLISH), "guest", True, {"Content-Type": kind}
