//! Draws random commands from templates.

use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;

/// The keys that commands are about.
pub const KEYS: &[&str] = &[
    "a", "b", "foo", "bar", "n1", "n2", "f1", "bits", "武", "", "long", "l1", "l2", "l3", "s1", "s2", "s3", "h1", "h2",
    "h3", "x1", "x2", "z1", "z2", "z3", "p1", "p2", "y1", "y2",
];
/// Keys that only a few templates name.
pub const OTHER_KEYS: &[&str] = &["lex1", "lex2", "w1", "w2", "w3"];
const ZSET_KEYS: &[&str] = &["z1", "z2", "z3"];
/// All scores of these are 0, and no other template touches them: where scores differ, a range of members makes no sense.
const LEX_KEYS: &[&str] = &["lex1", "lex2"];
const PLACE_KEYS: &[&str] = &["p1", "p1", "p2"];
const HLL_KEYS: &[&str] = &["y1", "y1", "y2"];
const LIST_KEYS: &[&str] = &["l1", "l2", "l3"];
const SET_KEYS: &[&str] = &["s1", "s2", "s3"];
const STREAM_KEYS: &[&str] = &["x1", "x1", "x2"];
const HASH_KEYS: &[&str] = &["h1", "h2", "h3"];

/// Draws commands: mostly sensible, some with arguments of the wrong kind or number.
pub struct Draw<'p>(pub &'p mut Prng);

impl Draw<'_> {
    fn one<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.0.below(among.len() as u64) as usize].clone()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// The next command, or several that belong together, out of one of these groups of templates.
    pub fn commands(&mut self, groups: &[&str]) -> Vec<Vec<Bytes>> {
        let group = self.one(groups);
        self.commands_of(group)
    }

    /// As [`Draw::commands`], out of these templates.
    pub fn commands_of(&mut self, group: &str) -> Vec<Vec<Bytes>> {
        let all: Vec<&str> = group.split(';').map(str::trim).collect();
        let template = self.one(&all);
        if template.contains(" / ") {
            let mut commands = Vec::new();
            for part in template.split(" / ") {
                let mut args = Vec::new();
                self.fill(part, &mut args);
                commands.push(args);
            }
            return commands;
        }
        vec![self.command(template)]
    }

    fn command(&mut self, template: &str) -> Vec<Bytes> {
        let mut args = Vec::new();
        self.fill(template, &mut args);
        if self.chance(2) {
            args.pop();
        }
        if self.chance(2) || args.is_empty() {
            args.push(Bytes::from("foo"));
        }
        args
    }

    /// Turns a template into arguments: a letter is a kind of argument, `[..]` is there by chance, `{..}` repeats, `|` chooses, `@` is many.
    fn fill(&mut self, template: &str, args: &mut Vec<Bytes>) {
        for word in template.split(' ') {
            let inner = word.get(1..word.len().saturating_sub(1)).unwrap_or_default().replace('_', " ");
            match word.as_bytes() {
                [b'[', ..] => {
                    if self.chance(40) {
                        self.choose(&inner, args);
                    }
                }
                [b'{', ..] => {
                    for _ in 0..=self.0.below(3) {
                        self.choose(&inner, args);
                    }
                }
                [_] | [b'(', _] => args.push(self.argument(word)),
                _ if word.contains('|') => self.choose(word, args),
                [b'@', ..] => self.many(word, args),
                _ => {
                    let word = if self.chance(5) { word.to_lowercase() } else { word.to_string() };
                    args.push(Bytes::from(word));
                }
            }
        }
    }

    /// Enough arguments, or a long enough one, for a collection to change its encoding.
    fn many(&mut self, kind: &str, args: &mut Vec<Bytes>) {
        let count = 505 + self.0.below(12);
        match kind {
            "@ints" if self.chance(20) => args.extend((0..count).map(|n| Bytes::from(n.to_string()))),
            "@pairs" if self.chance(20) => args.extend((0..2 * count).map(|n| Bytes::from(n.to_string()))),
            "@pairs" => args.extend([Bytes::from("a"), Bytes::from("1")]),
            "@dump" => args.push(Bytes::from(self.one(DUMPS))),
            "@big" => args.push(Bytes::from("x".repeat(100 + self.0.below(1500) as usize))),
            "@members" if self.chance(20) => {
                let count = 125 + self.0.below(8);
                args.extend((0..2 * count).map(|n| Bytes::from((n / 2).to_string())));
            }
            "@members" => args.extend([Bytes::from("1"), Bytes::from("a")]),
            "@seen" => args.extend(
                (0..self.0.below(300)).map(|_| Bytes::from(self.0.below(100_000).to_string())).collect::<Vec<_>>(),
            ),
            "@long" => args.push(Bytes::from("x".repeat(60 + self.0.below(8) as usize))),
            _ => args.push(self.argument("m")),
        }
    }

    fn choose(&mut self, alternatives: &str, args: &mut Vec<Bytes>) {
        let all: Vec<&str> = alternatives.split('|').collect();
        let picked = self.one(&all).to_string();
        self.fill(&picked, args);
    }

    fn argument(&mut self, kind: &str) -> Bytes {
        match kind {
            "k" => Bytes::from(self.one(KEYS)),
            "l" => self.key(LIST_KEYS),
            "z" => self.key(SET_KEYS),
            "h" => self.key(HASH_KEYS),
            "x" => self.key(STREAM_KEYS),
            "Z" => self.key(ZSET_KEYS),
            "W" => Bytes::from(self.one(LEX_KEYS)),
            "G" => self.key(PLACE_KEYS),
            "Y" => self.key(HLL_KEYS),
            "S" => Bytes::from(self.score()),
            "R" => Bytes::from(self.bound()),
            "L" => Bytes::from(self.lex_bound()),
            "A" => Bytes::from(self.coordinate(185)),
            "B" => Bytes::from(self.coordinate(86)),
            "D" => Bytes::from(self.distance()),
            "q" => Bytes::from(self.id()),
            "u" if self.chance(85) => Bytes::from("200-*"),
            "u" => Bytes::from(self.id()),
            "g" => Bytes::from(self.one(&["g1", "g1", "g2"])),
            "r" => Bytes::from(self.one(&["c1", "c2", "c3"])),
            "(q" => Bytes::from(format!("({}", self.id())),
            "m" => self.member(),
            "c" => Bytes::from(self.count()),
            // Redis would be busy for ever with a number far below zero.
            "j" => Bytes::from(match self.0.below(10) {
                0 => self.one(&["9223372036854775807", "-9223372036854775808", "x", "", "1.5"]).to_string(),
                _ => (self.0.below(9) as i64 - 3).to_string(),
            }),
            "e" => Bytes::from(self.one(&["0", "0.5", "1e3", "0x10", "1"])),
            "v" => self.value(),
            "i" => Bytes::from(self.integer()),
            "s" => Bytes::from(self.small()),
            "o" => Bytes::from(self.offset()),
            "f" => Bytes::from(self.float()),
            "t" => Bytes::from(self.seconds()),
            "T" => Bytes::from(self.unix_seconds()),
            "w" => Bytes::from(self.field()),
            "d" => Bytes::from(self.one(&["0", "1", "15", "16", "-1", "x", "99999999999"])),
            "p" => Bytes::from(self.one(&["*", "f*", "?", "[ab]", "[^a]*", "n[0-9]", "\\f*", "*o", "[f-", "b*r", ""])),
            other => Bytes::from(other),
        }
    }

    fn key(&mut self, mostly: &[&str]) -> Bytes {
        if self.chance(5) { Bytes::from(self.one(KEYS)) } else { Bytes::from(self.one(mostly)) }
    }

    /// An element out of few, so that the same is met again.
    fn member(&mut self) -> Bytes {
        if self.chance(10) {
            return self.value();
        }
        Bytes::from(self.one(&["a", "b", "c", "d", "1", "2", "3", "-1", "10", "foo", "bar", "", "武", "1.5"]))
    }

    fn count(&mut self) -> String {
        if self.chance(10) { self.integer() } else { (self.0.below(9) as i64 - 3).to_string() }
    }

    /// A score out of few, so that there are ties, and sometimes any number.
    fn score(&mut self) -> String {
        match self.0.below(10) {
            0 => self.float(),
            1 => self.one(&["inf", "-inf", "-0", "1e17", "0.1", "123456789012345678", "1e300"]).into(),
            2 => format!("{}.{}", self.0.below(100), self.0.below(1000)),
            _ => (self.0.below(12) as i64 - 3).to_string(),
        }
    }

    fn bound(&mut self) -> String {
        let open = self.one(&["", "", "("]);
        match self.0.below(8) {
            0 => self.one(&["-inf", "+inf", "-inf", "+inf", "nan", "", " 1", "1 ", "x"]).into(),
            _ => format!("{open}{}", self.score()),
        }
    }

    fn lex_bound(&mut self) -> Vec<u8> {
        let mark = self.one(&["[", "[", "[", "(", "(", "+", "-", "", "x"]);
        match mark {
            "+" | "-" | "" if !self.chance(5) => mark.into(),
            _ => [mark.as_bytes(), &self.member()].concat(),
        }
    }

    fn coordinate(&mut self, bound: u64) -> String {
        match self.0.below(40) {
            0 => self.float(),
            1 => self.one(&["180", "-180", "85.05112878", "-85.05112878", "0", "90", "-0"]).into(),
            _ => format!("{}.{:05}", self.0.below(2 * bound) as i64 - bound as i64, self.0.below(100_000)),
        }
    }

    fn distance(&mut self) -> String {
        match self.0.below(20) {
            0 => self.float(),
            1 => self.one(&["0", "-1", "x", "20037726", "1e9"]).into(),
            _ => {
                let size = self.0.below(8) as u32;
                format!("{}.{}", self.0.below(10_u64.pow(size) * 2 + 1), self.0.below(100))
            }
        }
    }

    /// The id of a stream's entry: mostly one that may well be there.
    fn id(&mut self) -> String {
        match self.0.below(20) {
            0 => self.one(&["-", "+", "x", "0-0", "5-*", "18446744073709551615-18446744073709551615", "1-", ""]).into(),
            1 => self.0.below(250).to_string(),
            2 => format!("{}-{}", self.0.below(200), self.0.below(5)),
            3 => "0".into(),
            _ => format!("200-{}", self.0.below(25)),
        }
    }

    fn value(&mut self) -> Bytes {
        match self.0.below(8) {
            0 => Bytes::from(self.integer()),
            1 => Bytes::from(self.float()),
            2 => Bytes::from(self.one(&["", "foobar", "武沛齐", "hello world", "0", "007", "-0", " 1", "1 "])),
            3 => Bytes::from("x".repeat(self.0.below(60) as usize)),
            4 => {
                let len = self.0.below(12);
                Bytes::from((0..len).map(|_| self.one(&[0, 255, 128, 1, 0x55])).collect::<Vec<u8>>())
            }
            5 => {
                let len = self.0.below(20);
                Bytes::from((0..len).map(|_| self.one(b"abc")).collect::<Vec<u8>>())
            }
            _ => Bytes::from(self.small()),
        }
    }

    fn small(&mut self) -> String {
        let number = self.0.below(40) as i64 - 20;
        if self.chance(4) { self.integer() } else { number.to_string() }
    }

    fn integer(&mut self) -> String {
        match self.0.below(8) {
            0 => self.one(&["9223372036854775807", "-9223372036854775808", "9223372036854775808", "-1", "0"]).into(),
            1 => self.one(&["abc", "", "1.5", "+1", "01", "1e3", " 1"]).into(),
            2 => (self.0.next_u64() as i64).to_string(),
            _ => (self.0.below(2000) as i64 - 1000).to_string(),
        }
    }

    fn offset(&mut self) -> String {
        match self.0.below(20) {
            0 => self.one(&["4294967296", "-1", "x", "536870912", "9223372036854775807", "#2", "#-1"]).into(),
            1 => format!("#{}", self.0.below(8)),
            _ => self.0.below(100).to_string(),
        }
    }

    fn field(&mut self) -> String {
        if self.chance(4) {
            return self.one(&["i65", "u64", "u0", "x8", "i", "u-1", "I8", ""]).into();
        }
        if self.chance(50) { format!("i{}", 1 + self.0.below(64)) } else { format!("u{}", 1 + self.0.below(63)) }
    }

    fn float(&mut self) -> String {
        let sign = self.one(&["", "-", "", "+"]);
        match self.0.below(12) {
            0 => self.one(FLOATS).into(),
            1 => format!("{sign}{}e{}", self.0.below(1_000_000), self.0.below(80) as i64 - 40),
            2 => format!("{sign}{}.{}e{}", self.0.next_u64(), self.0.next_u64(), self.0.below(10_000) as i64 - 5000),
            3 => {
                format!("{sign}0x{:x}.{:x}p{}", self.0.next_u64(), self.0.below(65536), self.0.below(200) as i64 - 100)
            }
            4 => format!("{sign}{}{}{}", self.0.next_u64(), self.0.next_u64(), self.0.next_u64()),
            5 => format!("{sign}.{:0width$}", self.0.next_u64(), width = self.0.below(60) as usize),
            6 => format!("{sign}{}", self.0.next_u64() as f64 / 1e15),
            _ => format!("{sign}{}.{}", self.0.below(1000), self.0.below(100_000)),
        }
    }

    /// A time to live: far enough off that no clock decides, and seldom twice the same.
    fn seconds(&mut self) -> String {
        match self.0.below(10) {
            0 => {
                self.one(&["0", "-1", "abc", "9223372036854775807", "-9223372036854775808", "9223372036854775"]).into()
            }
            _ => (10_000 + self.0.below(1_000_000_000)).to_string(),
        }
    }

    fn unix_seconds(&mut self) -> String {
        match self.0.below(10) {
            0 => self.one(&["0", "-1", "abc", "9223372036854775807", "1", "9223372036854775"]).into(),
            _ => (4_000_000_000_000 + self.0.below(1_000_000_000)).to_string(),
        }
    }
}

/// What DUMP gave for a string, a number, a set, a hash and a sorted set.
const DUMPS: &[&[u8]] = &[
    b"\x00\x04text\x0a\x00|\xf3&m\xca\xb5\xa51",
    b"\x00\xc2\x90\xee\xfe\xff\x0a\x00(u\xde{\x13\xeb(\x00",
    b"\x02\x02\x01a\x01b\x0a\x00\xfed!%\xeb\x03=\x0d",
    b"\x10\x14\x14\x00\x00\x00\x04\x00\x81a\x02\x01\x01\x81b\x02\x83two\x04\xff\x0a\x00\x04(\xb5%\xe1\xe2k\x12",
    b"\x11\x1a\x1a\x00\x00\x00\x06\x00\x81c\x02\xde\xd4\x02\x81a\x02\x01\x01\x81b\x02\x832.5\x04\xff\x0a\x00\xa4\xc5\xcd\x938\xd1\x97\x82",
];

const FLOATS: &[&str] = &[
    "inf",
    "-inf",
    "nan",
    "1e4932",
    "1.2e4932",
    "-1e4932",
    "1e-4950",
    "1e-4951",
    "1e5000",
    "1e-5000",
    "3.0e3",
    "0x",
    "0x1p",
    "1e",
    "",
    ".",
    "5.",
    ".5",
    "-0",
    "-0.0",
    "1 ",
    " 1",
    "1e17",
    "1e18",
    "123456789012345678901234567890",
    "0.000000000000000005",
    "0.00000000000000001",
    "infinity",
    "0x1p16383",
    "0x1p-16445",
    "0x1p-16446",
    "0xffffffffffffffffffp0",
    "1_0",
    "9007199254740993",
    "0.1",
    "0.2",
    "0.3",
    "18446744073709551615",
    "18446744073709551616",
    "36893488147419103233",
    "1e-310",
    "5e-324",
    "0x1p-1074",
];
