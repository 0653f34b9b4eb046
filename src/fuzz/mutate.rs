//! Grows inputs from others, the same for the same seed.

use warren_sim::prng::Prng;

/// The longest input.
const LONGEST: usize = 16 * 1024;
/// Numbers at which code decides.
const EDGES: &[u64] = &[0, 1, 2, 7, 8, 127, 128, 255, 256, 32_767, 65_535, 131_072, 0x7FFF_FFFF, 0xFFFF_FFFF, u64::MAX];
/// Numbers as text.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "-0",
    "00",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e309",
    "1e-400",
    "0.1",
    "1e999999999",
    "nan",
    "inf",
];

/// A seeded source of changes.
#[derive(Debug)]
pub struct Mutator {
    prng: Prng,
    words: &'static [&'static str],
}

impl Mutator {
    /// Changes that may put in these words.
    pub fn new(seed: u64, words: &'static [&'static str]) -> Mutator {
        Mutator { prng: Prng::new(seed), words }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.prng.below(bound.max(1) as u64) as usize
    }

    /// One of these inputs with a few changes.
    pub fn grow(&mut self, from: &[Vec<u8>]) -> Vec<u8> {
        let mut input = from[self.below(from.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input, from);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, from: &[Vec<u8>]) {
        let (at, end) = self.range(input.len());
        match self.below(12) {
            0 => drop(input.drain(at..end)),
            1 => {
                let part = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, part);
            }
            2 => {
                // The beginning of this one and the end of another.
                let other = &from[self.below(from.len())];
                let start = self.below(other.len() + 1);
                input.truncate(at);
                input.extend(&other[start..]);
            }
            3 => {
                let other = &from[self.below(from.len())];
                let (start, stop) = self.range(other.len());
                input.splice(at..at, other[start..stop].iter().copied());
            }
            4 if !input.is_empty() => {
                let at = self.below(input.len());
                input[at] ^= 1 << self.below(8);
            }
            5 if !input.is_empty() => {
                let at = self.below(input.len());
                input[at] = self.byte();
            }
            6 => {
                let byte = self.byte();
                input.insert(at, byte);
            }
            7 => self.edge(input, at),
            8 | 9 if !self.words.is_empty() => {
                let word = self.words[self.below(self.words.len())];
                let end = if self.below(2) == 0 { at } else { end };
                input.splice(at..end, word.bytes());
            }
            10 => self.number(input, at),
            _ => {
                // Deep or long: the same again and again.
                let part = input[at..end.min(at + 8)].to_vec();
                let times = [2, 16, 100, 1000][self.below(4)];
                input.splice(at..at, part.iter().copied().cycle().take(part.len() * times));
            }
        }
    }

    /// A number at the edge, in as many bytes as such numbers have, the most significant first.
    fn edge(&mut self, input: &mut Vec<u8>, at: usize) {
        let size = [1, 2, 4, 8][self.below(4)];
        let bytes = EDGES[self.below(EDGES.len())].to_be_bytes();
        let end = (at + size).min(input.len());
        input.splice(at..end, bytes[8 - size..].iter().copied());
    }

    /// Another number where one is written.
    fn number(&mut self, input: &mut Vec<u8>, at: usize) {
        let Some(start) = input[at..].iter().position(u8::is_ascii_digit).map(|digit| at + digit) else { return };
        let digits = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        input.splice(start..start + digits, number.bytes());
    }

    fn byte(&mut self) -> u8 {
        const OFTEN: &[u8] = b"\0\x01\x7f\x80\xff\xce \"'\\{}[]().,:;=+-*#$%&@!/\r\n\tn019aAxeE";
        if self.below(2) == 0 { OFTEN[self.below(OFTEN.len())] } else { self.below(256) as u8 }
    }

    /// A part, most often a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let at = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 12 };
        (at, (at + 1 + self.below(most)).min(length).max(at))
    }
}

/// Makes an input shorter as long as it is still like that.
pub fn shorten(input: &[u8], mut tries: u32, is_so: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = input.to_vec();
    let mut size = best.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.len() && tries > 0 {
            tries -= 1;
            let mut shorter = best.clone();
            shorter.drain(at..(at + size).min(best.len()));
            if is_so(&shorter) { best = shorter } else { at += size }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    best
}
