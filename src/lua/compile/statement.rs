//! Statements.

use super::{Block, Compiler, Exp};
use crate::{
    lexer::Token,
    op::{CONSTANT, Op},
    str::Str,
    value::Error,
};
use alloc::{vec, vec::Vec};

impl Compiler<'_> {
    /// The statements of a block, which opens no scope of its own.
    pub(super) fn block(&mut self) -> Result<(), Error> {
        self.enter()?;
        while !matches!(self.lexer.token, Token::End | Token::Word("end" | "else" | "elseif" | "until")) {
            let is_last = self.statement()?;
            self.accept(";")?;
            let function = self.function();
            function.free = function.actives.len();
            if is_last {
                break;
            }
        }
        self.leave();
        Ok(())
    }

    /// A block with a scope of its own.
    fn scope(&mut self) -> Result<(), Error> {
        self.open_scope(false);
        self.block()?;
        self.close_scope();
        Ok(())
    }

    fn open_scope(&mut self, is_loop: bool) {
        let function = self.function();
        let actives = function.actives.len();
        function.blocks.push(Block { actives, is_loop, ..Block::default() });
    }

    fn close_scope(&mut self) {
        let block = self.function().blocks.pop().expect("what was opened is closed once");
        let here = self.here();
        let function = self.function();
        for active in function.actives.split_off(block.actives) {
            function.proto.locals[active].to = here;
        }
        if block.captured {
            self.emit(Op::Close(block.actives as u8));
        }
        let function = self.function();
        function.free = function.actives.len();
        for jump in block.breaks {
            self.land(jump);
        }
    }

    /// One statement; whether it has to be the last of its block.
    fn statement(&mut self) -> Result<bool, Error> {
        let line = self.lexer.line;
        match self.lexer.token.clone() {
            Token::Word("if") => self.if_statement(line)?,
            Token::Word("while") => self.while_statement(line)?,
            Token::Word("do") => {
                self.lexer.advance()?;
                self.scope()?;
                self.expect_match("end", "do", line)?;
            }
            Token::Word("for") => self.for_statement(line)?,
            Token::Word("repeat") => self.repeat_statement(line)?,
            Token::Word("function") => self.function_statement(line)?,
            Token::Word("local") => {
                self.lexer.advance()?;
                if self.accept("function")? {
                    self.local_function()?;
                } else {
                    self.local_statement()?;
                }
            }
            Token::Word("return") => {
                self.return_statement()?;
                return Ok(true);
            }
            Token::Word("break") => {
                self.lexer.advance()?;
                self.break_statement()?;
                return Ok(true);
            }
            _ => self.expression_statement()?,
        }
        Ok(false)
    }

    fn if_statement(&mut self, line: u32) -> Result<(), Error> {
        let mut ends = Vec::new();
        self.lexer.advance()?;
        loop {
            let jump = self.condition()?;
            self.expect("then")?;
            self.scope()?;
            let goes_on = self.lexer.is("else") || self.lexer.is("elseif");
            if goes_on {
                ends.push(self.emit(Op::Jump(0)));
            }
            if let Some(jump) = jump {
                self.land(jump);
            }
            if self.accept("elseif")? {
                continue;
            }
            if self.accept("else")? {
                self.scope()?;
            }
            break;
        }
        self.expect_match("end", "if", line)?;
        ends.into_iter().for_each(|jump| self.land(jump));
        Ok(())
    }

    fn while_statement(&mut self, line: u32) -> Result<(), Error> {
        self.lexer.advance()?;
        let start = self.here();
        let exit = self.condition()?;
        self.open_scope(true);
        self.expect("do")?;
        self.scope()?;
        self.emit(Op::Jump(start));
        self.expect_match("end", "while", line)?;
        if let Some(exit) = exit {
            self.land(exit);
        }
        self.close_scope();
        Ok(())
    }

    fn repeat_statement(&mut self, line: u32) -> Result<(), Error> {
        self.lexer.advance()?;
        let start = self.here();
        self.open_scope(true);
        self.open_scope(false);
        self.block()?;
        self.expect_match("until", "repeat", line)?;
        let exp = self.expression()?;
        let register = self.place_anywhere(&exp)?;
        let captured = self.function().blocks.last().is_some_and(|block| block.captured);
        if captured {
            // The variables of this round are kept before the next one begins.
            let done = self.emit(Op::JumpIf(register, 0));
            let first = self.function().blocks.last().map_or(0, |block| block.actives);
            self.emit(Op::Close(first as u8));
            self.emit(Op::Jump(start));
            self.land(done);
        } else {
            self.emit(Op::JumpIfNot(register, start));
        }
        self.close_scope();
        self.close_scope();
        Ok(())
    }

    fn for_statement(&mut self, line: u32) -> Result<(), Error> {
        self.lexer.advance()?;
        self.open_scope(true);
        let first = self.name()?;
        match self.lexer.token {
            Token::Word("=") => self.numeric_for(first, line)?,
            Token::Word("," | "in") => self.generic_for(first, line)?,
            _ => return Err(self.lexer.error("'=' or 'in' expected")),
        }
        self.expect_match("end", "for", line)?;
        self.close_scope();
        Ok(())
    }

    fn hidden(&mut self, names: [&str; 3]) -> Result<(), Error> {
        let mut locals = Vec::new();
        for name in names {
            locals.push(self.new_local(Str::from(name))?);
        }
        self.activate(&locals)
    }

    fn numeric_for(&mut self, name: Str, line: u32) -> Result<(), Error> {
        let base = self.function().free as u8;
        self.lexer.advance()?;
        let start = self.expression()?;
        self.place_next(&start)?;
        self.expect(",")?;
        let limit = self.expression()?;
        self.place_next(&limit)?;
        let step = if self.accept(",")? { self.expression()? } else { Exp::Num(1.0) };
        self.place_next(&step)?;
        self.hidden(["(for index)", "(for limit)", "(for step)"])?;
        self.expect("do")?;
        let prepare = self.emit(Op::ForPrep(base, 0));
        self.loop_body(vec![name])?;
        self.land(prepare);
        let again = self.emit(Op::ForLoop(base, prepare as u32 + 1));
        self.function().proto.lines[again] = line;
        Ok(())
    }

    fn generic_for(&mut self, first: Str, line: u32) -> Result<(), Error> {
        let base = self.function().free as u8;
        let mut names = vec![first];
        while self.accept(",")? {
            names.push(self.name()?);
        }
        self.expect("in")?;
        let in_line = self.lexer.line;
        self.values(3)?;
        self.hidden(["(for generator)", "(for state)", "(for control)"])?;
        self.expect("do")?;
        let jump = self.emit(Op::Jump(0));
        let count = names.len() as u8;
        let start = self.here();
        // The call needs three registers behind the variables' first.
        self.reserve(3)?;
        self.function().free -= 3;
        self.loop_body(names)?;
        self.land(jump);
        let call = self.emit(Op::ForCall(base, count));
        self.emit(Op::ForTest(base, start));
        self.function().proto.lines[call] = in_line;
        self.function().proto.lines[call + 1] = line;
        Ok(())
    }

    fn loop_body(&mut self, names: Vec<Str>) -> Result<(), Error> {
        self.open_scope(false);
        let mut locals = Vec::new();
        for name in names {
            locals.push(self.new_local(name)?);
        }
        self.reserve(locals.len())?;
        self.activate(&locals)?;
        self.block()?;
        self.close_scope();
        Ok(())
    }

    /// A list of expressions for so many variables: what is missing is nil, what is too much is dropped.
    fn values(&mut self, wanted: usize) -> Result<(), Error> {
        let mut count = 1;
        let base = self.function().free;
        let mut last = self.expression()?;
        while self.accept(",")? {
            self.place_next(&last)?;
            last = self.expression()?;
            count += 1;
        }
        self.adjust(wanted, count, &last)?;
        self.function().free = base + wanted;
        Ok(())
    }

    fn adjust(&mut self, wanted: usize, count: usize, last: &Exp) -> Result<(), Error> {
        // The last one gives what is still missing, itself included.
        let missing = (wanted + 1).saturating_sub(count);
        match last {
            Exp::Call(pc) | Exp::Vararg(pc) => {
                let at = self.function().free as u8;
                let op = match self.function().proto.code[*pc] {
                    Op::Call(at, arguments, _) => Op::Call(at, arguments, missing as u8 + 1),
                    _ => Op::Vararg(at, missing as u8 + 1),
                };
                self.function().proto.code[*pc] = op;
                self.reserve(missing)?;
            }
            other => {
                self.place_next(other)?;
                if missing > 1 {
                    let first = self.reserve(missing - 1)?;
                    self.emit(Op::LoadNil(first, missing as u8 - 2));
                }
            }
        }
        Ok(())
    }

    fn local_statement(&mut self) -> Result<(), Error> {
        let mut locals = Vec::new();
        loop {
            let name = self.name()?;
            locals.push(self.new_local(name)?);
            let total = self.function().actives.len() + locals.len();
            self.limit(total, super::MAX_LOCALS, "local variables")?;
            if !self.accept(",")? {
                break;
            }
        }
        if self.accept("=")? {
            self.values(locals.len())?;
        } else {
            let first = self.reserve(locals.len())?;
            self.emit(Op::LoadNil(first, locals.len() as u8 - 1));
        }
        let function = self.function();
        function.free = function.actives.len() + locals.len();
        self.activate(&locals)
    }

    fn local_function(&mut self) -> Result<(), Error> {
        let name = self.name()?;
        let local = self.new_local(name)?;
        let register = self.reserve(1)?;
        self.activate(&[local])?;
        let line = self.lexer.line;
        let body = self.body(false, line)?;
        self.release(&body);
        self.store_in(&body, register)
    }

    fn function_statement(&mut self, line: u32) -> Result<(), Error> {
        self.lexer.advance()?;
        let name = self.name()?;
        let mut target = self.variable(&name)?;
        let mut is_method = false;
        while self.lexer.is(".") || self.lexer.is(":") {
            is_method = self.lexer.is(":");
            self.lexer.advance()?;
            let table = self.place_anywhere(&target)?;
            let key = Exp::Str(self.name()?);
            target = Exp::Index(table, self.rk(&key)?);
            if is_method {
                break;
            }
        }
        let body = self.body(is_method, line)?;
        self.assign(&target, &body)?;
        if let Some(last) = self.function().proto.lines.last_mut() {
            *last = line;
        }
        Ok(())
    }

    fn return_statement(&mut self) -> Result<(), Error> {
        self.lexer.advance()?;
        let ends = matches!(self.lexer.token, Token::End | Token::Word("end" | "else" | "elseif" | "until" | ";"));
        if ends {
            self.emit(Op::Return(0, 1));
            return Ok(());
        }
        let first = self.function().free as u8;
        let mut last = self.expression()?;
        if !self.lexer.is(",") {
            if let Exp::Call(pc) = last
                && let Op::Call(at, arguments, _) = self.function().proto.code[pc]
            {
                self.function().proto.code[pc] = Op::TailCall(at, arguments);
                // For natives, which cannot take the place of their caller.
                self.emit(Op::Return(at, 0));
                return Ok(());
            }
            if !matches!(last, Exp::Vararg(_)) {
                let register = self.place_anywhere(&last)?;
                self.emit(Op::Return(register, 2));
                return Ok(());
            }
        }
        while self.accept(",")? {
            self.place_next(&last)?;
            last = self.expression()?;
        }
        let open = self.spread(&last)?;
        let count = self.function().free - usize::from(first);
        self.emit(Op::Return(first, if open { 0 } else { count as u8 + 1 }));
        Ok(())
    }

    fn break_statement(&mut self) -> Result<(), Error> {
        let function = self.function();
        let Some(target) = function.blocks.iter().rposition(|block| block.is_loop) else {
            return Err(self.lexer.error("no loop to break"));
        };
        let first = function.blocks[target].actives;
        // Whether one of the variables is kept is not known yet for blocks that are still open: to close none costs little.
        if function.actives.len() > first {
            self.emit(Op::Close(first as u8));
        }
        let jump = self.emit(Op::Jump(0));
        self.function().blocks[target].breaks.push(jump);
        Ok(())
    }

    fn expression_statement(&mut self) -> Result<(), Error> {
        let first = self.suffixed()?;
        if let Exp::Call(pc) = first {
            if let Op::Call(at, arguments, _) = self.function().proto.code[pc] {
                self.function().proto.code[pc] = Op::Call(at, arguments, 1);
            }
            if !self.lexer.is("=") && !self.lexer.is(",") {
                return Ok(());
            }
        }
        let mut targets = vec![first];
        loop {
            let last = targets.last().cloned().unwrap_or(Exp::Nil);
            if !matches!(last, Exp::Local(_) | Exp::Upval(_) | Exp::Global(_) | Exp::Index(..)) {
                return Err(self.lexer.error("syntax error"));
            }
            if let Exp::Local(register) = last {
                self.keep_apart(&mut targets, register)?;
            }
            if self.accept(",")? {
                let next = self.suffixed()?;
                if targets.len() >= 200 {
                    return Err(self.lexer.error_here("chunk has too many syntax levels"));
                }
                targets.push(next);
            } else {
                break;
            }
        }
        self.expect("=")?;
        if targets.len() == 1 {
            let value = self.expression()?;
            if self.lexer.is(",") {
                // More values than variables: they are worked out and dropped.
                self.place_next(&value)?;
                let kept = Exp::Reg(self.function().free as u8 - 1);
                while self.accept(",")? {
                    let extra = self.expression()?;
                    self.place_next(&extra)?;
                }
                self.function().free = match kept {
                    Exp::Reg(register) => usize::from(register) + 1,
                    _ => self.function().free,
                };
                return self.assign(&targets[0], &kept);
            }
            return self.assign(&targets[0], &value);
        }
        let base = self.function().free as u8;
        self.values(targets.len())?;
        for (place, target) in targets.iter().enumerate().rev() {
            self.assign(target, &Exp::Reg(base + place as u8))?;
        }
        Ok(())
    }

    /// A variable that is about to be set is also the table or key of what is set before it: those work on a copy.
    fn keep_apart(&mut self, targets: &mut [Exp], register: u8) -> Result<(), Error> {
        let mut copy = None;
        for target in targets.iter_mut() {
            if let Exp::Index(table, key) = target {
                let is_key = *key & CONSTANT == 0 && *key as u8 == register;
                if *table != register && !is_key {
                    continue;
                }
                let kept = match copy {
                    Some(kept) => kept,
                    None => {
                        let kept = self.reserve(1)?;
                        self.emit(Op::Move(kept, register));
                        *copy.insert(kept)
                    }
                };
                if *table == register {
                    *table = kept;
                }
                if is_key {
                    *key = u16::from(kept);
                }
            }
        }
        Ok(())
    }
}
