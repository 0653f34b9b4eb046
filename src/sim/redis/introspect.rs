//! COMMAND: the table tells about itself.

use super::call::Call;
use super::command::{Begin, Command, Find, KeySpec, Language, NOT_KEY, Run};
use super::docs::docs;
use super::error::{self, Error};
use super::glob;
use super::group::Group;
use super::help_table::HELP;
use super::reply::Reply;
use super::table::{commands, find_command};
use alloc::{borrow::Cow, format, string::String, string::ToString, vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run).flags("loading stale").categories("connection")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("command", -1, command)
        .container()
        .tips("nondeterministic_output_order")
        .takes("2.8.13", "")
        .says("Tells about every command", "返回所有命令的信息"),
    row("command|count", 2, command_count).takes("2.8.13", "").says("Counts the commands", "返回命令的个数"),
    row("command|docs", -2, command_docs)
        .tips("nondeterministic_output_order")
        .takes("7.0.0", "[command-name [command-name ...]]")
        .says("Says what commands are for", "返回命令的说明"),
    row("command|getkeys", -4, command_getkeys)
        .takes("2.8.13", "")
        .says("Picks the keys out of a command's arguments", "从一条完整命令里取出键"),
    row("command|getkeysandflags", -4, command_getkeysandflags).takes("7.0.0", "").says(
        "Picks the keys out of a command's arguments and says what is done to each",
        "取出键，并说明命令会怎样使用它们",
    ),
    row("command|help", 2, help).takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("command|info", -2, command_info)
        .tips("nondeterministic_output_order")
        .takes("2.8.13", "[command-name [command-name ...]]")
        .says("Tells about these commands, or about every one", "返回指定命令的信息，不指定则返回全部"),
    row("command|list", -2, command_list)
        .tips("nondeterministic_output_order")
        .takes("7.0.0", "[FILTERBY {filterby:MODULE module-name|ACLCAT category|PATTERN pattern}]")
        .says("Lists the names of the commands", "列出命令名"),
];

fn command(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(top().map(info).collect()))
}

fn command_count(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(top().count() as i64))
}

fn command_docs(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let entry = |command: &'static Command| (Reply::text(command.name), docs(command));
    Ok(Reply::Map(match &call.args[2..] {
        [] => top().map(entry).collect(),
        names => names.iter().filter_map(|name| find_command(name)).map(entry).collect(),
    }))
}

fn command_getkeys(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let found = keys_of(call)?;
    Ok(Reply::Array(found.into_iter().map(|(place, _)| Reply::Bulk(call.arg(place).clone())).collect()))
}

fn command_getkeysandflags(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let found = keys_of(call)?;
    let pair = |(place, flags)| Reply::Array(vec![Reply::Bulk(call.arg(place).clone()), words(flags)]);
    Ok(Reply::Array(found.into_iter().map(pair).collect()))
}

/// A container without a subcommand: its arity forbids that before this runs, and it has no other meaning.
pub fn bare_container(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::arity(call.command.name))
}

/// HELP of any container: its subcommands, one by one.
pub fn help(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let container = call.command.parent().and_then(|name| find_command(name.as_bytes()));
    let container = container.expect("HELP is only ever a subcommand");
    let name = container.name.to_ascii_uppercase();
    let line = |text: String| Reply::Status(Cow::Owned(text.into_bytes()));
    let mut lines = vec![line(format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"))];
    let entries = HELP.iter().find(|(own, _)| *own == container.name).map_or(&[][..], |(_, entries)| *entries);
    for entry in entries.iter().copied().chain(["HELP"]) {
        let (form, told) = entry.split_once('\n').unwrap_or((entry, ""));
        lines.push(line(form.to_string()));
        if told.is_empty() {
            let word = form.split(' ').next().unwrap_or_default();
            let summary = container.subcommand(word.as_bytes()).map_or("", |own| own.summary(Language::English));
            lines.push(line(format!("    {summary}.")));
        } else {
            lines.extend(told.split('\n').map(|text| line(format!("    {text}"))));
        }
    }
    Ok(Reply::Array(lines))
}

fn command_info(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(match &call.args[2..] {
        [] => top().map(info).collect(),
        names => names.iter().map(|name| find_command(name).map_or(Reply::Nil, info)).collect(),
    }))
}

fn command_list(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let names = |keep: &dyn Fn(&Command) -> bool| {
        commands().iter().filter(|command| keep(command)).map(|command| Reply::text(command.name)).collect()
    };
    let is = |place, word| call.is_word(place, word);
    Ok(Reply::Set(match &call.args[2..] {
        [] => names(&|_| true),
        [_, _, _] if is(2, "filterby") && is(3, "module") => Vec::new(),
        [_, _, category] if is(2, "filterby") && is(3, "aclcat") => {
            names(&|command| command.acl_categories().iter().any(|own| category.eq_ignore_ascii_case(own.as_bytes())))
        }
        [_, _, pattern] if is(2, "filterby") && is(3, "pattern") => {
            names(&|command| glob::matches(pattern, command.name.as_bytes(), true))
        }
        _ => return Err(error::SYNTAX),
    }))
}

/// The commands without their subcommands.
fn top() -> impl Iterator<Item = &'static Command> {
    commands().iter().filter(|command| command.parent().is_none())
}

/// The places of the keys in the command that stands from the third argument on, counted in the arguments of this call.
fn keys_of(call: &Call<'_, '_>) -> Result<Vec<(usize, &'static str)>, Error> {
    let args = &call.args[2..];
    let mut command = find_command(&args[0]).ok_or(error::INVALID_COMMAND)?;
    if command.container {
        command = args.get(1).and_then(|name| command.subcommand(name)).ok_or(error::INVALID_COMMAND)?;
    }
    if command.key_specs().iter().all(|spec| spec.flags == NOT_KEY) {
        Err(error::NO_KEYS)
    } else if !command.accepts(args.len()) {
        Err(error::INVALID_ARGUMENT_COUNT)
    } else {
        let places = command.key_places(args).ok_or(error::INVALID_ARGUMENTS)?;
        if places.is_empty() && !command.flags.contains("no_mandatory_keys") {
            return Err(error::INVALID_ARGUMENTS);
        }
        Ok(places.into_iter().map(|(place, flags)| (place + 2, flags)).collect())
    }
}

/// What COMMAND INFO tells of one command.
fn info(command: &'static Command) -> Reply {
    let specs = command.key_specs();
    let (first, last, step) = legacy_range(&specs);
    let categories = command.acl_categories();
    Reply::Array(vec![
        Reply::text(command.name),
        Reply::Integer(i64::from(command.arity)),
        words(command.flags),
        Reply::Integer(first),
        Reply::Integer(last),
        Reply::Integer(step),
        Reply::Set(categories.iter().map(|name| Reply::Status(Cow::Owned(format!("@{name}").into_bytes()))).collect()),
        Reply::Array(command.tips.split(' ').filter(|tip| !tip.is_empty()).map(Reply::text).collect()),
        Reply::Array(specs.iter().map(key_spec).collect()),
        Reply::Array(command.subcommands().map(info).collect()),
    ])
}

fn words(flags: &'static str) -> Reply {
    Reply::Set(flags.split(' ').filter(|word| !word.is_empty()).map(Reply::status).collect())
}

fn key_spec(spec: &KeySpec) -> Reply {
    let pair = |name: &str, value: Reply| (Reply::text(name), value);
    let number = |name: &str, value: i64| (Reply::text(name), Reply::Integer(value));
    let typed = |kind: &str, spec: Vec<(Reply, Reply)>| {
        Reply::Map(vec![pair("type", Reply::text(kind)), pair("spec", Reply::Map(spec))])
    };
    let begin = match spec.begin {
        Begin::Index(first) => typed("index", vec![number("index", i64::from(first))]),
        Begin::Keyword(word, from) => {
            typed("keyword", vec![pair("keyword", Reply::text(word)), number("startfrom", i64::from(from))])
        }
        Begin::Unknown => typed("unknown", Vec::new()),
    };
    let find = match spec.find {
        Find::Range { last, step, limit } => {
            let numbers = [("lastkey", i64::from(last)), ("keystep", i64::from(step)), ("limit", i64::from(limit))];
            typed("range", numbers.map(|(name, value)| number(name, value)).to_vec())
        }
        Find::Count => typed(
            "keynum",
            [("keynumidx", 0), ("firstkey", 1), ("keystep", 1)].map(|(name, at)| number(name, at)).to_vec(),
        ),
        Find::Unknown => typed("unknown", Vec::new()),
    };
    let mut pairs = vec![pair("flags", words(spec.flags)), pair("begin_search", begin), pair("find_keys", find)];
    if let Some((_, notes)) =
        NOTES.iter().find(|(flags, _)| *flags == spec.flags).filter(|_| spec.begin == Begin::Unknown)
    {
        pairs.insert(0, pair("notes", Reply::text(notes)));
    }
    Reply::Map(pairs)
}

/// Why a specification cannot tell, by its flags.
const NOTES: &[(&str, &str)] = &[
    ("RO access", "The names behind BY and GET depend on the elements that are sorted."),
    ("OW update", "STORE may stand anywhere among the options."),
];

/// The first key, the last and the step, as clients older than 7.0 want them: the stretches that follow each other, as one
/// (`populateCommandLegacyRangeSpec` of Redis).
fn legacy_range(specs: &[KeySpec]) -> (i64, i64, i64) {
    let plain = |spec: &KeySpec| match (spec.begin, spec.find) {
        (Begin::Index(first), Find::Range { last, step, .. }) => {
            let first = i64::from(first);
            let last = i64::from(last);
            Some((first, if last < 0 { last } else { first + last }, i64::from(step)))
        }
        (Begin::Index(_) | Begin::Keyword(..) | Begin::Unknown, Find::Range { .. } | Find::Count | Find::Unknown) => {
            None
        }
    };
    let Some(mut range) = specs.first().and_then(plain) else { return (0, 0, 0) };
    for (first, last, _) in specs[1..].iter().filter_map(plain) {
        if range.1 == first - 1 {
            range.1 = last;
        }
    }
    range
}
