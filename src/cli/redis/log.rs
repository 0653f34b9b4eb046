//! A log as Redis writes it: whoever starts a server waits for `Ready to accept connections` in it.

use super::machine::now_ms;
use std::fs::{File, OpenOptions};
use std::io::{Write, stdout};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Where it goes: a file, or the standard output.
#[derive(Debug, Default)]
pub struct Log(Option<File>);

impl Log {
    /// Goes on in this file, if there is a name.
    pub fn open(&mut self, path: Option<String>) -> Result<(), String> {
        let open = |path: String| {
            OpenOptions::new().create(true).append(true).open(&path).map_err(|error| format!("{path}: {error}"))
        };
        self.0 = path.map(open).transpose()?;
        Ok(())
    }

    /// Writes a line.
    pub fn say(&mut self, line: &str) {
        let text = format!("{}:M {} * {line}\n", std::process::id(), date(now_ms()));
        // A log that cannot be written is no reason to end.
        let _ = match &mut self.0 {
            Some(file) => file.write_all(text.as_bytes()),
            None => stdout().write_all(text.as_bytes()),
        };
    }
}

/// `29 Nov 2026 04:59:30.354`, in universal time.
fn date(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (mut year, mut left) = (1970, days);
    let length =
        |year: u64| 365 + u64::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)));
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    let february = length(year) - 337;
    let mut month = 0;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{:02} {} {year} {hours:02}:{minutes:02}:{seconds:02}.{:03}", left + 1, MONTHS[month], rest % 1000)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates() {
        assert_eq!(date(0), "01 Jan 1970 00:00:00.000");
        assert_eq!(date(1_795_928_370_354), "29 Nov 2026 04:59:30.354");
        assert_eq!(date(1_709_208_000_000), "29 Feb 2024 12:00:00.000");
    }
}
