//! What programs send to the store, what they are answered, and who gets which connection of a pool.

use alloc::{string::String, vec::Vec};

use super::{Log, Task, World};
use crate::{
    apart::Apart,
    bytes::Bytes,
    event::{EventId, ProcessId, What},
    input::MAX_CONSOLES,
    links::{Cargo, LinkId, Links, MAX_LINKS, Parcel, Pool, PoolSpec, StoreCall, StoreTask, StoreWake, Trip},
    process::ProcessState,
    program::Wake,
    redis::{ClientId, Reply, console::encode_request},
};

/// The client of the store that a connection is: the first numbers are the consoles'.
pub fn client_of(link: LinkId) -> ClientId {
    ClientId(MAX_CONSOLES + link.0)
}

// The page is cut here: the first lessons have no program that talks to the store.
impl World {
    /// The connections of programs to the store, and their pools, once there was one.
    pub fn links(&self) -> Option<&Links> {
        self.links.as_deref()
    }

    fn links_mut(&mut self) -> &mut Links {
        self.links.get_or_insert_with(|| Apart::new(Links::default()))
    }

    /// Does what a program asks of its connection; returns when it goes on by itself, if it does.
    #[inline(never)]
    pub(super) fn store_call(
        &mut self,
        index: usize,
        call: Apart<StoreCall>,
        ran: EventId,
        log: &mut Log<'_>,
    ) -> Option<u64> {
        match call.into_inner() {
            StoreCall::Acquire(None) => self.open_link(index, ran, log),
            StoreCall::Acquire(Some(pool)) => self.acquire(index, &pool, ran, log),
            StoreCall::Send(commands) => {
                let Some(link) = self.processes[index].link else { return Some(self.now_ms) };
                self.processes[index].state = ProcessState::Waiting;
                let id = self.processes[index].id;
                self.send_to_store((link, id), true, Cargo::Requests(commands), ran, log);
                None
            }
            StoreCall::Release => {
                self.processes[index].state = ProcessState::Ready;
                self.give_back(index, ran, log);
                Some(self.now_ms)
            }
        }
    }

    /// Opens a connection. None: the program goes on when it is open.
    fn open_link(&mut self, index: usize, ran: EventId, log: &mut Log<'_>) -> Option<u64> {
        if self.links_mut().opened >= MAX_LINKS {
            self.end(index, Some("OSError: [Errno 24] Too many open files".into()), ran, log);
            return None;
        }
        self.links_mut().opened += 1;
        let link = LinkId(self.links_mut().opened);
        let id = self.processes[index].id;
        self.links_mut().users.insert(link, Some(id));
        let process = &mut self.processes[index];
        process.link = Some(link);
        process.state = ProcessState::Connecting;
        let id = process.id;
        self.send_to_store((link, id), true, Cargo::Connect, ran, log);
        None
    }

    fn acquire(&mut self, index: usize, spec: &PoolSpec, ran: EventId, log: &mut Log<'_>) -> Option<u64> {
        let id = self.processes[index].id;
        if self.links_mut().pool_mut(&spec.name, spec.size).is_none() {
            let (name, size) = (spec.name.clone(), spec.size);
            self.links_mut().pools.push(Pool { name, size, idle: Vec::new(), made: 0, waiting: Default::default() });
        }
        self.processes[index].pool = Some((spec.name.clone(), spec.size));
        let Some(pool) = self.links_mut().pool_mut(&spec.name, spec.size) else { return Some(self.now_ms) };
        if let Some(link) = pool.idle.pop() {
            self.take(index, link, ran, log);
            return Some(self.now_ms);
        }
        if pool.made < pool.size {
            pool.made += 1;
            return self.open_link(index, ran, log);
        }
        match spec.timeout_ms {
            None => {
                let refused = log.add(What::Trip(Trip::WentWithout { process: id }), Some(ran));
                self.wake(index, StoreWake::NoConnection { waited: false }, refused, log);
            }
            Some(timeout_ms) => {
                pool.waiting.push_back(id);
                self.processes[index].state = ProcessState::Waiting;
                log.add(What::Trip(Trip::Waits { process: id, pool: spec.name.clone() }), Some(ran));
                self.schedule(self.now_ms + timeout_ms, Task::Store(Apart::new(StoreTask::GiveUp(id))));
            }
        }
        None
    }

    /// A program is given a connection that is open.
    fn take(&mut self, index: usize, link: LinkId, cause: EventId, log: &mut Log<'_>) {
        let process = &mut self.processes[index];
        process.link = Some(link);
        process.state = ProcessState::Ready;
        let id = process.id;
        process.cause = log.add(What::Trip(Trip::Took { process: id, link }), Some(cause));
        self.links_mut().users.insert(link, Some(id));
    }

    fn give_back(&mut self, index: usize, cause: EventId, log: &mut Log<'_>) {
        let process = &mut self.processes[index];
        let id = process.id;
        if process.pool.is_none() {
            // Its own connection is of no use to anybody else.
            self.leave_store(id, cause, log);
            return;
        }
        let Some(link) = process.link.take() else { return };
        let cause = log.add(What::Trip(Trip::GaveBack { process: id, link }), Some(cause));
        let pool = process.pool.clone();
        self.links_mut().users.insert(link, None);
        let Some(pool) = pool.and_then(|(name, size)| self.links_mut().pool_mut(&name, size)) else { return };
        match pool.waiting.pop_front() {
            None => pool.idle.push(link),
            Some(next) => self.hand_on(next, Some(link), cause, log),
        }
    }

    /// Whoever waited longest is given a connection that was given back, or may open one in the place of one that is gone.
    fn hand_on(&mut self, next: ProcessId, link: Option<LinkId>, cause: EventId, log: &mut Log<'_>) {
        self.agenda.retain(|_, task| !matches!(task, Task::Store(task) if **task == StoreTask::GiveUp(next)));
        let index = next.0 as usize;
        match link {
            Some(link) => {
                self.take(index, link, cause, log);
                self.schedule(self.now_ms, Task::Resume(next));
            }
            None => {
                self.open_link(index, cause, log);
            }
        }
    }

    /// What is due for a program or the store.
    #[inline(never)]
    pub(super) fn store_task(&mut self, task: Apart<StoreTask>, log: &mut Log<'_>) {
        match task.into_inner() {
            StoreTask::Arrive(parcel) if parcel.to_store => self.arrive_at_store(parcel, log),
            StoreTask::Arrive(parcel) => self.arrive_from_store(parcel, log),
            StoreTask::GiveUp(id) => {
                let index = id.0 as usize;
                for pool in &mut self.links_mut().pools {
                    pool.waiting.retain(|other| *other != id);
                }
                let cause = self.processes[index].cause;
                let refused = log.add(What::Trip(Trip::WentWithout { process: id }), Some(cause));
                self.wake(index, StoreWake::NoConnection { waited: true }, refused, log);
            }
        }
    }

    fn wake(&mut self, index: usize, wake: StoreWake, cause: EventId, log: &mut Log<'_>) {
        self.processes[index].cause = cause;
        self.run(index, Wake::Store(Apart::new(wake)), log);
    }

    fn send_to_store(
        &mut self,
        (link, process): (LinkId, ProcessId),
        to_store: bool,
        cargo: Cargo,
        cause: EventId,
        log: &mut Log<'_>,
    ) {
        let (commands, bytes, label) = told(&cargo);
        let cause = log.add(What::Trip(Trip::Sent { process, link, to_store, commands, bytes, label }), Some(cause));
        let task = StoreTask::Arrive(Parcel { link, process, to_store, cargo, cause });
        self.schedule(self.now_ms + self.latency_ms, Task::Store(Apart::new(task)));
    }

    fn arrive_at_store(&mut self, parcel: Parcel, log: &mut Log<'_>) {
        let (link, client) = (parcel.link, client_of(parcel.link));
        let process = parcel.process;
        let arrived = log.add(What::Trip(Trip::Arrived { process, link, to_store: true }), Some(parcel.cause));
        match parcel.cargo {
            Cargo::Connect => {
                self.store_acts(Some(arrived), log, |store, _, _| store.client_open(client));
                self.send_to_store((link, process), false, Cargo::Connected, arrived, log);
            }
            Cargo::Requests(commands) => {
                let mut replies = Vec::new();
                self.store_acts(Some(arrived), log, |store, _, cx| {
                    for args in &commands {
                        let reply = store.call(client, args, cx);
                        replies.extend(reply.over_the_wire(store.resp(client)));
                    }
                });
                self.send_to_store((link, process), false, Cargo::Replies(replies), arrived, log);
            }
            Cargo::Close | Cargo::Connected | Cargo::Replies(_) => {
                self.store_acts(Some(arrived), log, |store, _, _| store.client_close(client));
            }
        }
    }

    fn arrive_from_store(&mut self, parcel: Parcel, log: &mut Log<'_>) {
        let (process, cause) = (parcel.process, Some(parcel.cause));
        if self.links_mut().users.get(&parcel.link) != Some(&Some(process)) {
            log.add(What::Trip(Trip::Lost { link: parcel.link, to_store: false }), cause);
            return;
        }
        let arrived = log.add(What::Trip(Trip::Arrived { process, link: parcel.link, to_store: false }), cause);
        match parcel.cargo {
            Cargo::Replies(replies) => self.wake(process.0 as usize, StoreWake::Replies(replies), arrived, log),
            Cargo::Connected | Cargo::Connect | Cargo::Requests(_) | Cargo::Close => {
                self.wake(process.0 as usize, StoreWake::Connected, arrived, log);
            }
        }
    }

    /// A program is gone: its connection is closed, and whoever waits for its place may open one.
    #[inline(never)]
    pub(super) fn leave_store(&mut self, id: ProcessId, cause: EventId, log: &mut Log<'_>) {
        self.agenda.retain(|_, task| !matches!(task, Task::Store(task) if **task == StoreTask::GiveUp(id)));
        for pool in &mut self.links_mut().pools {
            pool.waiting.retain(|other| *other != id);
        }
        let process = &mut self.processes[id.0 as usize];
        let (link, pool) = (process.link.take(), process.pool.take());
        let Some(link) = link else { return };
        self.send_to_store((link, id), true, Cargo::Close, cause, log);
        self.links_mut().users.remove(&link);
        let Some(pool) = pool.and_then(|(name, size)| self.links_mut().pool_mut(&name, size)) else { return };
        match pool.waiting.pop_front() {
            None => pool.made -= 1,
            Some(next) => self.hand_on(next, None, cause, log),
        }
    }

    /// Sees to it that pools count right.
    ///
    /// # Errors
    /// The broken promise as a sentence.
    #[inline(never)]
    pub(super) fn check_links(&self, links: &Links) -> Result<(), String> {
        for pool in &links.pools {
            let of_pool = |process: &&crate::process::Process| {
                process.link.is_some() && process.pool.as_ref().is_some_and(|(n, s)| *n == pool.name && *s == pool.size)
            };
            let used = self.processes.iter().filter(of_pool).count() + pool.idle.len();
            if used != pool.made as usize || pool.made > pool.size {
                return Err(alloc::format!(
                    "pool {} has {} connections of {}, and {used} are known",
                    pool.name,
                    pool.made,
                    pool.size
                ));
            }
            if !pool.waiting.is_empty() && !pool.idle.is_empty() {
                return Err(alloc::format!("pool {} has a connection, and somebody waits for one", pool.name));
            }
        }
        Ok(())
    }
}

/// How many commands something holds, its bytes on the wire (RESP), and a word for it.
fn told(cargo: &Cargo) -> (u32, u32, Bytes) {
    match cargo {
        Cargo::Connect => (0, 0, "connect".into()),
        Cargo::Connected => (0, 0, "connected".into()),
        Cargo::Close => (0, 0, "close".into()),
        Cargo::Requests(commands) => {
            let bytes: usize = commands.iter().map(|args| encode_request(args).len()).sum();
            let words = commands.first().map(|args| args.join(&b' ')).unwrap_or_default();
            (commands.len() as u32, bytes as u32, Bytes::from(&words[..words.len().min(MAX_LABEL)]))
        }
        Cargo::Replies(replies) => {
            let mut bytes = Vec::new();
            replies.iter().for_each(|reply: &Reply| reply.encode_into(crate::redis::Resp::V2, &mut bytes));
            let first = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
            (replies.len() as u32, bytes.len() as u32, Bytes::from(&first[..first.len().min(MAX_LABEL)]))
        }
    }
}

/// The longest word for what travels, in bytes.
const MAX_LABEL: usize = 60;
