//! Cuts the page's module in two: what the first picture of a lesson needs, and the rest, which is loaded when it is first wanted.
//!
//! [`CUTS`] names the functions at which it is cut. Whatever can be reached only through them - other functions, tables of methods,
//! texts - goes to the second file; nobody else has to know. In the first file a cut function is a few instructions: they call `load_rest` of
//! `src/main.rs`, which returns when the second file is there, and then the real function, through the table of functions that both share.
//!
//! What refers to what is read from the linker's relocations ([`graph`]), so it is known and not guessed. Both files share one
//! memory; the second brings its data along.

mod graph;

use crate::problem::{Outcome, Problem};
use graph::{Graph, Node};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use walrus::ir::{Value, Visitor, dfs_in_order};
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind, GlobalKind,
    ImportedFunction, Module, ModuleConfig, RefType, TableId,
};

/// The functions at which the page is cut, by how their Rust names begin. The build says which of these fit nothing.
pub const CUTS: &[&str] = &[
    // The store, its console and what they print; methods by hand, definitions, the broker as a whole.
    "<warren_sim::world::World>::by_hand",
    "<warren_sim::world::World>::hand_gets",
    "<warren_sim::world::World>::import_definitions",
    "<warren_sim::world::World>::type_line",
    "<warren_sim::world::World>::expire_keys",
    "<warren_sim::world::World>::switch_broker",
    "<warren_sim::amqp::broker::Broker>::any_method",
    "<warren_sim::amqp::broker::Broker>::dead_letter",
    "warren_sim::program::rpc::",
    "warren_sim::amqp::text::",
    "<warren_sim::amqp::text::",
    "<warren_sim::amqp::method::Method>::set",
    "<warren_sim::amqp::method::Method>::fields",
    "<warren_sim::amqp::value::Value>::",
    "warren_sim::amqp::error::",
    "<warren_sim::amqp::broker::Broker>::remove_queue",
    "<warren_sim::amqp::broker::Broker>::remove_bindings_to",
    "<warren_sim::amqp::broker::Broker>::consumed_queues",
    "<warren_sim::amqp::broker::Broker>::notify_cancelled",
    "<warren_sim::amqp::broker::Broker>::delete_exchange",
    "<warren_sim::amqp::broker::Broker>::deliver_reply",
    "<warren_sim::amqp::broker::Broker>::reply_consumer",
    "<warren_sim::amqp::broker::Broker>::lose_held",
    "<warren_sim::amqp::broker::Broker>::requeue",
    "<warren_sim::amqp::exchange::Exchange>::unbind",
    "warren_sim::amqp::exchange::topic::",
    "<warren_sim::amqp::policy::pattern::",
    "warren_sim::float::",
    "warren_sim::longdouble::",
    "<warren_sim::longdouble::",
    "<warren_sim::timeline::Branch>::truncate",
    "warren::panels::console_room",
    "warren::panels::keys_room",
    // Tables, details and forms that are opened by hand.
    "warren::panels::events_room",
    "warren::panels::inspector::selected",
    "warren::shell::toolbar::open_form",
    // What is done by somebody who does more than look.
    "warren::panels::contents::get_form::{closure",
    "<warren::shell::transport::SeedForm as yew::functional::FunctionProvider>::run::inner::{closure",
    "<warren::app::App>::listen::{closure#0}",
    "<warren::app::App>::tabs::{closure#1}::{closure",
    "<warren::app::App>::import",
    "<warren_sim::amqp::broker::Broker>::export_definitions",
    "warren::shell::method_form::",
    "<warren::app::App>::restart",
    "<warren::app::App>::open_lesson",
    "<warren::app::App>::submit",
    "<warren::app::App>::speak",
    "<warren::app::App>::share",
    "<warren::app::App>::open_link",
    // The other language, the other lessons.
    "warren::text::chinese",
    "warren_sim::lessons::texts",
    // What scripts call, and links.
    "warren::bridge::call",
    "<warren_sim::link::Link>::",
    // What the page's libraries can do, and the page does not do at first.
    "core::num::flt2dec::strategy::grisu::format_exact",
    "core::num::flt2dec::strategy::dragon::",
    "<yew::virtual_dom::vraw::VRaw as ",
    "<yew::virtual_dom::vportal::VPortal as ",
    "<yew::virtual_dom::vsuspense::VSuspense as ",
];

/// What the page's own `load_rest` is called among the imports.
const LOAD_REST: &str = "__wbg_warrenLoadRest_";
/// The module name of what wasm-bindgen's script offers.
const SCRIPT: &str = "./page_bg.js";
/// The module name under which the second file imports what the first one exports.
const FIRST: &str = "p";

/// Up to so many instructions, a function is in both files.
const SHORT: u64 = 12;

/// The two files.
pub struct Split {
    /// The file that is loaded at once.
    pub first: Vec<u8>,
    /// The rest.
    pub rest: Vec<u8>,
}

/// Cuts `bound`, a module after wasm-bindgen, whose references are those of `linked`, the same module before it.
pub fn split(linked: &[u8], bound: &[u8]) -> Outcome<Split> {
    let graph = Graph::read(linked)?;
    let mut first = parse(bound)?;
    let plan = Plan::make(&graph, &first)?;
    let mut rest = parse(bound)?;
    let wanted = make_rest(&mut rest, &plan)?;
    make_first(&mut first, &plan, &wanted)?;
    Ok(Split { first: first.emit_wasm(), rest: rest.emit_wasm() })
}

fn parse(bytes: &[u8]) -> Outcome<Module> {
    let mut module = ModuleConfig::new()
        .generate_producers_section(false)
        .parse(bytes)
        .map_err(|error| Problem::new(format!("The page's module cannot be read: {error}.")))?;
    // Relocations of a module that is no more.
    let stale: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in stale {
        module.customs.delete(id);
    }
    Ok(module)
}

/// Gives the imports of a module short names; returns the old and the new ones.
pub fn shorten_imports(bytes: &mut Vec<u8>) -> Outcome<Vec<(String, String)>> {
    let mut module = parse(bytes)?;
    let mut names = Vec::new();
    for import in module.imports.iter_mut().filter(|import| import.module == SCRIPT) {
        let short = short('i', names.len() + 1);
        names.push((std::mem::replace(&mut import.name, short.clone()), short));
    }
    *bytes = module.emit_wasm();
    Ok(names)
}

/// The table of functions.
fn main_table(module: &Module) -> Outcome<TableId> {
    let mut tables = module.tables.iter().filter(|table| table.element_ty == RefType::FUNCREF);
    match (tables.next(), tables.next()) {
        (Some(table), None) => Ok(table.id()),
        _ => Err(Problem::new("The page's module has not exactly one table of functions.")),
    }
}

/// Which functions and data go where. Functions by their place in the module as it was read, which is the same in every copy.
struct Plan {
    /// The cut functions, in order; each has a place of its own at the end of the table.
    cuts: Vec<usize>,
    /// Every function of the second file, the cut ones included.
    rest: BTreeSet<usize>,
    /// The functions that are in both files, because they are shorter than what it takes to share them.
    both: BTreeSet<usize>,
    /// The data of the second file, by address.
    data: Vec<Range<u64>>,
}

impl Plan {
    fn make(graph: &Graph, module: &Module) -> Outcome<Plan> {
        let mut by_name: HashMap<&str, Option<u32>> = HashMap::new();
        for (index, name) in &graph.names {
            // A name that stands for two functions says nothing about either: both stay in the first file.
            by_name.entry(name).and_modify(|index| *index = None).or_insert(Some(*index));
        }
        let index_of = |id: FunctionId| {
            let name = module.funcs.get(id).name.as_deref()?;
            by_name.get(name).copied().flatten()
        };
        let cuts = cut_functions(graph);
        let mut roots: BTreeSet<u32> = (graph.names.iter())
            .filter(|(_, name)| by_name.get(name.as_str()) == Some(&None))
            .map(|(index, _)| *index)
            .collect();
        for export in module.exports.iter() {
            if let ExportItem::Function(id) = export.item {
                roots.extend(index_of(id));
            }
        }
        roots.extend(module.start.and_then(index_of));
        loop {
            let (reached, stops) = graph.reached(&roots, &cuts);
            let is_rest = |id: FunctionId| index_of(id).is_some_and(|index| !reached.contains(&Node::Function(index)));
            // wasm-bindgen adds functions of its own and calls between others: what they call stays as well.
            let mut missed = BTreeSet::new();
            for (_, function) in module.funcs.iter_local().filter(|(id, _)| !is_rest(*id)) {
                let mut calls = Calls::default();
                dfs_in_order(&mut calls, function, function.entry_block());
                let strangers = calls.0.into_iter().filter_map(index_of);
                missed.extend(
                    strangers.filter(|index| !cuts.contains(index) && !reached.contains(&Node::Function(*index))),
                );
            }
            if !missed.is_empty() {
                roots.extend(missed);
                continue;
            }
            let is_cut = |id: FunctionId| index_of(id).is_some_and(|index| stops.contains(&index));
            let rest = || module.funcs.iter_local().map(|(id, _)| id).filter(|id| is_rest(*id));
            let data = graph.data.iter().enumerate().filter(|(at, _)| !reached.contains(&Node::Data(*at)));
            return Ok(Plan {
                cuts: rest().filter(|id| is_cut(*id)).map(|id| id.index()).collect(),
                rest: rest().map(|id| id.index()).collect(),
                both: (module.funcs.iter_local())
                    .filter(|(id, function)| !is_rest(*id) && function.size() <= SHORT)
                    .map(|(id, _)| id.index())
                    .collect(),
                data: data.map(|(_, range)| range.clone()).collect(),
            });
        }
    }
}

/// The functions that [`CUTS`] names.
fn cut_functions(graph: &Graph) -> BTreeSet<u32> {
    let readable: Vec<(u32, String)> =
        graph.names.iter().map(|(index, name)| (*index, format!("{:#}", rustc_demangle::demangle(name)))).collect();
    let mut cuts = BTreeSet::new();
    for cut in CUTS {
        let before = cuts.len();
        cuts.extend(readable.iter().filter(|(_, name)| name.starts_with(cut)).map(|(index, _)| *index));
        if cuts.len() == before {
            println!(
                "Nothing is cut at `{cut}`: no function is called so. Put #[inline(never)] on it, or mend CUTS in src/xtask/split.rs."
            );
        }
    }
    cuts
}

/// The functions that a function calls or takes the address of.
#[derive(Default)]
struct Calls(Vec<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.push(*function);
    }
}

/// The parts of the first file, by the short names under which the second one imports them.
type Wanted = BTreeSet<String>;

fn make_rest(module: &mut Module, plan: &Plan) -> Outcome<Wanted> {
    let table = main_table(module)?;
    let exports: Vec<_> = module.exports.iter().map(|export| export.id()).collect();
    exports.into_iter().for_each(|id| module.exports.delete(id));
    module.start = None;
    // Everything that is not in this file is imported; what nobody here uses is thrown away below.
    let imports: Vec<_> = module.imports.iter().map(|import| import.id()).collect();
    imports.into_iter().for_each(|id| module.imports.delete(id));
    for (name, part) in parts(module) {
        match part {
            ExportItem::Function(id) if !plan.rest.contains(&id.index()) && !plan.both.contains(&id.index()) => {
                let import = module.imports.add(FIRST, &name, id);
                let function = module.funcs.get_mut(id);
                function.kind = FunctionKind::Import(ImportedFunction { import, ty: function.ty() });
            }
            ExportItem::Function(_) | ExportItem::Tag(_) => {}
            ExportItem::Global(id) => {
                module.globals.get_mut(id).kind = GlobalKind::Import(module.imports.add(FIRST, &name, id));
            }
            ExportItem::Table(id) => module.tables.get_mut(id).import = Some(module.imports.add(FIRST, &name, id)),
            ExportItem::Memory(id) => module.memories.get_mut(id).import = Some(module.imports.add(FIRST, &name, id)),
        }
    }
    move_data(module, plan)?;
    // The table's entries that point here, run by run, and one for each cut.
    let mut runs = take_entries(module, table, |id| plan.rest.contains(&id.index()))?;
    let ids = ids(module);
    let grown = grow_table(module, table, plan);
    runs.push((grown, plan.cuts.iter().map(|place| ids[place]).collect()));
    put_entries(module, table, runs);
    walrus::passes::gc::run(module);
    Ok(module.imports.iter().map(|import| import.name.clone()).collect())
}

fn make_first(module: &mut Module, plan: &Plan, wanted: &Wanted) -> Outcome {
    let table = main_table(module)?;
    let loader = module.imports.iter().find(|import| import.name.starts_with(LOAD_REST));
    let Some(walrus::ImportKind::Function(loader)) = loader.map(|import| import.kind.clone()) else {
        return Err(Problem::new(format!("The page's module imports no {LOAD_REST}.")).remedy("see src/main.rs"));
    };
    let ids = ids(module);
    let is_cut = |id: FunctionId| plan.cuts.contains(&id.index());
    let runs = take_entries(module, table, |id| is_cut(id) || !plan.rest.contains(&id.index()))?;
    put_entries(module, table, runs);
    let grown = grow_table(module, table, plan);
    for (at, place) in plan.cuts.iter().enumerate() {
        let id = ids[place];
        let ty = module.funcs.get(id).ty();
        let (params, results) = module.types.params_results(ty);
        let (params, results) = (params.to_vec(), results.to_vec());
        let locals: Vec<_> = params.iter().map(|param| module.locals.add(*param)).collect();
        let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
        let mut body = builder.func_body();
        body.call(loader);
        for local in &locals {
            body.local_get(*local);
        }
        body.i32_const(grown + at as i32).call_indirect(ty, table);
        module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(locals));
    }
    for (name, part) in parts(module) {
        if wanted.contains(&name) {
            module.exports.add(&name, part);
        }
    }
    let segments: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in segments {
        let data = module.data.get_mut(id);
        let Some(start) = address(&data.kind) else { continue };
        for piece in &plan.data {
            if let Some(bytes) = part_of(start, data.value.len(), piece) {
                // Nothing is where the other file will put its own; that compresses well.
                data.value[bytes].fill(0);
            }
        }
    }
    walrus::passes::gc::run(module);
    Ok(())
}

/// All that one file can take from the other, by short names that are the same in every copy of the module.
fn parts(module: &Module) -> Vec<(String, ExportItem)> {
    let mut parts = Vec::new();
    parts.extend(module.funcs.iter().map(|f| (short('f', f.id().index()), ExportItem::Function(f.id()))));
    parts.extend(module.globals.iter().map(|g| (short('g', g.id().index()), ExportItem::Global(g.id()))));
    parts.extend(module.tables.iter().map(|t| (short('t', t.id().index()), ExportItem::Table(t.id()))));
    parts.extend(module.memories.iter().map(|m| (short('m', m.id().index()), ExportItem::Memory(m.id()))));
    parts
}

/// A letter and a number as a short name.
fn short(letter: char, mut number: usize) -> String {
    let mut name = String::from(letter);
    while number > 0 {
        name.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    name
}

fn ids(module: &Module) -> BTreeMap<usize, FunctionId> {
    module.funcs.iter().map(|function| (function.id().index(), function.id())).collect()
}

/// Makes room for the cuts at the end of the table; returns where it begins.
fn grow_table(module: &mut Module, table: TableId, plan: &Plan) -> i32 {
    let table = module.tables.get_mut(table);
    let old = table.initial;
    table.initial += plan.cuts.len() as u64;
    table.maximum = table.maximum.map(|_| table.initial);
    // A table has some thousand entries.
    old as i32
}

/// Functions that stand one after the other in the table, and the place of the first.
type Run = (i32, Vec<FunctionId>);

/// Takes everything out of the table, and returns what is to be kept.
fn take_entries(module: &mut Module, table: TableId, keep: impl Fn(FunctionId) -> bool) -> Outcome<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    let mut taken = Vec::new();
    for element in module.elements.iter() {
        match (&element.kind, &element.items) {
            (ElementKind::Active { table: of, .. }, _) if *of != table => continue,
            (
                ElementKind::Active { offset: ConstExpr::Value(Value::I32(offset)), .. },
                ElementItems::Functions(functions),
            ) => {
                for (place, id) in (*offset..).zip(functions).filter(|(_, id)| keep(**id)) {
                    match runs.last_mut() {
                        Some((start, run)) if *start + run.len() as i32 == place => run.push(*id),
                        _ => runs.push((place, vec![*id])),
                    }
                }
            }
            _ => return Err(Problem::new("The page's table of functions is filled in a way that is not known here.")),
        }
        taken.push(element.id());
    }
    for id in taken {
        module.elements.delete(id);
        module.tables.get_mut(table).elem_segments.remove(&id);
    }
    Ok(runs)
}

fn put_entries(module: &mut Module, table: TableId, runs: Vec<Run>) {
    for (offset, functions) in runs {
        let kind = ElementKind::Active { table, offset: ConstExpr::Value(Value::I32(offset)) };
        let id = module.elements.add(kind, ElementItems::Functions(functions));
        module.tables.get_mut(table).elem_segments.insert(id);
    }
}

/// Leaves the plan's data in the module, and no other.
fn move_data(module: &mut Module, plan: &Plan) -> Outcome {
    let memory = module.get_memory_id().map_err(|error| Problem::new(format!("The page's memory: {error}.")))?;
    let mut moved: Vec<(u64, Vec<u8>)> = Vec::new();
    let old: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in old {
        let data = module.data.get(id);
        if let Some(start) = address(&data.kind) {
            for piece in &plan.data {
                let Some(bytes) = part_of(start, data.value.len(), piece) else { continue };
                let bytes = data.value[bytes].to_vec();
                match moved.last_mut() {
                    Some((at, last)) if *at + last.len() as u64 == piece.start => last.extend(bytes),
                    _ => moved.push((piece.start, bytes)),
                }
            }
        }
        module.data.delete(id);
        module.memories.get_mut(memory).data_segments.remove(&id);
    }
    for (at, bytes) in moved {
        // Memory addresses are of 32 bits.
        let kind = DataKind::Active { memory, offset: ConstExpr::Value(Value::I32(at as u32 as i32)) };
        let id = module.data.add(kind, bytes);
        module.memories.get_mut(memory).data_segments.insert(id);
    }
    Ok(())
}

/// Where a segment goes in memory.
fn address(kind: &DataKind) -> Option<u64> {
    match kind {
        DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } => Some(u64::from(*start as u32)),
        _ => None,
    }
}

/// Which bytes of a segment are this piece.
fn part_of(start: u64, len: usize, piece: &Range<u64>) -> Option<Range<usize>> {
    let from = piece.start.checked_sub(start)? as usize;
    let to = piece.end.checked_sub(start)? as usize;
    (to <= len).then_some(from..to)
}
