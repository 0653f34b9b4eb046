//! CONFIG, of the group `server`.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::glob;
use super::group::Group;
use super::introspect::{bare_container, help};
use super::number::parse_integer;
use super::params::{Param, find};
use super::params_table::PARAMS;
use super::reply::Reply;
use super::store::Store;
use crate::bytes::Bytes;
use alloc::{string::String, string::ToString, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run).flags("admin noscript loading stale")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("config", -2, bare_container)
        .container()
        .flags("")
        .takes("2.0.0", "")
        .says("Looks at parameters and sets them", "查看和设置参数"),
    row("config|help", 2, help).flags("loading stale").takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("config|get", -3, config_get)
        .takes("2.0.0", "{parameter:parameter} [parameter ...]")
        .says("Tells the values of parameters; their names may be patterns", "返回参数的值，名字可用模式"),
    row("config|resetstat", 2, config_resetstat)
        .takes("2.0.0", "")
        .says("Sets the counters of INFO back", "重置 INFO 中的计数"),
    row("config|rewrite", 2, config_rewrite).takes("2.8.0", "").says(
        "Writes the parameters in force into the configuration file, which this server does not have",
        "把当前参数写回配置文件，本服务器没有配置文件",
    ),
    row("config|set", -4, config_set)
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .takes("2.0.0", "{parameter_value:parameter value} [parameter value ...]")
        .says("Sets parameters, all of them or none", "设置参数，全部生效或全部不生效"),
];

fn config_get(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let mut found: Vec<(Bytes, &'static Param)> = Vec::new();
    let mut add = |name: Bytes, param| {
        if found.iter().all(|(other, _)| *other != name) {
            found.push((name, param));
        }
    };
    for asked in &call.args[2..] {
        if !asked.iter().any(|byte| matches!(byte, b'[' | b'*' | b'?')) {
            if let Some((param, _)) = find(asked) {
                add(asked.clone(), param);
            }
            continue;
        }
        for param in PARAMS.iter().filter(|param| !param.is_hidden) {
            for name in [param.name, param.alias].into_iter().filter(|name| !name.is_empty()) {
                if glob::matches(asked, name.as_bytes(), true) {
                    add(Bytes::from(name), param);
                }
            }
        }
    }
    let pair =
        |(name, param): (Bytes, &'static Param)| (Reply::Bulk(name), Reply::Bulk(call.store.parameter(param.name)));
    Ok(Reply::Map(found.into_iter().map(pair).collect()))
}

fn config_resetstat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.reset_stats();
    Ok(Reply::OK)
}

fn config_rewrite(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let rewrite = call.store.host.rewrite.ok_or(error::NO_CONFIG_FILE)?;
    rewrite(call.store).map_err(|why| Error(why.into_bytes().into()))?;
    Ok(Reply::OK)
}

fn config_set(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if !call.args.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    let mut asked: Vec<(&Param, &Bytes)> = Vec::new();
    for pair in call.args[2..].chunks(2) {
        let (param, _) = find(&pair[0]).ok_or_else(|| error::unknown_parameter(&pair[0]))?;
        if let Some(why) = param.fixed {
            return Err(error::config_set(&pair[0], why));
        }
        if asked.iter().any(|(other, _)| other.name == param.name) {
            return Err(error::config_set(&pair[0], "duplicate parameter"));
        }
        asked.push((param, &pair[1]));
    }
    let mut values = Vec::new();
    for (param, text) in asked {
        let value = param.read(text).map_err(|why| error::config_set(param.name.as_bytes(), &why))?;
        values.push((param.name, value));
    }
    // What can fail comes first, and then nothing has changed.
    let port = values.iter().find(|(name, _)| *name == "port").and_then(|(_, value)| parse_integer(value));
    if let Some(port) = port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != call.store.host.port) {
        if !(call.store.host.listen)(port) {
            return Err(error::config_set(b"port", "Unable to listen on this port. Check server logs."));
        }
        call.store.host.port = port;
    }
    for (name, value) in values {
        call.store.set_parameter(name, value);
    }
    call.store.evict(call.cx);
    Ok(Reply::OK)
}

impl Store {
    /// Every parameter with its value in force, as CONFIG GET shows it.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static Param, Bytes)> {
        PARAMS.iter().map(|param| (param, self.parameter(param.name)))
    }

    /// Sets a parameter as a configuration file does, those included that CONFIG SET refuses to change; or says why it cannot be so.
    /// Returns its name.
    pub fn configure(&mut self, name: &[u8], value: &[u8]) -> Result<&'static str, String> {
        let (param, _) = find(name).ok_or("Bad directive or wrong number of arguments")?;
        let value = param.read(value)?;
        self.set_parameter(param.name, value);
        Ok(param.name)
    }

    fn parameter(&self, name: &str) -> Bytes {
        match name {
            "proto-max-bulk-len" => Bytes::from(self.limits().max_bulk.to_string()),
            "port" => Bytes::from(self.host.port.to_string()),
            name => self.config.value(name),
        }
    }

    fn set_parameter(&mut self, name: &'static str, value: Bytes) {
        let number = parse_integer(&value).unwrap_or(0) as u64;
        match name {
            "maxmemory" => {
                let bytes: u64 = core::str::from_utf8(&value).ok().and_then(|v| v.parse().ok()).unwrap_or(0);
                // What the server itself takes leaves less for data.
                let overhead = self.memory_in_use() - self.used_bytes();
                self.set_max_memory(if bytes == 0 { 0 } else { bytes.saturating_sub(overhead).max(1) });
            }
            "proto-max-bulk-len" => return self.set_max_bulk(number),
            "requirepass" => self.require_password(&value),
            _ => {}
        }
        self.config.set(name, value);
    }
}
