//! Calls the command that was asked for.

use std::process::ExitCode;
use xtask::problem::{Outcome, Problem};
use xtask::{
    bench_redis, bundle, cold, conformance, fuzz, record_amqp, record_definitions, record_redis, record_wire,
    redis_suite, serve, stages,
};

const HELP: &str = "\
Warren's developer commands. Each gets what is missing, into target/tools where it can, and says so.

  cargo xtask serve [--port N] [--no-open] [--dev]   builds the page, serves it on 127.0.0.1:8080, opens the browser
  cargo xtask build                                  the release page in dist/, for any static host, with its size
  cargo xtask test [stage...] [-- words]             every check; stages: fmt clippy engine native clients web build page
  cargo xtask test redis-suite --source PATH [unit...]
                                                     Redis's own Tcl tests against warren server and a real Redis
                                                     (--fast, --singledb, --force-resp3, --cluster-mode)
  cargo xtask record [amqp|redis]                    transcripts anew from the real RabbitMQ and Redis of Debian
  cargo xtask record definitions                     files of definitions through the real RabbitMQ, and Warren's export
  cargo xtask record wire                            what RabbitMQ says on the wire to right and wrong clients
  cargo xtask record amqp --random N [--seed S]      N random sequences of methods, each heard as from the real RabbitMQ
  cargo xtask record redis --random N [--seed S]     N random commands, each answered as the real Redis does
  cargo xtask record redis --waits N [--seed S]      N random commands of four clients that wait for each other's elements
  cargo xtask record redis --dumps N [--seed S]      N keys that go by DUMP and RESTORE from one to the other, whole and damaged
  cargo xtask cold                                   measures what code the first lesson needs; see split/cold.rs
  cargo xtask record redis --console                 hints, completions, help and sessions of redis-cli in a terminal
  cargo xtask bench redis [--rounds N] [--keys N]    warren server beside the real Redis, under redis-benchmark
  cargo xtask conformance                            docs/conformance.md from the transcripts
  cargo xtask fuzz [target...] [--minutes M]         damaged input for everything that reads input";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\n{problem}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Outcome {
    let (command, rest) = words.split_first().map_or(("help", &[][..]), |(first, rest)| (first.as_str(), rest));
    match (command, rest) {
        ("serve", _) => serve::serve(rest),
        ("build", []) => bundle::build(bundle::Mode::Release).map(drop),
        ("test", [stage, rest @ ..]) if stage == "redis-suite" => redis_suite::test(rest),
        ("test", _) => stages::test(rest),
        ("record", []) => record_amqp::record(&[]).and_then(|()| record_redis::record(&[])),
        ("record", [server, rest @ ..]) if server == "amqp" => record_amqp::record(rest),
        ("record", [what]) if what == "definitions" => record_definitions::record(),
        ("record", [wire]) if wire == "wire" => record_wire::record(),
        ("record", [server, rest @ ..]) if server == "redis" => record_redis::record(rest),
        ("bench", [server, rest @ ..]) if server == "redis" => bench_redis::bench(rest),
        ("cold", []) => cold::measure(),
        ("conformance", []) => conformance::write(),
        ("fuzz", _) => fuzz::fuzz(rest),
        ("help" | "--help" | "-h", _) => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(Problem::new(format!("There is no command `{}`.", words.join(" ")))
            .remedy(format!("one of these:\n{HELP}"))),
    }
}
