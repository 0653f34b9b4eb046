//! From text to instructions in one pass, as Lua's own compiler goes: no tree is built, so nothing deep has to be walked or dropped.

mod expression;
mod statement;

use crate::{
    lexer::{Lexer, Token},
    number::ReadFloat,
    op::{CONSTANT, LocalVar, Op, Proto, Rk},
    str::Str,
    value::{Error, Value},
};
use alloc::{collections::BTreeMap, format, rc::Rc, string::String, vec::Vec};

/// How deep a text may nest.
const MAX_LEVELS: u32 = 200;
/// How many variables a function may have at once.
const MAX_LOCALS: usize = 200;
/// How many variables of enclosing functions a function may use.
const MAX_UPVALUES: usize = 60;
/// How many registers a function may need.
const MAX_REGISTERS: usize = 249;

/// Where the value of an expression is, or how it comes to be.
#[derive(Clone, Debug)]
enum Exp {
    Nil,
    Bool(bool),
    Num(f64),
    Str(Str),
    /// The instruction that fetches extra arguments.
    Vararg(usize),
    /// The instruction that calls.
    Call(usize),
    /// A variable's register.
    Local(u8),
    Upval(u8),
    /// A global, by the constant of its name.
    Global(u32),
    /// A field, by the table's register and the key.
    Index(u8, Rk),
    /// A register of its own.
    Reg(u8),
}

/// A block of statements.
#[derive(Default)]
struct Block {
    /// How many variables there were before it.
    actives: usize,
    is_loop: bool,
    /// Jumps out of it.
    breaks: Vec<usize>,
    /// Whether a closure keeps one of its variables.
    captured: bool,
}

/// A function that is being compiled.
#[derive(Default)]
struct Function {
    proto: Proto,
    /// Constants that are there, by their kind and bytes.
    known: BTreeMap<Vec<u8>, u32>,
    /// The variables in sight, as places among all.
    actives: Vec<usize>,
    blocks: Vec<Block>,
    /// The first register that is free.
    free: usize,
}

/// Compiles a text. `source` is `@` and a name, or the text itself.
pub fn compile(text: &[u8], source: &Str, read_float: ReadFloat) -> Result<Rc<Proto>, Error> {
    let lexer = Lexer::new(text, source, read_float)?;
    let mut compiler = Compiler { lexer, functions: Vec::new(), levels: 0, source: source.clone() };
    compiler.open_function(0);
    compiler.function().proto.vararg = true;
    compiler.block()?;
    if compiler.lexer.token != Token::End {
        return Err(compiler.lexer.error("'<eof>' expected"));
    }
    Ok(Rc::new(compiler.close_function()))
}

struct Compiler<'t> {
    lexer: Lexer<'t>,
    functions: Vec<Function>,
    levels: u32,
    source: Str,
}

impl Compiler<'_> {
    fn function(&mut self) -> &mut Function {
        self.functions.last_mut().expect("there is a function until the end of the text")
    }

    fn open_function(&mut self, line: u32) {
        let mut function = Function::default();
        function.proto.source = Some(self.source.clone());
        function.proto.line = line;
        function.proto.registers = 2;
        function.blocks.push(Block::default());
        self.functions.push(function);
    }

    fn close_function(&mut self) -> Proto {
        self.emit(Op::Return(0, 1));
        let mut function = self.functions.pop().expect("what was opened is closed once");
        let end = function.proto.code.len() as u32;
        for active in function.actives {
            function.proto.locals[active].to = end;
        }
        function.proto
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.levels += 1;
        if self.levels > MAX_LEVELS {
            return Err(self.lexer.error_here("chunk has too many syntax levels"));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.levels -= 1;
    }

    fn emit(&mut self, op: Op) -> usize {
        let line = self.lexer.last_line;
        let proto = &mut self.function().proto;
        proto.code.push(op);
        proto.lines.push(line);
        proto.code.len() - 1
    }

    fn here(&mut self) -> u32 {
        self.function().proto.code.len() as u32
    }

    /// Lets a jump lead to the next instruction.
    fn land(&mut self, jump: usize) {
        let here = self.here();
        self.lead(jump, here);
    }

    fn lead(&mut self, jump: usize, to: u32) {
        match &mut self.function().proto.code[jump] {
            Op::Jump(target) | Op::JumpIf(_, target) | Op::JumpIfNot(_, target) => *target = to,
            Op::ForPrep(_, target) | Op::ForLoop(_, target) | Op::ForTest(_, target) => *target = to,
            _ => {}
        }
    }

    fn limit(&mut self, count: usize, most: usize, what: &str) -> Result<(), Error> {
        if count <= most {
            return Ok(());
        }
        let line = self.function().proto.line;
        let place = if line == 0 { String::from("main function") } else { format!("function at line {line}") };
        Err(self.lexer.error_here(&format!("{place} has more than {most} {what}")))
    }

    fn constant(&mut self, value: Value) -> Result<u32, Error> {
        let key = match &value {
            Value::Str(text) => [b"s", &text[..]].concat(),
            // The two zeros share a place, as in Lua 5.1: after `-0` a `0` of the same function is negative, too.
            Value::Num(number) => [&b"n"[..], &(number + 0.0).to_bits().to_be_bytes()].concat(),
            other => other.type_name().into(),
        };
        let function = self.function();
        let next = function.proto.constants.len() as u32;
        let place = *function.known.entry(key).or_insert(next);
        if place == next {
            function.proto.constants.push(value);
        }
        self.limit(place as usize, 1 << 18, "constants")?;
        Ok(place)
    }

    fn reserve(&mut self, count: usize) -> Result<u8, Error> {
        let first = self.function().free;
        if first + count > MAX_REGISTERS {
            return Err(self.lexer.error_here("function or expression too complex"));
        }
        let function = self.function();
        function.free += count;
        function.proto.registers = function.proto.registers.max(function.free as u8 + 1);
        Ok(first as u8)
    }

    fn release(&mut self, exp: &Exp) {
        match exp {
            Exp::Reg(register) => self.release_register(*register),
            Exp::Index(table, key) => {
                // The later one first.
                let (table, key) = (u16::from(*table), *key);
                let (first, second) = if key & CONSTANT == 0 && key > table { (key, table) } else { (table, key) };
                for rk in [first, second].into_iter().filter(|rk| rk & CONSTANT == 0) {
                    self.release_register(rk as u8);
                }
            }
            _ => {}
        }
    }

    fn release_register(&mut self, register: u8) {
        let function = self.function();
        let register = usize::from(register);
        if register >= function.actives.len() && register + 1 == function.free {
            function.free = register;
        }
    }

    /// Puts the value of an expression in a register.
    fn store_in(&mut self, exp: &Exp, register: u8) -> Result<(), Error> {
        let op = match exp {
            Exp::Nil => Op::LoadNil(register, 0),
            Exp::Bool(yes) => Op::LoadBool(register, *yes),
            Exp::Num(number) => Op::LoadK(register, self.constant(Value::Num(*number))?),
            Exp::Str(text) => Op::LoadK(register, self.constant(Value::Str(text.clone()))?),
            Exp::Vararg(pc) => {
                self.function().proto.code[*pc] = Op::Vararg(register, 2);
                return Ok(());
            }
            Exp::Call(pc) => match self.function().proto.code[*pc] {
                Op::Call(at, ..) if at == register => return Ok(()),
                Op::Call(at, ..) => Op::Move(register, at),
                _ => return Ok(()),
            },
            Exp::Upval(place) => Op::GetUpval(register, *place),
            Exp::Global(name) => Op::GetGlobal(register, *name),
            Exp::Index(table, key) => Op::GetTable(register, *table, *key),
            Exp::Local(from) | Exp::Reg(from) if *from == register => return Ok(()),
            Exp::Local(from) | Exp::Reg(from) => Op::Move(register, *from),
        };
        self.emit(op);
        Ok(())
    }

    /// Puts the value of an expression in the next free register.
    fn place_next(&mut self, exp: &Exp) -> Result<u8, Error> {
        self.settle(exp);
        self.release(exp);
        if let Exp::Call(pc) = exp
            && let Op::Call(at, ..) = self.function().proto.code[*pc]
            && usize::from(at) == self.function().free
        {
            return self.reserve(1);
        }
        let register = self.reserve(1)?;
        self.store_in(exp, register)?;
        Ok(register)
    }

    /// A call that is used as a value gives one.
    fn settle(&mut self, exp: &Exp) {
        if let Exp::Call(pc) = exp
            && let Op::Call(at, arguments, _) = self.function().proto.code[*pc]
        {
            self.function().proto.code[*pc] = Op::Call(at, arguments, 2);
        }
    }

    fn place_anywhere(&mut self, exp: &Exp) -> Result<u8, Error> {
        match exp {
            Exp::Local(register) | Exp::Reg(register) => Ok(*register),
            other => self.place_next(other),
        }
    }

    /// The expression as an operand: a small constant, or a register.
    fn operand(&mut self, exp: &Exp) -> Result<Exp, Error> {
        Ok(match exp {
            Exp::Num(_) | Exp::Str(_) | Exp::Local(_) => exp.clone(),
            other => Exp::Reg(self.place_anywhere(other)?),
        })
    }

    fn rk(&mut self, exp: &Exp) -> Result<Rk, Error> {
        let constant = match exp {
            Exp::Num(number) => Some(self.constant(Value::Num(*number))?),
            Exp::Str(text) => Some(self.constant(Value::Str(text.clone()))?),
            _ => None,
        };
        match constant.filter(|place| *place < u32::from(CONSTANT)) {
            Some(place) => Ok(place as Rk | CONSTANT),
            None => self.place_anywhere(exp).map(Rk::from),
        }
    }

    // Variables.

    fn new_local(&mut self, name: Str) -> Result<usize, Error> {
        let count = self.function().actives.len();
        self.limit(count + 1, MAX_LOCALS, "local variables")?;
        let function = self.function();
        function.proto.locals.push(LocalVar { name, register: 0, from: 0, to: u32::MAX });
        Ok(function.proto.locals.len() - 1)
    }

    /// The variables come in sight; their registers are those of the last `locals.len()` reserved ones.
    fn activate(&mut self, locals: &[usize]) -> Result<(), Error> {
        let here = self.here();
        let total = self.function().actives.len() + locals.len();
        self.limit(total, MAX_LOCALS, "local variables")?;
        let function = self.function();
        for local in locals {
            let register = function.actives.len() as u8;
            let variable = &mut function.proto.locals[*local];
            (variable.register, variable.from) = (register, here);
            function.actives.push(*local);
        }
        Ok(())
    }

    fn variable(&mut self, name: &Str) -> Result<Exp, Error> {
        match self.find(self.functions.len() - 1, name)? {
            Some(found) => Ok(found),
            None => Ok(Exp::Global(self.constant(Value::Str(name.clone()))?)),
        }
    }

    fn find(&mut self, level: usize, name: &Str) -> Result<Option<Exp>, Error> {
        let function = &self.functions[level];
        let register = function.actives.iter().rposition(|active| function.proto.locals[*active].name == *name);
        if let Some(register) = register {
            return Ok(Some(Exp::Local(register as u8)));
        }
        if let Some(place) = function.proto.upvalue_names.iter().position(|other| other == name) {
            return Ok(Some(Exp::Upval(place as u8)));
        }
        if level == 0 {
            return Ok(None);
        }
        let source = match self.find(level - 1, name)? {
            Some(Exp::Local(register)) => {
                let blocks = &mut self.functions[level - 1].blocks;
                if let Some(block) = blocks.iter_mut().rev().find(|block| block.actives <= usize::from(register)) {
                    block.captured = true;
                }
                (true, register)
            }
            Some(Exp::Upval(place)) => (false, place),
            _ => return Ok(None),
        };
        let count = self.functions[level].proto.upvalues.len();
        self.limit(count + 1, MAX_UPVALUES, "upvalues")?;
        let proto = &mut self.functions[level].proto;
        proto.upvalues.push(source);
        proto.upvalue_names.push(name.clone());
        Ok(Some(Exp::Upval(count as u8)))
    }

    // Tokens.

    fn accept(&mut self, word: &str) -> Result<bool, Error> {
        let is = self.lexer.is(word);
        if is {
            self.lexer.advance()?;
        }
        Ok(is)
    }

    fn expect(&mut self, word: &str) -> Result<(), Error> {
        if self.accept(word)? {
            return Ok(());
        }
        Err(self.lexer.error(&format!("{} expected", Lexer::quoted(word))))
    }

    /// The end of what was opened at a line.
    fn expect_match(&mut self, word: &str, opened: &str, line: u32) -> Result<(), Error> {
        if self.accept(word)? {
            return Ok(());
        }
        let word = Lexer::quoted(word);
        if line == self.lexer.line {
            return Err(self.lexer.error(&format!("{word} expected")));
        }
        let opened = Lexer::quoted(opened);
        Err(self.lexer.error(&format!("{word} expected (to close {opened} at line {line})")))
    }

    fn name(&mut self) -> Result<Str, Error> {
        match self.lexer.token.clone() {
            Token::Name(name) => {
                self.lexer.advance()?;
                Ok(name)
            }
            _ => Err(self.lexer.error("'<name>' expected")),
        }
    }
}
