//! Patterns: find, match, gmatch, gsub.

use super::string::place_in;
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::vec::Vec;

/// The most captures.
const MAX_CAPTURES: usize = 32;
/// How deep a match may go before it is given up.
const MAX_DEPTH: usize = 200;
/// How many single steps a match may take before the host is asked.
const STEPS: usize = 64;

/// A part of the subject that was captured.
#[derive(Clone, Copy, PartialEq)]
enum Length {
    Open,
    Position,
    Closed(usize),
}

pub(super) struct Matcher<'a> {
    pub(super) text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<(usize, Length)>,
    depth: usize,
    steps: usize,
    most_steps: usize,
}

pub(super) type Found = Result<Option<usize>, &'static str>;

impl<'a> Matcher<'a> {
    pub(super) fn new(text: &'a [u8], pattern: &'a [u8], most_steps: usize) -> Self {
        Matcher { text, pattern, captures: Vec::new(), depth: 0, steps: 0, most_steps }
    }

    /// Begins anew: matches the pattern from `p` on at `s` of the text, and charges what that took.
    pub(super) fn fresh(
        &mut self,
        vm: &mut Vm,
        host: &mut dyn Host,
        s: usize,
        p: usize,
    ) -> Result<Option<usize>, Error> {
        self.captures.clear();
        self.depth = 0;
        let found = self.at(s, p).map_err(|text| vm.error(text))?;
        if self.steps >= STEPS {
            vm.charge(host, core::mem::take(&mut self.steps) / STEPS)?;
        }
        Ok(found)
    }

    /// Matches the pattern from `p` on at `s` of the text; where the match ends.
    fn at(&mut self, s: usize, p: usize) -> Found {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("pattern too complex");
        }
        let found = self.run(s, p);
        self.depth -= 1;
        found
    }

    fn run(&mut self, mut s: usize, mut p: usize) -> Found {
        loop {
            self.steps += 1;
            if self.steps > self.most_steps {
                return Err("pattern too complex");
            }
            match self.pattern.get(p) {
                None => return Ok(Some(s)),
                Some(b'(') if self.pattern.get(p + 1) == Some(&b')') => {
                    return self.start_capture(s, p + 2, Length::Position);
                }
                Some(b'(') => return self.start_capture(s, p + 1, Length::Open),
                Some(b')') => return self.end_capture(s, p + 1),
                Some(b'$') if p + 1 == self.pattern.len() => return Ok((s == self.text.len()).then_some(s)),
                Some(b'%') if self.pattern.get(p + 1) == Some(&b'b') => match self.balance(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                Some(b'%') if self.pattern.get(p + 1) == Some(&b'f') => {
                    p += 2;
                    if self.pattern.get(p) != Some(&b'[') {
                        return Err("missing '[' after '%f' in pattern");
                    }
                    let end = self.class_end(p)?;
                    let before = if s == 0 { 0 } else { self.text[s - 1] };
                    let now = self.text.get(s).copied().unwrap_or(0);
                    if self.in_set(before, p, end - 1) || !self.in_set(now, p, end - 1) {
                        return Ok(None);
                    }
                    p = end;
                }
                Some(b'%') if self.pattern.get(p + 1).is_some_and(u8::is_ascii_digit) => {
                    match self.back_reference(s, self.pattern[p + 1])? {
                        Some(end) => (s, p) = (end, p + 2),
                        None => return Ok(None),
                    }
                }
                Some(_) => {
                    let end = self.class_end(p)?;
                    match self.pattern.get(end) {
                        Some(b'?') => {
                            if self.single(s, p, end)
                                && let Some(found) = self.at(s + 1, end + 1)?
                            {
                                return Ok(Some(found));
                            }
                            p = end + 1;
                        }
                        Some(b'*') => return self.longest(s, p, end, 0),
                        Some(b'+') => return self.longest(s, p, end, 1),
                        Some(b'-') => return self.shortest(s, p, end),
                        _ if self.single(s, p, end) => (s, p) = (s + 1, end),
                        _ => return Ok(None),
                    }
                }
            }
        }
    }

    fn longest(&mut self, s: usize, p: usize, end: usize, least: usize) -> Found {
        let mut count = 0;
        while self.single(s + count, p, end) {
            count += 1;
        }
        self.steps += count / 8;
        loop {
            if count < least {
                return Ok(None);
            }
            if let Some(found) = self.at(s + count, end + 1)? {
                return Ok(Some(found));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn shortest(&mut self, mut s: usize, p: usize, end: usize) -> Found {
        loop {
            if let Some(found) = self.at(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.single(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn start_capture(&mut self, s: usize, p: usize, length: Length) -> Found {
        if self.captures.len() >= MAX_CAPTURES {
            return Err("too many captures");
        }
        self.captures.push((s, length));
        let found = self.at(s, p)?;
        if found.is_none() {
            self.captures.pop();
        }
        Ok(found)
    }

    fn end_capture(&mut self, s: usize, p: usize) -> Found {
        let open = self.captures.iter().rposition(|(_, length)| *length == Length::Open);
        let index = open.ok_or("invalid pattern capture")?;
        self.captures[index].1 = Length::Closed(s - self.captures[index].0);
        let found = self.at(s, p)?;
        if found.is_none() {
            self.captures[index].1 = Length::Open;
        }
        Ok(found)
    }

    fn balance(&mut self, s: usize, p: usize) -> Found {
        let (Some(open), Some(close)) = (self.pattern.get(p), self.pattern.get(p + 1)) else {
            return Err("unbalanced pattern");
        };
        if self.text.get(s) != Some(open) {
            return Ok(None);
        }
        let mut depth = 1;
        for (place, byte) in self.text.iter().enumerate().skip(s + 1) {
            if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(place + 1));
                }
            } else if byte == open {
                depth += 1;
            }
        }
        Ok(None)
    }

    fn back_reference(&mut self, s: usize, digit: u8) -> Found {
        let index = usize::from(digit).wrapping_sub(usize::from(b'1'));
        let Some((start, Length::Closed(length))) = self.captures.get(index).copied() else {
            return Err("invalid capture index");
        };
        let part = &self.text[start..start + length];
        Ok(self.text[s..].starts_with(part).then_some(s + length))
    }

    /// Where the single class that begins at `p` ends.
    fn class_end(&self, p: usize) -> Result<usize, &'static str> {
        match self.pattern.get(p) {
            Some(b'%') if p + 1 < self.pattern.len() => Ok(p + 2),
            Some(b'%') => Err("malformed pattern (ends with '%')"),
            Some(b'[') => {
                let mut place = p + 1;
                if self.pattern.get(place) == Some(&b'^') {
                    place += 1;
                }
                loop {
                    match self.pattern.get(place) {
                        None => return Err("malformed pattern (missing ']')"),
                        Some(b'%') if place + 1 < self.pattern.len() => place += 2,
                        _ => place += 1,
                    }
                    if self.pattern.get(place) == Some(&b']') {
                        return Ok(place + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    fn single(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(byte) = self.text.get(s).copied() else { return false };
        match self.pattern[p] {
            b'.' => true,
            b'%' => is_of_class(byte, self.pattern[p + 1]),
            b'[' => self.in_set(byte, p, end - 1),
            plain => plain == byte,
        }
    }

    /// Whether a byte is in the set from `[` at `p` to `]` at `end`.
    fn in_set(&self, byte: u8, p: usize, end: usize) -> bool {
        let mut place = p + 1;
        let wanted = self.pattern.get(place) != Some(&b'^');
        if !wanted {
            place += 1;
        }
        while place < end {
            if self.pattern[place] == b'%' && place + 1 < end {
                if is_of_class(byte, self.pattern[place + 1]) {
                    return wanted;
                }
                place += 2;
            } else if self.pattern.get(place + 1) == Some(&b'-') && place + 2 < end {
                if (self.pattern[place]..=self.pattern[place + 2]).contains(&byte) {
                    return wanted;
                }
                place += 3;
            } else {
                if self.pattern[place] == byte {
                    return wanted;
                }
                place += 1;
            }
        }
        !wanted
    }

    /// A capture; the whole match if there is none and the first is asked for.
    pub(super) fn capture(&self, index: usize, start: usize, end: usize) -> Result<Value, &'static str> {
        match self.captures.get(index) {
            None if index == 0 => Ok(Value::str(&self.text[start..end])),
            None => Err("invalid capture index"),
            Some((_, Length::Open)) => Err("unfinished capture"),
            Some((place, Length::Position)) => Ok(Value::Num(*place as f64 + 1.0)),
            Some((place, Length::Closed(length))) => Ok(Value::str(&self.text[*place..*place + *length])),
        }
    }
}

fn is_of_class(byte: u8, class: u8) -> bool {
    let is = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => crate::number::is_space(byte),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is == class.is_ascii_lowercase()
}

/// The first match from `start` on: where it begins and ends.
fn search(
    vm: &mut Vm,
    host: &mut dyn Host,
    matcher: &mut Matcher<'_>,
    mut start: usize,
) -> Result<Option<(usize, usize)>, Error> {
    let is_anchored = matcher.pattern.first() == Some(&b'^');
    loop {
        if let Some(end) = matcher.fresh(vm, host, start, usize::from(is_anchored))? {
            return Ok(Some((start, end)));
        }
        start += 1;
        if is_anchored || start > matcher.text.len() {
            return Ok(None);
        }
    }
}

pub(super) fn push_captures(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    start: usize,
    end: usize,
    whole: bool,
) -> Result<usize, Error> {
    let count = if matcher.captures.is_empty() && whole { 1 } else { matcher.captures.len() };
    for index in 0..count {
        let value = matcher.capture(index, start, end).map_err(|text| vm.error(text))?;
        vm.push(value);
    }
    Ok(count)
}

fn find_or_match(vm: &mut Vm, host: &mut dyn Host, args: Args, is_find: bool) -> Result<usize, Error> {
    let (text, pattern) = (vm.check_str(args, 1)?, vm.check_str(args, 2)?);
    let start = (place_in(vm.opt_integer(args, 3, 1)?, text.len()) - 1).max(0) as usize;
    let start = start.min(text.len());
    let is_plain = !pattern.iter().any(|byte| b"^$*+?.([%-".contains(byte)) || vm.arg(args, 4).truthy();
    if is_find && is_plain {
        vm.charge(host, (text.len() - start) / STEPS)?;
        let found = if pattern.is_empty() {
            Some(0)
        } else {
            text[start..].windows(pattern.len()).position(|window| window == &pattern[..])
        };
        return Ok(match found {
            Some(place) => {
                vm.push(Value::Num((start + place + 1) as f64));
                vm.push(Value::Num((start + place + pattern.len()) as f64));
                2
            }
            None => {
                vm.push(Value::Nil);
                1
            }
        });
    }
    let mut matcher = Matcher::new(&text, &pattern, most_steps());
    match search(vm, host, &mut matcher, start)? {
        Some((start, end)) if is_find => {
            vm.push(Value::Num(start as f64 + 1.0));
            vm.push(Value::Num(end as f64));
            Ok(push_captures(vm, &matcher, start, end, false)? + 2)
        }
        Some((start, end)) => push_captures(vm, &matcher, start, end, true),
        None => {
            vm.push(Value::Nil);
            Ok(1)
        }
    }
}

/// A single try that takes longer than this is given up: a pattern can be made to take longer than the world lasts.
pub(super) fn most_steps() -> usize {
    50_000_000
}

pub fn find(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    find_or_match(vm, host, args, true)
}

pub fn match_(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    find_or_match(vm, host, args, false)
}

/// The state of the iterator is a table with text, pattern and place.
pub fn gmatch(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let (text, pattern) = (vm.check_str(args, 1)?, vm.check_str(args, 2)?);
    let entries = [("text", Value::Str(text)), ("pattern", Value::Str(pattern)), ("place", Value::Num(0.0))];
    let state = Value::Table(vm.table_of(&entries));
    let function = vm.wrapped(host, "gmatch step", state)?;
    vm.push(function);
    Ok(1)
}

pub fn gmatch_step(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let state = vm.check_table(args, 1)?;
    let field = |name: &str| vm.heap.table(state).get_name(name);
    let (Value::Str(text), Value::Str(pattern), Value::Num(place)) = (field("text"), field("pattern"), field("place"))
    else {
        return Err(vm.bad_argument(1, "iterator expected"));
    };
    let mut start = place as usize;
    let mut matcher = Matcher::new(&text, &pattern, most_steps());
    // Here `^` is nothing special, as in Lua 5.1.
    while start <= text.len() {
        matcher.captures.clear();
        matcher.depth = 0;
        let found = matcher.at(start, 0);
        let found = found.map_err(|text| Error::bytes([&vm.where_at(2)[..], text.as_bytes()].concat()))?;
        vm.charge(host, core::mem::take(&mut matcher.steps) / STEPS)?;
        if let Some(end) = found {
            let next = if end == start { end + 1 } else { end };
            vm.heap.table_mut(state).set_name("place", Value::Num(next as f64));
            return push_captures(vm, &matcher, start, end, true);
        }
        start += 1;
    }
    vm.push(Value::Nil);
    Ok(1)
}
