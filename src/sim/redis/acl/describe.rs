//! A selector as rules: those that would make it again.

use super::super::command::CATEGORIES;
use super::super::table::commands;
use super::selector::{Allowed, Selector, category_masks};
use alloc::{format, string::String, vec::Vec};

impl Selector {
    /// All its rules, as ACL LIST shows them.
    pub fn describe(&self) -> Vec<u8> {
        let mut rules = self.key_rules();
        if !self.all_channels {
            rules.push(b"resetchannels".to_vec());
        }
        rules.extend(self.channel_rules());
        rules.push(self.command_rules().into_bytes());
        rules.join(&b' ')
    }

    /// Its patterns of keys.
    pub fn key_rules(&self) -> Vec<Vec<u8>> {
        if self.all_keys { [b"~*".to_vec()].into() } else { self.keys.iter().map(|key| key.rule()).collect() }
    }

    /// Its patterns of channels.
    pub fn channel_rules(&self) -> Vec<Vec<u8>> {
        if self.all_channels {
            return [b"&*".to_vec()].into();
        }
        self.channels.iter().map(|channel| [b"&", channel.as_slice()].concat()).collect()
    }

    /// What it says of commands: everything or nothing first, then the categories that fit best, one after another, and at last
    /// the single commands in which it still differs.
    pub fn command_rules(&self) -> String {
        let adds = !self.starts_from_all;
        let sign = |allow: bool| if allow { '+' } else { '-' };
        let mut rules = [format!("{}@all", sign(!adds))].to_vec();
        let masks = category_masks();
        let mut made = Selector::new(false);
        made.apply(if adds { b"-@all" } else { b"+@all" }).expect("a rule that always goes");
        let mut made = made.allowed;
        let mut left = self.allowed.clone();
        let mut used = 0_u32;
        while let Some(best) = best_category(&left, adds, used, &masks) {
            made.change_category(best, adds, &masks);
            left.change_category(best, !adds, &masks);
            rules.push(format!("{}@{}", sign(adds), CATEGORIES[best]));
            used |= 1 << best;
        }
        for command in commands() {
            let allow = self.allowed.has(command.id);
            if allow != made.has(command.id) {
                rules.push(format!("{}{}", sign(allow), command.name));
                made.change(command, allow);
            }
            let args = self.first_args.get(&command.id).filter(|_| !allow);
            rules.extend(args.into_iter().flatten().map(|arg| format!("+{}|{}", command.name, arg.text())));
        }
        rules.join(" ")
    }
}

/// The category that agrees with what is left in more commands than it differs: the one that differs in the fewest.
fn best_category(left: &Allowed, adds: bool, used: u32, masks: &[u32]) -> Option<usize> {
    let mut best: Option<(usize, u32, u32)> = None;
    for category in (0..CATEGORIES.len()).filter(|category| used >> category & 1 == 0) {
        let (mut same, mut different) = (0, 0);
        for command in commands().iter().filter(|command| masks[usize::from(command.id)] >> category & 1 == 1) {
            if left.has(command.id) == adds { same += 1 } else { different += 1 }
        }
        let better = best.is_none_or(|(_, least, most)| different < least || different == least && same > most);
        if same > different && better {
            best = Some((category, different, same));
        }
    }
    best.map(|(category, _, _)| category)
}
