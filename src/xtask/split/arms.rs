//! Stretches of functions that nobody goes through while the page opens and the first lesson is played - arms of a `match`, mostly - as functions of
//! their own in the part `rest`: `arms.txt`, measured as [`super::cold`] is.
//!
//! A function's code is gone through in [`spots`]: where a sequence of instructions begins, or goes on after a branch. A stretch from one such spot
//! on is taken out where nothing in it branches out of it and it leaves the stack as it finds it; what it reads of the function's locals is handed to
//! it, and what it writes and the function reads afterwards comes back. So it does not matter for what the page does which stretches are listed,
//! only for when it loads what.

use super::flow::{self, Flow, Place};
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{Call, Instr, InstrSeqId, LocalGet, LocalId, LocalSet};
use walrus::{FunctionBuilder, FunctionId, LocalFunction, Module, ValType};

/// What the name of a stretch ends in, behind its function's name and its number there.
const SUFFIX: &str = ".arm";
/// So many instructions a stretch has at least.
const LONG: usize = 40;
/// So many locals may be handed over and come back.
const MOST: (usize, usize) = (10, 3);
const LIST: &str = include_str!("arms.txt");

/// The spots of a function, in order: a sequence and how many of its instructions stand before.
pub fn spots(function: &LocalFunction) -> Vec<(InstrSeqId, usize)> {
    let mut spots = Vec::new();
    let mut open = vec![function.entry_block()];
    while let Some(id) = open.pop() {
        spots.push((id, 0));
        let seq = function.block(id);
        for (at, (instr, _)) in seq.instrs.iter().enumerate() {
            let inner = flow::inner(instr);
            if (!inner.is_empty() || matches!(instr, Instr::BrIf(_))) && at + 1 < seq.instrs.len() {
                spots.push((id, at + 1));
            }
            open.extend(inner);
        }
    }
    spots
}

/// Which spots of which functions nobody comes by: by a function's name, how many it has, and the numbers of those.
pub type Unseen = BTreeMap<String, (usize, BTreeSet<usize>)>;

/// What `arms.txt` lists.
pub fn listed() -> Unseen {
    let line = |line: &str| {
        let (name, rest) = line.split_once('\t')?;
        let (count, unseen) = rest.split_once(' ')?;
        let numbers = unseen.split(' ').filter_map(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            Some(from.parse::<usize>().ok()?..=to.parse().ok()?)
        });
        Some((name.to_string(), (count.parse().ok()?, numbers.flatten().collect())))
    };
    LIST.lines().filter_map(line).collect()
}

/// The list as text.
pub fn text(unseen: &Unseen) -> String {
    let mut text = String::new();
    for (name, (count, numbers)) in unseen {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, to)) if *to + 1 == *number => *to = *number,
                _ => ranges.push((*number, *number)),
            }
        }
        let range = |(from, to): &(usize, usize)| if from == to { format!(" {from}") } else { format!(" {from}-{to}") };
        text += &format!("{name}\t{count}{}\n", ranges.iter().map(range).collect::<String>());
    }
    text
}

/// Whether a function is a stretch of another; then the other's name.
pub fn parent(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX)?.rsplit_once('.').map(|(parent, _)| parent)
}

/// Makes functions of the unseen stretches; returns which functions have lost some. `names` are the functions' names in the list.
pub fn take_out(module: &mut Module, unseen: &Unseen, names: &BTreeMap<FunctionId, String>) -> BTreeSet<FunctionId> {
    let mut changed = BTreeSet::new();
    for (id, name) in names {
        let Some((count, numbers)) = unseen.get(name) else { continue };
        let function = module.funcs.get(*id).kind.unwrap_local();
        let spots = spots(function);
        // Of another version of the function: the list is out of date.
        if spots.len() != *count {
            continue;
        }
        let cold: BTreeSet<(InstrSeqId, usize)> = numbers.iter().map(|number| spots[*number]).collect();
        let stretches = stretches(module, function, &cold);
        let symbol = module.funcs.get(*id).name.clone().unwrap_or_default();
        // From behind, so that the places of the others stay right.
        for (number, stretch) in stretches.into_iter().enumerate().rev() {
            make(module, *id, stretch, format!("{symbol}.{number}{SUFFIX}"));
            changed.insert(*id);
        }
    }
    changed
}

/// What is taken out: a sequence, from where to where, and the locals that go in and come back.
struct Stretch {
    seq: InstrSeqId,
    from: usize,
    to: usize,
    taken: Vec<LocalId>,
    given: Vec<LocalId>,
}

/// The stretches that can and should be taken out.
fn stretches(module: &Module, function: &LocalFunction, cold: &BTreeSet<(InstrSeqId, usize)>) -> Vec<Stretch> {
    let Some(flow) = Flow::of(module, function) else { return Vec::new() };
    let mut found = Vec::new();
    let mut open = vec![function.entry_block()];
    while let Some(id) = open.pop() {
        let instrs = &function.block(id).instrs;
        let (mut is_cold, mut at) = (false, 0);
        while at < instrs.len() {
            is_cold = cold.contains(&(id, at)) || is_cold && !is_spot(instrs, at);
            let to = if is_cold { end(&flow, function, cold, (id, at)) } else { at };
            let stretch = (to > at).then(|| stretch(&flow, function, id, at, to)).flatten();
            if let Some(stretch) = stretch {
                at = stretch.to;
                found.push(stretch);
                // What follows the stretch in the same breath is as cold as it was.
                continue;
            }
            open.extend(flow::inner(&instrs[at].0));
            at += 1;
        }
    }
    found
}

/// Whether a new spot begins here.
fn is_spot(instrs: &[(Instr, walrus::ir::InstrLocId)], at: usize) -> bool {
    at > 0 && (!flow::inner(&instrs[at - 1].0).is_empty() || matches!(instrs[at - 1].0, Instr::BrIf(_)))
}

/// Where the longest stretch from here ends that is cold, stays in itself, and leaves the stack as it was.
fn end(flow: &Flow<'_>, function: &LocalFunction, cold: &BTreeSet<(InstrSeqId, usize)>, (id, from): Place) -> usize {
    let instrs = &function.block(id).instrs;
    let (mut height, mut end) = (0i64, from);
    for at in from..instrs.len() {
        if at > from && is_spot(instrs, at) && !cold.contains(&(id, at)) {
            break;
        }
        let Some((pops, pushes)) = flow.effect(&instrs[at].0).filter(|_| flow.stays(&instrs[at].0)) else { break };
        if height < pops {
            break;
        }
        height += pushes - pops;
        if height == 0 {
            end = at + 1;
        }
    }
    end
}

fn stretch(flow: &Flow<'_>, function: &LocalFunction, seq: InstrSeqId, from: usize, to: usize) -> Option<Stretch> {
    if flow.len(function, seq, from, to) < LONG {
        return None;
    }
    let (taken, given) = flow.passed(seq, from, to);
    (taken.len() <= MOST.0 && given.len() <= MOST.1).then_some(Stretch { seq, from, to, taken, given })
}

/// Makes a function of a stretch, and a call where it was.
fn make(module: &mut Module, id: FunctionId, stretch: Stretch, name: String) {
    let types = |module: &Module, locals: &[LocalId]| -> Vec<ValType> {
        locals.iter().map(|local| module.locals.get(*local).ty()).collect()
    };
    let (params, results) = (types(module, &stretch.taken), types(module, &stretch.given));
    let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
    let function = module.funcs.get(id).kind.unwrap_local();
    let body = builder.func_body_id();
    let mut seqs = BTreeMap::new();
    let instrs = &function.block(stretch.seq).instrs[stretch.from..stretch.to];
    copy(function, instrs, body, &mut builder, &mut seqs);
    for local in &stretch.given {
        builder.instr_seq(body).local_get(*local);
    }
    let made = module.funcs.add_local(builder.local_func(stretch.taken.clone()));
    module.funcs.get_mut(made).name = Some(name);
    let mut call: Vec<Instr> = stretch.taken.iter().map(|local| LocalGet { local: *local }.into()).collect();
    call.push(Call { func: made }.into());
    call.extend(stretch.given.iter().rev().map(|local| Instr::from(LocalSet { local: *local })));
    let function = module.funcs.get_mut(id).kind.unwrap_local_mut();
    let new = call.into_iter().map(|instr| (instr, Default::default()));
    function.block_mut(stretch.seq).instrs.splice(stretch.from..stretch.to, new);
}

/// Copies instructions into the sequence `to` of another function; `seqs` are the sequences that were copied, old and new.
fn copy(
    from: &LocalFunction,
    instrs: &[(Instr, walrus::ir::InstrLocId)],
    to: InstrSeqId,
    builder: &mut FunctionBuilder,
    seqs: &mut BTreeMap<InstrSeqId, InstrSeqId>,
) {
    for (instr, _) in instrs {
        for inner in flow::inner(instr) {
            let new = builder.dangling_instr_seq(from.block(inner).ty).id();
            seqs.insert(inner, new);
            copy(from, &from.block(inner).instrs, new, builder, seqs);
        }
        let mut instr = instr.clone();
        flow::labels(&mut instr, |label| *label = seqs.get(label).copied().unwrap_or(*label));
        builder.instr_seq(to).instr(instr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus::ir::BinaryOp;

    #[test]
    fn an_arm_becomes_a_function_that_is_given_what_it_reads() {
        let mut module = Module::default();
        let (asked, sum, other) = (ValType::I32, ValType::I64, ValType::I64);
        let [asked, sum, other] = [asked, sum, other].map(|ty| module.locals.add(ty));
        let mut builder = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I64]);
        builder.func_body().local_get(asked).if_else(
            None,
            |arm| {
                for _ in 0..LONG {
                    arm.local_get(sum).i64_const(7).binop(BinaryOp::I64Add).local_tee(other).local_set(sum);
                }
            },
            |_| {},
        );
        builder.func_body().local_get(sum);
        let id = builder.finish(vec![asked], &mut module.funcs);
        module.exports.add("f", id);
        let spots = spots(module.funcs.get(id).kind.unwrap_local());
        assert_eq!(spots.len(), 4, "the beginning, what follows the arms, and the arms");
        let unseen = |numbers| Unseen::from([("f".to_string(), (4, BTreeSet::from(numbers)))]);
        let names = BTreeMap::from([(id, "f".to_string())]);
        // The last sequence that was opened is gone through first.
        assert!(take_out(&mut module, &unseen([2]), &names).is_empty(), "an arm with nothing in it stays");
        assert!(take_out(&mut module, &Unseen::from([("f".to_string(), (3, BTreeSet::from([3])))]), &names).is_empty());
        assert_eq!(take_out(&mut module, &unseen([3]), &names).len(), 1);
        let made = module.funcs.iter().find(|function| function.name.as_deref().and_then(parent).is_some());
        let ty = module.types.get(made.expect("the arm as a function").ty());
        assert_eq!((ty.params(), ty.results()), (&[ValType::I64][..], &[ValType::I64][..]));
        assert!(Module::from_buffer(&module.emit_wasm()).is_ok(), "it is valid");
    }

    #[test]
    fn the_list_is_read_as_it_is_written() {
        let unseen = Unseen::from([("a::b".to_string(), (9, BTreeSet::from([1, 3, 4, 5, 8])))]);
        assert_eq!(text(&unseen), "a::b\t9 1 3-5 8\n");
        assert_eq!(parent("a.b.0.arm"), Some("a.b"));
    }
}
