//! Who may come in. Users live as long as the server. [`super::permissions`] looks at what they may do.

use sha2::{Digest, Sha256, Sha512};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use warren_sim::amqp::broker::DEFAULT_VHOST;
use warren_sim::bytes::Bytes;

use super::login::GUEST;
use super::settings::Limits;

/// At most so many: an operator who has more wants a real server.
pub const USERS_MAX: usize = 1_000;
/// At most so many virtual hosts and exchanges for which a user has patterns.
pub const PATTERNS_MAX: usize = 1_000;
/// How RabbitMQ hashes passwords unless it is told otherwise.
pub const SHA256: &str = "rabbit_password_hashing_sha256";
/// The other one that is known here.
pub const SHA512: &str = "rabbit_password_hashing_sha512";

/// What is kept of a password: four bytes of salt, and the digest of salt and password (RabbitMQ documentation, "Passwords").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret {
    /// Salt and digest; what is shorter than its salt fits no password.
    pub hash: Vec<u8>,
    /// Whether the digest is SHA-512, not SHA-256.
    pub is_sha512: bool,
}

impl Secret {
    /// Of a password, with a salt that nobody knows before.
    pub fn new(password: &[u8], is_sha512: bool) -> Self {
        // Each state of this kind begins with keys of its own, which the system's chance gave.
        let salt = (RandomState::new().hash_one(password) as u32).to_be_bytes();
        Secret { hash: Secret::hash(&salt, password, is_sha512), is_sha512 }
    }

    fn hash(salt: &[u8], password: &[u8], is_sha512: bool) -> Vec<u8> {
        let salted = [salt, password].concat();
        let digest = if is_sha512 { Sha512::digest(&salted).to_vec() } else { Sha256::digest(&salted).to_vec() };
        [salt, &digest].concat()
    }

    fn fits(&self, password: &[u8]) -> bool {
        self.hash.get(..4).is_some_and(|salt| Secret::hash(salt, password, self.is_sha512) == self.hash)
    }
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// A user without one cannot log in.
    pub secret: Option<Secret>,
    /// `administrator` and the like.
    pub tags: Vec<String>,
    /// The patterns for configure, write and read, by virtual host.
    pub permissions: BTreeMap<Bytes, [String; 3]>,
    /// The patterns for routing keys, write and read, by virtual host and topic exchange.
    pub topics: BTreeMap<(Bytes, Bytes), [String; 2]>,
    /// How many connections and channels it may have.
    pub limits: Limits,
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
        let secret = Some(Secret::new(GUEST.as_bytes(), false));
        let mut guest = User { secret, tags: vec!["administrator".to_string()], ..User::default() };
        guest.permissions.insert(Bytes::from(DEFAULT_VHOST), everything());
        Users { all: RefCell::new(BTreeMap::from([(Bytes::from(GUEST), guest)])) }
    }

    /// Whether name and password belong together.
    pub fn knows(&self, name: &[u8], password: &[u8]) -> bool {
        self.all.borrow().get(name).and_then(|user| user.secret.as_ref()).is_some_and(|secret| secret.fits(password))
    }

    /// A virtual host is gone: what users were allowed there ends with it.
    pub fn forget_vhost(&self, vhost: &Bytes) {
        for user in self.all.borrow_mut().values_mut() {
            user.permissions.remove(vhost);
            user.topics.retain(|(host, _), _| host != vhost);
        }
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
