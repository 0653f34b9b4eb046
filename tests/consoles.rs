//! Consoles side by side in one world: late answers, messages, transactions and Ctrl-C, each printed where redis-cli prints it.

use warren_sim::input::Input;
use warren_sim::world::World;

/// A world in which lines are typed.
struct Bench(World);

impl Bench {
    fn new() -> Self {
        Bench(World::new(1, 0))
    }

    /// Types a line in a console, and returns what stands below it afterwards.
    fn line(&mut self, console: u32, line: &str) -> String {
        let before = self.0.clone();
        self.0.submit(&Input::parse(&format!("redis#{console} {line}")).expect("an input"), &mut Vec::new());
        assert!(before.hash() != self.0.hash() || line.is_empty(), "a line leaves a trace");
        self.output(console)
    }

    fn output(&self, console: u32) -> String {
        let terminal = &self.0.consoles()[console as usize - 1];
        terminal.last_output().map_or_else(String::new, |output| output.text().into_owned())
    }

    fn prompt(&self, console: u32) -> String {
        self.0.consoles()[console as usize - 1].prompt()
    }

    /// Lets so many virtual milliseconds pass.
    fn wait(&mut self, ms: u64) {
        let until_ms = self.0.now_ms() + ms;
        self.0.submit(&Input::Wait { ms }, &mut Vec::new());
        while self.0.now_ms() < until_ms && self.0.step(&mut Vec::new()) {}
    }
}

#[test]
fn a_blocked_console_gets_its_answer_from_another() {
    let mut bench = Bench::new();
    assert_eq!(bench.line(1, "BLPOP list 0"), "");
    assert_eq!(bench.prompt(1), "", "it waits");
    bench.wait(1_270);
    let (typed, hash) = (bench.0.consoles()[0].entries().len(), bench.0.hash());
    let mut events = Vec::new();
    bench.0.submit(&Input::parse("redis GET k").expect("an input"), &mut events);
    assert_eq!(events.len(), 1, "a line for a console that waits is not done: {events:?}");
    assert_eq!(bench.0.consoles()[0].entries().len(), typed);
    assert_ne!(bench.0.hash(), hash, "and that is told in an event");
    assert_eq!(bench.line(2, "RPUSH list a"), "(integer) 1");
    assert_eq!(bench.output(1), "1) \"list\"\n2) \"a\"\n(1.27s)");
    assert_eq!(bench.prompt(1), "127.0.0.1:6379> ");
    assert_eq!(bench.line(1, "2 BLPOP list 0.2"), "");
    bench.wait(400);
    assert_eq!((bench.output(1), bench.prompt(1).len()), ("(nil)\n(nil)".to_string(), 16));
}

#[test]
fn a_subscriber_reads_until_it_is_interrupted() {
    let mut bench = Bench::new();
    bench.line(1, "SELECT 3");
    let head = "Reading messages... (press Ctrl-C to quit)\n1) \"subscribe\"\n2) \"a\"\n3) (integer) 1";
    assert_eq!(bench.line(1, "SUBSCRIBE a"), head);
    assert_eq!(bench.prompt(1), "");
    bench.wait(600);
    assert_eq!(bench.line(2, "PUBLISH a hello"), "(integer) 1");
    assert_eq!(bench.output(1), format!("{head}\n1) \"message\"\n2) \"a\"\n3) \"hello\""));
    assert!(bench.line(1, "^C").ends_with("3) \"hello\"\n^C(0.60s)"));
    assert_eq!(bench.prompt(1), "127.0.0.1:6379[3]> ");
    assert_eq!(bench.line(2, "PUBLISH a hello"), "(integer) 0");
    // It connects anew and finds its database again.
    assert_eq!(bench.line(1, "CLIENT GETNAME"), "(nil)");
    assert_eq!(bench.0.store().selected_db(warren_sim::redis::ClientId(1)), Some(3));
    let refused =
        "Reading messages... (press Ctrl-C to quit)\n(error) ERR wrong number of arguments for 'subscribe' command";
    assert_eq!(bench.line(1, "SUBSCRIBE"), refused);
    assert_ne!(bench.prompt(1), "");
}

#[test]
fn the_prompt_tells_of_a_transaction() {
    let mut bench = Bench::new();
    bench.line(1, "MULTI");
    assert_eq!(bench.prompt(1), "127.0.0.1:6379(TX)> ");
    assert_eq!(bench.line(1, "SELECT 2"), "QUEUED");
    assert_eq!(bench.prompt(1), "127.0.0.1:6379[2](TX)> ");
    bench.line(1, "DISCARD");
    assert_eq!(bench.prompt(1), "127.0.0.1:6379> ");
    bench.line(1, "WATCH k");
    bench.line(2, "SET k 1");
    bench.line(1, "MULTI");
    bench.line(1, "SET k 2");
    assert_eq!(bench.line(1, "EXEC"), "(nil)");
    assert_eq!((bench.prompt(1), bench.line(2, "GET k")), ("127.0.0.1:6379> ".into(), "\"1\"".into()));
    bench.line(1, "MULTI");
    bench.line(1, "RESET");
    assert_eq!(bench.prompt(1), "127.0.0.1:6379> ");
}

#[test]
fn ctrl_c_ends_a_wait_and_its_connection() {
    let mut bench = Bench::new();
    bench.line(1, "BLPOP list 0");
    assert_eq!(bench.line(1, "^C"), "^C");
    assert_eq!(bench.line(2, "RPUSH list a"), "(integer) 1");
    assert_eq!(bench.line(1, "LPOP list"), "\"a\"");
}

#[test]
fn subscribe_is_read_for_ever_even_if_it_is_only_queued() {
    let mut bench = Bench::new();
    bench.line(1, "MULTI");
    assert_eq!(bench.line(1, "SUBSCRIBE a"), "Reading messages... (press Ctrl-C to quit)\nQUEUED");
    assert_eq!(bench.prompt(1), "");
    bench.line(1, "^C");
    assert_eq!(bench.prompt(1), "127.0.0.1:6379> ");
}

/// What went over the wire: a request is an array of bulk strings, a reply is what the client's version of the protocol has for it.
#[test]
fn the_bytes_of_requests_and_replies_are_kept() {
    let mut bench = Bench::new();
    let wires = |bench: &Bench, console: usize| -> Vec<String> {
        let entry = bench.0.consoles()[console - 1].entries().back().expect("a line was typed");
        entry.wires.iter().map(|wire| wire.lines().0.join("|")).collect()
    };
    bench.line(1, "SET k 武");
    assert_eq!(wires(&bench, 1), ["*3|$3|SET|$1|k|$3|\\xe6\\xad\\xa6", "+OK"]);
    bench.line(1, "HSET h f v");
    bench.line(1, "HGETALL h");
    assert_eq!(wires(&bench, 1), ["*2|$7|HGETALL|$1|h", "*2|$1|f|$1|v"]);
    bench.line(1, "HELLO 3");
    bench.line(1, "HGETALL h");
    assert_eq!(wires(&bench, 1)[1], "%1|$1|f|$1|v");
    bench.line(2, "HGETALL h");
    assert_eq!(wires(&bench, 2)[1], "*2|$1|f|$1|v", "each client has negotiated for itself");
    bench.line(1, "GET nothing");
    assert_eq!(wires(&bench, 1)[1], "_");
    bench.line(2, "2 GET nothing");
    assert_eq!(wires(&bench, 2), ["*2|$3|GET|$7|nothing", "$-1", "*2|$3|GET|$7|nothing", "$-1"]);
    bench.line(2, "BLPOP list 0");
    assert_eq!(wires(&bench, 2).len(), 1, "there is no answer yet");
    bench.line(1, "RPUSH list a");
    assert_eq!(wires(&bench, 2)[1], "*2|$4|list|$1|a");
    bench.line(2, "help get");
    assert!(wires(&bench, 2).is_empty(), "redis-cli answers that by itself");
    bench.line(1, &format!("ECHO {}", "x".repeat(5_000)));
    let entry = bench.0.consoles()[0].entries().back().expect("a line was typed");
    assert_eq!(
        (entry.wires[1].bytes.len(), entry.wires[1].more),
        (2_048, 2_961),
        "$5000, the bytes, and both line ends"
    );
    bench.line(1, "1000 PING");
    assert_eq!(wires(&bench, 1).len(), 64, "of many, the first are kept");
}
