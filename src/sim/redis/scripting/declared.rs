//! What a script that is about to be called says of itself.

use super::super::digest;
use super::super::store::Store;
use super::engine::{Flags, shebang};
use crate::bytes::Bytes;

impl Store {
    /// The flags of the script or function that these arguments call; none for what is not known or says nothing.
    pub(in super::super) fn declared(&self, command: &str, args: &[Bytes]) -> Option<Flags> {
        let name = args.get(1)?;
        let known = |digest: &Bytes| self.scripting.scripts.get(digest).map(|script| script.flags);
        let flags = match command {
            "eval" | "eval_ro" => {
                let digest = Bytes::from(digest::sha1(name));
                known(&digest).or_else(|| shebang(name).ok().map(|(flags, _)| flags))
            }
            "evalsha" | "evalsha_ro" => known(&Bytes::from(name.to_ascii_lowercase())),
            "fcall" | "fcall_ro" => {
                let libraries = self.scripting.libraries.values();
                libraries.filter_map(|library| library.functions.get(name)).next().map(|function| function.flags)
            }
            _ => None,
        };
        flags.filter(|flags| !flags.compat)
    }
}
