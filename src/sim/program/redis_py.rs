//! `redis`: a program that talks to the store as redis-py does, one command after another or in one pipeline, over a connection of its own
//! or one from a pool.
//!
//! redis-py introduces itself on every new connection (`HELLO`, `CLIENT SETINFO`); that is left out, so that the picture shows what the
//! program does.

use alloc::{
    boxed::Box,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Call, Host, Program, Wake,
    spec::{Spec, python_seconds},
};
use crate::{
    apart::Apart,
    bytes::Bytes,
    hash::stable_hash,
    links::{MAX_POOL, PoolSpec, StoreCall, StoreWake},
    redis::{Flag, Reply, console::split_args, find_command},
};

/// What can be said of it.
pub const OPTIONS: &[&str] = &["command", "count", "pipeline", "start", "every", "pool", "size", "timeout", "hold"];
/// The most commands of a pipeline.
const MAX_PIPELINE: u64 = 1_000;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Op {
    Acquire(Option<PoolSpec>),
    /// One command, with `{n}` filled in.
    Command(Vec<Bytes>),
    /// All rounds of these commands at once.
    Pipeline(Vec<Vec<Bytes>>, u32),
    Release,
    Sleep(u64),
    Repeat {
        to: u16,
        count: u32,
    },
    PrintCount,
    End,
}

/// A running list of operations.
#[derive(Clone, Debug, Hash)]
struct Client {
    code: Rc<[Bytes]>,
    ops: Rc<[(u16, Op)]>,
    pc: u16,
    /// The round, from 1.
    n: u32,
    /// How many replies have come.
    replies: u32,
    /// What is in the pipeline that is under way, for an error that names it.
    sent: Vec<Vec<Bytes>>,
}

/// Code and operations side by side.
#[derive(Default)]
struct Writer {
    code: Vec<Bytes>,
    ops: Vec<(u16, Op)>,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.code.push(Bytes::from(text));
    }

    fn does(&mut self, text: &str, op: Op) {
        self.line(text);
        self.also(op);
    }

    fn also(&mut self, op: Op) {
        self.ops.push((self.code.len() as u16, op));
    }
}

/// Writes the program.
///
/// # Errors
/// A sentence when an option does not fit.
pub fn build(spec: &Spec) -> Result<Box<dyn Program>, String> {
    let count = spec.number("count", 1)?;
    let (every, start, hold) =
        (spec.duration_ms("every", 0)?, spec.duration_ms("start", 0)?, spec.duration_ms("hold", 0)?);
    let commands = commands(spec)?;
    let in_pipeline = spec.flag("pipeline");
    if count == 0 {
        return Err("count=0: expected at least one round".into());
    }
    if in_pipeline && count * commands.len() as u64 > MAX_PIPELINE {
        return Err(format!("count={count}: a pipeline has at most {MAX_PIPELINE} commands"));
    }
    let pool = pool(spec)?;
    if hold > 0 && pool.is_none() {
        return Err("hold=... keeps a connection of a pool; expected pool=NAME".into());
    }
    let mut code = Writer::default();
    code.line(if every + start + hold > 0 { "import redis, time" } else { "import redis" });
    code.line("");
    match &pool {
        Some(pool) => pooled(&mut code, pool, &commands, (count as u32, start, every, hold)),
        None => {
            code.line("r = redis.Redis(host='localhost', port=6379)");
            if start > 0 {
                code.does(&format!("time.sleep({})", python_seconds(start)), Op::Sleep(start));
            }
            if in_pipeline {
                pipeline(&mut code, &commands, count as u32);
            } else {
                one_by_one(&mut code, &commands, count as u32, every);
            }
            code.does("r.close()", Op::Release);
        }
    }
    code.also(Op::End);
    let Writer { code, ops } = code;
    Ok(Box::new(Client { code: code.into(), ops: ops.into(), pc: 0, n: 1, replies: 0, sent: Vec::new() }))
}

/// The commands of a round, from the option `command`: several are separated by `|`.
fn commands(spec: &Spec) -> Result<Vec<Vec<Bytes>>, String> {
    let text = spec.text("command").map_or_else(|| "INCR visits".into(), |text| text.text().into_owned());
    let mut commands = Vec::new();
    for one in text.split('|') {
        let args = split_args(one.as_bytes()).filter(|args| !args.is_empty());
        let args =
            args.ok_or_else(|| format!("command={text}: expected a Redis command, or several separated by |"))?;
        let command = find_command(&args[0])
            .ok_or_else(|| format!("there is no command {}", String::from_utf8_lossy(&args[0])))?;
        let name = command.name;
        if command.is(Flag::Blocking)
            || matches!(name, "subscribe" | "psubscribe" | "ssubscribe" | "monitor" | "quit" | "hello")
        {
            return Err(format!("command={text}: {name} waits for more than one answer; type it in a console"));
        }
        commands.push(args.iter().map(|arg| Bytes::from(arg.as_slice())).collect());
    }
    Ok(commands)
}

fn pool(spec: &Spec) -> Result<Option<PoolSpec>, String> {
    let Some(name) = spec.text("pool") else {
        return match spec.text("size").or(spec.text("timeout")) {
            Some(_) => Err("size and timeout are those of a pool; expected pool=NAME".into()),
            None => Ok(None),
        };
    };
    let size = spec.number("size", 2)?;
    if size == 0 || size > MAX_POOL {
        return Err(format!("size={size}: a pool has 1 to {MAX_POOL} connections"));
    }
    let timeout_ms = match spec.text("timeout") {
        None => None,
        Some(_) => Some(spec.duration_ms("timeout", 0)?),
    };
    Ok(Some(PoolSpec { name: name.clone(), size: size as u32, timeout_ms }))
}

/// The arguments of a command as Python writes them.
fn python_args(args: &[Bytes]) -> String {
    let one = |arg: &Bytes| super::spec::python_str(arg);
    args.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn one_by_one(code: &mut Writer, commands: &[Vec<Bytes>], count: u32, every: u64) {
    let many = count > 1;
    let indent = if many { "    " } else { "" };
    code.line("");
    if many {
        code.line(&format!("for n in range(1, {}):", count + 1));
    }
    let mut first = 0;
    for (place, command) in commands.iter().enumerate() {
        code.line(&format!("{indent}r.execute_command({})", python_args(command)));
        if place == 0 {
            // The first command opens the connection.
            code.also(Op::Acquire(None));
            first = code.ops.len() as u16;
        }
        code.also(Op::Command(command.clone()));
    }
    if many && every > 0 {
        code.does(&format!("    time.sleep({})", python_seconds(every)), Op::Sleep(every));
    }
    if many {
        code.also(Op::Repeat { to: first, count });
    }
}

fn pipeline(code: &mut Writer, commands: &[Vec<Bytes>], count: u32) {
    code.line("");
    code.line("pipe = r.pipeline(transaction=False)");
    let indent = if count > 1 { "    " } else { "" };
    if count > 1 {
        code.line(&format!("for n in range(1, {}):", count + 1));
    }
    for command in commands {
        code.line(&format!("{indent}pipe.execute_command({})", python_args(command)));
    }
    code.does("replies = pipe.execute()", Op::Acquire(None));
    code.also(Op::Pipeline(commands.to_vec(), count));
    code.does("print(len(replies), 'replies')", Op::PrintCount);
}

/// A thread that takes a connection for each round, and keeps it for a while.
fn pooled(
    code: &mut Writer,
    pool: &PoolSpec,
    commands: &[Vec<Bytes>],
    (count, start, every, hold): (u32, u64, u64, u64),
) {
    match pool.timeout_ms {
        None => code.line(&format!("pool = redis.ConnectionPool(max_connections={})", pool.size)),
        Some(timeout) => {
            code.line("pool = redis.BlockingConnectionPool(");
            code.line(&format!("    max_connections={}, timeout={})", pool.size, python_seconds(timeout)));
        }
    }
    code.line("");
    code.line("def thread():");
    let many = count > 1;
    let indent = if many { "        " } else { "    " };
    if start > 0 {
        code.does(&format!("    time.sleep({})", python_seconds(start)), Op::Sleep(start));
    }
    if many {
        code.line(&format!("    for n in range(1, {}):", count + 1));
    }
    let first = code.ops.len() as u16;
    code.does(&format!("{indent}conn = pool.get_connection()"), Op::Acquire(Some(pool.clone())));
    code.line(&format!("{indent}try:"));
    for command in commands {
        code.line(&format!("{indent}    conn.send_command({})", python_args(command)));
        code.does(&format!("{indent}    conn.read_response()"), Op::Command(command.clone()));
    }
    if hold > 0 {
        code.does(&format!("{indent}    time.sleep({})", python_seconds(hold)), Op::Sleep(hold));
    }
    code.line(&format!("{indent}finally:"));
    code.does(&format!("{indent}    pool.release(conn)"), Op::Release);
    if many && every > 0 {
        code.does(&format!("{indent}time.sleep({})", python_seconds(every)), Op::Sleep(every));
    }
    if many {
        code.also(Op::Repeat { to: first, count });
    }
}

impl Client {
    fn op(&self) -> &Op {
        &self.ops[usize::from(self.pc)].1
    }

    /// A command with the number of its round.
    fn filled(command: &[Bytes], n: u32) -> Vec<Bytes> {
        let fill = |arg: &Bytes| match arg.text().contains("{n}") {
            true => Bytes::from(arg.text().replace("{n}", &n.to_string())),
            false => arg.clone(),
        };
        command.iter().map(fill).collect()
    }

    fn send(&mut self, commands: Vec<Vec<Bytes>>) -> Call {
        self.sent.clone_from(&commands);
        Call::Store(Apart::new(StoreCall::Send(commands)))
    }

    /// Takes in what woke the program. The answer is the error it dies of, if any.
    fn take_in(&mut self, wake: Wake) -> Result<(), Bytes> {
        let Wake::Store(wake) = wake else { return Ok(()) };
        match wake.into_inner() {
            StoreWake::Connected => Ok(()),
            StoreWake::NoConnection { waited: false } => {
                Err("redis.exceptions.MaxConnectionsError: Too many connections".into())
            }
            StoreWake::NoConnection { waited: true } => {
                Err("redis.exceptions.ConnectionError: No connection available.".into())
            }
            StoreWake::Replies(replies) => {
                self.replies += replies.len() as u32;
                self.pc += 1;
                let sent = core::mem::take(&mut self.sent);
                let failed = replies.iter().position(|reply| matches!(reply, Reply::Error(_)));
                let Some((place, Reply::Error(error))) = failed.map(|place| (place, &replies[place])) else {
                    return Ok(());
                };
                let text = String::from_utf8_lossy(&error.0).into_owned();
                // redis-py takes the word ERR away.
                let text = text.strip_prefix("ERR ").unwrap_or(&text);
                let command = sent.get(place).map(|args| args.join(&b' ')).unwrap_or_default();
                Err(match sent.len() {
                    0 | 1 => format!("redis.exceptions.ResponseError: {text}"),
                    _ => format!(
                        "redis.exceptions.ResponseError: Command # {} ({}) of pipeline caused error: {text}",
                        place + 1,
                        String::from_utf8_lossy(&command)
                    ),
                }
                .into())
            }
        }
    }

    fn run(&mut self, host: &mut Host<'_>) -> Call {
        match self.op().clone() {
            Op::Acquire(pool) => {
                self.pc += 1;
                Call::Store(Apart::new(StoreCall::Acquire(pool)))
            }
            Op::Command(command) => {
                let command = Client::filled(&command, self.n);
                self.send(Vec::from([command]))
            }
            Op::Pipeline(commands, count) => {
                let rounds = (1..=count).flat_map(|n| commands.iter().map(move |command| Client::filled(command, n)));
                self.send(rounds.collect())
            }
            Op::Release => {
                self.pc += 1;
                Call::Store(Apart::new(StoreCall::Release))
            }
            Op::Sleep(ms) => {
                self.pc += 1;
                Call::Sleep { ms }
            }
            Op::Repeat { to, count } => {
                if self.n < count {
                    self.n += 1;
                    self.pc = to;
                } else {
                    self.pc += 1;
                }
                Call::Continue
            }
            Op::PrintCount => {
                host.prints.push(Bytes::from(format!("{} replies", self.replies)));
                self.pc += 1;
                Call::Continue
            }
            Op::End => Call::Exit { error: None },
        }
    }
}

impl Program for Client {
    fn resume(&mut self, wake: Wake, host: &mut Host<'_>, line: &mut u16) -> Call {
        if let Err(error) = self.take_in(wake) {
            return Call::Exit { error: Some(error) };
        }
        *line = self.line();
        self.run(host)
    }

    fn waits(&self) -> bool {
        false
    }

    fn line(&self) -> u16 {
        self.ops[usize::from(self.pc)].0
    }

    fn listing(&self) -> &Rc<[Bytes]> {
        &self.code
    }

    fn working_on(&self) -> Option<u64> {
        None
    }

    fn boxed(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn state_hash(&self) -> u64 {
        stable_hash(self)
    }
}
