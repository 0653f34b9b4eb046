//! The real RabbitMQ as the stage of a transcript.
//!
//! A real broker has no moment at which it is at rest, so one is made: each channel is asked something harmless and answers when it has
//! done everything before; then a control connection asks each queue, and then the channels again. Three such rounds and a short
//! silence end a command.

use crate::amqp_client::{Client, PATIENCE};
use crate::problem::{Outcome, Problem};
use crate::process::{target_dir, wait_for_port};
use crate::servers::RabbitServer;
use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};
use warren_sim::amqp::method::*;
use warren_sim::amqp::transcript::{Heard, Operator, Power, Stage};
use warren_sim::amqp::value::Value;
use warren_sim::bytes::Bytes;

/// How long to sleep when there is nothing to read.
const POLL: Duration = Duration::from_millis(5);
/// How long to wait at most for what the engine says is to come.
const EXPECTING: Duration = Duration::from_secs(3);
/// How long the broker may take to confirm what is published.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(8);
/// The silence that ends an ordinary command.
const SILENCE: Duration = Duration::from_millis(8);
/// The silence after a connection ended: the broker takes its channels and queues down in processes of their own.
const LONG_SILENCE: Duration = Duration::from_millis(80);

/// The silence that ends a command where something is written to disk first.
const SLOW_SILENCE: Duration = Duration::from_millis(60);
/// How long a node is left alone before it is killed and after it starts. Which quorum queues there are is on its disk half a second after
/// they are declared (Ra's directory is a dets table): killed sooner, it answers 541 INTERNAL_ERROR to whoever uses them later. And once
/// it listens, each of them still has to choose its leader and to read its log.
const SETTLED: Duration = Duration::from_millis(1500);

/// Erlang that takes away what operators made and what is left in it.
const CLEAN_UP: &str = "By = <<\"warren\">>, \
    [rabbit_policy:delete(proplists:get_value(vhost, P), proplists:get_value(name, P), By) || P <- rabbit_policy:list()], \
    [rabbit_policy:delete_op(proplists:get_value(vhost, P), proplists:get_value(name, P), By) || P <- rabbit_policy:list_op()], \
    [rabbit_amqqueue:delete(Q, false, false, By) || Q <- rabbit_amqqueue:list()], \
    [rabbit_vhost:delete(V, By) || V <- rabbit_vhost:list_names(), V =/= <<\"/\">>], ok.";

/// The real broker and its clients.
pub(crate) struct Live<'s> {
    server: &'s RabbitServer,
    /// Where everything is played. Its name is as long as `/`, so that no text is cut elsewhere because of it.
    vhost: &'s str,
    power: Power,
    clients: BTreeMap<String, Client>,
    control: Option<Client>,
    /// Queues whose answer tells that they are at rest.
    asked: BTreeSet<Bytes>,
    /// What a transcript may leave behind.
    queues: BTreeSet<Bytes>,
    exchanges: BTreeSet<Bytes>,
    bindings: Vec<ExchangeBind>,
    /// Policies of a virtual host that is not `/`, which are set through the management plugin.
    policies: BTreeSet<String>,
    /// Whether there are policies or virtual hosts to clean up.
    operated: bool,
    /// Whether there are quorum queues or streams, which write to disk before they answer.
    is_slow: bool,
    /// The virtual host that the next connection opens.
    entered: String,
    heard: Vec<Heard>,
    silence: Duration,
    /// How many frames beside confirms the engine hears: a slow machine gets more time for them.
    expected: usize,
}

impl<'s> Live<'s> {
    pub(crate) fn new(server: &'s RabbitServer, vhost: &'s str) -> Live<'s> {
        Live {
            server,
            vhost,
            power: Power::Start,
            clients: BTreeMap::new(),
            control: None,
            asked: BTreeSet::new(),
            queues: BTreeSet::new(),
            exchanges: BTreeSet::new(),
            bindings: Vec::new(),
            policies: BTreeSet::new(),
            operated: false,
            is_slow: false,
            entered: vhost.to_string(),
            heard: Vec::new(),
            silence: SILENCE,
            expected: 0,
        }
    }

    /// Takes note of what a frame will create.
    fn note(&mut self, frame: &Frame) {
        match &frame.method {
            Method::QueueDeclare(declare) if !declare.queue.is_empty() && !declare.passive => {
                self.queues.insert(declare.queue.clone());
                let queue_type = declare.arguments.get("x-queue-type").and_then(Value::as_long_str);
                self.is_slow |= queue_type.is_some_and(|name| *name != "classic");
                // To ask a queue is to use it, and that would keep it from expiring.
                if declare.arguments.get("x-expires").is_none() {
                    self.asked.insert(declare.queue.clone());
                }
            }
            Method::ExchangeDeclare(declare) if !declare.passive => {
                self.exchanges.insert(declare.exchange.clone());
            }
            Method::ExchangeBind(bind) => self.bindings.push(bind.clone()),
            Method::ConnectionClose(_) => self.silence = LONG_SILENCE,
            _ => {}
        }
    }

    /// Reads what every client has to read; true when there was something.
    fn pump(&mut self) -> Outcome<bool> {
        let mut any = false;
        for client in self.clients.values_mut() {
            any |= client.pump()?;
        }
        let mut gone = Vec::new();
        for (name, client) in &mut self.clients {
            for (channel, frame) in std::mem::take(&mut client.inbox) {
                if let Some(Frame { method: Method::QueueDeclareOk(ok), .. }) = &frame {
                    self.queues.insert(ok.queue.clone());
                }
                let frame = frame.map(|frame| in_default_vhost(frame, self.vhost));
                self.heard.push(Heard { client: name.clone(), channel, frame });
            }
            if !client.alive {
                gone.push(name.clone());
            }
        }
        for name in gone {
            self.clients.remove(&name);
            self.silence = LONG_SILENCE;
        }
        Ok(any)
    }

    /// Every open channel has done what it was sent.
    fn ask_channels(&mut self) -> Outcome {
        self.wait_while(|client| !client.waiting.is_empty())?;
        self.clients.values_mut().for_each(Client::ask);
        self.wait_while(|client| !client.asking.is_empty())
    }

    /// Reads on for as long as this is so of some client.
    fn wait_while(&mut self, waits: impl Fn(&Client) -> bool) -> Outcome {
        let end = Instant::now() + PATIENCE;
        while let Some((name, client)) = self.clients.iter_mut().find(|(_, client)| waits(client)) {
            if Instant::now() > end {
                return Err(Problem::new(format!("RabbitMQ does not answer {name}.")));
            }
            if !client.pump_soon()? {
                // What it waits for may depend on what another one does with what it hears.
                self.pump()?;
            }
        }
        self.pump().map(drop)
    }

    /// Every publisher hears whether its messages were taken: a disk may be slow.
    fn wait_for_confirms(&mut self) -> Outcome {
        let end = Instant::now() + CONFIRM_PATIENCE;
        while self.clients.values().any(Client::is_unconfirmed) && Instant::now() < end {
            if !self.pump()? {
                sleep(POLL);
            }
        }
        Ok(())
    }

    /// Every queue has done what it was sent.
    fn ask_queues(&mut self) -> Outcome {
        for queue in self.asked.clone() {
            let declare = QueueDeclare { queue: queue.clone(), passive: true, ..Default::default() };
            // It is gone, or exclusive to somebody else: the silence has to do.
            if self.control()?.call(declare.into())?.is_none() {
                self.asked.remove(&queue);
            }
        }
        Ok(())
    }

    fn wait_for_silence(&mut self) -> Outcome {
        let mut last = Instant::now();
        let silence = if self.is_slow { self.silence.max(SLOW_SILENCE) } else { self.silence };
        while last.elapsed() < silence {
            if self.pump()? {
                last = Instant::now();
            } else {
                sleep(silence.saturating_sub(last.elapsed()));
            }
        }
        Ok(())
    }

    /// Tells how many frames the next command is to bring, confirms not counted.
    pub(crate) fn expect(&mut self, frames: usize) {
        self.expected = frames;
    }

    fn heard_at_all(&self) -> usize {
        let is_confirm = |heard: &&Heard| {
            let method = heard.frame.as_ref().map(|frame| &frame.method);
            matches!(method, Some(Method::BasicAck(_) | Method::BasicNack(_)))
        };
        self.heard.len() - self.heard.iter().filter(is_confirm).count()
    }

    fn control(&mut self) -> Outcome<&mut Client> {
        if self.control.as_ref().is_none_or(|control| !control.alive) {
            self.control = None;
        }
        let (port, vhost) = (self.server.port(), self.vhost);
        match &mut self.control {
            Some(control) => Ok(control),
            empty => Ok(empty.insert(Client::connect(port, vhost, true)?)),
        }
    }

    /// Every connection ends and everything that was declared is gone.
    pub(crate) fn clean_up(&mut self) -> Outcome {
        if self.power != Power::Start {
            self.power(Power::Start)?;
        }
        self.clients.clear();
        sleep(LONG_SILENCE);
        self.heard.clear();
        for queue in std::mem::take(&mut self.queues) {
            let delete = QueueDelete { queue: queue.clone(), ..Default::default() };
            // An exclusive queue may not have noticed yet that its connection is gone.
            let end = Instant::now() + PATIENCE;
            loop {
                match self.control().and_then(|control| control.call(delete.clone().into())) {
                    Ok(Some(_)) => break,
                    refused if Instant::now() > end => {
                        refused?;
                        return Err(Problem::new(format!("The queue '{queue}' cannot be deleted.")));
                    }
                    // The next call is on another connection: this one may have a wrong answer on its way.
                    Ok(None) | Err(_) => self.control = None,
                }
                sleep(Duration::from_millis(20));
            }
        }
        for bind in std::mem::take(&mut self.bindings) {
            let ExchangeBind { destination, source, routing_key, arguments, .. } = bind;
            let unbind = ExchangeUnbind { destination, source, routing_key, arguments, ..Default::default() };
            self.control()?.call(unbind.into())?;
        }
        for exchange in std::mem::take(&mut self.exchanges) {
            // Those that could not be declared in the first place cannot be deleted either.
            self.control()?.call(ExchangeDelete { exchange, ..Default::default() }.into())?;
        }
        for name in std::mem::take(&mut self.policies) {
            match self.manage(&Operator::ClearPolicy { name, operator: false }) {
                // It was refused in the first place.
                Err(problem) if !problem.to_string().contains("Object Not Found") => return Err(problem),
                Ok(()) | Err(_) => {}
            }
        }
        self.asked.clear();
        self.is_slow = false;
        if std::mem::take(&mut self.operated) {
            self.server.ctl(&["eval", CLEAN_UP])?;
        }
        Ok(())
    }
}

impl Live<'_> {
    /// An operator's task in a virtual host of several, without a `rabbitmqctl` for each.
    fn manage(&mut self, task: &Operator) -> Outcome {
        match task {
            Operator::Import(text) => {
                let text = text.replace("\"vhost\": \"/\"", &format!("\"vhost\": \"{}\"", self.vhost));
                let names = text.split("\"name\": \"").skip(1).filter_map(|rest| rest.split('"').next());
                self.policies.extend(names.map(str::to_string));
                self.server.manage("POST", "/api/definitions", &text)
            }
            Operator::ClearPolicy { name, operator: false } => {
                self.policies.remove(name);
                self.server.manage("DELETE", &format!("/api/policies/{}/{name}", self.vhost), "")
            }
            Operator::ClearPolicy { operator: true, .. } | Operator::DeleteVhost(_) => {
                Err(Problem::new(format!("{task:?} is for transcripts in the virtual host `/`.")))
            }
        }
    }
}

impl Stage for Live<'_> {
    type Error = Problem;

    fn connect(&mut self, client: &str, channels: &[u16], capabilities: bool) -> Outcome {
        match self.power {
            Power::Start => {}
            Power::Stop => {
                self.heard.push(Heard { client: client.to_string(), channel: 0, frame: None });
                return Ok(());
            }
            Power::Kill => return Err(Problem::new("Nobody can connect between `broker kill` and `broker start`.")),
        }
        let mut new = Client::connect(self.server.port(), &self.entered, capabilities)?;
        for &channel in channels {
            new.open_channel(channel)?;
        }
        self.clients.insert(client.to_string(), new);
        Ok(())
    }

    fn enter(&mut self, vhost: &str) {
        self.entered = if vhost == "/" { self.vhost } else { vhost }.to_string();
    }

    fn operate(&mut self, task: &Operator) -> Outcome {
        self.silence = LONG_SILENCE;
        if self.vhost != "/" {
            self.manage(task)?;
            return self.pump().map(drop);
        }
        self.operated = true;
        match task {
            Operator::Import(text) => {
                let file = target_dir().join("scratch").join(format!("import-{}.json", self.server.port()));
                let failed = |error| Problem::new(format!("{}: {error}.", file.display()));
                std::fs::write(&file, text).map_err(failed)?;
                self.server.ctl(&["import_definitions", &file.to_string_lossy()])?;
                let _ = std::fs::remove_file(&file);
            }
            Operator::ClearPolicy { name, operator: false } => drop(self.server.ctl(&["clear_policy", name])?),
            Operator::ClearPolicy { name, operator: true } => drop(self.server.ctl(&["clear_operator_policy", name])?),
            Operator::DeleteVhost(name) => drop(self.server.ctl(&["delete_vhost", name])?),
        }
        self.pump().map(drop)
    }

    fn is_connected(&self, client: &str) -> bool {
        self.clients.contains_key(client)
    }

    fn disconnect(&mut self, client: &str) -> Outcome {
        self.clients.remove(client);
        self.silence = LONG_SILENCE;
        Ok(())
    }

    fn send(&mut self, client: &str, channel: u16, frame: Frame) -> Outcome {
        self.note(&frame);
        let expected = self.clients.get_mut(client);
        expected.ok_or_else(|| Problem::new(format!("{client} is not connected.")))?.send(channel, &frame);
        Ok(())
    }

    fn power(&mut self, power: Power) -> Outcome {
        match (self.power, power) {
            (Power::Start, Power::Stop) => self.server.app("stop")?,
            (Power::Start, Power::Kill) => {
                sleep(SETTLED);
                self.server.kill9_and_start()?;
                sleep(SETTLED);
            }
            (Power::Stop, Power::Start) => {
                self.server.app("start")?;
                if !wait_for_port(self.server.port(), PATIENCE) {
                    return Err(Problem::new("RabbitMQ does not listen again."));
                }
                sleep(SETTLED);
            }
            // After a kill the node is up again already: killing and starting are one thing here.
            (Power::Kill, Power::Start) => {}
            (from, to) => return Err(Problem::new(format!("The broker cannot go from {from:?} to {to:?}."))),
        }
        self.power = power;
        self.silence = LONG_SILENCE;
        self.control = None;
        self.pump().map(drop)
    }

    fn advance(&mut self, ms: u64) -> Outcome {
        let end = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < end {
            self.pump()?;
            sleep(POLL);
        }
        Ok(())
    }

    fn settle(&mut self) -> Outcome<Vec<Heard>> {
        if self.power == Power::Start {
            for _ in 0..3 {
                self.ask_channels()?;
                self.ask_queues()?;
            }
            self.ask_channels()?;
            self.wait_for_confirms()?;
        }
        self.wait_for_silence()?;
        let end = Instant::now() + EXPECTING;
        while self.heard_at_all() < self.expected && Instant::now() < end {
            self.wait_for_silence()?;
        }
        self.expected = 0;
        self.silence = SILENCE;
        Ok(std::mem::take(&mut self.heard))
    }
}

/// The frame as it would be if everything had happened in the vhost `/`.
fn in_default_vhost(mut frame: Frame, vhost: &str) -> Frame {
    if let Method::ChannelClose(ChannelClose { reply_text, .. })
    | Method::ConnectionClose(ConnectionClose { reply_text, .. }) = &mut frame.method
        && vhost != "/"
    {
        *reply_text = Bytes::from(reply_text.text().replace(&format!("vhost '{vhost}'"), "vhost '/'"));
    }
    frame
}
