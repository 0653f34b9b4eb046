//! LCS: the longest common subsequence of two strings.

use super::call::Call;
use super::error::{self, Error};
use super::reply::Reply;
use super::value::Str;
use crate::bytes::Bytes;
use alloc::vec;
use alloc::vec::Vec;

/// Runs LCS.
pub fn lcs(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    // Both are looked at before the type of either matters.
    let (a, b) = (call.string(call.arg(1)), call.string(call.arg(2)));
    let (Ok(a), Ok(b)) = (a, b) else { return Err(error::LCS_TYPE) };
    let options = Options::read(call)?;
    let (a, b) = (a.as_ref().map(Str::bytes).unwrap_or_default(), b.as_ref().map(Str::bytes).unwrap_or_default());
    let cells = (a.len() as u64 + 1).saturating_mul(b.len() as u64 + 1);
    if cells.saturating_mul(4) > call.store.limits().max_bulk {
        return Err(error::LCS_MEMORY);
    }
    // The table lives only as long as the call, yet a page must be able to afford it.
    call.room_for(cells * 4)?;
    let table = Table::of(&a, &b);
    if options.len {
        return Ok(Reply::Integer(i64::from(table.at(a.len(), b.len()))));
    }
    let (common, matches) = table.walk_back(&a, &b);
    if !options.idx {
        return Ok(Reply::Bulk(Bytes::from(common)));
    }
    let long_enough = matches.iter().filter(|found| found.len() >= options.min_match_len);
    let shown = long_enough.map(|found| found.reply(options.with_match_len)).collect();
    Ok(Reply::Map(vec![
        (Reply::text("matches"), Reply::Array(shown)),
        (Reply::text("len"), Reply::Integer(common.len() as i64)),
    ]))
}

#[derive(Default)]
struct Options {
    len: bool,
    idx: bool,
    with_match_len: bool,
    min_match_len: i64,
}

impl Options {
    fn read(call: &Call<'_, '_>) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut place = 3;
        while place < call.args.len() {
            if call.is_word(place, "idx") {
                options.idx = true;
            } else if call.is_word(place, "len") {
                options.len = true;
            } else if call.is_word(place, "withmatchlen") {
                options.with_match_len = true;
            } else if call.is_word(place, "minmatchlen") && place + 1 < call.args.len() {
                options.min_match_len = call.integer(place + 1)?.max(0);
                place += 1;
            } else {
                return Err(error::SYNTAX);
            }
            place += 1;
        }
        if options.idx && options.len { Err(error::LCS_LEN_AND_IDX) } else { Ok(options) }
    }
}

/// The length of the longest common subsequence of every two beginnings.
struct Table {
    width: usize,
    cells: Vec<u32>,
}

impl Table {
    fn of(a: &[u8], b: &[u8]) -> Self {
        let width = b.len() + 1;
        let mut table = Table { width, cells: vec![0; (a.len() + 1) * width] };
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                table.cells[i * width + j] = if a[i - 1] == b[j - 1] {
                    table.at(i - 1, j - 1) + 1
                } else {
                    table.at(i - 1, j).max(table.at(i, j - 1))
                };
            }
        }
        table
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells[i * self.width + j]
    }

    /// From the ends of both strings to the first match, as Redis walks: where both ways are as good, it shortens the second string.
    fn walk_back(&self, a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<Match>) {
        let (mut i, mut j) = (a.len(), b.len());
        let (mut common, mut matches) = (Vec::new(), Vec::<Match>::new());
        let mut joined = false;
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                common.push(a[i]);
                match matches.last_mut().filter(|_| joined) {
                    Some(found) => (found.a.0, found.b.0) = (i, j),
                    None => matches.push(Match { a: (i, i), b: (j, j) }),
                }
                joined = true;
            } else {
                if self.at(i - 1, j) > self.at(i, j - 1) {
                    i -= 1
                } else {
                    j -= 1
                }
                joined = false;
            }
        }
        common.reverse();
        (common, matches)
    }
}

/// A stretch that both strings have: its first and last place in each.
struct Match {
    a: (usize, usize),
    b: (usize, usize),
}

impl Match {
    fn len(&self) -> i64 {
        (self.a.1 - self.a.0 + 1) as i64
    }

    fn reply(&self, with_len: bool) -> Reply {
        let ends = |(first, last)| Reply::Array(vec![Reply::Integer(first as i64), Reply::Integer(last as i64)]);
        let mut items = vec![ends(self.a), ends(self.b)];
        if with_len {
            items.push(Reply::Integer(self.len()));
        }
        Reply::Array(items)
    }
}
