//! One part as a module: what it holds, what it takes from those before it, and what it offers to those after it.

use super::plan::{Cut, Plan};
use super::{SCRIPT, short};
use crate::problem::{Outcome, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use walrus::ir::Value;
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind, GlobalKind,
    ImportKind, ImportedFunction, Module, ModuleConfig, RefType, TableId,
};

/// What the page's own `load_part` is called among the imports.
const LOAD_PART: &str = "__wbg_warrenLoadPart_";

/// What later parts import is all under this module name. `www/loader.js` finds functions in the table, and all else among the first part's exports.
const OFFERS: &str = "p";
/// What the first part exports the table as.
const TABLE: &str = "table";
/// The base in which a function's place in the table is its name for the parts that import it.
const BASE: usize = 36;

/// What later parts want of those before them. A function is handed on by the table that all parts share: an export of each would weigh three times as
/// much.
#[derive(Default)]
pub struct Wanted {
    /// Of each part, by short names that are the same in every copy of the module.
    names: BTreeMap<usize, BTreeSet<String>>,
    /// The places in the table of functions that have none of their own there.
    places: BTreeMap<String, i32>,
}

/// Reads a module.
pub fn parse(bytes: &[u8]) -> Outcome<Module> {
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

/// Leaves in the whole module what belongs to this part; `wanted` is what those after it want of it, and learns what it wants itself.
pub fn make_part(module: &mut Module, plan: &Plan, part: usize, wanted: &mut Wanted) -> Outcome {
    let table = main_table(module)?;
    let loader = loader(module)?;
    if part == 0 {
        blank_data(module, plan);
    } else {
        import_from_others(module, plan, part, table);
        keep_data(module, plan, part)?;
    }
    // The entries of functions that are elsewhere are made there.
    let is_home = |id: FunctionId| plan.cut(id).is_some_and(|(_, cut)| cut.home == part);
    let all = take_entries(module, table)?;
    let mut runs = all.clone();
    runs.retain(|(_, id)| plan.part(*id) == part || is_home(*id));
    let ids: BTreeMap<usize, FunctionId> = module.funcs.iter().map(|one| (one.id().index(), one.id())).collect();
    // A table has some thousand entries; the cuts have theirs at its end, and what is handed on behind these.
    let grown = module.tables.get(table).initial as i32;
    for (entry, cut) in (grown..).zip(&plan.cuts) {
        if cut.part == part {
            runs.push((entry, ids[&cut.place]));
        } else if cut.home == part {
            make_door(module, ids[&cut.place], loader, cut, (table, entry));
        }
    }
    let names = wanted.names.get(&part);
    for (name, item) in items(module, table).into_iter().filter(|(name, _)| names.is_some_and(|all| all.contains(name)))
    {
        match item {
            ExportItem::Function(id) => runs.extend(wanted.places.get(&name).map(|place| (*place, id))),
            ExportItem::Table(_) | ExportItem::Memory(_) | ExportItem::Global(_) | ExportItem::Tag(_) => {
                module.exports.add(&name, item);
            }
        }
    }
    put_entries(module, table, runs);
    walrus::passes::gc::run(module);
    for of in 0..part {
        want(module, wanted, of, &all, grown + plan.cuts.len() as i32);
    }
    let size = (part == 0).then_some(grown as u64 + (plan.cuts.len() + wanted.places.len()) as u64);
    let table = module.tables.get_mut(table);
    table.initial = size.unwrap_or(table.initial);
    table.maximum = size;
    Ok(())
}

/// Writes down what a part imports of another, and names its functions by their places in the table: those of `all` that are there, or new ones from
/// `free` on.
fn want(module: &mut Module, wanted: &mut Wanted, of: usize, all: &[Entry], free: i32) {
    let known: BTreeMap<FunctionId, i32> = all.iter().map(|(place, id)| (*id, *place)).collect();
    let offers = format!("{OFFERS}{of}");
    for import in module.imports.iter_mut().filter(|import| import.module == offers) {
        wanted.names.entry(of).or_default().insert(import.name.clone());
        import.module = OFFERS.to_string();
        if let ImportKind::Function(id) = import.kind {
            let place = known.get(&id).copied().unwrap_or_else(|| {
                let next = free + wanted.places.len() as i32;
                *wanted.places.entry(import.name.clone()).or_insert(next)
            });
            import.name = in_base(place as usize);
        }
    }
}

/// A number as `parseInt(name, 36)` reads it.
fn in_base(mut number: usize) -> String {
    let mut digits = Vec::new();
    while digits.is_empty() || number > 0 {
        digits.push(char::from_digit((number % BASE) as u32, BASE as u32).unwrap_or_default());
        number /= BASE;
    }
    digits.into_iter().rev().collect()
}

/// The function that loads a part.
fn loader(module: &Module) -> Outcome<FunctionId> {
    let import = module.imports.iter().find(|import| import.module == SCRIPT && import.name.starts_with(LOAD_PART));
    match import.map(|import| import.kind.clone()) {
        Some(ImportKind::Function(loader)) => Ok(loader),
        _ => Err(Problem::new(format!("The page's module imports no {LOAD_PART}.")).remedy("see src/main.rs")),
    }
}

/// The table of functions.
fn main_table(module: &Module) -> Outcome<TableId> {
    let mut tables = module.tables.iter().filter(|table| table.element_ty == RefType::FUNCREF);
    match (tables.next(), tables.next()) {
        (Some(table), None) => Ok(table.id()),
        _ => Err(Problem::new("The page's module has not exactly one table of functions.")),
    }
}

/// Everything that is not in this part is imported; what nobody here uses is thrown away afterwards.
fn import_from_others(module: &mut Module, plan: &Plan, part: usize, table: TableId) {
    let exports: Vec<_> = module.exports.iter().map(|export| export.id()).collect();
    exports.into_iter().for_each(|id| module.exports.delete(id));
    module.start = None;
    let imports: Vec<_> = module.imports.iter().map(|import| import.id()).collect();
    imports.into_iter().for_each(|id| module.imports.delete(id));
    // Until it is known what is wanted ([`want`]), the module name tells of which part.
    let offers = |of: usize| format!("{OFFERS}{of}");
    for (name, item) in items(module, table) {
        match item {
            ExportItem::Function(id) => {
                let home = plan.cut(id).filter(|(_, cut)| cut.part > part).map_or(plan.part(id), |(_, cut)| cut.home);
                // A short one is copied, unless it is a door itself.
                if home >= part || plan.part(id) < part && plan.is_copied(id) {
                    continue;
                }
                let import = module.imports.add(&offers(home), &name, id);
                let function = module.funcs.get_mut(id);
                function.kind = FunctionKind::Import(ImportedFunction { import, ty: function.ty() });
            }
            ExportItem::Tag(_) => {}
            ExportItem::Global(id) => {
                module.globals.get_mut(id).kind = GlobalKind::Import(module.imports.add(&offers(0), &name, id));
            }
            ExportItem::Table(id) => {
                module.tables.get_mut(id).import = Some(module.imports.add(&offers(0), &name, id));
            }
            ExportItem::Memory(id) => {
                module.memories.get_mut(id).import = Some(module.imports.add(&offers(0), &name, id));
            }
        }
    }
}

/// Makes of a cut function the few instructions that load its part and call it there, through an entry of the table.
fn make_door(module: &mut Module, id: FunctionId, loader: FunctionId, cut: &Cut, (table, entry): (TableId, i32)) {
    let ty = module.funcs.get(id).ty();
    let (params, results) = module.types.params_results(ty);
    let (params, results) = (params.to_vec(), results.to_vec());
    let locals: Vec<_> = params.iter().map(|param| module.locals.add(*param)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
    let mut body = builder.func_body();
    // There are two or three parts.
    body.i32_const(cut.part as i32).call(loader);
    for local in &locals {
        body.local_get(*local);
    }
    body.i32_const(entry).call_indirect(ty, table);
    module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(locals));
}

/// All that one part can take from another, by short names that are the same in every copy of the module.
fn items(module: &Module, main: TableId) -> Vec<(String, ExportItem)> {
    let table = |id: TableId| if id == main { TABLE.to_string() } else { short('t', id.index()) };
    let mut items = Vec::new();
    items.extend(module.funcs.iter().map(|f| (short('f', f.id().index()), ExportItem::Function(f.id()))));
    items.extend(module.globals.iter().map(|g| (short('g', g.id().index()), ExportItem::Global(g.id()))));
    items.extend(module.tables.iter().map(|t| (table(t.id()), ExportItem::Table(t.id()))));
    items.extend(module.memories.iter().map(|m| (short('m', m.id().index()), ExportItem::Memory(m.id()))));
    items
}

/// Puts nothing where later parts will put their data; that compresses well.
fn blank_data(module: &mut Module, plan: &Plan) {
    let segments: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in segments {
        let data = module.data.get_mut(id);
        let Some(start) = address(&data.kind) else { continue };
        for piece in plan.data[1..].iter().flatten() {
            if let Some(bytes) = part_of(start, data.value.len(), piece) {
                data.value[bytes].fill(0);
            }
        }
    }
}

/// A place in the table, and the function there.
type Entry = (i32, FunctionId);

/// Takes everything out of the table, and returns it.
fn take_entries(module: &mut Module, table: TableId) -> Outcome<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut taken = Vec::new();
    for element in module.elements.iter() {
        match (&element.kind, &element.items) {
            (ElementKind::Active { table: of, .. }, _) if *of != table => continue,
            (
                ElementKind::Active { offset: ConstExpr::Value(Value::I32(offset)), .. },
                ElementItems::Functions(functions),
            ) => entries.extend((*offset..).zip(functions.iter().copied())),
            _ => return Err(Problem::new("The page's table of functions is filled in a way that is not known here.")),
        }
        taken.push(element.id());
    }
    for id in taken {
        module.elements.delete(id);
        module.tables.get_mut(table).elem_segments.remove(&id);
    }
    Ok(entries)
}

/// Fills the table; what stands one after the other goes there as one.
fn put_entries(module: &mut Module, table: TableId, mut entries: Vec<Entry>) {
    entries.sort();
    let follow = |one: &Entry, next: &Entry| one.0 + 1 == next.0;
    for run in entries.chunk_by(follow) {
        let kind = ElementKind::Active { table, offset: ConstExpr::Value(Value::I32(run[0].0)) };
        let functions = run.iter().map(|(_, id)| *id).collect();
        let id = module.elements.add(kind, ElementItems::Functions(functions));
        module.tables.get_mut(table).elem_segments.insert(id);
    }
}

/// Leaves this part's data in the module, and no other.
fn keep_data(module: &mut Module, plan: &Plan, part: usize) -> Outcome {
    let memory = module.get_memory_id().map_err(|error| Problem::new(format!("The page's memory: {error}.")))?;
    let mut moved: Vec<(u64, Vec<u8>)> = Vec::new();
    let old: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in old {
        let data = module.data.get(id);
        if let Some(start) = address(&data.kind) {
            for piece in &plan.data[part] {
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
