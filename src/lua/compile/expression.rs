//! Expressions.

use super::{Compiler, Exp, Function};
use crate::{
    lexer::Token,
    op::{CONSTANT, Op},
    str::Str,
    value::Error,
};
use alloc::{rc::Rc, vec::Vec};

/// Operators with two operands and how tightly they hold their left and right one.
const BINARY: [(&str, u8, u8); 15] = [
    ("+", 6, 6),
    ("-", 6, 6),
    ("*", 7, 7),
    ("/", 7, 7),
    ("%", 7, 7),
    ("^", 10, 9),
    ("..", 5, 4),
    ("~=", 3, 3),
    ("==", 3, 3),
    ("<", 3, 3),
    ("<=", 3, 3),
    (">", 3, 3),
    (">=", 3, 3),
    ("and", 2, 2),
    ("or", 1, 1),
];
/// How tightly an operator with one operand holds it.
const UNARY: u8 = 8;
/// How many values a constructor gathers before it stores them.
const FLUSH: usize = 50;

impl Compiler<'_> {
    pub(super) fn expression(&mut self) -> Result<Exp, Error> {
        self.below(0)
    }

    /// An expression of operators that hold tighter than `limit`.
    fn below(&mut self, limit: u8) -> Result<Exp, Error> {
        self.enter()?;
        let mut left = match self.lexer.token {
            Token::Word(word @ ("not" | "-" | "#")) => {
                self.lexer.advance()?;
                let operand = self.below(UNARY)?;
                self.unary(word, &operand)?
            }
            _ => self.simple()?,
        };
        while let Token::Word(word) = self.lexer.token
            && let Some((operator, left_power, right_power)) = BINARY.iter().find(|(operator, ..)| *operator == word)
            && *left_power > limit
        {
            self.lexer.advance()?;
            left = self.binary(operator, left, *right_power)?;
        }
        self.leave();
        Ok(left)
    }

    fn unary(&mut self, word: &str, operand: &Exp) -> Result<Exp, Error> {
        match (word, operand) {
            ("-", Exp::Num(number)) => return Ok(Exp::Num(-number)),
            ("not", Exp::Nil | Exp::Bool(false)) => return Ok(Exp::Bool(true)),
            ("not", Exp::Bool(true) | Exp::Num(_) | Exp::Str(_)) => return Ok(Exp::Bool(false)),
            _ => {}
        }
        let register = self.place_anywhere(operand)?;
        self.release(&Exp::Reg(register));
        let to = self.reserve(1)?;
        self.emit(match word {
            "-" => Op::Unm(to, register),
            "not" => Op::Not(to, register),
            _ => Op::Len(to, register),
        });
        Ok(Exp::Reg(to))
    }

    fn binary(&mut self, operator: &str, left: Exp, power: u8) -> Result<Exp, Error> {
        match operator {
            "and" | "or" => {
                let register = self.place_next(&left)?;
                let jump = self.emit(match operator {
                    "and" => Op::JumpIfNot(register, 0),
                    _ => Op::JumpIf(register, 0),
                });
                self.release_register(register);
                let right = self.below(power)?;
                self.place_next(&right)?;
                self.land(jump);
                return Ok(Exp::Reg(register));
            }
            ".." => {
                // The whole chain is joined at once, from its right end.
                let first = self.place_next(&left)?;
                let mut last = first;
                loop {
                    let right = self.below(power + 1)?;
                    last = last.max(self.place_next(&right)?);
                    if !self.accept("..")? {
                        break;
                    }
                }
                self.emit(Op::Concat(first, first, last));
                self.function().free = usize::from(first) + 1;
                return Ok(Exp::Reg(first));
            }
            _ => {}
        }
        let left = self.operand(&left)?;
        let right = self.below(power)?;
        let right = self.operand(&right)?;
        let (b, c) = (self.rk(&left)?, self.rk(&right)?);
        for rk in [b.max(c), b.min(c)] {
            // The later one first; what is no register is greater.
            if rk & CONSTANT == 0 {
                self.release_register(rk as u8);
            }
        }
        let to = self.reserve(1)?;
        self.emit(match operator {
            "+" => Op::Add(to, b, c),
            "-" => Op::Sub(to, b, c),
            "*" => Op::Mul(to, b, c),
            "/" => Op::Div(to, b, c),
            "%" => Op::Mod(to, b, c),
            "^" => Op::Pow(to, b, c),
            "==" => Op::Eq(to, b, c),
            "~=" => Op::Ne(to, b, c),
            "<" => Op::Lt(to, b, c),
            "<=" => Op::Le(to, b, c),
            ">" => Op::Lt(to, c, b),
            _ => Op::Le(to, c, b),
        });
        Ok(Exp::Reg(to))
    }

    fn simple(&mut self) -> Result<Exp, Error> {
        let exp = match self.lexer.token.clone() {
            Token::Number(number) => Exp::Num(number),
            Token::Text(text) => Exp::Str(text),
            Token::Word("nil") => Exp::Nil,
            Token::Word("true") => Exp::Bool(true),
            Token::Word("false") => Exp::Bool(false),
            Token::Word("...") => {
                if !self.function().proto.vararg {
                    return Err(self.lexer.error("cannot use '...' outside a vararg function"));
                }
                self.lexer.advance()?;
                return Ok(Exp::Vararg(self.emit(Op::Vararg(0, 1))));
            }
            Token::Word("{") => return self.constructor(),
            Token::Word("function") => {
                self.lexer.advance()?;
                let line = self.lexer.last_line;
                return self.body(false, line);
            }
            _ => return self.suffixed(),
        };
        self.lexer.advance()?;
        Ok(exp)
    }

    /// A name or a parenthesis, and what follows it: fields, calls.
    pub(super) fn suffixed(&mut self) -> Result<Exp, Error> {
        let line = self.lexer.line;
        let mut exp = match self.lexer.token.clone() {
            Token::Name(name) => {
                self.lexer.advance()?;
                self.variable(&name)?
            }
            Token::Word("(") => {
                self.lexer.advance()?;
                let inner = self.expression()?;
                self.expect_match(")", "(", line)?;
                match inner {
                    Exp::Call(_) | Exp::Vararg(_) => Exp::Reg(self.place_next(&inner)?),
                    Exp::Global(_) | Exp::Index(..) | Exp::Upval(_) => Exp::Reg(self.place_anywhere(&inner)?),
                    Exp::Local(register) => Exp::Reg(register),
                    other => other,
                }
            }
            _ => return Err(self.lexer.error("unexpected symbol")),
        };
        loop {
            match self.lexer.token.clone() {
                Token::Word(".") => {
                    self.lexer.advance()?;
                    let table = self.place_anywhere(&exp)?;
                    let key = Exp::Str(self.name()?);
                    exp = Exp::Index(table, self.rk(&key)?);
                }
                Token::Word("[") => {
                    let table = self.place_anywhere(&exp)?;
                    let key = self.bracketed()?;
                    exp = Exp::Index(table, self.rk(&key)?);
                }
                Token::Word(":") => {
                    self.lexer.advance()?;
                    let key = Exp::Str(self.name()?);
                    let object = self.place_anywhere(&exp)?;
                    let key = self.rk(&key)?;
                    if key & CONSTANT == 0 {
                        self.release_register(key as u8);
                    }
                    self.release(&Exp::Reg(object));
                    let function = self.reserve(2)?;
                    self.emit(Op::Method(function, object, key));
                    exp = self.arguments(function, line)?;
                }
                Token::Word("(" | "{") | Token::Text(_) => {
                    let function = self.place_next(&exp)?;
                    exp = self.arguments(function, line)?;
                }
                _ => return Ok(exp),
            }
        }
    }

    fn bracketed(&mut self) -> Result<Exp, Error> {
        self.lexer.advance()?;
        let key = self.expression()?;
        let key = self.operand(&key)?;
        self.expect("]")?;
        Ok(key)
    }

    /// The arguments of a call, behind the function and the object of a method.
    fn arguments(&mut self, function: u8, line: u32) -> Result<Exp, Error> {
        let mut open = false;
        match self.lexer.token.clone() {
            Token::Word("(") => {
                if self.lexer.line != self.lexer.last_line {
                    return Err(self.lexer.error("ambiguous syntax (function call x new statement)"));
                }
                let line = self.lexer.line;
                self.lexer.advance()?;
                if !self.lexer.is(")") {
                    let last = self.list()?;
                    open = self.spread(&last)?;
                }
                self.expect_match(")", "(", line)?;
            }
            Token::Word("{") => {
                let table = self.constructor()?;
                self.place_next(&table)?;
            }
            Token::Text(text) => {
                self.lexer.advance()?;
                self.place_next(&Exp::Str(text))?;
            }
            _ => return Err(self.lexer.error("function arguments expected")),
        }
        let count = if open { 0 } else { self.function().free - usize::from(function) };
        let pc = self.emit(Op::Call(function, count as u8, 2));
        let proto = &mut self.function().proto;
        proto.lines[pc] = line;
        // The result is in the register of the function, which is free again as soon as it is used.
        self.function().free = usize::from(function);
        Ok(Exp::Call(pc))
    }

    /// Expressions with commas; all but the last are in registers.
    pub(super) fn list(&mut self) -> Result<Exp, Error> {
        let mut last = self.expression()?;
        while self.accept(",")? {
            self.place_next(&last)?;
            last = self.expression()?;
        }
        Ok(last)
    }

    /// The last of a list gives all it has if it can (then the answer is yes), else one.
    pub(super) fn spread(&mut self, last: &Exp) -> Result<bool, Error> {
        match last {
            Exp::Call(pc) => {
                if let Op::Call(at, arguments, _) = self.function().proto.code[*pc] {
                    self.function().proto.code[*pc] = Op::Call(at, arguments, 0);
                }
                Ok(true)
            }
            Exp::Vararg(pc) => {
                let at = self.reserve(1)?;
                self.function().proto.code[*pc] = Op::Vararg(at, 0);
                Ok(true)
            }
            other => {
                self.place_next(other)?;
                Ok(false)
            }
        }
    }

    fn constructor(&mut self) -> Result<Exp, Error> {
        let line = self.lexer.line;
        let pc = self.emit(Op::NewTable(0, 0, 0));
        let table = self.reserve(1)?;
        let (mut stored, mut others, mut waiting) = (0_usize, 0_usize, 0_usize);
        self.expect("{")?;
        let mut last = None;
        while !self.lexer.is("}") {
            if let Some(last) = last.take() {
                self.place_next(&last)?;
                waiting += 1;
                if waiting == FLUSH {
                    self.flush(table, waiting, stored);
                    (stored, waiting) = (stored + waiting, 0);
                }
            }
            let is_named = matches!(self.lexer.token, Token::Name(_)) && *self.lexer.peek()? == Token::Word("=");
            if is_named || self.lexer.is("[") {
                let free = self.function().free;
                let key = if is_named { Exp::Str(self.name()?) } else { self.bracketed()? };
                let key = self.rk(&key)?;
                self.expect("=")?;
                let value = self.expression()?;
                let value = self.rk(&value)?;
                self.emit(Op::SetTable(table, key, value));
                self.function().free = free;
                others += 1;
            } else {
                last = Some(self.expression()?);
            }
            if !self.accept(",")? && !self.accept(";")? {
                break;
            }
        }
        self.expect_match("}", "{", line)?;
        if let Some(last) = last.take() {
            let open = self.spread(&last)?;
            if open {
                self.emit(Op::SetList(table, 0, stored as u32 + 1));
                stored += waiting;
                waiting = 0;
            } else {
                waiting += 1;
            }
        }
        if waiting > 0 {
            self.flush(table, waiting, stored);
        }
        let op = Op::NewTable(table, rounded(stored + waiting), rounded(others));
        self.function().proto.code[pc] = op;
        self.function().free = usize::from(table) + 1;
        Ok(Exp::Reg(table))
    }

    fn flush(&mut self, table: u8, waiting: usize, stored: usize) {
        self.emit(Op::SetList(table, waiting as u8 + 1, stored as u32 + 1));
        self.function().free = usize::from(table) + 1;
    }

    /// Parameters and statements of a function.
    pub(super) fn body(&mut self, has_self: bool, line: u32) -> Result<Exp, Error> {
        self.open_function(line);
        self.expect("(")?;
        let mut parameters = Vec::new();
        if has_self {
            parameters.push(self.new_local(Str::from("self"))?);
        }
        while !self.lexer.is(")") {
            if self.accept("...")? {
                self.function().proto.vararg = true;
                break;
            }
            let Token::Name(_) = self.lexer.token else { return Err(self.lexer.error("<name> or '...' expected")) };
            let name = self.name()?;
            let local = self.new_local(name)?;
            parameters.push(local);
            if !self.accept(",")? {
                break;
            }
            if self.lexer.is(")") {
                return Err(self.lexer.error("<name> or '...' expected"));
            }
        }
        self.activate(&parameters)?;
        self.reserve(parameters.len())?;
        self.function().proto.parameters = parameters.len() as u8;
        self.expect(")")?;
        self.block()?;
        self.expect_match("end", "function", line)?;
        let proto = self.close_function();
        let function: &mut Function = self.function();
        function.proto.inner.push(Rc::new(proto));
        let place = function.proto.inner.len() as u32 - 1;
        let to = self.reserve(1)?;
        self.emit(Op::Closure(to, place));
        Ok(Exp::Reg(to))
    }

    /// Emits the jump that is taken when a condition does not hold.
    pub(super) fn condition(&mut self) -> Result<Option<usize>, Error> {
        let exp = self.expression()?;
        if matches!(exp, Exp::Bool(true) | Exp::Num(_) | Exp::Str(_)) {
            return Ok(None);
        }
        let register = self.place_anywhere(&exp)?;
        self.release(&Exp::Reg(register));
        Ok(Some(self.emit(Op::JumpIfNot(register, 0))))
    }

    /// Stores a value in what an assignment names.
    pub(super) fn assign(&mut self, to: &Exp, value: &Exp) -> Result<(), Error> {
        match to {
            Exp::Local(register) => {
                self.settle(value);
                self.release(value);
                self.store_in(value, *register)?;
            }
            Exp::Upval(place) => {
                let register = self.place_anywhere(value)?;
                self.emit(Op::SetUpval(*place, register));
                self.release(&Exp::Reg(register));
            }
            Exp::Global(name) => {
                let register = self.place_anywhere(value)?;
                self.emit(Op::SetGlobal(register, *name));
                self.release(&Exp::Reg(register));
            }
            Exp::Index(table, key) => {
                let value = self.rk(value)?;
                self.emit(Op::SetTable(*table, *key, value));
                if value & CONSTANT == 0 {
                    self.release_register(value as u8);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A size as an instruction of Lua 5.1 carries it (`luaO_int2fb`): three bits and an exponent, rounded up. It decides how much room a
/// table has at first, and so the order of its keys.
fn rounded(size: usize) -> u16 {
    let (mut mantissa, mut exponent) = (size, 0);
    while mantissa >= 16 {
        mantissa = mantissa.div_ceil(2);
        exponent += 1;
    }
    (mantissa << exponent).min(usize::from(u16::MAX)) as u16
}
