//! Requests as bytes: RESP arrays and inline commands, read as Redis 7.0 reads them (`processMultibulkBuffer` and
//! `processInlineBuffer` of networking.c), to the words of its protocol errors.

use warren_sim::bytes::Bytes;
use warren_sim::redis::console::split_args;

/// The longest line, in bytes: an inline command, or a number behind `*` or `$`.
const LINE_MAX: usize = 64 * 1024;
/// What a client that has yet to authenticate may send: arguments, and bytes in each of them.
const STRANGER_ARGS: i64 = 10;
const STRANGER_BULK: i64 = 16_384;

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A whole request is in [`Request::args`].
    Whole,
    /// A request of nothing, which is passed over.
    Empty,
    /// More bytes are wanted.
    Partial,
    /// The client does not speak the protocol: what is said to it, before the connection ends.
    Broken(Vec<u8>),
}

/// What bounds a request.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// `proto-max-bulk-len`
    pub bulk: u64,
    /// Whether the client has yet to authenticate.
    pub stranger: bool,
}

/// A request, as far as it was read.
#[derive(Debug, Default)]
pub struct Request {
    /// The arguments so far.
    pub args: Vec<Bytes>,
    /// Arguments of an array that are still to come.
    left: i64,
    /// The length of the argument that comes next, once it was read.
    bulk: Option<usize>,
}

impl Request {
    /// Reads on from `at`, which is moved behind what was taken.
    pub fn read(&mut self, input: &[u8], at: &mut usize, bounds: Bounds) -> Step {
        if self.left > 0 {
            return self.read_bulks(input, at, bounds);
        }
        match input.get(*at) {
            None => Step::Partial,
            Some(b'*') => self.read_array(input, at, bounds),
            Some(_) => self.read_inline(input, at),
        }
    }

    fn read_inline(&mut self, input: &[u8], at: &mut usize) -> Step {
        let rest = &input[*at..];
        let Some(end) = find_end(rest, b'\n') else {
            let too_long = rest.len() > LINE_MAX;
            return if too_long { broken(b"too big inline request") } else { Step::Partial };
        };
        *at += end + 1;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        let Some(words) = split_args(line) else { return broken(b"unbalanced quotes in request") };
        self.args.clear();
        self.args.extend(words.into_iter().map(Bytes::from));
        if self.args.is_empty() { Step::Empty } else { Step::Whole }
    }

    fn read_array(&mut self, input: &[u8], at: &mut usize, bounds: Bounds) -> Step {
        let line = match take_line(input, at) {
            Ok(line) => line,
            Err(true) => return broken(b"too big mbulk count string"),
            Err(false) => return Step::Partial,
        };
        let count = match integer(&line[1..]) {
            Some(count) if count <= i64::from(i32::MAX) => count,
            Some(_) | None => return broken(b"invalid multibulk length"),
        };
        if count > STRANGER_ARGS && bounds.stranger {
            return broken(b"unauthenticated multibulk length");
        }
        self.args.clear();
        if count <= 0 {
            return Step::Empty;
        }
        self.left = count;
        self.bulk = None;
        self.read_bulks(input, at, bounds)
    }

    fn read_bulks(&mut self, input: &[u8], at: &mut usize, bounds: Bounds) -> Step {
        while self.left > 0 {
            let length = match self.bulk {
                Some(length) => length,
                None => match bulk_length(input, at, bounds) {
                    Ok(length) => length,
                    Err(step) => return step,
                },
            };
            // Two bytes end an argument, whichever they are.
            let Some(bytes) = input.get(*at..*at + length + 2) else {
                self.bulk = Some(length);
                return Step::Partial;
            };
            self.args.push(Bytes::from(&bytes[..length]));
            *at += length + 2;
            self.left -= 1;
            self.bulk = None;
        }
        Step::Whole
    }

    /// How many bytes the argument that is being read still wants at most, so that a large one can be read in one piece.
    pub fn wanted(&self) -> usize {
        self.bulk.map_or(0, |length| length + 2)
    }
}

/// The length of the next argument.
fn bulk_length(input: &[u8], at: &mut usize, bounds: Bounds) -> Result<usize, Step> {
    let start = *at;
    if let Some((length, behind)) = short_length(&input[start..])
        && length as u64 <= bounds.bulk
    {
        *at += behind;
        return Ok(length);
    }
    let line = match take_line(input, at) {
        Ok(line) => line,
        Err(true) => return Err(broken(b"too big bulk count string")),
        Err(false) => return Err(Step::Partial),
    };
    if input[start] != b'$' {
        let shown = if matches!(input[start], b'\r' | b'\n') { b' ' } else { input[start] };
        return Err(broken(&[b"expected '$', got '", &[shown][..], b"'"].concat()));
    }
    let length = match integer(line.get(1..).unwrap_or_default()) {
        Some(length) if length >= 0 && length as u64 <= bounds.bulk => length,
        Some(_) | None => return Err(broken(b"invalid bulk length")),
    };
    if length > STRANGER_BULK && bounds.stranger {
        return Err(broken(b"unauthenticated bulk length"));
    }
    Ok(length as usize)
}

/// The length that nearly every argument has: at most four digits, all there; and how many bytes tell it.
fn short_length(input: &[u8]) -> Option<(usize, usize)> {
    let (b'$', rest) = input.split_first()? else { return None };
    let mut length = 0;
    for (place, byte) in rest.iter().take(5).enumerate() {
        match byte {
            b'0'..=b'9' if place < 4 && (length > 0 || place == 0) => length = length * 10 + usize::from(byte - b'0'),
            b'\r' if place > 0 && place + 1 < rest.len() => return Some((length, place + 3)),
            _ => return None,
        }
    }
    None
}

/// Where a line ends. Redis looks for its end as in a string of C: behind a zero byte it finds none, and waits for more (which is why
/// a TLS client that asks its plain port hears nothing).
fn find_end(rest: &[u8], end: u8) -> Option<usize> {
    let at = rest.iter().position(|byte| *byte == end || *byte == 0)?;
    (rest[at] == end).then_some(at)
}

/// The line that begins at `at`, without its end; `Err` says whether it is too long already.
fn take_line<'i>(input: &'i [u8], at: &mut usize) -> Result<&'i [u8], bool> {
    let rest = &input[*at..];
    let Some(end) = find_end(rest, b'\r') else { return Err(rest.len() > LINE_MAX) };
    if end + 2 > rest.len() {
        return Err(false);
    }
    *at += end + 2;
    Ok(&rest[..end])
}

/// A number as Redis writes it: no sign but a minus, no leading zero (`string2ll` of util.c).
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if text == b"0" {
        return Some(0);
    }
    if digits.len() > 19 || !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    let mut number: i64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if negative { -number } else { number })
}

fn broken(what: &[u8]) -> Step {
    Step::Broken([b"-ERR Protocol error: ", what, b"\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { bulk: 512 * 1024 * 1024, stranger: false };

    /// What these bytes come to, whether they arrive at once or one by one.
    fn read(input: &[u8], bounds: Bounds) -> (Vec<Vec<Vec<u8>>>, Option<String>) {
        let at_once = read_in(input, input.len().max(1), bounds);
        assert_eq!(at_once, read_in(input, 1, bounds), "{:?}", String::from_utf8_lossy(input));
        at_once
    }

    fn read_in(input: &[u8], piece: usize, bounds: Bounds) -> (Vec<Vec<Vec<u8>>>, Option<String>) {
        let (mut request, mut at, mut requests) = (Request::default(), 0, Vec::new());
        let mut end = 0;
        while end < input.len() {
            end = (end + piece).min(input.len());
            loop {
                match request.read(&input[..end], &mut at, bounds) {
                    Step::Whole => requests.push(request.args.drain(..).map(|arg| arg.to_vec()).collect()),
                    Step::Empty => {}
                    Step::Partial => break,
                    Step::Broken(said) => return (requests, Some(String::from_utf8_lossy(&said).trim().to_string())),
                }
            }
        }
        (requests, None)
    }

    #[test]
    fn requests_whole_and_in_pieces() {
        let (requests, error) = read(b"*2\r\n$3\r\nGET\r\n$0\r\n\r\nPING \"a b\"\r\n\r\n*0\r\n*-1\r\nquit\n", BOUNDS);
        let text: Vec<String> = requests.iter().map(|args| String::from_utf8_lossy(&args.join(&b'|')).into()).collect();
        assert_eq!((text, error), (vec!["GET|".to_string(), "PING|a b".to_string(), "quit".to_string()], None));
    }

    #[test]
    fn what_is_wrong_is_told_as_redis_tells_it() {
        for (input, said) in [
            (&b"*3000000000\r\n"[..], "invalid multibulk length"),
            (b"*x\r\n", "invalid multibulk length"),
            (b"*+1\r\n", "invalid multibulk length"),
            (b"*1\r\nfoo\r\n", "expected '$', got 'f'"),
            (b"*1\r\n\r\r\n", "expected '$', got ' '"),
            (b"*1\r\n$-10\r\n", "invalid bulk length"),
            (b"*1\r\n$600000000\r\n", "invalid bulk length"),
            (b"*1\r\n$03\r\n", "invalid bulk length"),
            (b"*1\r\n$blabla\r\n", "invalid bulk length"),
            (b"get \"\"x\r\n", "unbalanced quotes in request"),
        ] {
            let (_, error) = read(input, BOUNDS);
            assert_eq!(error, Some(format!("-ERR Protocol error: {said}")), "{:?}", String::from_utf8_lossy(input));
        }
        let long = vec![b'x'; LINE_MAX + 1];
        let with = |head: &[u8]| [head, &long].concat();
        for (input, said) in [
            (with(b""), "too big inline request"),
            (with(b"*"), "too big mbulk count string"),
            (with(b"*1\r\n$"), "too big bulk count string"),
        ] {
            assert_eq!(read_in(&input, input.len(), BOUNDS).1, Some(format!("-ERR Protocol error: {said}")));
        }
        for (input, said) in [
            (with(b"a\0\r\n"), "too big inline request"),
            (with(b"*1\0\r\n"), "too big mbulk count string"),
            (with(b"*1\r\n\0\r\n"), "too big bulk count string"),
        ] {
            // The end of such a line is never found.
            assert_eq!(read_in(&input[..30], 30, BOUNDS), (Vec::new(), None));
            assert_eq!(read_in(&input, input.len(), BOUNDS).1, Some(format!("-ERR Protocol error: {said}")));
        }
        let stranger = Bounds { stranger: true, ..BOUNDS };
        assert_eq!(read(b"*11\r\n", stranger).1, Some("-ERR Protocol error: unauthenticated multibulk length".into()));
        let bulk = b"*1\r\n$16385\r\n";
        assert_eq!(read(bulk, stranger).1, Some("-ERR Protocol error: unauthenticated bulk length".into()));
    }
}
