//! The targets that work with a whole store: scripts, and payloads of RESTORE.

use crate::targets::{kind_of, shape};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::{ClientId, Cx, EPOCH_MS, Limits, Reply, Store, sealed};

/// What a script may take: few steps, for a debug build on a busy machine is slow, and a memory that is soon full.
const SCRIPT_LIMITS: Limits = Limits { max_memory: 4 << 20, max_bulk: 1 << 20, max_steps: 100_000 };

/// A script that says anything at all: it ends, the store keeps its promises, and another store answers the same.
pub fn lua(input: &[u8]) -> u64 {
    let run = || {
        let mut client = StoreClient::new(SCRIPT_LIMITS);
        client.asks(&[b"EVAL", input, b"2", b"a", b"b"])
    };
    let reply = run();
    assert_eq!(reply, run(), "the same script answers the same");
    kind_of(shape(&format!("{reply:?}")))
}

/// A payload is refused, or is a value that can be worked with and is the same again by way of DUMP. Its checksum is always right: to find one
/// that is wrong would hide all else.
pub fn restore(input: &[u8]) -> u64 {
    let mut client = StoreClient::new(SCRIPT_LIMITS);
    let reply = client.asks(&[b"RESTORE", b"a", b"0", &sealed(input.to_vec())]);
    if reply != Reply::OK {
        return kind_of(format!("{reply:?}"));
    }
    let dump = |client: &mut StoreClient, key: &[u8]| match client.asks(&[b"DUMP", key]) {
        Reply::Bulk(bytes) => bytes,
        other => panic!("no dump of what was restored: {other:?}"),
    };
    let first = dump(&mut client, b"a");
    assert_eq!(client.asks(&[b"RESTORE", b"b", b"0", &first]), Reply::OK, "what DUMP gives is taken");
    assert_eq!(dump(&mut client, b"b"), first, "and gives the same again");
    let kind = client.asks(&[b"OBJECT", b"ENCODING", b"a"]);
    // What does not fit the type is refused; what fits must get along with whatever was restored.
    for line in USES {
        client.asks(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>());
    }
    kind_of((format!("{kind:?}"), first.len().min(64), input.first().copied()))
}

/// Reading and writing of every type, all of it on what was restored to the key a.
const USES: &[&str] = &[
    "APPEND a x",
    "GETRANGE a 0 -1",
    "LRANGE a 0 -1",
    "LPUSH a x",
    "RPOP a",
    "LINSERT a BEFORE x y",
    "SMEMBERS a",
    "SADD a x 7",
    "SPOP a",
    "HGETALL a",
    "HSET a f v",
    "HINCRBY a f2 1",
    "HDEL a f",
    "ZRANGE a 0 -1 WITHSCORES",
    "ZADD a 1 m 2 n",
    "ZINCRBY a 1.5 m",
    "ZPOPMIN a",
    "XRANGE a - +",
    "XADD a * f v",
    "XINFO STREAM a FULL",
    "XGROUP CREATE a g 0",
    "XREADGROUP GROUP g c STREAMS a >",
    "XTRIM a MAXLEN 1",
    "PFCOUNT a",
    "SORT a ALPHA",
    "MEMORY USAGE a",
    "COPY a c",
    "DEL a",
];

/// A client alone with a store.
pub struct StoreClient {
    store: Store,
    prng: Prng,
}

impl StoreClient {
    /// One whose store has these limits.
    pub fn new(limits: Limits) -> StoreClient {
        let mut store = Store::new(limits);
        store.client_open(ClientId(1));
        StoreClient { store, prng: Prng::new(1) }
    }

    /// Asks, and looks whether the store has kept its promises.
    pub fn asks(&mut self, words: &[&[u8]]) -> Reply {
        let words: Vec<Bytes> = words.iter().map(|word| Bytes::from(*word)).collect();
        let mut out = Vec::new();
        let mut cx = Cx { now_ms: EPOCH_MS, prng: &mut self.prng, events: None, out: &mut out, meanwhile: None };
        let reply = self.store.call(ClientId(1), &words, &mut cx);
        self.store.check();
        reply
    }
}
