//! Links: a lesson, a language, a seed, what the learner did, and the step looked at, in the fragment of an address.
//!
//! `v=1&lesson=work-queue&lang=en&seed=7&step=48&hash=...&run=...&sum=...`: `run` is there only when the learner did something; it holds the
//! steps that were inputs, how far the lesson's script had come and where the run ended, one line each, in base64url. `sum` covers all before
//! it, so that a link that was cut short is told from one that is whole.

use alloc::{
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    bytes::BASE64URL,
    hash::stable_hash,
    input::Input,
    lesson::Lesson,
    script::Command,
    session::Session,
    timeline::{MAX_STEPS, Progress},
};

/// The version of links that this engine writes and reads.
pub const VERSION: &str = "1";
/// The longest link, in bytes: what browsers and chats carry without harm.
pub const MAX_LINK: usize = 32 * 1024;

/// What a link says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The lesson's id.
    pub lesson: String,
    /// The language's code.
    pub language: String,
    /// The seed.
    pub seed: u64,
    /// The step that is looked at.
    pub step: u32,
    /// The world's hash at that step.
    pub hash: String,
    /// What the learner did, as the lines of `run`.
    pub run: Option<String>,
}

/// Why a link cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It is of another version.
    Version(String),
    /// Its end is missing, or it was altered.
    CutShort,
    /// It is longer than [`MAX_LINK`].
    TooLong,
    /// A part does not say what it should.
    Garbled {
        /// Which part.
        part: String,
    },
}

impl Link {
    /// Reads the fragment of an address, without its `#`.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn parse(fragment: &str) -> Result<Link, LinkError> {
        if fragment.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let field = |name: &str| {
            fragment.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
        };
        match field("v") {
            VERSION => {}
            "" => return Err(LinkError::CutShort),
            other => return Err(LinkError::Version(other.to_string())),
        }
        let Some((covered, sum)) = fragment.rsplit_once("&sum=") else { return Err(LinkError::CutShort) };
        if sum != checksum(covered) {
            return Err(LinkError::CutShort);
        }
        let garbled = |part: &str| LinkError::Garbled { part: part.to_string() };
        let run = match field("run") {
            "" => None,
            encoded => {
                let bytes = from_base64(encoded).ok_or_else(|| garbled("run"))?;
                Some(String::from_utf8(bytes).map_err(|_| garbled("run"))?)
            }
        };
        Ok(Link {
            lesson: field("lesson").to_string(),
            language: field("lang").to_string(),
            seed: field("seed").parse().map_err(|_| garbled("seed"))?,
            step: field("step").parse().map_err(|_| garbled("step"))?,
            hash: field("hash").to_string(),
            run,
        })
    }

    /// The fragment of an address, without its `#`.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] when the learner did more than a link can hold.
    pub fn print(&self) -> Result<String, LinkError> {
        let mut text = format!(
            "v={VERSION}&lesson={}&lang={}&seed={}&step={}&hash={}",
            self.lesson, self.language, self.seed, self.step, self.hash
        );
        if let Some(run) = &self.run {
            text.push_str("&run=");
            text.push_str(&to_base64(run.as_bytes()));
        }
        let sum = checksum(&text);
        text.push_str("&sum=");
        text.push_str(&sum);
        if text.len() > MAX_LINK { Err(LinkError::TooLong) } else { Ok(text) }
    }

    /// The link to the moment a session looks at.
    pub fn of(session: &Session, language: &str) -> Link {
        let timeline = session.timeline();
        let branch = timeline.branch();
        let scripted = session.lesson().plan().filter(|command| matches!(command, Command::Do(_))).count();
        let own = branch.inputs().len() != scripted;
        // Steps past the end of the script are the learner's own, too: someone had to ask for them.
        let run = own.then(|| {
            let mut lines = String::new();
            for (step, input) in branch.inputs() {
                lines.push_str(&format!("@{step} {}\n", escape(&input.to_string())));
            }
            for (step, progress) in branch.progress() {
                lines.push_str(&format!("~{step} {} {}\n", progress.done, u8::from(progress.begun)));
            }
            lines.push_str(&format!(">{} end\n", branch.length()));
            lines
        });
        Link {
            lesson: session.lesson().id.clone(),
            language: language.to_string(),
            seed: session.seed(),
            step: timeline.position(),
            hash: session.hash(),
            run,
        }
    }

    /// Opens the run of this link in its lesson.
    ///
    /// # Errors
    /// What in it is garbled.
    pub fn open(&self, lesson: Rc<Lesson>) -> Result<Session, LinkError> {
        let garbled = |part: &str| LinkError::Garbled { part: part.to_string() };
        if self.step > MAX_STEPS {
            return Err(garbled("step"));
        }
        let Some(run) = &self.run else {
            let mut session = Session::new(lesson, self.seed);
            session.seek(self.step);
            return Ok(session);
        };
        let mut session = Session::bare(lesson, self.seed);
        let timeline = session.timeline_mut();
        let mut progress = Vec::new();
        for (index, line) in run.lines().enumerate() {
            let fault = || garbled(&format!("run, line {}", index + 1));
            let mut parts = line.get(1..).ok_or_else(fault)?.splitn(2, ' ');
            let step: u32 = parts.next().and_then(|step| step.parse().ok()).ok_or_else(fault)?;
            let rest = parts.next().ok_or_else(fault)?;
            if step > MAX_STEPS {
                return Err(fault());
            }
            if line.starts_with('@') {
                let input = Input::parse(&unescape(rest)).map_err(|_| fault())?;
                while timeline.position() + 1 < step && timeline.forward() {}
                if timeline.position() + 1 != step || !timeline.submit(input) {
                    return Err(fault());
                }
            } else if line.starts_with('>') {
                while timeline.position() < step && timeline.forward() {}
            } else {
                let (done, begun) = rest.split_once(' ').ok_or_else(fault)?;
                let done = done.parse().map_err(|_| fault())?;
                progress.push((step, Progress { done, begun: begun == "1" }));
            }
        }
        for (step, entry) in progress {
            while timeline.position() < step && timeline.forward() {}
            timeline.seek(step);
            timeline.set_progress(entry);
        }
        session.seek(self.step);
        Ok(session)
    }
}

/// A line's own line ends would end it.
fn escape(line: &str) -> String {
    line.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

fn checksum(text: &str) -> String {
    format!("{:08x}", stable_hash(text) as u32)
}

/// base64url without padding (RFC 4648 section 5).
fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            text.push(char::from(BASE64URL[(word >> (18 - 6 * index) & 63) as usize]));
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for byte in chunk {
            word = word << 6 | BASE64URL.iter().position(|letter| letter == byte)? as u32;
        }
        word <<= 6 * (4 - chunk.len());
        bytes.extend((0..chunk.len().checked_sub(1)?).map(|index| (word >> (16 - 8 * index)) as u8));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link {
            lesson: "work-queue".into(),
            language: "zh".into(),
            seed: 7,
            step: 48,
            hash: "a41f09c2a41f09c2".into(),
            run: Some("@3 redis SET 武 \"a b\"\n~3 1 0\n".into()),
        }
    }

    #[test]
    fn a_link_is_read_as_it_was_written() {
        assert_eq!(Link::parse(&link().print().unwrap()), Ok(link()));
        let plain = Link { run: None, ..link() };
        assert_eq!(Link::parse(&plain.print().unwrap()), Ok(plain));
    }

    #[test]
    fn every_cut_is_noticed() {
        let text = link().print().unwrap();
        for length in 1..text.len() {
            let cut: String = text.chars().take(length).collect();
            assert!(Link::parse(&cut).is_err(), "{cut}");
        }
        assert_eq!(Link::parse(&text.replace("step=48", "step=49")), Err(LinkError::CutShort));
        assert_eq!(Link::parse("v=9&lesson=x"), Err(LinkError::Version("9".into())));
        assert_eq!(Link::parse(&"x".repeat(MAX_LINK + 1)), Err(LinkError::TooLong));
    }

    #[test]
    fn base64_of_every_length() {
        for length in 0..20_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(97)).collect();
            assert_eq!(from_base64(&to_base64(&bytes)).unwrap(), bytes);
        }
    }
}
