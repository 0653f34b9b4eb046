//! What SCAN, SSCAN, HSCAN and ZSCAN have in common: their options and the shape of their replies.

use super::call::Call;
use super::error::{self, Error};
use super::glob;
use super::kind::{Kind, Part};
use super::number;
use super::reply::Reply;
use alloc::{string::ToString, vec, vec::Vec};

/// The options behind the cursor.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions<'a> {
    /// About how many elements are wanted.
    pub count: u64,
    pattern: Option<&'a [u8]>,
    /// SCAN only: the type that keys must have.
    pub type_name: Option<&'a [u8]>,
}

impl<'a> ScanOptions<'a> {
    /// Reads the options from `place` on; TYPE is for SCAN alone.
    pub fn read(call: &Call<'a, '_>, place: usize, takes_type: bool) -> Result<Self, Error> {
        let mut options = ScanOptions { count: 10, pattern: None, type_name: None };
        for place in (place..call.args.len()).step_by(2) {
            if place + 1 == call.args.len() {
                return Err(error::SYNTAX);
            } else if call.is_word(place, "count") {
                let count = u64::try_from(call.integer(place + 1)?).ok();
                options.count = count.filter(|count| *count > 0).ok_or(error::SYNTAX)?;
            } else if call.is_word(place, "match") {
                options.pattern = Some(call.arg(place + 1));
            } else if takes_type && call.is_word(place, "type") {
                options.type_name = Some(call.arg(place + 1));
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }

    /// Whether the pattern, if there is one, matches.
    pub fn matches(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name, false))
    }
}

/// A cursor and what was found.
pub fn found(next: u64, items: Vec<Reply>) -> Reply {
    Reply::Array(vec![Reply::text(&next.to_string()), Reply::Array(items)])
}

/// SSCAN, HSCAN and ZSCAN: `scan` gives a part of the collection.
pub fn scan_collection<K: Kind>(
    call: &mut Call<'_, '_>,
    scan: fn(&mut K, cursor: u64, count: u64) -> Part,
) -> Result<Reply, Error> {
    let (key, from) = (call.arg(1), number::cursor(call.arg(2))?);
    // Options are read only if there is something to walk over.
    if call.read::<K>(key)?.is_none() {
        return Ok(found(0, Vec::new()));
    }
    let options = ScanOptions::read(call, 3, false)?;
    // That somebody walks is noted in the collection; it is no change that anybody is told of.
    let walked = call.store.database_mut(call.db).edit(key, |value| Some(scan(K::of_mut(value)?, from, options.count)));
    let (next, elements) = walked.flatten().unwrap_or_default();
    let elements = elements.into_iter().filter(|(name, _)| options.matches(name));
    Ok(found(next, elements.flat_map(|(name, value)| [Some(name), value]).flatten().map(Reply::Bulk).collect()))
}
