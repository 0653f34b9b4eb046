//! What instructions of a function do to its stack and its locals, as far as it must be known to take some of them out ([`super::arms`]).

use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{Instr, InstrSeqId, InstrSeqType, LocalId};
use walrus::{LocalFunction, Module};

/// A sequence, and how many of its instructions stand before.
pub type Place = (InstrSeqId, usize);

/// Locals whose value is still wanted.
type Live = BTreeSet<LocalId>;

/// The sequences in an instruction.
pub fn inner(instr: &Instr) -> Vec<InstrSeqId> {
    match instr {
        Instr::Block(block) => vec![block.seq],
        Instr::Loop(looped) => vec![looped.seq],
        Instr::IfElse(either) => vec![either.consequent, either.alternative],
        _ => Vec::new(),
    }
}

/// Does something with each sequence that an instruction names: those in it, and those that it branches to.
pub fn labels(instr: &mut Instr, mut each: impl FnMut(&mut InstrSeqId)) {
    match instr {
        Instr::Block(block) => each(&mut block.seq),
        Instr::Loop(looped) => each(&mut looped.seq),
        Instr::IfElse(either) => [&mut either.consequent, &mut either.alternative].into_iter().for_each(each),
        Instr::Br(br) => each(&mut br.block),
        Instr::BrIf(br) => each(&mut br.block),
        Instr::BrTable(table) => {
            table.blocks.iter_mut().for_each(&mut each);
            each(&mut table.default);
        }
        _ => {}
    }
}

/// A function, gone through.
pub struct Flow<'a> {
    module: &'a Module,
    function: &'a LocalFunction,
    /// What is wanted before each instruction, and behind the last of each sequence.
    live: BTreeMap<Place, Live>,
    /// What is wanted where a branch to each sequence goes.
    at_label: BTreeMap<InstrSeqId, Live>,
}

impl<'a> Flow<'a> {
    /// Goes through a function; nothing where it holds what is not known here.
    pub fn of(module: &'a Module, function: &'a LocalFunction) -> Option<Flow<'a>> {
        let mut flow = Flow { module, function, live: BTreeMap::new(), at_label: BTreeMap::new() };
        let mut open = vec![function.entry_block()];
        while let Some(id) = open.pop() {
            for (instr, _) in &function.block(id).instrs {
                let ends = matches!(
                    instr,
                    Instr::Br(_) | Instr::BrIf(_) | Instr::BrTable(_) | Instr::Return(_) | Instr::Unreachable(_)
                );
                if !ends && flow.effect(instr).is_none() {
                    return None;
                }
                open.extend(inner(instr));
            }
        }
        flow.at_label.insert(function.entry_block(), Live::new());
        flow.seq(function.entry_block(), Live::new());
        Some(flow)
    }

    /// How many values an instruction takes from the stack and leaves there; nothing for one that does not simply go on, or is not known.
    pub fn effect(&self, instr: &Instr) -> Option<(i64, i64)> {
        let counts = |ty| {
            let ty = self.module.types.get(ty);
            (ty.params().len() as i64, ty.results().len() as i64)
        };
        let block = |seq: InstrSeqId| match self.function.block(seq).ty {
            InstrSeqType::Simple(result) => Some((0, i64::from(result.is_some()))),
            InstrSeqType::MultiValue(_) => None,
        };
        Some(match instr {
            Instr::LocalGet(_) | Instr::GlobalGet(_) | Instr::Const(_) | Instr::MemorySize(_) => (0, 1),
            Instr::LocalSet(_) | Instr::GlobalSet(_) | Instr::Drop(_) => (1, 0),
            Instr::LocalTee(_) | Instr::Unop(_) | Instr::Load(_) | Instr::MemoryGrow(_) => (1, 1),
            Instr::Binop(_) => (2, 1),
            Instr::Store(_) => (2, 0),
            Instr::Select(_) => (3, 1),
            Instr::MemoryCopy(_) | Instr::MemoryFill(_) => (3, 0),
            Instr::Call(call) => counts(self.module.funcs.get(call.func).ty()),
            Instr::CallIndirect(call) => {
                let (params, results) = counts(call.ty);
                (params + 1, results)
            }
            Instr::Block(one) => block(one.seq)?,
            Instr::Loop(one) => block(one.seq)?,
            Instr::IfElse(one) => (1, block(one.consequent)?.1),
            _ => return None,
        })
    }

    /// Whether an instruction, with all that is in it, branches to nothing that is not in it.
    pub fn stays(&self, instr: &Instr) -> bool {
        let mut own: BTreeSet<InstrSeqId> = BTreeSet::new();
        let mut open = inner(instr);
        let mut named = BTreeSet::new();
        while let Some(id) = open.pop() {
            own.insert(id);
            for (instr, _) in &self.function.block(id).instrs {
                if matches!(instr, Instr::Return(_)) {
                    return false;
                }
                open.extend(inner(instr));
                labels(&mut instr.clone(), |label| {
                    named.insert(*label);
                });
            }
        }
        named.is_subset(&own)
    }

    /// How many instructions there are from one place of a sequence to another, with all that is in them.
    pub fn len(&self, function: &LocalFunction, seq: InstrSeqId, from: usize, to: usize) -> usize {
        let instrs = &function.block(seq).instrs[from..to];
        let within = |id: InstrSeqId| self.len(function, id, 0, function.block(id).instrs.len());
        instrs.iter().map(|(instr, _)| 1 + inner(instr).into_iter().map(within).sum::<usize>()).sum()
    }

    /// The locals that a stretch must be given, and those that what follows wants back.
    pub fn passed(&self, seq: InstrSeqId, from: usize, to: usize) -> (Vec<LocalId>, Vec<LocalId>) {
        let (mut read, mut written) = (Live::new(), Live::new());
        self.touched(seq, from, to, &mut read, &mut written);
        let given: Live = written.intersection(&self.live[&(seq, to)]).copied().collect();
        let mut alone = Flow { live: BTreeMap::new(), at_label: self.at_label.clone(), ..*self };
        // Nothing in the stretch branches out of it, so what is wanted elsewhere does not matter.
        let mut taken = alone.run(seq, from, to, given.clone());
        taken.retain(|local| read.contains(local) || given.contains(local));
        // Alike things one after the other: fewer types of functions.
        let sorted = |locals: Live| {
            let mut locals: Vec<LocalId> = locals.into_iter().collect();
            locals.sort_by_key(|local| (self.module.locals.get(*local).ty(), *local));
            locals
        };
        (sorted(taken), sorted(given))
    }

    fn touched(&self, seq: InstrSeqId, from: usize, to: usize, read: &mut Live, written: &mut Live) {
        for (instr, _) in &self.function.block(seq).instrs[from..to] {
            match instr {
                Instr::LocalGet(one) => drop(read.insert(one.local)),
                Instr::LocalSet(one) => drop(written.insert(one.local)),
                Instr::LocalTee(one) => drop(written.insert(one.local)),
                _ => {}
            }
            for id in inner(instr) {
                self.touched(id, 0, self.function.block(id).instrs.len(), read, written);
            }
        }
    }

    /// Goes through a sequence from its end, where `live` is wanted; returns what is wanted at its beginning.
    fn seq(&mut self, id: InstrSeqId, live: Live) -> Live {
        self.run(id, 0, self.function.block(id).instrs.len(), live)
    }

    fn run(&mut self, id: InstrSeqId, from: usize, to: usize, mut live: Live) -> Live {
        self.live.insert((id, to), live.clone());
        for at in (from..to).rev() {
            let label = |flow: &Self, id: InstrSeqId| flow.at_label.get(&id).cloned().unwrap_or_default();
            match &self.function.block(id).instrs[at].0 {
                Instr::LocalGet(one) => drop(live.insert(one.local)),
                Instr::LocalSet(one) => drop(live.remove(&one.local)),
                Instr::LocalTee(one) => drop(live.remove(&one.local)),
                Instr::Return(_) | Instr::Unreachable(_) => live.clear(),
                Instr::Br(br) => live = label(self, br.block),
                Instr::BrIf(br) => live.extend(label(self, br.block)),
                Instr::BrTable(table) => {
                    live = label(self, table.default);
                    table.blocks.iter().for_each(|block| live.extend(label(self, *block)));
                }
                Instr::Block(one) => {
                    self.at_label.insert(one.seq, live.clone());
                    live = self.seq(one.seq, live);
                }
                Instr::IfElse(one) => {
                    self.at_label.insert(one.consequent, live.clone());
                    self.at_label.insert(one.alternative, live.clone());
                    let other = self.seq(one.alternative, live.clone());
                    live = self.seq(one.consequent, live);
                    live.extend(other);
                }
                Instr::Loop(one) => loop {
                    let before = self.at_label.entry(one.seq).or_default().clone();
                    let begin = self.seq(one.seq, live.clone());
                    if begin.is_subset(&before) {
                        live = begin;
                        break;
                    }
                    self.at_label.entry(one.seq).or_default().extend(begin);
                },
                _ => {}
            }
            self.live.insert((id, at), live.clone());
        }
        live
    }
}
