//! Who may come in. Users live as long as the server. [`super::permissions`] looks at what they may do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use warren_sim::amqp::broker::DEFAULT_VHOST;
use warren_sim::bytes::Bytes;

use super::login::GUEST;

/// At most so many: an operator who has more wants a real server.
pub const USERS_MAX: usize = 1_000;

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The password; a user without one cannot log in.
    pub password: Option<Vec<u8>>,
    /// `administrator` and the like.
    pub tags: Vec<String>,
    /// The patterns for configure, write and read, by virtual host.
    pub permissions: BTreeMap<Bytes, [String; 3]>,
}

/// All users by name.
#[derive(Debug)]
pub struct Users {
    /// The users.
    pub all: RefCell<BTreeMap<Bytes, User>>,
}

impl Users {
    /// Only guest, who may do everything.
    pub fn new() -> Self {
        let mut guest =
            User { password: Some(GUEST.into()), tags: vec!["administrator".to_string()], ..User::default() };
        guest.permissions.insert(Bytes::from(DEFAULT_VHOST), everything());
        Users { all: RefCell::new(BTreeMap::from([(Bytes::from(GUEST), guest)])) }
    }

    /// Whether name and password belong together.
    pub fn knows(&self, name: &[u8], password: &[u8]) -> bool {
        let all = self.all.borrow();
        all.get(name).and_then(|user| user.password.as_deref()).is_some_and(|known| known == password)
    }

    /// Whether a user has a tag.
    pub fn has_tag(&self, name: &Bytes, tag: &str) -> bool {
        self.all.borrow().get(name).is_some_and(|user| user.tags.iter().any(|other| other == tag))
    }

    /// Whether a user has any permission in a virtual host.
    pub fn may_enter(&self, name: &Bytes, vhost: &Bytes) -> bool {
        self.all.borrow().get(name).is_some_and(|user| user.permissions.contains_key(vhost))
    }

    /// Gives a user every permission in a virtual host, as whoever makes one has it.
    pub fn admit(&self, name: &Bytes, vhost: &Bytes) {
        if let Some(user) = self.all.borrow_mut().get_mut(name) {
            user.permissions.insert(vhost.clone(), everything());
        }
    }
}

impl Default for Users {
    fn default() -> Self {
        Users::new()
    }
}

fn everything() -> [String; 3] {
    [".*", ".*", ".*"].map(str::to_string)
}
