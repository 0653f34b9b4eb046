//! What commands have in common: their groups and their flags.

/// Groups of commands, as `help @group` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// `string`
    String,
    /// `bitmap`
    Bitmap,
    /// `generic`
    Generic,
    /// `connection`
    Connection,
    /// `server`
    Server,
    /// `list`
    List,
    /// `hash`
    Hash,
    /// `set`
    Set,
    /// `sorted-set`
    SortedSet,
    /// `stream`
    Stream,
    /// `geo`
    Geo,
    /// `hyperloglog`
    Hyperloglog,
    /// `pubsub`
    Pubsub,
    /// `transactions`
    Transactions,
    /// `scripting`
    Scripting,
    /// `cluster`
    Cluster,
}

impl Group {
    /// The name as `help @group` takes it and COMMAND DOCS prints it.
    pub fn name(self) -> &'static str {
        match self {
            Group::String => "string",
            Group::Bitmap => "bitmap",
            Group::Generic => "generic",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::List => "list",
            Group::Hash => "hash",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Stream => "stream",
            Group::Geo => "geo",
            Group::Hyperloglog => "hyperloglog",
            Group::Pubsub => "pubsub",
            Group::Transactions => "transactions",
            Group::Scripting => "scripting",
            Group::Cluster => "cluster",
        }
    }

    /// The ACL category that comes with the group.
    pub(super) fn category(self) -> Option<&'static str> {
        match self {
            Group::String => Some("string"),
            Group::Bitmap => Some("bitmap"),
            Group::Generic => Some("keyspace"),
            Group::Connection => Some("connection"),
            Group::Server | Group::Cluster => None,
            Group::List => Some("list"),
            Group::Hash => Some("hash"),
            Group::Set => Some("set"),
            Group::SortedSet => Some("sortedset"),
            Group::Stream => Some("stream"),
            Group::Geo => Some("geo"),
            Group::Hyperloglog => Some("hyperloglog"),
            Group::Pubsub => Some("pubsub"),
            Group::Transactions => Some("transaction"),
            Group::Scripting => Some("scripting"),
        }
    }
}

/// A property of a command that the store or a client acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It may change keys.
    Write,
    /// It only reads keys.
    Readonly,
    /// It is refused while the memory is full.
    Denyoom,
    /// It takes constant or logarithmic time.
    Fast,
    /// It is for administrators.
    Admin,
    /// It may make its client wait.
    Blocking,
    /// It has to do with publish and subscribe.
    Pubsub,
    /// It cannot run in a script.
    Noscript,
    /// It cannot run in a transaction.
    NoMulti,
    /// It runs before the client has said who it is.
    NoAuth,
    /// It runs while a replica has lost its master.
    Stale,
    /// It runs while a script does not end.
    AllowBusy,
}

/// The flags in the order of their bits.
pub(super) const FLAGS: &[Flag] = &[
    Flag::Write,
    Flag::Readonly,
    Flag::Denyoom,
    Flag::Fast,
    Flag::Admin,
    Flag::Blocking,
    Flag::Pubsub,
    Flag::Noscript,
    Flag::NoMulti,
    Flag::NoAuth,
    Flag::Stale,
    Flag::AllowBusy,
];

/// Whether `words`, parted by spaces, hold `word`. It runs when the program is compiled.
pub(super) const fn holds_word(words: &str, word: &str) -> bool {
    let (words, word) = (words.as_bytes(), word.as_bytes());
    let mut start = 0;
    while start + word.len() <= words.len() {
        let mut same = 0;
        while same < word.len() && words[start + same] == word[same] {
            same += 1;
        }
        let end = start + word.len();
        if same == word.len() && (start == 0 || words[start - 1] == b' ') && (end == words.len() || words[end] == b' ')
        {
            return true;
        }
        start += 1;
    }
    false
}

impl Flag {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Flag::Write => "write",
            Flag::Readonly => "readonly",
            Flag::Denyoom => "denyoom",
            Flag::Fast => "fast",
            Flag::Admin => "admin",
            Flag::Blocking => "blocking",
            Flag::Pubsub => "pubsub",
            Flag::Noscript => "noscript",
            Flag::NoMulti => "no_multi",
            Flag::NoAuth => "no_auth",
            Flag::Stale => "stale",
            Flag::AllowBusy => "allow_busy",
        }
    }
}
