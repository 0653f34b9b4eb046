//! SORT and SORT_RO.

mod partial;

use self::partial::sort_part;
use super::call::{Call, Life};
use super::command::{Command, Run};
use super::double::Double;
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Hash, List, Side, Zset};
use super::reply::Reply;
use super::value::Value;
use crate::bytes::Bytes;
use alloc::{rc::Rc, vec::Vec};
use core::cmp::Ordering;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Generic, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("sort", -2, sort)
        .flags("write denyoom movablekeys")
        .categories("set sortedset list dangerous")
        .keys("1 RO access;? RO access;? OW update")
        .takes(
            "1.0.0",
            "key [BY pattern#1] [LIMIT {offset_count:offset count}] [GET pattern#1 [GET pattern ...]] [{order:ASC|DESC}] \
                [{sorting:ALPHA}] [STORE destination]",
        )
        .says("Puts the elements of a list, set or sorted set in order", "对列表、集合或有序集合的元素排序"),
    row("sort_ro", -2, sort_ro)
        .flags("readonly movablekeys")
        .categories("set sortedset list dangerous")
        .keys("1 RO access;? RO access")
        .takes("7.0.0", "key [BY pattern#1] [LIMIT {offset_count:offset count}] [GET pattern#1 [GET pattern ...]] [{order:ASC|DESC}] \
            [{sorting:ALPHA}]")
        .says("SORT that can only read", "只读的 SORT"),
];

fn sort(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call, true)?;
    run(call, options)
}

fn sort_ro(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call, false)?;
    run(call, options)
}

#[derive(Default)]
struct Options<'a> {
    by: Option<&'a Bytes>,
    get: Vec<&'a Bytes>,
    store: Option<&'a Bytes>,
    descending: bool,
    alpha: bool,
    /// The first element wanted, and how many: all if negative.
    limit: (i64, i64),
}

impl<'a> Options<'a> {
    fn read(call: &Call<'a, '_>, may_store: bool) -> Result<Self, Error> {
        let mut options = Options { limit: (0, -1), ..Options::default() };
        // What BY and GET read is not known before they have read it.
        let reads_all = call.store.reads_all_keys(call.client, call.command, call.args);
        let mut place = 2;
        while place < call.args.len() {
            let left = call.args.len() - place - 1;
            if call.is_word(place, "asc") {
                options.descending = false;
            } else if call.is_word(place, "desc") {
                options.descending = true;
            } else if call.is_word(place, "alpha") {
                options.alpha = true;
            } else if call.is_word(place, "limit") && left >= 2 {
                options.limit = (call.integer(place + 1)?, call.integer(place + 2)?);
                place += 2;
            } else if may_store && call.is_word(place, "store") && left >= 1 {
                place += 1;
                options.store = Some(call.arg(place));
            } else if call.is_word(place, "by") && left >= 1 {
                place += 1;
                options.by = Some(call.arg(place));
                if !reads_all && c_string(call.arg(place)).contains(&b'*') {
                    return Err(error::SORT_BY_DENIED);
                }
            } else if call.is_word(place, "get") && left >= 1 {
                place += 1;
                options.get.push(call.arg(place));
                if !reads_all {
                    return Err(error::SORT_GET_DENIED);
                }
            } else {
                return Err(error::SYNTAX);
            }
            place += 1;
        }
        Ok(options)
    }
}

/// What is sorted, with what it is sorted by.
struct Item {
    element: Bytes,
    score: f64,
    /// With BY and ALPHA: the text it is sorted by, none if there is no such key.
    text: Option<Bytes>,
}

fn run(call: &mut Call<'_, '_>, mut options: Options<'_>) -> Result<Reply, Error> {
    let value = call.value(call.arg(1));
    let elements: Vec<Bytes> = match &value {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().cloned().collect(),
        Some(Value::Set(set)) => set.iter().collect(),
        Some(Value::Zset(zset)) => zset.iter().map(|(_, member)| member.clone()).collect(),
        Some(Value::String(_) | Value::Hash(_) | Value::Stream(_)) => return Err(error::WRONG_TYPE),
    };
    // Without a star there is nothing to sort by: the order is that of the collection.
    let mut sorts = options.by.is_none_or(|by| c_string(by).contains(&b'*'));
    let is_set = matches!(value, Some(Value::Set(_)));
    if !sorts && is_set && (options.store.is_some() || call.store.scripting.runs) {
        // What is kept, and what a script does, must not depend on a dictionary's order.
        (sorts, options.alpha, options.by) = (true, true, None);
    }
    if matches!(value, Some(Value::Zset(_))) {
        drop(value);
        // Redis unpacks a sorted set in order to sort it, and leaves it so.
        call.change(call.arg(1), |zset: &mut Zset, _| zset.unpack())?;
    }
    let (start, end) = clamp(options.limit, elements.len());
    let elements = match sorts {
        true => in_order(call, elements, &options, (start, end))?,
        false if options.descending && !is_set => elements.into_iter().rev().collect(),
        false => elements,
    };
    let chosen = elements.get(start..end).unwrap_or_default();
    answer(call, chosen, &options)
}

/// The first place that LIMIT leaves, and the one behind the last.
fn clamp((start, count): (i64, i64), len: usize) -> (usize, usize) {
    let len = len as i64;
    let start = start.max(0);
    let end = if count < 0 { len } else { start.saturating_add(count).min(len) };
    if start >= len { (0, 0) } else { (start as usize, end as usize) }
}

/// The elements in order, or at least those of them that are `shown`, from the first to the one behind the last.
fn in_order(
    call: &mut Call<'_, '_>,
    elements: Vec<Bytes>,
    options: &Options<'_>,
    shown: (usize, usize),
) -> Result<Vec<Bytes>, Error> {
    let mut items = Vec::new();
    let mut all_numbers = true;
    for element in elements {
        let by = match options.by {
            Some(pattern) => look_up(call, pattern, &element),
            None => Some(element.clone()),
        };
        let mut item = Item { element, score: 0.0, text: None };
        match by {
            Some(text) if options.alpha => item.text = Some(text),
            Some(text) => match score(&text) {
                Some(score) => item.score = score,
                None => all_numbers = false,
            },
            None => {}
        }
        items.push(item);
    }
    if !all_numbers {
        return Err(error::SORT_NOT_DOUBLE);
    }
    // What is kept is compared byte by byte, what is only shown as C compares texts: up to a zero byte.
    let whole = options.store.is_some();
    let compared = |text: &Bytes| if whole { text.len() } else { c_string(text).len() };
    let compare = |a: &Item, b: &Item| {
        let order = if options.alpha {
            let part = |text: &Option<Bytes>| text.as_ref().map(|text| Bytes::from(&text[..compared(text)]));
            part(&a.text).cmp(&part(&b.text))
        } else {
            a.score.partial_cmp(&b.score).unwrap_or(Ordering::Equal).then_with(|| a.element.cmp(&b.element))
        };
        if options.descending { order.reverse() } else { order }
    };
    if options.by.is_some() && shown != (0, items.len()) {
        sort_part(&mut items, shown.0, shown.1, &compare);
    } else {
        items.sort_by(compare);
    }
    Ok(items.into_iter().map(|item| item.element).collect())
}

/// A text as the number that C's `strtod` reads it as; an empty one is zero.
fn score(text: &[u8]) -> Option<f64> {
    Double::parse_c(text).map(|number| number.0)
}

/// What a pattern means for an element: the element itself for `#`, else a key's string or, with `->`, a field of a hash.
fn look_up(call: &mut Call<'_, '_>, pattern: &[u8], element: &Bytes) -> Option<Bytes> {
    if pattern == b"#" {
        return Some(element.clone());
    }
    let text = c_string(pattern);
    let star = text.iter().position(|byte| *byte == b'*')?;
    let arrow = text[star + 1..].windows(2).position(|pair| pair == b"->").map(|place| star + 1 + place);
    let arrow = arrow.filter(|place| place + 2 < text.len());
    let key = [&pattern[..star], element, &pattern[star + 1..arrow.unwrap_or(pattern.len())]].concat();
    let key = Bytes::from(key);
    match arrow {
        Some(place) => call.read::<Hash>(&key).ok().flatten()?.get(&pattern[place + 2..]).cloned(),
        None => call.string(&key).ok().flatten().map(|text| text.to_bytes()),
    }
}

fn answer(call: &mut Call<'_, '_>, chosen: &[Bytes], options: &Options<'_>) -> Result<Reply, Error> {
    let mut found = Vec::new();
    for element in chosen {
        if options.get.is_empty() {
            found.push(Some(element.clone()));
        }
        for pattern in &options.get {
            found.push(look_up(call, pattern, element));
        }
    }
    let Some(key) = options.store else {
        return Ok(Reply::Array(found.into_iter().map(Reply::from).collect()));
    };
    let count = found.len();
    if count == 0 {
        call.delete(key, "del");
    } else {
        let mut list = List::default();
        found.into_iter().for_each(|element| list.push(Side::Right, element.unwrap_or_default()));
        call.put(key, Value::List(Rc::new(list)), Life::Endless, "sortstore");
    }
    Ok(Reply::Integer(count as i64))
}

/// What C sees of these bytes: all before the first zero byte.
fn c_string(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
