//! The commands that make one key, of any type, encoding and size.

use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;

/// Commands that make `key`; both sides answer them alike.
pub fn draw(key: &str, prng: &mut Prng) -> Vec<Vec<Bytes>> {
    let mut make = Make { key: Bytes::from(key), prng, commands: Vec::new() };
    match make.prng.below(12) {
        0 | 1 => make.string(),
        2 | 3 => make.list(),
        4 => make.numbers(),
        5 => make.set(),
        6 | 7 => make.hash(),
        8 | 9 => make.sorted_set(),
        10 => make.stream(),
        _ => make.estimate(),
    }
    make.commands
}

struct Make<'p> {
    key: Bytes,
    prng: &'p mut Prng,
    commands: Vec<Vec<Bytes>>,
}

impl Make<'_> {
    fn say(&mut self, name: &str, args: Vec<Bytes>) {
        self.commands.push([vec![Bytes::from(name), self.key.clone()], args].concat());
    }

    fn line(&mut self, line: &str) {
        let words = line.replace('*', &self.key.text());
        self.commands.push(words.split(' ').map(Bytes::from).collect());
    }

    /// A number whose number of bits is as likely as any other.
    fn integer(&mut self) -> i64 {
        let number = self.prng.next_u64() >> self.prng.below(64);
        let number = match self.prng.below(6) {
            // The borders of the short forms.
            0 => (1_u64 << self.prng.below(64)).wrapping_sub(self.prng.below(3)),
            _ => number,
        };
        if self.prng.below(2) == 0 { number as i64 } else { (number as i64).wrapping_neg() }
    }

    /// How many elements: mostly few, sometimes about where an encoding changes, sometimes many.
    fn size(&mut self) -> u64 {
        match self.prng.below(8) {
            0 => 510 + self.prng.below(6),
            1 => 126 + self.prng.below(6),
            2 => self.prng.below(1500),
            _ => 1 + self.prng.below(20),
        }
    }

    fn text(&mut self) -> Bytes {
        let length = match self.prng.below(10) {
            0 => 60 + self.prng.below(10),
            1 => self.prng.below(300),
            2 if self.prng.below(10) == 0 => 4090 + self.prng.below(12),
            _ => self.prng.below(20),
        };
        self.text_of(length)
    }

    fn text_of(&mut self, length: u64) -> Bytes {
        match self.prng.below(6) {
            0 => Bytes::from(self.integer().to_string()),
            1 => Bytes::from((0..length).map(|_| self.prng.below(256) as u8).collect::<Vec<_>>()),
            2 => Bytes::from(vec![b'x'; length as usize]),
            3 => {
                // What repeats at a distance.
                let step = 1 + self.prng.below(70);
                let pattern: Vec<u8> = (0..step).map(|_| self.prng.below(256) as u8).collect();
                Bytes::from((0..length).map(|place| pattern[(place % step) as usize]).collect::<Vec<_>>())
            }
            _ => Bytes::from((0..length).map(|_| b'a' + self.prng.below(4) as u8).collect::<Vec<_>>()),
        }
    }

    fn string(&mut self) {
        let value = match self.prng.below(8) {
            0 | 1 => Bytes::from(self.integer().to_string()),
            2 => {
                let length = [20_000, 70_000, 300_000][self.prng.below(3) as usize] + self.prng.below(100);
                self.text_of(length)
            }
            3 => Bytes::from(["", "007", "-0", "1.5", " 1", "+1", "9223372036854775808"][self.prng.below(7) as usize]),
            4 => {
                let length = 40 + self.prng.below(300);
                self.text_of(length)
            }
            _ => self.text(),
        };
        self.say("SET", vec![value]);
        if self.prng.below(4) == 0 {
            let more = self.text();
            self.say("APPEND", vec![more]);
        }
    }

    fn list(&mut self) {
        for _ in 0..=self.prng.below(3) {
            let elements = (0..self.size()).map(|_| self.text()).collect();
            let push = ["RPUSH", "LPUSH"][self.prng.below(2) as usize];
            self.say(push, elements);
        }
        if self.prng.below(4) == 0 {
            let length = 8000 + self.prng.below(6000);
            let element = self.text_of(length);
            self.say("RPUSH", vec![element]);
            self.say("RPUSH", vec![Bytes::from("last")]);
        }
    }

    fn numbers(&mut self) {
        let width = self.prng.below(64);
        let members = (0..self.size()).map(|_| Bytes::from((self.prng.next_u64() as i64 >> width).to_string()));
        let members = members.collect();
        self.say("SADD", members);
    }

    fn set(&mut self) {
        let members = (0..self.size()).map(|_| self.text()).collect();
        self.say("SADD", members);
    }

    fn hash(&mut self) {
        let pairs = (0..2 * self.size()).map(|_| self.text()).collect();
        self.say("HSET", pairs);
    }

    fn score(&mut self) -> String {
        match self.prng.below(6) {
            // No -0: packed, it is 0, and so a copy is not the same.
            0 => ["inf", "-inf", "1e300", "0.1", "1e17", "123456789012345678"][self.prng.below(6) as usize].into(),
            1 => format!("{}.{}", self.integer() % 1_000_000, self.prng.below(1_000_000)),
            2 => self.integer().to_string(),
            _ => self.prng.below(100).to_string(),
        }
    }

    fn sorted_set(&mut self) {
        let mut pairs = Vec::new();
        for _ in 0..self.size() {
            pairs.push(Bytes::from(self.score()));
            pairs.push(self.text());
        }
        self.say("ZADD", pairs);
        if self.prng.below(4) == 0 {
            self.line("ZREMRANGEBYRANK * 5 -2");
        }
    }

    fn stream(&mut self) {
        let size = self.size();
        let start = self.prng.below(1_000_000);
        for number in 0..size {
            let mut args = vec![Bytes::from(format!("{}-{}", start + number / 3, 1 + number % 3))];
            match self.prng.below(4) {
                0 => args.extend((0..2 * (1 + self.prng.below(4))).map(|_| self.text()).collect::<Vec<_>>()),
                _ => args.extend(["name".into(), self.text(), "more".into(), self.text()]),
            }
            self.say("XADD", args);
        }
        for group in 0..self.prng.below(4) {
            let from = [0, start + size / 6, start + size][self.prng.below(3) as usize];
            self.line(&format!("XGROUP CREATE * group{group} {from}"));
            for _ in 0..self.prng.below(5) {
                let (consumer, count) = (self.prng.below(3), 1 + self.prng.below(9));
                let noack = if self.prng.below(5) == 0 { " NOACK" } else { "" };
                self.line(&format!("XREADGROUP GROUP group{group} c{consumer} COUNT {count}{noack} STREAMS * >"));
            }
            if self.prng.below(2) == 0 {
                let (one, other) = (start + self.prng.below(4), start + self.prng.below(4));
                self.line(&format!("XACK * group{group} {one}-1 {other}-2"));
            }
            if self.prng.below(3) == 0 {
                self.line(&format!("XGROUP CREATECONSUMER * group{group} c9"));
            }
        }
        for _ in 0..self.prng.below(4) {
            let (ms, seq) = (start + self.prng.below(size / 3 + 1), 1 + self.prng.below(3));
            self.line(&format!("XDEL * {ms}-{seq}"));
        }
        if self.prng.below(5) == 0 {
            let most = self.prng.below(10);
            self.line(&format!("XTRIM * MAXLEN {most}"));
        }
        if self.prng.below(5) == 0 {
            self.line(&format!("XSETID * {}-7", start + size + 5));
        }
    }

    fn estimate(&mut self) {
        for _ in 0..=self.prng.below(3) {
            let many = [3, 50, 2000][self.prng.below(3) as usize];
            let seen = (0..self.prng.below(many)).map(|_| Bytes::from(self.prng.next_u64().to_string())).collect();
            self.say("PFADD", seen);
        }
    }
}
