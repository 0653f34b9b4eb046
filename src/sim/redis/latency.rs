//! LATENCY, and the section of INFO about how long commands took.

use super::call::Call;
use super::error::{self, Error};
use super::number::millionths;
use super::reply::Reply;
use super::stats::{CommandStat, Spikes, bucket_top};
use super::store::Store;
use super::table::{commands, find_command};
use crate::bytes::Bytes;
use alloc::{format, string::String, vec, vec::Vec};

/// The time within which so many millionths of a hundred calls were done, in microseconds.
fn percentile(stat: &CommandStat, millionths: u64) -> u64 {
    let all: u64 = stat.times.iter().map(|count| u64::from(*count)).sum();
    let wanted = (u128::from(all) * u128::from(millionths)).div_ceil(100_000_000).max(1) as u64;
    let mut seen = 0;
    for (place, count) in stat.times.iter().enumerate() {
        seen += u64::from(*count);
        if seen >= wanted {
            return bucket_top(place);
        }
    }
    0
}

/// The section of INFO.
pub fn section(store: &Store) -> String {
    let wanted = store.config.value("latency-tracking-info-percentiles");
    let wanted: Vec<(String, u64)> = wanted
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .filter_map(|word| Some((String::from_utf8_lossy(word).into_owned(), millionths(word)?)))
        .collect();
    let mut text = String::new();
    for (command, stat) in commands().iter().zip(&store.stats.commands) {
        if stat.times.is_empty() {
            continue;
        }
        let times: Vec<String> = wanted
            .iter()
            .map(|(name, wanted)| {
                // Redis counts in nanoseconds and shows the end of the place that a time falls into.
                let micros = percentile(stat, *wanted);
                format!("p{name}={micros}.{}", if micros == 0 { "001" } else { "003" })
            })
            .collect();
        text += &format!("latency_percentiles_usec_{}:{}\r\n", command.name, times.join(","));
    }
    text
}

/// LATENCY HISTOGRAM.
pub fn histogram(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let stats = &call.store.stats.commands;
    let mut found = Vec::new();
    let mut add = |row: usize| {
        if !stats[row].times.is_empty() {
            found.push((Reply::text(commands()[row].name), counts(&stats[row])));
        }
    };
    if call.args.len() == 2 {
        (0..commands().len()).for_each(add);
    } else {
        for name in &call.args[2..] {
            let Some(command) = find_command(name) else { continue };
            add(usize::from(command.id));
            command.subcommands().for_each(|sub| add(usize::from(sub.id)));
        }
    }
    Ok(Reply::Map(found))
}

/// How many calls took at most 1, 2, 4 .. microseconds.
fn counts(stat: &CommandStat) -> Reply {
    let (mut pairs, mut seen, mut top) = (Vec::new(), 0_i64, 1_u64);
    for (place, count) in stat.times.iter().enumerate() {
        if *count == 0 {
            continue;
        }
        while bucket_top(place) > top {
            top *= 2;
        }
        seen += i64::from(*count);
        match pairs.last_mut() {
            Some((Reply::Integer(last), value)) if *last == top as i64 => *value = Reply::Integer(seen),
            Some(_) | None => pairs.push((Reply::Integer(top as i64), Reply::Integer(seen))),
        }
    }
    Reply::Map(vec![(Reply::text("calls"), Reply::Integer(seen)), (Reply::text("histogram_usec"), Reply::Map(pairs))])
}

fn spikes<'c>(call: &'c Call<'_, '_>, name: &[u8]) -> Option<&'c Spikes> {
    call.store.stats.latency.iter().find(|(event, _)| event.as_bytes() == name).map(|(_, spikes)| spikes)
}

/// LATENCY HISTORY.
pub fn history(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let sample = |(at_s, ms): &(u64, u64)| Reply::Array(vec![Reply::Integer(*at_s as i64), Reply::Integer(*ms as i64)]);
    let samples = spikes(call, call.arg(2)).map(|spikes| spikes.samples.iter().map(sample).collect());
    Ok(Reply::Array(samples.unwrap_or_default()))
}

/// LATENCY LATEST.
pub fn latest(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let event = |(name, spikes): (&&'static str, &Spikes)| {
        let (at_s, ms) = spikes.samples.back().copied().unwrap_or_default();
        let numbers = [at_s, ms, spikes.longest_ms].map(|number| Reply::Integer(number as i64));
        Reply::Array([Reply::text(name)].into_iter().chain(numbers).collect())
    };
    Ok(Reply::Array(call.store.stats.latency.iter().map(event).collect()))
}

/// LATENCY RESET.
pub fn reset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let names: Vec<&'static str> = call.store.stats.latency.keys().copied().collect();
    let asked = &call.args[2..];
    let mut gone = 0;
    for name in names {
        if asked.is_empty() || asked.iter().any(|arg| arg.eq_ignore_ascii_case(name.as_bytes())) {
            call.store.stats_mut().latency.remove(name);
            gone += 1;
        }
    }
    Ok(Reply::Integer(gone))
}

/// LATENCY GRAPH: a bar for each sample, from bottom to top.
pub fn graph(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let name = call.arg(2).clone();
    let Some(spikes) = spikes(call, &name) else { return Err(error::no_samples(&name)) };
    let most = spikes.samples.iter().map(|(_, ms)| *ms).max().unwrap_or(0);
    let least = spikes.samples.iter().map(|(_, ms)| *ms).min().unwrap_or(0);
    let mut text =
        format!("{} - high {most} ms, low {least} ms (all time high {} ms)\n", name.text(), spikes.longest_ms);
    text += &"-".repeat(80);
    text.push('\n');
    for level in (1..=4).rev() {
        for (_, ms) in &spikes.samples {
            let height = ms * 4 / most.max(1);
            text.push(if height >= level { '#' } else { ' ' });
        }
        text.push('\n');
    }
    Ok(Reply::Verbatim("txt", Bytes::from(text)))
}

/// LATENCY DOCTOR.
pub fn doctor(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let latency = &call.store.stats.latency;
    let mut text = if call.store.config.latency_monitor_threshold == 0 && latency.is_empty() {
        String::from(
            "Nothing is watched: CONFIG SET latency-monitor-threshold <milliseconds> says from where on a time is long.\n",
        )
    } else {
        String::from("Nothing but what stands here took long:\n")
    };
    for (name, spikes) in latency {
        text += &format!("{name}: {} latency spikes, the worst {} ms.\n", spikes.samples.len(), spikes.longest_ms);
    }
    Ok(Reply::Verbatim("txt", Bytes::from(text)))
}
