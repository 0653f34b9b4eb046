//! A redis-cli that believes it is used by a person: `script` of util-linux gives it a terminal.

use crate::problem::{Outcome, Problem};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long without a word, whoever shows no prompt is busy.
const QUIET: Duration = Duration::from_millis(250);
/// What linenoise writes before it shows the line anew.
const ANEW: &str = "\r\x1b[0K";
/// Ctrl-U: the line is emptied.
const EMPTY: &[u8] = b"\x15";

/// The terminal.
pub struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    /// What stands before the line.
    prompt: String,
    port: u16,
}

impl Terminal {
    /// Starts redis-cli and waits for its prompt.
    pub fn open(port: u16) -> Outcome<Self> {
        let failed = |error: std::io::Error| Problem::new(format!("redis-cli has no terminal: {error}."));
        let mut command = Command::new("script");
        // So wide that no line is broken.
        let inside = format!("stty cols 4000 rows 100; exec redis-cli -p {port}");
        command.args(["-qfec", &inside, "/dev/null"]);
        command.env("TERM", "xterm").env("LC_ALL", "C").env("REDISCLI_HISTFILE", "/dev/null");
        command.env("REDISCLI_RCFILE", "/dev/null").env("SHELL", "/bin/sh");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (Some(keys), Some(mut out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Problem::new("redis-cli's terminal has no pipes."));
        };
        let (send, screen) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            while let Ok(count @ 1..) = out.read(&mut chunk) {
                if send.send(chunk[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Terminal { child, keys, screen, prompt: String::new(), port };
        terminal.read_until(&mut String::new(), |text| text.ends_with("> "))?;
        terminal.prompt = format!("127.0.0.1:{port}> ");
        Ok(terminal)
    }

    fn press(&mut self, keys: &[u8]) -> Outcome {
        let written = self.keys.write_all(keys).and_then(|()| self.keys.flush());
        written.map_err(|error| Problem::new(format!("redis-cli takes no keys: {error}.")))
    }

    /// Reads on until what was read is enough.
    fn read_until(&mut self, text: &mut String, enough: impl Fn(&str) -> bool) -> Outcome {
        let end = Instant::now() + PATIENCE;
        while !enough(text) {
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => *text += &String::from_utf8_lossy(&bytes),
                Err(_) => return Err(Problem::new(format!("redis-cli says no more after {text:?}."))),
            }
        }
        Ok(())
    }

    /// The line with its hint after these keys, which leave so many characters before the cursor.
    fn after(&mut self, keys: &[u8], column: usize) -> Outcome<(String, Option<String>)> {
        self.press(keys)?;
        let mut text = String::new();
        let end = format!("\r\x1b[{}C", self.prompt.len() + column);
        self.read_until(&mut text, |text| text.ends_with(&end))?;
        Ok(self.line(&text[..text.len() - end.len()]))
    }

    /// The last line shown, and its hint.
    fn line(&self, text: &str) -> (String, Option<String>) {
        let last = text.rsplit(ANEW).next().unwrap_or_default();
        let last = last.strip_prefix(self.prompt.as_str()).unwrap_or(last);
        match last.split_once("\x1b[0;90;49m") {
            Some((line, hint)) => (line.to_string(), hint.strip_suffix("\x1b[0m").map(str::to_string)),
            None => (last.to_string(), None),
        }
    }

    /// Empties the line.
    pub fn empty(&mut self) -> Outcome {
        self.after(EMPTY, 0).map(drop)
    }

    /// Types on in a line that has so many characters; returns the hint that it has then.
    pub fn type_on(&mut self, before: usize, more: &str) -> Outcome<Option<String>> {
        Ok(self.after(more.as_bytes(), before + more.len())?.1)
    }

    /// All that TAB shows one after the other for a line, which is emptied then.
    pub fn completions(&mut self, typed: &str) -> Outcome<Vec<String>> {
        self.type_on(0, typed)?;
        let mut all = Vec::new();
        loop {
            self.press(b"\t")?;
            let mut text = String::new();
            // After the last one it beeps and shows what was typed; with none it only beeps.
            self.read_until(&mut text, |text| text.ends_with('C') && text.contains(ANEW) || text.contains('\x07'))?;
            if text.contains('\x07') {
                break;
            }
            let cut = text.rfind("\r\x1b[").unwrap_or(text.len());
            all.push(self.line(&text[..cut]).0);
        }
        self.empty()?;
        Ok(all)
    }

    /// Enters a line and returns what is shown then up to the next prompt, or as long as something comes.
    pub fn enter(&mut self, line: &str) -> Outcome<String> {
        self.press(line.as_bytes())?;
        self.press(b"\r")?;
        let text = self.hear()?;
        // The line itself is shown with every key.
        Ok(text.split_once('\n').map_or(String::new(), |(_, shown)| shown.to_string()))
    }

    /// Ctrl-C, and what is shown then.
    pub fn interrupt(&mut self) -> Outcome<String> {
        self.press(b"\x03")?;
        self.hear()
    }

    /// What is shown up to the next prompt, without colours.
    pub fn hear(&mut self) -> Outcome<String> {
        let (mut text, end) = (String::new(), Instant::now() + PATIENCE);
        let start = format!("127.0.0.1:{}", self.port);
        loop {
            let last = text.rsplit('\n').next().unwrap_or_default();
            let last = last.rsplit("\x1b[2J").next().unwrap_or(last).trim_start_matches("^C");
            let is_prompt = text.contains(['\n', '^']) && last.starts_with(&start) && last.ends_with("> ");
            if is_prompt {
                self.prompt = last.to_string();
            }
            match self.screen.recv_timeout(if is_prompt { Duration::from_millis(3) } else { QUIET }) {
                Ok(bytes) if Instant::now() < end => text += &String::from_utf8_lossy(&bytes),
                Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(plain(&text).replace(&start, "127.0.0.1:6379"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It ends by itself when nobody types any more; that it may have ended already is no matter.
        let _ = self.press(b"\x03\x15quit\r");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without colours and with plain line ends.
fn plain(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_string();
    let without = |part: &str| {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(0, |place| place + 1);
        part[end..].to_string()
    };
    let all = first + &parts.map(without).collect::<String>();
    all.replace('\r', "")
}
