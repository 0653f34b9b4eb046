//! What goes where.

use super::graph::{Graph, Node};
use super::parts::{COLD, LATER};
use super::{arms, cold};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use walrus::ir::{Visitor, dfs_in_order};
use walrus::{ExportItem, FunctionId, LocalFunction, Module};

/// Up to so many instructions, a function is in every part that calls it.
const SHORT: u64 = 12;

/// A place where a part calls what is in a later one.
pub struct Cut {
    /// The function.
    pub place: usize,
    /// The part that holds it.
    pub part: usize,
    /// The part that holds the few instructions which load the other.
    pub home: usize,
}

/// Which functions and data go where. Functions by their place in the module as it was read, which is the same in every copy.
pub struct Plan {
    /// The cuts; each has an entry of its own at the end of the table of functions.
    pub cuts: Vec<Cut>,
    /// The part of each function that is not in the first.
    later: BTreeMap<usize, usize>,
    /// The functions that are shorter than what it takes to share them.
    short: BTreeSet<usize>,
    /// The data of each part but the first, by address.
    pub data: Vec<Vec<Range<u64>>>,
}

/// What parts up to one of them hold, and the cuts at which that ends.
pub(super) type Reach = (BTreeSet<Node>, BTreeSet<u32>);

impl Plan {
    /// Plans the parts of `module`, whose references `graph` holds. What is `cold` goes to the part [`COLD`] beside what is at its cuts.
    pub fn make(graph: &Graph, module: &Module, cold: &BTreeSet<u32>) -> Plan {
        let names = Names::of(graph, module);
        let mut cuts = cut_functions(graph);
        cuts[COLD - 1].extend(cold);
        let mut roots = names.roots(graph, module);
        let reaches: Vec<Reach> = (0..LATER.len())
            .map(|part| reach(graph, module, &names, &mut roots, &cuts_after(&cuts, part), part >= COLD))
            .collect();
        let part_of =
            |node: Node| reaches.iter().position(|(reached, _)| reached.contains(&node)).unwrap_or(LATER.len());
        let local = || module.funcs.iter_local();
        let by_name: HashMap<&str, FunctionId> =
            module.funcs.iter().filter_map(|function| Some((function.name.as_deref()?, function.id()))).collect();
        let parent = |id: FunctionId| by_name.get(arms::parent(module.funcs.get(id).name.as_deref()?)?).copied();
        let place_of = |id: FunctionId| match names.index(id) {
            Some(index) => part_of(Node::Function(index)),
            None if parent(id).is_some() => COLD,
            None => 0,
        };
        let mut plan = Plan {
            cuts: Vec::new(),
            later: local().map(|(id, _)| (id.index(), place_of(id))).filter(|(_, part)| *part > 0).collect(),
            short: local().filter(|(_, function)| function.size() <= SHORT).map(|(id, _)| id.index()).collect(),
            data: vec![Vec::new(); LATER.len() + 1],
        };
        for (id, _) in local() {
            if let Some(home) = parent(id).map(place_of).filter(|home| *home < COLD) {
                plan.cuts.push(Cut { place: id.index(), part: COLD, home });
            }
            let Some(index) = names.index(id) else { continue };
            if let Some(home) = reaches.iter().position(|(_, stops)| stops.contains(&index)) {
                plan.cuts.push(Cut { place: id.index(), part: plan.part(id), home });
            }
        }
        for (at, range) in graph.data.iter().enumerate() {
            plan.data[part_of(Node::Data(at))].push(range.clone());
        }
        plan
    }

    /// The part that a function belongs to.
    pub fn part(&self, id: FunctionId) -> usize {
        self.later.get(&id.index()).copied().unwrap_or(0)
    }

    /// Whether a later part has a copy of this function.
    pub fn is_copied(&self, id: FunctionId) -> bool {
        self.short.contains(&id.index())
    }

    /// The cut at this function, as its number and itself.
    pub fn cut(&self, id: FunctionId) -> Option<(usize, &Cut)> {
        self.cuts.iter().enumerate().find(|(_, cut)| cut.place == id.index())
    }
}

/// The functions that begin parts after this one.
pub(super) fn cuts_after(cuts: &[BTreeSet<u32>], part: usize) -> BTreeSet<u32> {
    cuts[part..].iter().flatten().copied().collect()
}

/// What is reached from the roots, which grow by what else turns out to be wanted; also from arms that were taken out, if they are there `with_arms`.
pub(super) fn reach(
    graph: &Graph,
    module: &Module,
    names: &Names<'_>,
    roots: &mut BTreeSet<u32>,
    cuts: &BTreeSet<u32>,
    with_arms: bool,
) -> Reach {
    loop {
        let (reached, stops) = graph.reached(roots, cuts);
        let is_reached = |index: u32| reached.contains(&Node::Function(index));
        // wasm-bindgen adds functions of its own and calls between others: what they call stays as well.
        let mut missed = BTreeSet::new();
        let is_arm = |id| module.funcs.get(id).name.as_deref().and_then(arms::parent).is_some();
        let is_here = |id: FunctionId| names.index(id).map_or(with_arms || !is_arm(id), is_reached);
        for (_, function) in module.funcs.iter_local().filter(|(id, _)| is_here(*id)) {
            let strangers = names.called(function).into_iter();
            missed.extend(strangers.filter(|index| !cuts.contains(index) && !is_reached(*index)));
        }
        if missed.is_empty() {
            return (reached, stops);
        }
        roots.extend(missed);
    }
}

/// The functions of the linked module by name, which are all that it has in common with the one after wasm-bindgen.
pub(super) struct Names<'a> {
    by_name: HashMap<&'a str, Option<u32>>,
    /// The index in the linked module of each function that can be told.
    known: HashMap<FunctionId, u32>,
}

impl<'a> Names<'a> {
    pub(super) fn of(graph: &'a Graph, module: &Module) -> Names<'a> {
        let mut by_name: HashMap<&str, Option<u32>> = HashMap::new();
        for (index, name) in &graph.names {
            // A name that stands for two functions says nothing about either: both stay in the first part.
            for name in [Some(name.as_str()), unhashed(name)].into_iter().flatten() {
                by_name.entry(name).and_modify(|index| *index = None).or_insert(Some(*index));
            }
        }
        let known = module
            .funcs
            .iter()
            .filter_map(|function| Some((function.id(), by_name.get(function.name.as_deref()?).copied().flatten()?)));
        let known = known.collect();
        Names { by_name, known }
    }

    /// The index in the linked module, where it can be told.
    pub(super) fn index(&self, id: FunctionId) -> Option<u32> {
        self.known.get(&id).copied()
    }

    /// What a function calls or takes the address of, as far as it can be told.
    pub(super) fn called(&self, function: &LocalFunction) -> BTreeSet<u32> {
        let mut calls = Calls::default();
        dfs_in_order(&mut calls, function, function.entry_block());
        calls.0.into_iter().filter_map(|id| self.index(id)).collect()
    }

    /// The functions that are alone in how Rust writes their name, with it.
    pub(super) fn readable(&self, graph: &Graph) -> BTreeMap<FunctionId, String> {
        let mut unique = cold::unique(graph);
        self.known.iter().filter_map(|(id, index)| Some((*id, unique.remove(index)?))).collect()
    }

    /// What is wanted from the beginning.
    pub(super) fn roots(&self, graph: &Graph, module: &Module) -> BTreeSet<u32> {
        let mut roots: BTreeSet<u32> = (graph.names.iter())
            .filter(|(_, name)| self.by_name.get(name.as_str()) == Some(&None))
            .map(|(index, _)| *index)
            .collect();
        for export in module.exports.iter() {
            if let ExportItem::Function(id) = export.item {
                roots.extend(self.index(id));
            }
        }
        roots.extend(module.start.and_then(|id| self.index(id)));
        roots
    }
}

/// What an exported function is called after wasm-bindgen, which takes the hash from its name.
fn unhashed(name: &str) -> Option<&str> {
    let (stem, hash) = name.rsplit_once('_')?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(stem)
}

/// The functions at which each of the [`LATER`] parts begins.
pub(super) fn cut_functions(graph: &Graph) -> Vec<BTreeSet<u32>> {
    let readable: Vec<(u32, String)> = graph.readable().collect();
    let of_part = |cuts: &[&str]| {
        let mut functions = BTreeSet::new();
        for cut in cuts {
            let before = functions.len();
            functions.extend(readable.iter().filter(|(_, name)| name.starts_with(cut)).map(|(index, _)| *index));
            if functions.len() == before {
                println!(
                    "Nothing is cut at `{cut}`: no function is called so. Put #[inline(never)] on it, or mend src/xtask/split/parts.rs."
                );
            }
        }
        functions
    };
    LATER.iter().map(|part| of_part(part.cuts)).collect()
}

/// The functions that a function calls or takes the address of.
#[derive(Default)]
struct Calls(Vec<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.push(*function);
    }
}
