//! `cargo xtask bench redis`: `warren server --redis` beside the real redis-server, under redis-benchmark.
//!
//! Both servers are asked in turn, several short rounds each; what is told are medians, of the figures and of each round's ratio. Two
//! ratios are told, both better when larger: requests per second, which a busy machine disturbs, and requests per second of processor
//! time that the server itself took, which it hardly does. With `--processors S,B` the servers run on processor S and redis-benchmark on
//! processor B, before whatever else would run there, so that both ratios are steady on a busy machine too. It wants to be root for that.

use crate::problem::{Outcome, Problem};
use crate::process::{Guard, capture, find_on_path, free_port, run, target_dir, wait_for_port, workspace};
use crate::servers::RedisServer;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What redis-benchmark calls the commands, in the order of the table.
const TESTS: [&str; 6] = ["get", "set", "incr", "lpush", "hset", "zadd"];
/// How many requests are sent before their replies are awaited, and how many there are in a round.
const PIPELINES: [(u32, u32); 2] = [(1, 40_000), (16, 200_000)];
/// How long a server may take to come up.
const START_LIMIT: Duration = Duration::from_secs(10);

/// What is measured beside the defaults.
struct Options {
    /// Rounds of each command on each server.
    rounds: usize,
    /// `-r` of redis-benchmark: out of how many keys, fields and members each request draws one.
    keys: Option<String>,
    /// Commands, in place of all.
    tests: Vec<String>,
    /// The processors of the servers and of redis-benchmark.
    processors: Option<[String; 2]>,
}

/// Measures, and prints the table that docs/benchmarks.md holds.
pub fn bench(words: &[String]) -> Outcome {
    let options = read(words)?;
    for program in ["redis-server", "redis-benchmark"] {
        if find_on_path(program).is_none() {
            return Err(Problem::new(format!("{program} is not on PATH, and it is what Warren is measured with."))
                .remedy("apt-get install -y redis-server redis-tools"));
        }
    }
    run(Command::new("cargo").args(["build", "--quiet", "--release", "-p", "warren-cli"]).current_dir(workspace()))?;
    let redis = RedisServer::start(0)?;
    let warren = warren()?;
    let sides = [(warren.0, warren.1.0.id()), (redis.port(), redis.pid())];
    if let Some([processor, _]) = &options.processors {
        for (_, process) in sides {
            capture(Command::new("chrt").args(["-a", "-f", "-p", "1", &process.to_string()]))?;
            capture(Command::new("taskset").args(["-a", "-c", "-p", processor, &process.to_string()]))?;
        }
    }
    println!("Warren beside redis-server {}, {} rounds of each.\n", RedisServer::version()?, options.rounds);
    println!("| | requests per second | | ratio | of processor time | | ratio |\n|---|---|---|---|---|---|---|");
    let mut worst = f64::INFINITY;
    for (pipeline, requests) in PIPELINES {
        for test in &options.tests {
            let mut rates = [Vec::new(), Vec::new()];
            let mut costs = [Vec::new(), Vec::new()];
            for round in 0..options.rounds {
                // Whoever comes second finds a warmer machine, so they change places.
                for side in [round % 2, 1 - round % 2] {
                    let (port, process) = sides[side];
                    flush(port)?;
                    let before = processor_ns(process)?;
                    rates[side].push(requests_per_second(port, test, pipeline, requests, &options)?);
                    costs[side].push(f64::from(requests) * 1e9 / (processor_ns(process)? - before).max(1) as f64);
                }
            }
            // Round by round, for a machine that is busy now may not be so a minute later.
            let (by_rate, by_cost) = (median(quotients(&rates)), median(quotients(&costs)));
            let ([ours, theirs], [own, other]) = (rates.map(median), costs.map(median));
            worst = worst.min(by_cost);
            println!(
                "| {} -P {pipeline} | {ours:.0} | {theirs:.0} | {by_rate:.2} | {own:.0} | {other:.0} | {by_cost:.2} |",
                test.to_uppercase(),
            );
        }
    }
    println!("\nThe least ratio of processor time is {worst:.2}.");
    Ok(())
}

fn read(words: &[String]) -> Outcome<Options> {
    let all = || TESTS.iter().map(|test| (*test).to_string()).collect();
    let mut options = Options { rounds: 7, keys: None, tests: all(), processors: None };
    let wrong = || {
        Problem::new("The options are wrong.").remedy(format!(
            "cargo xtask bench redis [--rounds N] [--keys N] [--processors S,B] [--only {}]",
            TESTS.join(",")
        ))
    };
    for pair in words.chunks(2) {
        let [name, value] = pair else { return Err(wrong()) };
        match name.as_str() {
            "--rounds" => options.rounds = value.parse().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(wrong)?,
            "--keys" if value.bytes().all(|byte| byte.is_ascii_digit()) => options.keys = Some(value.clone()),
            "--processors" => {
                let pair = value.split_once(',').filter(|(s, b)| s.parse::<u16>().is_ok() && b.parse::<u16>().is_ok());
                options.processors = Some(pair.map(|(s, b)| [s, b].map(str::to_string)).ok_or_else(wrong)?);
            }
            "--only" => options.tests = value.split(',').map(str::to_string).collect(),
            _ => return Err(wrong()),
        }
    }
    if options.tests.iter().any(|test| !TESTS.contains(&test.as_str())) { Err(wrong()) } else { Ok(options) }
}

/// `warren server --redis` on a free port.
fn warren() -> Outcome<(u16, Guard)> {
    let port = free_port()?;
    let child = Command::new(target_dir().join("release/warren"))
        .args(["server", "--redis", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| Problem::new(format!("warren could not be started: {error}.")))?;
    let process = Guard(child);
    if wait_for_port(port, START_LIMIT) {
        return Ok((port, process));
    }
    Err(Problem::new(format!("warren server does not listen on port {port}.")))
}

fn flush(port: u16) -> Outcome {
    let mut answer = [0; 5];
    let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).and_then(|mut stream| {
        stream.write_all(b"FLUSHALL\r\n")?;
        stream.read_exact(&mut answer)
    });
    match asked {
        Ok(()) if &answer == b"+OK\r\n" => Ok(()),
        Ok(()) | Err(_) => Err(Problem::new(format!("The server on port {port} does not answer FLUSHALL."))),
    }
}

/// Nanoseconds that the threads of a process have run.
fn processor_ns(process: u32) -> Outcome<u64> {
    let unknown = || Problem::new("/proc does not tell how long a server has run: this command wants Linux.");
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).map_err(|_| unknown())?.flatten() {
        let text = fs::read_to_string(thread.path().join("schedstat")).map_err(|_| unknown())?;
        sum += text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok()).ok_or_else(unknown)?;
    }
    Ok(sum)
}

fn requests_per_second(port: u16, test: &str, pipeline: u32, requests: u32, options: &Options) -> Outcome<f64> {
    let mut command = match &options.processors {
        Some([_, processor]) => {
            let mut command = Command::new("chrt");
            command.args(["-f", "1", "taskset", "-c", processor, "redis-benchmark"]);
            command
        }
        None => Command::new("redis-benchmark"),
    };
    command.args(["-p", &port.to_string(), "-t", test, "-q", "--csv"]);
    command.args(["-P", &pipeline.to_string(), "-n", &requests.to_string()]);
    command.args(options.keys.iter().flat_map(|keys| ["-r", keys.as_str()]));
    let output = capture(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    // "GET","65000.00","0.4", ... below a line of headings
    let rate = text.lines().find(|line| line.to_lowercase().starts_with(&format!("\"{test}")));
    let rate = rate.and_then(|line| line.split('"').nth(3)?.parse().ok());
    rate.ok_or_else(|| Problem::new(format!("redis-benchmark does not tell how fast {test} was. It said:\n{text}")))
}

/// Ours divided by theirs, in each round.
fn quotients([ours, theirs]: &[Vec<f64>; 2]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_or_refused() {
        let words = |line: &str| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        let options = read(&words("--rounds 3 --only get,zadd --keys 1000 --processors 1,0")).expect("they are right");
        assert_eq!((options.rounds, options.tests.len(), options.keys.as_deref()), (3, 2, Some("1000")));
        assert_eq!(options.processors, Some(["1".to_string(), "0".to_string()]));
        for line in
            ["--rounds", "--rounds 0", "--only sadd", "--keys many", "--fast 1", "--processors 1", "--processors a,b"]
        {
            assert!(read(&words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn the_median_of_any_order() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
