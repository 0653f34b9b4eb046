//! What in a linked module refers to what: functions and pieces of data, by the linker's relocations (`--emit-relocs`).
//!
//! The format is that of WebAssembly's tool conventions, <https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md>.

use crate::problem::{Outcome, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use wasmparser::{
    DataKind, KnownCustom, Linking, Operator, Parser, Payload, RelocSectionReader, RelocationType, SymbolInfo,
};

/// Something that refers and is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// A function, by its index in the module.
    Function(u32),
    /// A piece of data, by its place in [`Graph::data`].
    Data(usize),
}

/// A linked module, as far as references go.
#[derive(Debug, Default)]
pub struct Graph {
    /// The functions that have a name, with it.
    pub names: BTreeMap<u32, String>,
    /// The stretches of memory that hold one piece of data each, by address; none overlaps another.
    pub data: Vec<Range<u64>>,
    /// What each refers to.
    edges: BTreeMap<Node, BTreeSet<Node>>,
    /// What each function calls.
    calls: BTreeMap<u32, BTreeSet<u32>>,
    /// Data that is referred to from places that nobody owns.
    always: BTreeSet<Node>,
}

/// A module while it is read.
#[derive(Default)]
struct Raw<'a> {
    /// The bodies of functions, as offsets into the code section, with their function.
    bodies: Vec<(Range<usize>, u32)>,
    /// The segments: where their bytes lie in the data section, and where they go in memory.
    segments: Vec<(Range<usize>, u64)>,
    symbols: Vec<Target>,
    code: Vec<(usize, RelocationType, u32)>,
    bytes: Vec<(usize, RelocationType, u32)>,
    code_start: usize,
    data_start: usize,
    code_section: u32,
    raw_symbols: Vec<SymbolInfo<'a>>,
    raw_relocations: Vec<RelocSectionReader<'a>>,
}

/// What a symbol stands for.
#[derive(Clone, Copy)]
enum Target {
    Function(u32),
    Address(u64),
    Other,
}

impl Graph {
    /// Reads a module that was linked with `--emit-relocs`.
    pub fn read(module: &[u8]) -> Outcome<Graph> {
        let wrong = |error: wasmparser::BinaryReaderError| Problem::new(format!("The linked module is odd: {error}."));
        let mut graph = Graph::default();
        let mut raw = Raw::default();
        graph.sections(module, &mut raw).map_err(wrong)?;
        graph.symbols(&mut raw);
        for reader in std::mem::take(&mut raw.raw_relocations) {
            let of_code = reader.section_index() == raw.code_section;
            for entry in reader.entries() {
                let entry = entry.map_err(wrong)?;
                let list = if of_code { &mut raw.code } else { &mut raw.bytes };
                list.push((entry.offset as usize, entry.ty, entry.index));
            }
        }
        if raw.code.is_empty() {
            return Err(Problem::new("The linked module holds no relocations."));
        }
        graph.connect(&raw);
        Ok(graph)
    }

    fn sections<'a>(&mut self, module: &'a [u8], raw: &mut Raw<'a>) -> wasmparser::Result<()> {
        let (mut imported, mut section) = (0, 0);
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            match &payload {
                Payload::ImportSection(reader) => {
                    for import in reader.clone().into_imports() {
                        imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionStart { range, .. } => (raw.code_start, raw.code_section) = (range.start, section),
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    let index = imported + raw.bodies.len() as u32;
                    raw.bodies.push((range.start - raw.code_start..range.end - raw.code_start, index));
                    // Part of the code section, which was counted when it began.
                    continue;
                }
                Payload::DataSection(reader) => {
                    raw.data_start = reader.range().start;
                    for segment in reader.clone() {
                        let segment = segment?;
                        let end = segment.range.end - raw.data_start;
                        let DataKind::Active { offset_expr, .. } = &segment.kind else { continue };
                        let address = match offset_expr.get_operators_reader().read()? {
                            Operator::I32Const { value } => value as u32,
                            _ => continue,
                        };
                        raw.segments.push((end - segment.data.len()..end, u64::from(address)));
                    }
                }
                Payload::CustomSection(custom) => match custom.as_known() {
                    KnownCustom::Linking(reader) => {
                        for part in reader.subsections() {
                            if let Linking::SymbolTable(table) = part? {
                                raw.raw_symbols = table.into_iter().collect::<Result<_, _>>()?;
                            }
                        }
                    }
                    KnownCustom::Reloc(reader) => raw.raw_relocations.push(reader),
                    _ => {}
                },
                _ => {}
            }
            section += u32::from(!matches!(payload, Payload::Version { .. } | Payload::End(_)));
        }
        Ok(())
    }

    /// Learns what symbols stand for, what functions are called, and which stretches of memory are one piece.
    fn symbols(&mut self, raw: &mut Raw<'_>) {
        let mut pieces = Vec::new();
        for symbol in &raw.raw_symbols {
            raw.symbols.push(match symbol {
                SymbolInfo::Func { index, name, .. } => {
                    if let Some(name) = name {
                        self.names.insert(*index, (*name).to_string());
                    }
                    Target::Function(*index)
                }
                SymbolInfo::Data { symbol: Some(place), .. } => match raw.segments.get(place.index as usize) {
                    Some((_, start)) => {
                        let address = start + u64::from(place.offset);
                        pieces.push(address..address + u64::from(place.size));
                        Target::Address(address)
                    }
                    None => Target::Other,
                },
                _ => Target::Other,
            });
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces.sort_by_key(|piece| (piece.start, piece.end));
        for piece in pieces {
            match self.data.last_mut() {
                // Symbols may share bytes: then they stay together.
                Some(last) if piece.start < last.end => last.end = last.end.max(piece.end),
                _ => self.data.push(piece),
            }
        }
    }

    fn connect(&mut self, raw: &Raw<'_>) {
        for (offset, ty, symbol) in &raw.code {
            let body = raw.bodies.partition_point(|(range, _)| range.end <= *offset);
            let owner = raw.bodies.get(body).filter(|(range, _)| range.contains(offset));
            self.connect_one(owner.map(|(_, index)| Node::Function(*index)), *ty, raw.symbols.get(*symbol as usize));
        }
        for (offset, ty, symbol) in &raw.bytes {
            let segment = raw.segments.iter().find(|(range, _)| range.contains(offset));
            let address = segment.map(|(range, start)| start + (offset - range.start) as u64);
            let owner = address.and_then(|address| self.piece_at(address)).map(Node::Data);
            self.connect_one(owner, *ty, raw.symbols.get(*symbol as usize));
        }
    }

    fn connect_one(&mut self, owner: Option<Node>, ty: RelocationType, target: Option<&Target>) {
        // Types, globals and the like are the same in both modules.
        if matches!(ty, RelocationType::TypeIndexLeb | RelocationType::GlobalIndexLeb) {
            return;
        }
        let target = match target {
            Some(Target::Function(index)) => Node::Function(*index),
            Some(Target::Address(address)) => match self.piece_at(*address) {
                Some(piece) => Node::Data(piece),
                None => return,
            },
            Some(Target::Other) | None => return,
        };
        match owner {
            Some(Node::Function(from)) if ty == RelocationType::FunctionIndexLeb => {
                if let Node::Function(to) = target {
                    self.calls.entry(from).or_default().insert(to);
                }
            }
            Some(owner) => drop(self.edges.entry(owner).or_default().insert(target)),
            None => drop(self.always.insert(target)),
        }
    }

    /// A function calls these and no others.
    pub fn set_calls(&mut self, function: u32, calls: BTreeSet<u32>) {
        self.calls.insert(function, calls);
    }

    fn piece_at(&self, address: u64) -> Option<usize> {
        let piece = self.data.partition_point(|range| range.end <= address);
        self.data.get(piece).filter(|range| range.contains(&address)).map(|_| piece)
    }

    /// The functions with their names as Rust writes them.
    pub fn readable(&self) -> impl Iterator<Item = (u32, String)> {
        self.names.iter().map(|(index, name)| (*index, format!("{:#}", rustc_demangle::demangle(name))))
    }

    /// Everything that can be reached from `roots` and from places that nobody owns, without going into `cuts`; and those of
    /// `cuts` at which this came to a stop.
    pub fn reached(&self, roots: &BTreeSet<u32>, cuts: &BTreeSet<u32>) -> (BTreeSet<Node>, BTreeSet<u32>) {
        let (mut reached, mut stops) = (BTreeSet::new(), BTreeSet::new());
        let mut open: Vec<Node> = roots.iter().map(|index| Node::Function(*index)).collect();
        open.extend(&self.always);
        while let Some(node) = open.pop() {
            match node {
                Node::Function(index) if cuts.contains(&index) => {
                    stops.insert(index);
                }
                Node::Function(_) | Node::Data(_) => {
                    if reached.insert(node) {
                        open.extend(self.edges.get(&node).into_iter().flatten());
                        if let Node::Function(index) = node {
                            open.extend(self.calls.get(&index).into_iter().flatten().map(|to| Node::Function(*to)));
                        }
                    }
                }
            }
        }
        (reached, stops)
    }
}
