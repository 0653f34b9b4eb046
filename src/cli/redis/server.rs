//! The one thread: waits for sockets, runs what they bring, lets time pass, and writes once per wake-up.

use super::doors::Doors;
use super::limits::{is_silent, leaves_too_much, provide_descriptors};
use super::machine::{ADDRESSES, listen, micros, now_ms, sleep};
use super::peer::Peer;
use super::request::{Bounds, Step};
use super::stream::Stream;
use super::wait::Patience;
use mio::{Events, Interest, Poll, Token};
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::{ClientId, Cx, Host, Limits, Link, Out, Reply, Sent, Store};

const LISTENER: Token = Token(usize::MAX);
/// Bytes that one client may bring per turn, so that others come in between.
const READ_BYTES: usize = 64 * 1024;
/// Keys that expire per turn before somebody asks for them.
const EXPIRED_PER_TURN: usize = 400;
/// How often replicas hear that the server is there, as with `repl-ping-replica-period`.
const PING_EVERY_MS: u64 = 10_000;
/// The longest that the server sleeps.
const NAP: Duration = Duration::from_millis(100);

/// The store with its sockets.
pub struct Server {
    pub(super) net: Net,
    pub(super) store: Store,
    pub(super) prng: Prng,
}

/// What the sockets act on, lent for a turn.
pub(super) struct Lent<'w> {
    pub(super) store: &'w mut Store,
    pub(super) prng: &'w mut Prng,
}

/// What was told of a socket.
#[derive(Debug)]
struct Heard {
    place: usize,
    /// There is something to be read, or an end to be seen.
    reads: bool,
    /// The client will send no more than what waits already.
    ended: bool,
    /// There is room to write.
    writes: bool,
}

/// The sockets.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) poll: Poll,
    pub(super) doors: Doors,
    pub(super) peers: Vec<Option<Box<Peer>>>,
    /// Places in `peers` that are free.
    free: Vec<usize>,
    places: HashMap<ClientId, usize>,
    next_id: u32,
    /// What is read, before it is known whether it is a whole request.
    scratch: Box<[u8]>,
    out: Vec<Out>,
    /// SHUTDOWN was called.
    pub(super) is_over: bool,
    /// When every client is looked at next, in Unix milliseconds.
    next_sweep_ms: u64,
    /// When replicas are told next that the server is there, in Unix milliseconds.
    next_ping_ms: u64,
    /// Who has something to send.
    dirty: Vec<usize>,
    /// Who has something to be run without bringing anything new.
    ready: VecDeque<usize>,
    /// What was told of sockets and not looked at yet.
    heard: VecDeque<Heard>,
    /// Whose socket may hold more than was read.
    pub(super) unread: Vec<usize>,
    /// Who is being served, and not in its place: more than one while a script lets others be served.
    pub(super) away: Vec<usize>,
    /// What is for those who are away.
    pub(super) kept: Vec<Out>,
    patience: Patience,
}

impl Server {
    /// A server on sockets that listen.
    pub fn on(tcp: Vec<net::TcpListener>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let port = tcp.first().map_or(Ok(0), |listener| listener.local_addr().map(|address| address.port()))?;
        // They are set only once: a process serves one store.
        let addresses = tcp.iter().filter_map(|listener| listener.local_addr().ok()).map(|address| address.ip());
        let _ = ADDRESSES.set(addresses.collect());
        let doors = Doors::open(poll.registry(), LISTENER, tcp)?;
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        let mut store = Store::new(Limits::default());
        let mut host = Host::new(micros, sleep);
        (host.pid, host.port, host.started_ms, host.listen) = (std::process::id(), port, now_ms(), listen);
        host.read_file = |path| std::fs::read(path).ok();
        store.set_host(host);
        if let Ok(directory) = std::env::current_dir() {
            store.set_directory(&directory.to_string_lossy());
        }
        store.set_max_clients(provide_descriptors(store.config().maxclients));
        let net = Net {
            poll,
            doors,
            peers: Vec::new(),
            free: Vec::new(),
            places: HashMap::new(),
            next_id: 1,
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
            out: Vec::new(),
            is_over: false,
            next_sweep_ms: 0,
            next_ping_ms: 0,
            dirty: Vec::new(),
            ready: VecDeque::new(),
            heard: VecDeque::new(),
            unread: Vec::new(),
            away: Vec::new(),
            kept: Vec::new(),
            patience: Patience::default(),
        };
        Ok(Server { net, store, prng: Prng::new(seed) })
    }

    /// Serves until something fails.
    pub fn run(self) -> io::Result<()> {
        let Server { mut net, mut store, mut prng } = self;
        let mut lent = Lent { store: &mut store, prng: &mut prng };
        let mut events = Events::with_capacity(1024);
        while !net.is_over {
            let nap = net.nap(lent.store);
            net.hear(&mut lent, &mut events, nap)?;
            net.doors.change(net.poll.registry())?;
            net.let_time_pass(&mut lent);
            net.sweep(&mut lent)?;
            net.flush(lent.store);
        }
        Ok(())
    }
}

impl Net {
    /// Waits for sockets, for no longer than this, and runs what they bring.
    pub(super) fn hear(&mut self, lent: &mut Lent<'_>, events: &mut Events, nap: Duration) -> io::Result<()> {
        self.patience.wait(&mut self.poll, events, nap)?;
        let unread = self.unread.drain(..);
        self.heard.extend(unread.map(|place| Heard { place, reads: true, ended: false, writes: false }));
        for event in &*events {
            match event.token() {
                LISTENER => self.accept(lent.store)?,
                Token(place) => {
                    let ended = event.is_read_closed();
                    let reads = event.is_readable() || ended || event.is_error();
                    self.heard.push_back(Heard { place, reads, ended, writes: event.is_writable() });
                }
            }
        }
        // What is told here is told once: whoever comes next is taken from the list, which a script may empty meanwhile.
        for _ in 0..self.heard.len() {
            let Some(Heard { place, reads, ended, writes }) = self.heard.pop_front() else { break };
            if reads {
                self.read(lent, place, ended);
            }
            if writes {
                self.resume_writing(place);
            }
        }
        self.run_ready(lent);
        Ok(())
    }

    /// How long nothing can happen by itself.
    fn nap(&self, store: &Store) -> Duration {
        if !self.ready.is_empty() || !self.unread.is_empty() {
            return Duration::ZERO;
        }
        let until = store.next_due().map(|at| Duration::from_millis(at.saturating_sub(now_ms())));
        until.map_or(NAP, |until| until.min(NAP))
    }

    fn accept(&mut self, store: &mut Store) -> io::Result<()> {
        while let Some((stream, link)) = self.doors.accept(store) {
            self.welcome(store, stream, link)?;
        }
        Ok(())
    }

    fn welcome(&mut self, store: &mut Store, mut stream: Stream, link: Link) -> io::Result<()> {
        if self.places.len() as u64 >= store.config().maxclients {
            store.count_rejected();
            // Whoever does not take the sentence at once is closed without it.
            let _ = stream.write(b"-ERR max number of clients reached\r\n");
            return Ok(());
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            self.peers.len() - 1
        });
        self.poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)?;
        let id = ClientId(self.next_id);
        self.next_id += 1;
        store.client_open(id);
        let now_ms = now_ms();
        store.set_link(id, link, now_ms);
        self.places.insert(id, place);
        self.peers[place] = Some(Box::new(Peer::new(stream, id, now_ms)));
        Ok(())
    }

    /// Reads what a client sent, and runs what is whole. `ended`: the client will send no more than what waits already.
    fn read(&mut self, lent: &mut Lent<'_>, place: usize, ended: bool) {
        let Some(mut peer) = self.take_out(place) else {
            if self.away.contains(&place) {
                self.unread.push(place);
            }
            return;
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        if scratch.is_empty() {
            // Somebody else is being read.
            scratch = vec![0; READ_BYTES].into_boxed_slice();
        }
        match peer.stream.read(&mut scratch) {
            Ok(0) => peer.is_over = true,
            Ok(count) => {
                let now_ms = now_ms();
                (peer.active_ms, peer.heard_ms) = (now_ms, now_ms);
                let taken = if peer.inbox.is_empty() { self.process(lent, &mut peer, &scratch[..count]) } else { 0 };
                peer.inbox.extend_from_slice(&scratch[taken..count]);
                peer.is_over |= peer.inbox.len() as u64 > lent.store.config().client_query_buffer_limit;
                if taken == 0 {
                    self.run_inbox(lent, &mut peer);
                }
                // Readiness is told once: a full buffer may have left something behind.
                if ended || count == READ_BYTES {
                    self.unread.push(place);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.unread.push(place),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => peer.is_over = true,
        }
        self.scratch = scratch;
        self.put_back(place, peer);
    }

    /// Takes a client from its place to serve it.
    fn take_out(&mut self, place: usize) -> Option<Box<Peer>> {
        let peer = self.peers.get_mut(place).and_then(Option::take)?;
        self.away.push(place);
        Some(peer)
    }

    fn put_back(&mut self, place: usize, peer: Box<Peer>) {
        self.away.pop();
        let wants = peer.unsent() > 0 || peer.is_ending || peer.is_over;
        self.peers[place] = Some(peer);
        if wants {
            self.mark_dirty(place);
        }
    }

    fn run_inbox(&mut self, lent: &mut Lent<'_>, peer: &mut Peer) {
        let mut inbox = std::mem::take(&mut peer.inbox);
        let taken = self.process(lent, peer, &inbox);
        inbox.drain(..taken);
        peer.inbox = inbox;
    }

    /// Runs the requests in `input` until one waits, and returns how many bytes they took.
    fn process(&mut self, lent: &mut Lent<'_>, peer: &mut Peer, input: &[u8]) -> usize {
        let mut at = 0;
        if lent.store.is_blocked(peer.id) {
            return at;
        }
        lent.store.begin_turn();
        let now_ms = now_ms();
        while !peer.is_ending && !peer.is_over {
            let bounds = Bounds { bulk: lent.store.limits().max_bulk, stranger: lent.store.needs_login(peer.id) };
            match peer.request.read(input, &mut at, bounds) {
                Step::Empty => {}
                Step::Partial => break,
                Step::Broken(said) => {
                    peer.out.extend_from_slice(&said);
                    peer.is_ending = true;
                }
                Step::Whole => {
                    if self.execute(lent, peer, now_ms) {
                        break;
                    }
                }
            }
        }
        at
    }

    /// Runs the request that was read; whether the client waits now.
    fn execute(&mut self, lent: &mut Lent<'_>, peer: &mut Peer, now_ms: u64) -> bool {
        let name = &peer.request.args[0];
        if name.eq_ignore_ascii_case(b"host:") || name.eq_ignore_ascii_case(b"post") {
            // Somebody makes a browser talk to us; the next lines are not his.
            peer.is_over = true;
            return true;
        }
        let shows = |word: &Bytes| word.eq_ignore_ascii_case(b"list") || word.eq_ignore_ascii_case(b"info");
        if name.eq_ignore_ascii_case(b"client") && peer.request.args.get(1).is_some_and(shows) {
            self.tell_buffers(lent.store, peer, now_ms);
        }
        let mut out = std::mem::take(&mut self.out);
        let mut cx = Cx { now_ms, prng: &mut *lent.prng, events: None, out: &mut out, meanwhile: Some(self) };
        let reply = lent.store.call(peer.id, &peer.request.args, &mut cx);
        self.out = out;
        if !self.kept.is_empty() {
            self.out.splice(..0, std::mem::take(&mut self.kept));
        }
        let taken: usize = peer.request.args.iter().map(|arg| arg.len()).sum();
        peer.query_peak[1] = peer.query_peak[1].max(taken as u64);
        peer.request.args.clear();
        reply.encode_into(lent.store.resp(peer.id), &mut peer.out);
        self.deliver(lent.store, Some(peer));
        peer.is_ending |= !lent.store.is_open(peer.id);
        peer.is_over |= leaves_too_much(peer, lent.store, now_ms);
        reply == Reply::None && lent.store.is_blocked(peer.id)
    }

    /// Tells the store of all buffers, for CLIENT LIST. `current` is the peer that is being served, and not in its place.
    fn tell_buffers(&mut self, store: &mut Store, current: &Peer, now_ms: u64) {
        store.set_buffers(current.id, current.buffers(now_ms));
        for peer in self.peers.iter().flatten() {
            store.set_buffers(peer.id, peer.buffers(now_ms));
        }
    }

    /// Gives back room, and lets go of those who have been too slow for too long.
    fn sweep(&mut self, lent: &mut Lent<'_>) -> io::Result<()> {
        let now_ms = now_ms();
        if now_ms < self.next_sweep_ms {
            return Ok(());
        }
        self.next_sweep_ms = now_ms + NAP.as_millis() as u64;
        if now_ms >= self.next_ping_ms {
            self.next_ping_ms = now_ms + PING_EVERY_MS;
            let (prng, out) = (&mut *lent.prng, &mut self.out);
            lent.store.ping_replicas(&mut Cx { now_ms, prng, events: None, out, meanwhile: None });
            self.deliver(lent.store, None);
        }
        let peak_ms = lent.store.reply_peak_ms();
        for (place, peer) in self.peers.iter_mut().enumerate() {
            let Some(peer) = peer else { continue };
            peer.shrink(peak_ms, now_ms);
            if leaves_too_much(peer, lent.store, now_ms) || is_silent(peer, lent.store, now_ms) {
                peer.is_over = true;
                if !peer.is_dirty {
                    peer.is_dirty = true;
                    self.dirty.push(place);
                }
            }
        }
        // When descriptors ran out, clients were left waiting.
        self.accept(lent.store)
    }

    /// Hands out what the store sends beside its answer. `current` is the peer that is being served, and not in its place.
    fn deliver(&mut self, store: &Store, mut current: Option<&mut Peer>) {
        if self.out.is_empty() {
            return;
        }
        let now_ms = now_ms();
        for Out { client, sent } in std::mem::take(&mut self.out) {
            let (peer, place) = match &mut current {
                Some(peer) if peer.id == client => (&mut **peer, None),
                Some(_) | None => {
                    let Some(place) = self.places.get(&client).copied() else { continue };
                    let Some(peer) = self.peers[place].as_deref_mut() else {
                        self.kept.push(Out { client, sent });
                        continue;
                    };
                    (peer, Some(place))
                }
            };
            match sent {
                Sent::Reply(reply) => reply.encode_into(store.resp(client), &mut peer.out),
                Sent::Bytes(bytes) => peer.out.extend_from_slice(&bytes),
                // Somebody else closes it: nothing more is sent.
                Sent::Close => peer.is_over = true,
                Sent::Shutdown => self.is_over = true,
            }
            peer.is_over |= leaves_too_much(peer, store, now_ms);
            let Some(place) = place else { continue };
            if !peer.inbox.is_empty() && !peer.is_ready {
                peer.is_ready = true;
                self.ready.push_back(place);
            }
            self.mark_dirty(place);
        }
    }

    /// Runs what clients sent while they waited.
    fn run_ready(&mut self, lent: &mut Lent<'_>) {
        for _ in 0..self.ready.len() {
            let Some(place) = self.ready.pop_front() else { break };
            let Some(mut peer) = self.take_out(place) else {
                if self.away.contains(&place) {
                    self.ready.push_back(place);
                }
                continue;
            };
            peer.is_ready = false;
            self.run_inbox(lent, &mut peer);
            self.put_back(place, peer);
        }
    }

    fn let_time_pass(&mut self, lent: &mut Lent<'_>) {
        let now_ms = now_ms();
        if lent.store.next_due().is_some_and(|at| at <= now_ms) {
            lent.store.begin_turn();
            // In slices, so that a thousand keys that end together stall nobody.
            let (prng, out) = (&mut *lent.prng, &mut self.out);
            lent.store.tick_some(EXPIRED_PER_TURN, &mut Cx { now_ms, prng, events: None, out, meanwhile: None });
            self.deliver(lent.store, None);
        }
    }

    fn resume_writing(&mut self, place: usize) {
        if self.peers.get(place).and_then(Option::as_ref).is_some_and(|peer| peer.unsent() > 0) {
            self.mark_dirty(place);
        }
    }

    fn mark_dirty(&mut self, place: usize) {
        let Some(peer) = self.peers.get_mut(place).and_then(Option::as_mut) else { return };
        if !peer.is_dirty {
            peer.is_dirty = true;
            self.dirty.push(place);
        }
    }

    /// Sends what is to be sent, and lets go of those whose connection is over.
    pub(super) fn flush(&mut self, store: &mut Store) {
        if self.dirty.is_empty() {
            return;
        }
        let now_ms = now_ms();
        for place in std::mem::take(&mut self.dirty) {
            let Some(peer) = self.peers[place].as_mut() else {
                if self.away.contains(&place) {
                    self.dirty.push(place);
                }
                continue;
            };
            peer.is_dirty = false;
            peer.flush(now_ms);
            if peer.is_over {
                self.part(store, place);
            }
        }
    }

    fn part(&mut self, store: &mut Store, place: usize) {
        let Some(mut peer) = self.peers[place].take() else { return };
        // It fails only for a socket that is gone already.
        let _ = self.poll.registry().deregister(&mut peer.stream);
        self.places.remove(&peer.id);
        store.client_close(peer.id);
        self.free.push(place);
    }
}
