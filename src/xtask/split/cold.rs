//! Functions that nobody calls while the page opens and the first lesson is played, though code that is at work then could: `cold.txt`.
//!
//! Which they are is measured and not guessed: `cargo xtask cold` builds the page so that each function leaves a mark when it is called
//! ([`mark_spots`]), has a browser open and play it, and lists what left none and is worth it ([`worth_listing`]). A name in the list that is
//! out of date costs bytes or a moment, never more: whatever is called is loaded.

use super::arms;
use super::graph::{Graph, Node};
use super::module::parse;
use super::plan::{Names, cut_functions, cuts_after, reach};
use crate::problem::{Outcome, Problem};
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{MemArg, StoreKind};
use walrus::{ConstExpr, FunctionId, Module, ir::Value};

/// What the page exports in a measured build: where the marks are in memory.
pub const MARKS: &str = "marks";
/// So many bytes the marks take: more than the page's code has spots.
pub const ROOM: usize = 16 * 65_536;
/// Beyond so many estimated bytes it is worth to have a function elsewhere.
const WORTH: u64 = 60;
/// Bytes that an instruction takes, times ten, on average.
const TEN_INSTRUCTIONS: u64 = 22;
/// How often the list may be gone through; each time the best are taken.
const ROUNDS: usize = 400;
/// How many are looked at in one round.
const AT_ONCE: usize = 40;
/// What the names of the functions hold whose stretches may be taken out: those of others are at work everywhere, and small.
const OURS: &str = "warren";
const LIST: &str = include_str!("cold.txt");

/// The text of `arms.txt`.
pub fn arms_text(unseen: &arms::Unseen) -> String {
    arms::text(unseen)
}

/// The functions that `cold.txt` lists and this module has.
pub fn listed(graph: &Graph) -> BTreeSet<u32> {
    let names: BTreeSet<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
    let cold: BTreeSet<u32> =
        unique(graph).into_iter().filter(|(_, name)| names.contains(name.as_str())).map(|(index, _)| index).collect();
    if cold.len() * 4 < names.len() * 3 {
        println!(
            "Of {} names in src/xtask/split/cold.txt only {} fit a function. What helps: cargo xtask cold",
            names.len(),
            cold.len()
        );
    }
    cold
}

/// The functions that are alone in having their name, with it.
pub(super) fn unique(graph: &Graph) -> BTreeMap<u32, String> {
    let mut by_name: BTreeMap<String, Option<u32>> = BTreeMap::new();
    for (index, name) in graph.readable() {
        by_name.entry(name).and_modify(|index| *index = None).or_insert(Some(index));
    }
    by_name.into_iter().filter_map(|(name, index)| Some((index?, name))).collect()
}

/// Makes each function write a byte into memory that is added for this wherever it comes by a spot ([`arms::spots`]): the number of the spot among
/// all of the module.
pub fn mark_spots(module: &mut Module) -> Outcome {
    let memory = module.get_memory_id().map_err(|error| Problem::new(format!("The page's memory: {error}.")))?;
    let page = 65_536;
    let start = module.memories.get(memory).initial * page;
    module.memories.get_mut(memory).initial += ROOM as u64 / page;
    // Memory addresses are of 32 bits.
    let value = ConstExpr::Value(Value::I32(start as u32 as i32));
    let at = module.globals.add_local(walrus::ValType::I32, false, false, value);
    module.exports.add(MARKS, at);
    let mut number = 0;
    for (_, function) in module.funcs.iter_local_mut() {
        let spots = arms::spots(function);
        for (nth, (seq, at)) in spots.iter().enumerate().rev() {
            let offset = start + (number + nth) as u64;
            let mut seq = function.builder_mut().instr_seq(*seq);
            seq.const_at(*at, Value::I32(0)).const_at(*at + 1, Value::I32(1));
            seq.store_at(*at + 2, memory, StoreKind::I32_8 { atomic: false }, MemArg { align: 1, offset });
        }
        number += spots.len();
    }
    assert!(number < ROOM, "{number} spots and no room for their marks");
    Ok(())
}

/// What is worth listing of what was not come by, `marked` being the numbers of the spots of `bound` that were: functions whose leaving makes what
/// plays the first lesson smaller, best first, and stretches of functions.
pub fn worth_listing(linked: &[u8], bound: &[u8], marked: &BTreeSet<usize>) -> Outcome<(Vec<String>, arms::Unseen)> {
    let (mut graph, mut module) = (Graph::read(linked)?, parse(bound)?);
    let mut called: BTreeSet<FunctionId> = BTreeSet::new();
    let mut unseen = arms::Unseen::new();
    let readable = Names::of(&graph, &module).readable(&graph);
    let mut number = 0;
    for (id, function) in module.funcs.iter_local() {
        let count = arms::spots(function).len();
        if marked.contains(&number) {
            called.insert(id);
            let numbers: BTreeSet<usize> = (0..count).filter(|nth| !marked.contains(&(number + nth))).collect();
            if let Some(name) = readable.get(&id).filter(|name| name.contains(OURS) && !numbers.is_empty()) {
                unseen.insert(name.clone(), (count, numbers));
            }
        }
        number += count;
    }
    let changed = split_arms(&mut graph, &mut module, &unseen);
    let changed: BTreeSet<&String> = changed.iter().filter_map(|id| readable.get(id)).collect();
    unseen.retain(|name, _| changed.contains(name));
    Ok((worth_a_door(&graph, &module, &called), unseen))
}

/// Takes the unseen stretches out of the module, and out of what the graph says that it calls.
pub fn split_arms(graph: &mut Graph, module: &mut Module, unseen: &arms::Unseen) -> BTreeSet<FunctionId> {
    let readable = Names::of(graph, module).readable(graph);
    let changed = arms::take_out(module, unseen, &readable);
    let names = Names::of(graph, module);
    let calls: Vec<(u32, BTreeSet<u32>)> = (changed.iter())
        .filter_map(|id| Some((names.index(*id)?, names.called(module.funcs.get(*id).kind.unwrap_local()))))
        .collect();
    for (index, calls) in calls {
        graph.set_calls(index, calls);
    }
    changed
}

/// The names of the functions that are not among those `called`, and whose leaving makes what plays the first lesson smaller, best first.
fn worth_a_door(graph: &Graph, module: &Module, called: &BTreeSet<FunctionId>) -> Vec<String> {
    let names = Names::of(graph, module);
    let mut cuts = cuts_after(&cut_functions(graph), 1);
    let mut roots = names.roots(graph, module);
    reach(graph, module, &names, &mut roots, &cuts, false);
    let sizes = sizes(graph, module, &names);
    let weigh =
        |cuts: &BTreeSet<u32>| -> u64 { graph.reached(&roots, cuts).0.iter().filter_map(|node| sizes.get(node)).sum() };
    let uncalled = |id: &FunctionId| !called.contains(id);
    let uncalled: BTreeSet<u32> =
        module.funcs.iter_local().map(|(id, _)| id).filter(uncalled).filter_map(|id| names.index(id)).collect();
    let readable = unique(graph);
    let mut open: Vec<u32> =
        uncalled.into_iter().filter(|index| !roots.contains(index) && readable.contains_key(index)).collect();
    let (mut list, mut weight) = (Vec::new(), weigh(&cuts));
    for _ in 0..ROUNDS {
        let with = |index: u32| {
            let mut cuts = cuts.clone();
            cuts.insert(index);
            cuts
        };
        let mut gains: Vec<(u64, u32)> =
            open.iter().map(|index| (weight.saturating_sub(weigh(&with(*index))), *index)).collect();
        gains.retain(|(gain, _)| *gain >= WORTH);
        gains.sort_by_key(|(gain, index)| (std::cmp::Reverse(*gain), *index));
        open = gains.iter().map(|(_, index)| *index).collect();
        let before = list.len();
        for (gain, index) in gains.into_iter().take(AT_ONCE) {
            // One that was taken before it may have taken along what this one would have.
            let mut more = cuts.clone();
            more.insert(index);
            let lighter = weigh(&more);
            if (weight - lighter) * 20 >= gain * 19 {
                (cuts, weight) = (more, lighter);
                list.push(readable[&index].clone());
            }
        }
        if list.len() == before {
            break;
        }
    }
    list
}

/// Bytes of each function and each piece of data, about.
fn sizes(graph: &Graph, module: &Module, names: &Names<'_>) -> BTreeMap<Node, u64> {
    let functions = module.funcs.iter_local();
    let mut sizes: BTreeMap<Node, u64> = functions
        .filter_map(|(id, function)| Some((Node::Function(names.index(id)?), function.size() * TEN_INSTRUCTIONS / 10)))
        .collect();
    sizes.extend(graph.data.iter().enumerate().map(|(at, range)| (Node::Data(at), range.end - range.start)));
    sizes
}
