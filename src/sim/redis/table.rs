//! The command table: the rows of every file, found by name.

use super::command::Command;
use super::{
    acl, bitmap, client, cluster, config_params, connection, debug, dump, expire, generic, geo, hash, hyperloglog,
    info, introspect, list, list_moves, pubsub, scripting, server, set, set_algebra, sort, stream, string, tracking,
    transactions, zset,
};

/// The rows of every file. The first of them is not empty.
const TABLES: &[&[Command]] = &[
    string::COMMANDS,
    acl::COMMANDS,
    bitmap::COMMANDS,
    client::COMMANDS,
    cluster::COMMANDS,
    config_params::COMMANDS,
    connection::COMMANDS,
    debug::COMMANDS,
    dump::COMMANDS,
    expire::COMMANDS,
    generic::COMMANDS,
    geo::COMMANDS,
    hash::COMMANDS,
    hyperloglog::COMMANDS,
    info::COMMANDS,
    introspect::COMMANDS,
    list::COMMANDS,
    list_moves::COMMANDS,
    pubsub::COMMANDS,
    scripting::COMMANDS,
    server::COMMANDS,
    set::COMMANDS,
    set_algebra::COMMANDS,
    sort::COMMANDS,
    stream::COMMANDS,
    tracking::COMMANDS,
    transactions::COMMANDS,
    zset::COMMANDS,
];

/// How many rows there are.
const COUNT: usize = {
    let (mut table, mut count) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

/// All rows by name, put in order when the program is compiled.
static ALL: [Command; COUNT] = sorted();

const fn sorted() -> [Command; COUNT] {
    let mut all = [TABLES[0][0]; COUNT];
    let (mut table, mut count) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            let mut place = count;
            while place > 0 && before(TABLES[table][row].name, all[place - 1].name) {
                all[place] = all[place - 1];
                place -= 1;
            }
            all[place] = TABLES[table][row];
            count += 1;
            row += 1;
        }
        table += 1;
    }
    let mut place = 0;
    while place < COUNT {
        all[place].id = place as u16;
        place += 1;
    }
    all
}

const fn before(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return a[i] < b[i];
        }
        i += 1;
    }
    a.len() < b.len()
}

/// How many places the index of names has; more than twice as many as rows, so that few rows want the same place.
const SLOTS: usize = 2048;
/// The index of names: at its hash or behind it, each row's place in [`ALL`] plus one.
static INDEX: [u16; SLOTS] = index();

const fn index() -> [u16; SLOTS] {
    let all = sorted();
    let mut index = [0; SLOTS];
    let mut row = 0;
    while row < COUNT {
        let mut slot = slot(all[row].name.as_bytes());
        while index[slot] != 0 {
            slot = (slot + 1) % SLOTS;
        }
        index[slot] = row as u16 + 1;
        row += 1;
    }
    index
}

/// Where the search for a name begins, in whatever case it is written.
const fn slot(name: &[u8]) -> usize {
    let mut hash = name.len() as u32;
    let mut place = 0;
    while place < name.len() {
        // Letters of both cases differ in this bit alone.
        hash = (hash ^ (name[place] | 0x20) as u32).wrapping_mul(0x0100_0193);
        place += 1;
    }
    ((hash ^ (hash >> 15)) as usize) % SLOTS
}

/// Every command and subcommand, by name.
pub fn commands() -> &'static [Command] {
    &ALL
}

/// The command or subcommand (`object|encoding`) of this name, in whatever case.
pub fn find_command(name: &[u8]) -> Option<&'static Command> {
    if name.len() > LONGEST {
        return None;
    }
    let mut slot = slot(name);
    while let Some(row) = INDEX[slot].checked_sub(1) {
        let command = &ALL[usize::from(row)];
        if name.eq_ignore_ascii_case(command.name.as_bytes()) {
            return Some(command);
        }
        slot = (slot + 1) % SLOTS;
    }
    None
}

/// No name is longer.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::super::command::{Begin, Find};
    use super::*;
    use crate::bytes::Bytes;
    use alloc::vec::Vec;

    #[test]
    fn every_row_is_whole() {
        for command in commands() {
            assert!(
                !command.since.is_empty() && !command.english.is_empty() && !command.chinese.is_empty(),
                "{}",
                command.name
            );
            for spec in command.key_specs() {
                assert!(spec.begin != Begin::Index(0) && spec.begin != Begin::Keyword("", 0), "{}", command.name);
                assert!(!matches!(spec.find, Find::Range { step: 0, .. }), "{}", command.name);
            }
            let found = find_command(command.name.to_ascii_uppercase().as_bytes()).expect("it is in the table");
            assert_eq!(found.name, command.name);
            assert!(command.name.len() <= LONGEST, "{}", command.name);
            assert!(command.parent().is_none_or(|name| find_command(name.as_bytes()).is_some()), "{}", command.name);
        }
    }

    #[test]
    fn key_places() {
        let places = |name: &str, count| -> Vec<usize> {
            find_command(name.as_bytes())
                .expect("a command")
                .key_places(&alloc::vec![Bytes::default(); count])
                .expect("they say where their keys are")
                .iter()
                .map(|(place, _)| *place)
                .collect()
        };
        assert_eq!(places("get", 2), [1]);
        assert_eq!(places("mset", 5), [1, 3]);
        assert_eq!(places("lcs", 3), [1, 2]);
        assert_eq!(places("bitop", 5), [2, 3, 4]);
        assert_eq!(places("ping", 2), [0_usize; 0]);
    }
}
