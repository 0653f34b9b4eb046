//! A user: its passwords, its selectors, and the rules that make them.

use super::super::digest::sha256;
use super::Mistake;
use super::selector::Selector;
use crate::bytes::Bytes;
use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

/// What is said of the payloads that RESTORE is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sanitize {
    Unsaid,
    Skip,
    Always,
}

/// A user of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Whether anybody may log in as it.
    pub on: bool,
    /// Whether every password is right.
    pub nopass: bool,
    sanitize: Sanitize,
    /// SHA-256 of each password, in hexadecimal.
    pub passwords: Vec<String>,
    /// What it may do; the first is its own and always there.
    pub selectors: Vec<Selector>,
}

impl User {
    /// One that may do nothing and is off.
    pub fn new(all_channels: bool) -> Self {
        User {
            on: false,
            nopass: false,
            sanitize: Sanitize::Unsaid,
            passwords: Vec::new(),
            selectors: vec![Selector::new(all_channels)],
        }
    }

    /// The user `default` as a server begins with it: it may do everything and has no password.
    pub fn free() -> Self {
        let mut user = User::new(true);
        (user.on, user.nopass) = (true, true);
        let own = &mut user.selectors[0];
        own.all_keys = true;
        // Said directly: the rule by its name would bring every command along wherever a store begins, and the page begins one for its first picture.
        own.allow_all(true);
        user
    }

    /// Whether its own selector allows everything.
    pub fn is_free(&self) -> bool {
        self.selectors[0].is_free()
    }

    /// Whether this is a password of it.
    pub fn accepts(&self, password: &[u8]) -> bool {
        self.on && (self.nopass || self.passwords.contains(&sha256(password)))
    }

    /// Its password, as `requirepass` says it; empty for none.
    pub fn require_password(&mut self, password: &[u8]) {
        self.passwords.clear();
        self.nopass = password.is_empty();
        if !password.is_empty() {
            self.passwords.push(sha256(password));
        }
    }

    /// Follows one rule of ACL SETUSER. `all_channels` is `acl-pubsub-default`.
    ///
    /// # Errors
    /// [`Mistake`] says what is wrong with it.
    pub fn apply(&mut self, rule: &[u8], all_channels: bool) -> Result<(), Mistake> {
        match rule.to_ascii_lowercase().as_slice() {
            b"" => {}
            b"on" => self.on = true,
            b"off" => self.on = false,
            b"skip-sanitize-payload" => self.sanitize = Sanitize::Skip,
            b"sanitize-payload" => self.sanitize = Sanitize::Always,
            b"nopass" => {
                self.nopass = true;
                self.passwords.clear();
            }
            b"resetpass" => {
                self.nopass = false;
                self.passwords.clear();
            }
            b"clearselectors" => self.selectors.truncate(1),
            b"reset" => *self = User { sanitize: Sanitize::Always, ..User::new(all_channels) },
            _ => match rule {
                [b'>', password @ ..] => self.add_password(sha256(password)),
                [b'#', hash @ ..] => self.add_password(checked_hash(hash)?),
                [b'<', password @ ..] => self.remove_password(&sha256(password))?,
                [b'!', hash @ ..] => self.remove_password(&checked_hash(hash)?)?,
                [b'(', rules @ .., b')'] => {
                    let mut selector = Selector::new(all_channels);
                    for rule in rules.split(|byte| byte.is_ascii_whitespace()).filter(|rule| !rule.is_empty()) {
                        selector.apply(rule)?;
                    }
                    self.selectors.push(selector);
                }
                rule => self.selectors[0].apply(rule)?,
            },
        }
        Ok(())
    }

    fn add_password(&mut self, hash: String) {
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
        self.nopass = false;
    }

    fn remove_password(&mut self, hash: &str) -> Result<(), Mistake> {
        let place = self.passwords.iter().position(|known| known == hash).ok_or(Mistake::NoSuchPassword)?;
        self.passwords.remove(place);
        Ok(())
    }

    /// Its flags, in the order in which Redis lists them.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.on { "on" } else { "off" }];
        if self.nopass {
            flags.push("nopass");
        }
        match self.sanitize {
            Sanitize::Unsaid => {}
            Sanitize::Skip => flags.push("skip-sanitize-payload"),
            Sanitize::Always => flags.push("sanitize-payload"),
        }
        flags
    }

    /// The rules that make it, as ACL LIST shows them.
    pub fn describe(&self) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = self.flags().iter().map(|flag| flag.as_bytes().to_owned()).collect();
        parts.extend(self.passwords.iter().map(|hash| format!("#{hash}").into_bytes()));
        for (place, selector) in self.selectors.iter().enumerate() {
            let rules = selector.describe();
            parts.push(if place == 0 { rules } else { [b"(", rules.as_slice(), b")"].concat() });
        }
        parts.join(&b' ')
    }

    /// Whether it may still listen to what it subscribes to: `false` if a subscription is allowed by no selector.
    pub fn may_hear(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.selectors.iter().any(|selector| selector.allows_channel(channel, is_pattern))
    }
}

/// The rules with those of a selector that was sent in several arguments put together again.
///
/// # Errors
/// The argument that opens a selector that nothing closes.
pub fn merged(rules: &[Bytes]) -> Result<Vec<Bytes>, Bytes> {
    let mut merged = Vec::new();
    let mut open: Option<(Vec<u8>, &Bytes)> = None;
    for rule in rules {
        let ends = rule.last() == Some(&b')');
        open = match open {
            None if rule.first() == Some(&b'(') && !ends => Some((rule.to_vec(), rule)),
            None => {
                merged.push(rule.clone());
                None
            }
            Some((mut text, first)) => {
                text.push(b' ');
                text.extend_from_slice(rule);
                if ends {
                    merged.push(Bytes::from(text));
                    None
                } else {
                    Some((text, first))
                }
            }
        };
    }
    match open {
        Some((_, first)) => Err(first.clone()),
        None => Ok(merged),
    }
}

fn checked_hash(hash: &[u8]) -> Result<String, Mistake> {
    let is_hash = hash.len() == 64 && hash.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let text = String::from_utf8(hash.to_owned()).ok().filter(|_| is_hash);
    text.ok_or(Mistake::Hash)
}
