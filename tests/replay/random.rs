//! Random runs that are the same natively and in WebAssembly: what a learner could think of, at moments that a seed chooses.

use warren_sim::{input::Input, prng::Prng, timeline::Timeline, world::World};

/// How many turns a run has; each is an input or a step.
const TURNS: u32 = 700;

/// Some input that a learner could think of.
fn random_input(prng: &mut Prng) -> Input {
    const LINES: [&str; 22] = [
        "start p send queue=q count=4 every=50ms",
        "start p2 send exchange=logs type=topic key=a.b,b.c,c count=5 every=70ms persistent",
        "start c receive queue=q work=120ms",
        "start d receive exchange=logs type=topic key=a.#,*.c work=30ms prefetch=2",
        "start e receive queue=q ack=auto",
        "start f receive queue=q ack=never prefetch=3",
        "start s rpc_server work=40ms",
        "start r rpc_client ask=3,7,9",
        "restart p",
        "restart c",
        "kill c",
        "kill d",
        "kill s",
        "broker stop",
        "broker kill",
        "broker start",
        "amqp you basic.publish routing_key=q body=hi delivery_mode=2",
        "amqp you queue.declare queue=kept durable",
        "amqp you basic.get queue=q",
        "amqp you queue.delete queue=q",
        "redis SET k v PX 90",
        "redis INCR n",
    ];
    Input::parse(LINES[prng.below(LINES.len() as u64) as usize]).expect("these lines are inputs")
}

/// A run, and the world's hash after each of its steps. Panics with seed and step when the world breaks a promise.
pub fn run(seed: u64) -> (Timeline, Vec<u64>) {
    let mut prng = Prng::new(seed);
    let mut timeline = Timeline::new(World::new(seed, 20), Vec::new());
    let mut hashes = vec![timeline.world().hash()];
    for _ in 0..TURNS {
        if prng.below(8) == 0 {
            assert!(timeline.submit(random_input(&mut prng)), "seed {seed}: the timeline is full");
        } else if !timeline.forward() {
            continue;
        }
        if let Err(broken) = timeline.world().check() {
            panic!("seed {seed}, step {}: {broken}", timeline.position());
        }
        hashes.push(timeline.world().hash());
    }
    (timeline, hashes)
}

/// A line of the golden file: seed, steps, the last hash, and one over all of them.
pub fn line(seed: u64, hashes: &[u64]) -> String {
    let all = hashes.iter().fold(0_u64, |all, hash| all.rotate_left(5) ^ hash);
    format!("{seed} {} {:016x} {all:016x}\n", hashes.len() - 1, hashes.last().copied().unwrap_or(0))
}
