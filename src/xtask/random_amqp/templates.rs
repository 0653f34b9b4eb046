//! What is drawn, as tables: themes, names, and the templates of commands.

/// What a sequence is about; each is drawn for about every second sequence.
pub const THEMES: &[&str] = &[
    "limits",
    "dead letters",
    "priority",
    "sac",
    "confirms",
    "tx",
    "prefetch",
    "shared prefetch",
    "exclusive",
    "auto-delete",
    "errors",
    "headers",
    "cc",
    "replies",
    "exchanges",
    "recover",
    "ends",
    "ttl",
    "bursts",
    "names",
    "plain",
    "quorum",
    "policies",
];

/// Themes of which a sequence is only when asked for (`--theme`): what a real broker does of itself takes its time.
pub const ASKED: &[&str] = &["streams", "letters at least once"];

/// Themes that make a sequence end early, or say little else: drawn less often.
pub const RARE: &[&str] = &["errors", "names", "replies", "exclusive", "ends"];

/// The queues that are declared.
pub const QUEUES: &[&str] = &["q1", "q2", "q3"];
/// The exchanges that are declared.
pub const EXCHANGES: &[&str] = &["x1", "x2", "x3"];

/// The actions: how often, the theme they belong to (or none), and the template.
pub const ACTIONS: &[(u64, &str, &str)] = &[
    (2, "", "{ch} queue.declare queue={q}{queueflags}{queueargs}"),
    (6, "", "{ch} queue.declare queue={newq}{queueflags}{queueargs}"),
    (3, "", "{ch} queue.declare queue={q} passive"),
    (3, "names", "{ch} queue.declare{queueflags}{queueargs}"),
    (1, "exchanges", "{ch} exchange.declare exchange={x} type={type}{exchangeflags}{exchangeargs}"),
    (4, "exchanges", "{ch} exchange.declare exchange={newx} type={type}{exchangeflags}{exchangeargs}"),
    (2, "", "{ch} exchange.declare exchange={newx} type={type}{exchangeargs}"),
    (1, "", "{ch} exchange.declare exchange={x} passive"),
    (8, "", "{ch} queue.bind queue={q} exchange={x} routing_key={pattern}{bindargs}"),
    (4, "headers", "{ch} queue.bind queue={q} exchange=amq.headers{bindargs}"),
    (2, "", "{ch} queue.unbind queue={q} exchange={x} routing_key={pattern}{bindargs}"),
    (5, "exchanges", "{ch} exchange.bind destination={x} source={x} routing_key={pattern}{bindargs}"),
    (2, "exchanges", "{ch} exchange.unbind destination={x} source={x} routing_key={pattern}{bindargs}"),
    (2, "exchanges", "{ch} exchange.delete exchange={x}{ifunused}{nowait}"),
    (22, "", "{ch} basic.publish routing_key={q}{properties} body={body}"),
    (14, "", "{ch} basic.publish exchange={x} routing_key={key}{mandatory}{properties} body={body}"),
    (4, "headers", "{ch} basic.publish exchange=amq.headers headers={table} body={body}"),
    (4, "replies", "{ch} basic.publish routing_key={q} reply_to=amq.rabbitmq.reply-to body={body}"),
    (3, "replies", "{ch} basic.consume queue=amq.rabbitmq.reply-to no_ack consumer_tag={ct}"),
    (2, "replies", "{ch} basic.publish routing_key=<reply:1>{mandatory} body={body}"),
    (16, "", "{ch} basic.consume queue={q} consumer_tag={newct}{consumeflags}{consumeargs}"),
    (1, "names", "{ch} basic.consume queue={q}"),
    (4, "", "{ch} basic.cancel consumer_tag={ct}{nowait}"),
    (8, "", "{ch} basic.get queue={q}{noack}"),
    (14, "", "{tagch} basic.ack delivery_tag={tags}"),
    (6, "", "{tagch} basic.nack delivery_tag={tags}{requeue}"),
    (4, "", "{tagch} basic.reject delivery_tag={tag}{requeue}"),
    (6, "prefetch", "{ch} basic.qos prefetch_count={few}"),
    (4, "streams", "{ch} basic.qos prefetch_count={some}"),
    (16, "streams", "{ch} basic.consume queue={q} consumer_tag={newct}{offsetargs}"),
    (5, "shared prefetch", "{ch} basic.qos prefetch_count={few} global"),
    (4, "recover", "{tagch} basic.recover requeue"),
    (1, "recover", "{ch} basic.recover-async requeue"),
    (1, "errors", "{ch} basic.recover"),
    (2, "", "{ch} queue.purge queue={q}{nowait}"),
    (3, "", "{ch} queue.delete queue={q}{ifunused}{ifempty}{nowait}"),
    (6, "confirms", "{ch} confirm.select{nowait}"),
    (2, "tx", "{ch} tx.select"),
    (7, "tx", "{txch} tx.commit"),
    (3, "tx", "{txch} tx.rollback"),
    (7, "policies", "broker import {policy}"),
    (3, "policies", "broker clear-policy {policyname}"),
    (3, "ends", "{ch} channel.close reply_code=200"),
    (2, "ends", "{client} connection.close reply_code=200"),
    (3, "ends", "{client} disconnect"),
    (1, "errors", "{ch} channel.flow active"),
    (1, "errors", "{ch} basic.qos prefetch_size=10"),
    (1, "errors", "{ch} channel.open"),
    (1, "errors", "{ch} basic.publish routing_key={q} immediate body={body}"),
    (1, "errors", "{ch} basic.publish exchange=nope routing_key={q} body={body}"),
];
