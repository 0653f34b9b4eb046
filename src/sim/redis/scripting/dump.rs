//! FUNCTION DUMP and FUNCTION RESTORE.

use super::super::call::Call;
use super::super::dump::{pack_libraries, unpack_libraries};
use super::super::error::{self, Error};
use super::super::reply::Reply;
use super::functions::Library;
use crate::sorted::SortedMap;
use alloc::rc::Rc;

pub fn dump(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Bulk(pack_libraries(call.store.scripting.libraries.values().map(|library| &library.code))))
}

pub fn restore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let is = |word| call.is_word(3, word);
    let (flushes, replaces) = match call.args.len() {
        3 => (false, false),
        4 if is("append") => (false, false),
        4 if is("replace") => (false, true),
        4 if is("flush") => (true, false),
        4 => return Err(error::RESTORE_POLICY),
        _ => return Err(error::wrong_subcommand("FUNCTION", call.arg(1))),
    };
    let codes = unpack_libraries(call.arg(2), &call.store.config)?;
    let mut fresh: SortedMap<_, Rc<Library>> = SortedMap::new();
    for code in codes {
        let (name, library) = Library::load(&code, call)?;
        if fresh.contains_key(&name) {
            return Err(error::library_exists(&name));
        }
        if let Some(taken) =
            library.functions.keys().find(|name| fresh.values().any(|other| other.function(name).is_some()))
        {
            return Err(error::function_exists(taken));
        }
        fresh.insert(name, Rc::new(library));
    }
    if !flushes {
        for (name, library) in call.store.scripting.libraries.iter() {
            if fresh.contains_key(name) {
                if !replaces {
                    return Err(error::restored_exists(name));
                }
                continue;
            }
            let taken =
                fresh.values().flat_map(|new| new.functions.keys()).find(|name| library.function(name).is_some());
            if let Some(taken) = taken {
                return Err(error::function_exists(taken));
            }
        }
        for (name, library) in
            call.store.scripting.libraries.iter().map(|(name, library)| (name.clone(), library.clone()))
        {
            if !fresh.contains_key(&name) {
                fresh.insert(name, library);
            }
        }
    }
    call.store.scripting.libraries = fresh;
    call.store.dirty += 1;
    Ok(Reply::OK)
}
