//! What the compiler makes: instructions for a machine with registers, and what a message needs to know of them.

use crate::{str::Str, value::Value};
use alloc::{rc::Rc, vec::Vec};

/// An operand: a register, or with this bit a constant.
pub type Rk = u16;
/// The bit that says "constant".
pub const CONSTANT: Rk = 0x8000;

/// An instruction. `a` is the register it writes, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// a = register b
    Move(u8, u8),
    /// a = constant
    LoadK(u8, u32),
    /// a and the `n` after it = nil
    LoadNil(u8, u8),
    /// a = bool
    LoadBool(u8, bool),
    /// a = upvalue
    GetUpval(u8, u8),
    /// upvalue = register a
    SetUpval(u8, u8),
    /// a = global of this name
    GetGlobal(u8, u32),
    /// global = register a
    SetGlobal(u8, u32),
    /// a = b[c]
    GetTable(u8, u8, Rk),
    /// a[b] = c
    SetTable(u8, Rk, Rk),
    /// a = {}, with room for an array and for others
    NewTable(u8, u16, u16),
    /// a+1 = b; a = b[c]
    Method(u8, u8, Rk),
    /// a = b + c
    Add(u8, Rk, Rk),
    /// a = b - c
    Sub(u8, Rk, Rk),
    /// a = b * c
    Mul(u8, Rk, Rk),
    /// a = b / c
    Div(u8, Rk, Rk),
    /// a = b % c
    Mod(u8, Rk, Rk),
    /// a = b ^ c
    Pow(u8, Rk, Rk),
    /// a = -b
    Unm(u8, u8),
    /// a = not b
    Not(u8, u8),
    /// a = #b
    Len(u8, u8),
    /// a = b .. ... .. c
    Concat(u8, u8, u8),
    /// a = b == c, or ~= if the last says no
    Eq(u8, Rk, Rk),
    /// a = b ~= c
    Ne(u8, Rk, Rk),
    /// a = b < c
    Lt(u8, Rk, Rk),
    /// a = b <= c
    Le(u8, Rk, Rk),
    /// on at that instruction
    Jump(u32),
    /// on there if register a counts as true
    JumpIf(u8, u32),
    /// on there if it does not
    JumpIfNot(u8, u32),
    /// call a with b-1 arguments behind it (0: up to the top) for c-1 results (0: all)
    Call(u8, u8, u8),
    /// return what a returns, called with b-1 arguments
    TailCall(u8, u8),
    /// return b-1 values from a on (0: up to the top)
    Return(u8, u8),
    /// the numbers of a loop are checked; on to its end
    ForPrep(u8, u32),
    /// the next round of a loop over numbers, which begins there
    ForLoop(u8, u32),
    /// the iterator at a is called for b values
    ForCall(u8, u8),
    /// if it gave something, the next round, which begins there
    ForTest(u8, u32),
    /// the table at a gets b values (0: up to the top) behind it, from that index on
    SetList(u8, u8, u32),
    /// variables from register a on live on in closures
    Close(u8),
    /// a = closure of an inner function
    Closure(u8, u32),
    /// a and the following = b-1 of the extra arguments (0: all)
    Vararg(u8, u8),
}

/// A variable of a function and where it lives.
#[derive(Clone, Debug)]
pub struct LocalVar {
    /// Its name.
    pub name: Str,
    /// Its register.
    pub register: u8,
    /// The first instruction that sees it.
    pub from: u32,
    /// The first that does not any more.
    pub to: u32,
}

/// A compiled function.
#[derive(Clone, Debug, Default)]
pub struct Proto {
    /// The instructions.
    pub code: Vec<Op>,
    /// The line of each.
    pub lines: Vec<u32>,
    /// Numbers and strings.
    pub constants: Vec<Value>,
    /// Inner functions.
    pub inner: Vec<Rc<Proto>>,
    /// Where each upvalue comes from: a register of the enclosing function (true), or one of its upvalues.
    pub upvalues: Vec<(bool, u8)>,
    /// Their names.
    pub upvalue_names: Vec<Str>,
    /// The variables, in the order of their beginnings.
    pub locals: Vec<LocalVar>,
    /// How many parameters it has.
    pub parameters: u8,
    /// Whether it takes more.
    pub vararg: bool,
    /// How many registers it needs.
    pub registers: u8,
    /// The line it is defined at; 0 for a chunk.
    pub line: u32,
    /// What it was read from: `@` and a name, or the text itself.
    pub source: Option<Str>,
}

impl Proto {
    /// The variable that lives in a register at an instruction.
    fn local_at(&self, register: u8, pc: usize) -> Option<&Str> {
        let pc = pc as u32;
        let lives = |local: &&LocalVar| local.register == register && local.from <= pc && pc < local.to;
        self.locals.iter().rev().find(lives).map(|local| &local.name)
    }

    /// What a register holds at an instruction, in the words of the program: `global 'x'`.
    pub fn name_of(&self, register: u8, pc: usize) -> Option<(&'static str, Str)> {
        if let Some(name) = self.local_at(register, pc) {
            return Some(("local", name.clone()));
        }
        let text = |value: Option<&Value>| match value {
            Some(Value::Str(text)) => text.clone(),
            _ => Str::from("?"),
        };
        let constant = |rk: Rk| match rk & CONSTANT {
            0 => Str::from("?"),
            _ => text(self.constants.get(usize::from(rk & !CONSTANT))),
        };
        match self.code[self.last_write(register, pc)?] {
            Op::GetGlobal(_, name) => Some(("global", text(self.constants.get(name as usize)))),
            Op::Move(to, from) if from < to => self.name_of(from, pc),
            Op::GetTable(_, _, key) => Some(("field", constant(key))),
            Op::Method(to, _, key) if to == register => Some(("method", constant(key))),
            Op::GetUpval(_, place) => Some(("upvalue", self.upvalue_names.get(usize::from(place))?.clone())),
            _ => None,
        }
    }

    /// The instruction before `pc` that last wrote a register, on a way that leads to `pc`.
    fn last_write(&self, register: u8, pc: usize) -> Option<usize> {
        let (mut last, mut place) = (None, 0);
        while place < pc {
            let op = self.code[place];
            if writes(op, register) {
                last = Some(place);
            }
            place += 1;
            if let Op::Jump(to) = op {
                let to = to as usize;
                if place < to && to <= pc {
                    place = to;
                }
            }
        }
        last
    }
}

fn writes(op: Op, register: u8) -> bool {
    match op {
        Op::Move(a, _) | Op::LoadK(a, _) | Op::LoadBool(a, _) | Op::GetUpval(a, _) | Op::GetGlobal(a, _) => {
            a == register
        }
        Op::GetTable(a, ..) | Op::NewTable(a, ..) | Op::Unm(a, _) | Op::Not(a, _) | Op::Len(a, _) => a == register,
        Op::Add(a, ..) | Op::Sub(a, ..) | Op::Mul(a, ..) | Op::Div(a, ..) | Op::Mod(a, ..) => a == register,
        Op::Pow(a, ..) | Op::Concat(a, ..) | Op::Eq(a, ..) | Op::Ne(a, ..) | Op::Lt(a, ..) => a == register,
        Op::Le(a, ..) | Op::Closure(a, _) => a == register,
        Op::LoadNil(a, more) => a <= register && register <= a.saturating_add(more),
        Op::Method(a, ..) => register == a || register == a.saturating_add(1),
        Op::Call(a, ..) | Op::TailCall(a, _) | Op::Vararg(a, _) => register >= a,
        Op::ForPrep(a, _) | Op::ForLoop(a, _) => register >= a && register <= a.saturating_add(3),
        Op::ForCall(a, _) | Op::ForTest(a, _) => register >= a.saturating_add(2),
        Op::SetUpval(..) | Op::SetGlobal(..) | Op::SetTable(..) | Op::Jump(_) | Op::JumpIf(..) => false,
        Op::JumpIfNot(..) | Op::Return(..) | Op::SetList(..) | Op::Close(_) => false,
    }
}

/// The name of a source in messages (`luaO_chunkid`).
pub fn chunk_id(source: &[u8]) -> Vec<u8> {
    const SIZE: usize = 60;
    match source.first() {
        Some(b'=') => source[1..source.len().min(SIZE)].to_vec(),
        Some(b'@') => {
            let name = &source[1..];
            let most = SIZE - "'...'".len() - 1;
            if name.len() > most { [b"...", &name[name.len() - most..]].concat() } else { name.to_vec() }
        }
        _ => {
            let line_end = source.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(source.len());
            let most = SIZE - "[string \"...\"] ".len() - 1;
            let kept = line_end.min(most);
            let dots: &[u8] = if kept < source.len() { b"..." } else { b"" };
            [b"[string \"", &source[..kept], dots, b"\"]"].concat()
        }
    }
}
