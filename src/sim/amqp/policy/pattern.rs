//! The patterns of policies: the regular expressions that definitions files use, matched as PCRE (Erlang's `re`) matches them.
//!
//! There are: literals, `.`, classes with ranges and `[:names:]`, `\d \w \s` and their opposites, `^ $ \A \z \Z \b \B`, groups (also
//! `(?:` and named ones), `|`, `* + ? {n,m}` greedy or lazy, lookahead `(?= (?!`, and `(?i)`. A pattern with anything else of PCRE
//! (backreferences, lookbehind, atomic groups, possessive quantifiers, `\p`, `\Q`) is [`PatternError::Unsupported`].
//!
//! A pattern becomes a small program, and each pair of an instruction and a position is visited once, so no pattern takes long.

mod sets;
#[cfg(test)]
mod tests;

use alloc::{string::String, string::ToString, vec, vec::Vec};

use self::sets::{braces, escaped_set, has, named_set, set_of, word};

/// The most instructions of a pattern: counted repetitions are written out.
const PROGRAM_MAX: usize = 2_000;
/// Groups within each other.
const DEPTH_MAX: u32 = 50;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is no regular expression to PCRE either; with PCRE's words and the offset.
    Invalid(&'static str, usize),
    /// PCRE has it, this matcher has not; what it is.
    Unsupported(String),
}

/// A pattern that can be matched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    program: Vec<Op>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Op {
    /// A byte out of a set, a bit each.
    Set([u64; 4]),
    /// Goes on at both.
    Split(usize, usize),
    Jump(usize),
    Start,
    /// `$`: the end, or before a line break that ends the text.
    End,
    /// `\z`.
    VeryEnd,
    /// `\b` or `\B`.
    Boundary(bool),
    /// What stands from here to the address does (or does not) follow.
    Look(bool, usize),
    Match,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, or not supported.
    pub fn parse(text: &[u8]) -> Result<Pattern, PatternError> {
        let mut parser = Parser { text, at: 0, program: Vec::new(), ignore_case: false };
        parser.alternatives(0)?;
        if parser.at < text.len() {
            return Err(PatternError::Invalid("unmatched parentheses", parser.at));
        }
        parser.push(Op::Match)?;
        Ok(Pattern { program: parser.program })
    }

    /// Whether it matches anywhere in the text.
    pub fn matches(&self, text: &[u8]) -> bool {
        let mut seen = vec![0u64; (self.program.len() * (text.len() + 1)).div_ceil(64)];
        (0..=text.len()).any(|at| self.runs(0, at, text, &mut seen))
    }

    fn runs(&self, start: usize, at: usize, text: &[u8], seen: &mut [u64]) -> bool {
        let mut waiting = Vec::from([(start, at)]);
        while let Some((pc, at)) = waiting.pop() {
            let bit = pc * (text.len() + 1) + at;
            if seen[bit / 64] & 1 << (bit % 64) != 0 {
                continue;
            }
            seen[bit / 64] |= 1 << (bit % 64);
            let holds = match &self.program[pc] {
                Op::Match => return true,
                Op::Set(set) => {
                    if text.get(at).is_some_and(|byte| has(set, *byte)) {
                        waiting.push((pc + 1, at + 1));
                    }
                    continue;
                }
                Op::Split(a, b) => {
                    waiting.extend([(*b, at), (*a, at)]);
                    continue;
                }
                Op::Jump(to) => {
                    waiting.push((*to, at));
                    continue;
                }
                Op::Look(wanted, end) => {
                    let mut own = vec![0; seen.len()];
                    if self.runs(pc + 1, at, text, &mut own) == *wanted {
                        waiting.push((*end, at));
                    }
                    continue;
                }
                Op::Start => at == 0,
                Op::End => at == text.len() || at + 1 == text.len() && text[at] == b'\n',
                Op::VeryEnd => at == text.len(),
                Op::Boundary(wanted) => {
                    let is_word = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|b| word(*b));
                    (is_word(at.checked_sub(1)) != is_word(Some(at))) == *wanted
                }
            };
            if holds {
                waiting.push((pc + 1, at));
            }
        }
        false
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    program: Vec<Op>,
    ignore_case: bool,
}

type Parsed<T = ()> = Result<T, PatternError>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        let is_there = self.text[self.at..].starts_with(text);
        self.at += if is_there { text.len() } else { 0 };
        is_there
    }

    fn push(&mut self, op: Op) -> Parsed {
        if self.program.len() >= PROGRAM_MAX {
            return Err(PatternError::Unsupported("a pattern this large".to_string()));
        }
        self.program.push(op);
        Ok(())
    }

    fn alternatives(&mut self, depth: u32) -> Parsed {
        if depth > DEPTH_MAX {
            return Err(PatternError::Unsupported("groups this deep".to_string()));
        }
        let ignore_case = self.ignore_case;
        let start = self.program.len();
        self.sequence(depth)?;
        let mut ends = Vec::new();
        let mut branch = start;
        while self.eat(b"|") {
            // The branch so far moves up by one for the split before it, and ends with a jump.
            self.insert(branch, Op::Split(branch + 1, 0))?;
            for end in &mut ends {
                *end += usize::from(*end >= branch);
            }
            ends.push(self.program.len());
            self.push(Op::Jump(0))?;
            let next = self.program.len();
            self.program[branch] = Op::Split(branch + 1, next);
            branch = next;
            self.sequence(depth)?;
        }
        let end = self.program.len();
        for jump in ends {
            self.program[jump] = Op::Jump(end);
        }
        self.ignore_case = ignore_case;
        Ok(())
    }

    /// Puts an instruction in between; addresses from there on move.
    fn insert(&mut self, at: usize, op: Op) -> Parsed {
        self.push(Op::Match)?;
        self.program.pop();
        let moved = |to: usize| to + usize::from(to >= at);
        for op in &mut self.program[at..] {
            match op {
                Op::Split(a, b) => (*a, *b) = (moved(*a), moved(*b)),
                Op::Jump(to) | Op::Look(_, to) => *to = moved(*to),
                Op::Set(_) | Op::Start | Op::End | Op::VeryEnd | Op::Boundary(_) | Op::Match => {}
            }
        }
        self.program.insert(at, op);
        Ok(())
    }

    fn sequence(&mut self, depth: u32) -> Parsed {
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let start = self.program.len();
            let (ignore_case, begun) = (self.ignore_case, self.at);
            self.atom(depth)?;
            let end = self.at;
            if let Some((least, most)) = self.quantifier()? {
                if self.eat(b"+") {
                    return Err(PatternError::Unsupported("a possessive quantifier".to_string()));
                }
                self.eat(b"?"); // Lazy or greedy: whether there is a match is the same.
                self.repeat(depth, start, (begun, end, ignore_case), least, most)?;
            }
        }
        Ok(())
    }

    /// The atom was written once; writes it as often as it is wanted.
    fn repeat(
        &mut self,
        depth: u32,
        start: usize,
        (begun, end, ignore_case): (usize, usize, bool),
        least: u32,
        most: Option<u32>,
    ) -> Parsed {
        let after = self.at;
        self.program.truncate(start);
        let copy = |parser: &mut Self| {
            (parser.at, parser.ignore_case) = (begun, ignore_case);
            let done = parser.atom(depth);
            debug_assert!(done.is_err() || parser.at == end, "an atom is read the same each time");
            done
        };
        for _ in 0..least {
            copy(self)?;
        }
        match most {
            None => {
                let split = self.program.len();
                self.push(Op::Split(split + 1, 0))?;
                copy(self)?;
                self.push(Op::Jump(split))?;
                self.program[split] = Op::Split(split + 1, self.program.len());
            }
            Some(most) => {
                let mut splits = Vec::new();
                for _ in least..most {
                    splits.push(self.program.len());
                    self.push(Op::Split(0, 0))?;
                    copy(self)?;
                }
                let end = self.program.len();
                for split in splits {
                    self.program[split] = Op::Split(split + 1, end);
                }
            }
        }
        self.at = after;
        Ok(())
    }

    fn quantifier(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        for (sign, counts) in [(b"*", (0, None)), (b"+", (1, None)), (b"?", (0, Some(1)))] {
            if self.eat(sign) {
                return Ok(Some(counts));
            }
        }
        let Some((counts, length)) = braces(&self.text[self.at..]) else { return Ok(None) };
        self.at += length;
        let (least, most) = counts;
        if least > 65_535 || most.is_some_and(|most| most > 65_535) {
            return Err(PatternError::Invalid("number too big in {} quantifier", self.at - 1));
        }
        if most.is_some_and(|most| most < least) {
            return Err(PatternError::Invalid("numbers out of order in {} quantifier", self.at - 1));
        }
        Ok(Some(counts))
    }

    fn atom(&mut self, depth: u32) -> Parsed {
        let Some(byte) = self.peek() else { return Ok(()) };
        self.at += 1;
        match byte {
            b'^' => self.push(Op::Start),
            b'$' => self.push(Op::End),
            b'.' => self.push(Op::Set(set_of(|b| b != b'\n'))),
            b'(' => self.group(depth),
            b'[' => self.class(),
            b'\\' => self.escape(),
            b'*' | b'+' | b'?' => Err(PatternError::Invalid("nothing to repeat", self.at - 1)),
            _ => self.literal(byte),
        }
    }

    fn literal(&mut self, byte: u8) -> Parsed {
        let ignore_case = self.ignore_case;
        self.push(Op::Set(set_of(|b| b == byte || ignore_case && b.eq_ignore_ascii_case(&byte))))
    }

    fn group(&mut self, depth: u32) -> Parsed {
        let before = self.ignore_case;
        let mut look = None;
        if self.eat(b"?=") || self.text[self.at..].starts_with(b"?!") {
            let wanted = !self.eat(b"?!");
            look = Some(self.program.len());
            self.push(Op::Look(wanted, 0))?;
        } else if self.eat(b"?") && !self.eat(b":") && !self.name() {
            let on = self.eat(b"i");
            if !on && !self.eat(b"-i") {
                let what: String = String::from_utf8_lossy(&self.text[self.at..]).chars().take(2).collect();
                return Err(PatternError::Unsupported(["(?", &what].concat()));
            }
            self.ignore_case = on;
            if self.eat(b")") {
                // From here to the end of the group around it.
                return Ok(());
            }
            if !self.eat(b":") {
                return Err(PatternError::Unsupported("an option of (?".to_string()));
            }
        }
        let inner = self.ignore_case;
        self.alternatives(depth + 1)?;
        debug_assert_eq!(self.ignore_case, inner);
        self.ignore_case = before;
        if !self.eat(b")") {
            return Err(PatternError::Invalid("missing )", self.at));
        }
        if let Some(at) = look {
            self.push(Op::Match)?;
            let end = self.program.len();
            if let Op::Look(_, to) = &mut self.program[at] {
                *to = end;
            }
        }
        Ok(())
    }

    /// `(?<name>` or `(?P<name>`: a group like any other.
    fn name(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let skip = if rest.starts_with(b"P<") { 2 } else { usize::from(rest.starts_with(b"<")) };
        let length = rest[skip..].iter().take_while(|byte| word(**byte)).count();
        let is_name = skip > 0 && length > 0 && rest.get(skip + length) == Some(&b'>');
        self.at += if is_name { skip + length + 1 } else { 0 };
        is_name
    }

    fn escape(&mut self) -> Parsed {
        let Some(letter) = self.peek() else {
            return Err(PatternError::Invalid("\\ at end of pattern", self.at));
        };
        if let Some(set) = escaped_set(letter) {
            self.at += 1;
            return self.push(Op::Set(set));
        }
        let op = match letter {
            b'A' => Op::Start,
            b'z' => Op::VeryEnd,
            b'Z' => Op::End,
            b'b' => Op::Boundary(true),
            b'B' => Op::Boundary(false),
            _ => {
                let byte = self.escaped_byte()?;
                return self.literal(byte);
            }
        };
        self.at += 1;
        self.push(op)
    }

    /// A backslash and what makes one byte.
    fn escaped_byte(&mut self) -> Parsed<u8> {
        let letter = self.peek().unwrap_or(b'\\');
        self.at += 1;
        Ok(match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'f' => 0x0c,
            b'e' => 0x1b,
            b'a' => 0x07,
            b'x' => {
                let digits = self.text[self.at..].iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count();
                let text = core::str::from_utf8(&self.text[self.at..self.at + digits]).unwrap_or_default();
                self.at += digits;
                u8::from_str_radix(text, 16).unwrap_or(0)
            }
            _ if letter.is_ascii_alphanumeric() => {
                return Err(PatternError::Unsupported(["\\", &char::from(letter).to_string()].concat()));
            }
            _ => letter,
        })
    }

    fn class(&mut self) -> Parsed {
        let negated = self.eat(b"^");
        let mut set = [0u64; 4];
        let mut is_first = true;
        loop {
            let Some(byte) = self.peek() else {
                return Err(PatternError::Invalid("missing terminating ] for character class", self.text.len()));
            };
            if byte == b']' && !is_first {
                self.at += 1;
                break;
            }
            is_first = false;
            if let Some(part) = self.class_set()? {
                (0..4).for_each(|index| set[index] |= part[index]);
                continue;
            }
            let low = self.class_byte()?;
            let is_range = self.peek() == Some(b'-') && !matches!(self.text.get(self.at + 1), None | Some(b']'));
            let mut high = low;
            if is_range {
                self.at += 1;
                high = self.class_byte()?;
                if high < low {
                    return Err(PatternError::Invalid("range out of order in character class", self.at - 1));
                }
            }
            let ignore_case = self.ignore_case;
            let part = set_of(|b| {
                let is_in = |b: u8| (low..=high).contains(&b);
                is_in(b) || ignore_case && (is_in(b.to_ascii_lowercase()) || is_in(b.to_ascii_uppercase()))
            });
            (0..4).for_each(|index| set[index] |= part[index]);
        }
        self.push(Op::Set(if negated { set.map(|bits| !bits) } else { set }))
    }

    /// A set within a class: `\d`, `[:alpha:]`.
    fn class_set(&mut self) -> Parsed<Option<[u64; 4]>> {
        let rest = &self.text[self.at..];
        if let [b'\\', letter, ..] = rest
            && let Some(set) = escaped_set(*letter)
        {
            self.at += 2;
            return Ok(Some(set));
        }
        let Some(name) = rest.strip_prefix(b"[:") else { return Ok(None) };
        let Some(length) = name.windows(2).position(|pair| pair == b":]") else { return Ok(None) };
        let (is_negated, word) = match &name[..length] {
            [b'^', word @ ..] => (true, word),
            word => (false, word),
        };
        let set = named_set(word).ok_or(PatternError::Invalid("unknown POSIX class name", self.at + 2))?;
        self.at += length + 4;
        Ok(Some(if is_negated { set.map(|bits| !bits) } else { set }))
    }

    fn class_byte(&mut self) -> Parsed<u8> {
        let byte = self.peek().unwrap_or(b']');
        self.at += 1;
        match (byte, self.peek()) {
            (b'\\', Some(b'b')) => {
                self.at += 1;
                Ok(8)
            }
            (b'\\', Some(_)) => self.escaped_byte(),
            _ => Ok(byte),
        }
    }
}
