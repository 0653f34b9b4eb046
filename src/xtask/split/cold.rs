//! Functions that nobody calls while the page opens and the first lesson is played, though code that is at work then could: `cold.txt`.
//!
//! Which they are is measured and not guessed: `cargo xtask cold` builds the page so that each function leaves a mark when it is called
//! ([`mark_calls`]), has a browser open and play it, and lists what left none and is worth a door ([`worth_a_door`]). A name in the list that is
//! out of date costs bytes or a moment, never more: whatever is called is loaded.

use super::graph::{Graph, Node};
use super::module::parse;
use super::plan::{Names, cut_functions, cuts_after, reach};
use crate::problem::{Outcome, Problem};
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{MemArg, StoreKind};
use walrus::{ConstExpr, FunctionId, Module, ir::Value};

/// What the page exports in a measured build: where the marks are in memory.
pub const MARKS: &str = "marks";
/// One page of memory, in bytes: a mark for each function.
const PAGE: u64 = 65_536;
/// Beyond so many estimated bytes it is worth to have a function elsewhere.
const WORTH: u64 = 60;
/// Bytes that an instruction takes, times ten, on average.
const TEN_INSTRUCTIONS: u64 = 22;
/// How often the list may be gone through; each time the best are taken.
const ROUNDS: usize = 400;
/// How many are looked at in one round.
const AT_ONCE: usize = 40;
const LIST: &str = include_str!("cold.txt");

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
fn unique(graph: &Graph) -> BTreeMap<u32, String> {
    let mut by_name: BTreeMap<String, Option<u32>> = BTreeMap::new();
    for (index, name) in graph.readable() {
        by_name.entry(name).and_modify(|index| *index = None).or_insert(Some(index));
    }
    by_name.into_iter().filter_map(|(name, index)| Some((index?, name))).collect()
}

/// Makes each function of a part write a byte into a page of memory that is added for this, at its place in the module.
pub fn mark_calls(module: &mut Module, part: usize) -> Outcome {
    let memory = module.get_memory_id().map_err(|error| Problem::new(format!("The page's memory: {error}.")))?;
    let marks = module.memories.get(memory).initial * PAGE;
    module.memories.get_mut(memory).initial += 1;
    // Memory addresses are of 32 bits.
    let start = marks as u32;
    if part == 0 {
        let at =
            module.globals.add_local(walrus::ValType::I32, false, false, ConstExpr::Value(Value::I32(start as i32)));
        module.exports.add(MARKS, at);
    }
    let places: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    for id in places {
        let offset = u64::from(start) + id.index() as u64 % PAGE;
        let builder = module.funcs.get_mut(id).kind.unwrap_local_mut().builder_mut();
        let mut body = builder.func_body();
        body.const_at(0, Value::I32(0)).const_at(1, Value::I32(1));
        body.store_at(2, memory, StoreKind::I32_8 { atomic: false }, MemArg { align: 1, offset });
    }
    Ok(())
}

/// The names of the functions that are not among those `called` (by their place in `bound`), and whose leaving makes what plays the first lesson
/// smaller, best first.
pub fn worth_a_door(linked: &[u8], bound: &[u8], called: &BTreeSet<usize>) -> Outcome<Vec<String>> {
    let (graph, module) = (Graph::read(linked)?, parse(bound)?);
    let names = Names::of(&graph, &module);
    let mut cuts = cuts_after(&cut_functions(&graph), 1);
    let mut roots = names.roots(&graph, &module);
    reach(&graph, &module, &names, &mut roots, &cuts);
    let sizes = sizes(&graph, &module, &names);
    let weigh =
        |cuts: &BTreeSet<u32>| -> u64 { graph.reached(&roots, cuts).0.iter().filter_map(|node| sizes.get(node)).sum() };
    let uncalled = |id: &FunctionId| !called.contains(&id.index());
    let uncalled: BTreeSet<u32> =
        module.funcs.iter_local().map(|(id, _)| id).filter(uncalled).filter_map(|id| names.index(id)).collect();
    let readable = unique(&graph);
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
    Ok(list)
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
