//! The world's hash: equal states give equal hashes, natively and in WebAssembly.
//!
//! Anything with `#[derive(Hash)]` can be fed to it. What the standard library leaves to the target (the width of `usize` and of
//! discriminants) is widened to 64 bits here, and stored state holds no slices of wide integers.

use core::hash::{Hash, Hasher};

/// A 64-bit hasher that gives the same result on every target. Not for untrusted hash tables: there is no secret.
#[derive(Clone, Debug)]
pub struct StableHasher {
    state: u64,
}

impl Default for StableHasher {
    fn default() -> Self {
        StableHasher { state: 0x243F_6A88_85A3_08D3 }
    }
}

impl StableHasher {
    // Derived `Hash` calls this for every field of every type; inlined, it would be a tenth of the engine's code.
    #[inline(never)]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.state ^ word).wrapping_mul(0xA076_1D64_78BD_642F_E703_7ED1_A0B4_28DB);
        self.state = (product as u64) ^ ((product >> 64) as u64).rotate_left(23) ^ word.rotate_left(41);
    }
}

impl Hasher for StableHasher {
    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        self.mix(bytes.len() as u64);
    }
    fn write_u8(&mut self, n: u8) {
        self.mix(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.mix(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }
    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.mix(n as i64 as u64);
    }
    fn finish(&self) -> u64 {
        let mut last = self.clone();
        last.mix(0x5851_F42D_4C95_7F2D);
        last.state
    }
}

/// The stable hash of one value.
pub fn stable_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A hasher for dictionaries of byte strings, several times as quick: nothing that can be seen depends on what it gives.
#[derive(Clone, Debug, Default)]
pub struct QuickHasher(u64);

impl QuickHasher {
    /// Both halves of a product, so that every bit of the factors has its say.
    fn fold(&mut self, a: u64, b: u64) {
        let product = u128::from(self.0 ^ a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b ^ 0xD6E8_FEB8_6659_FD93);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        let len = bytes.len() as u64;
        let mut rest = bytes;
        while let Some((first, more)) = rest.split_first_chunk::<16>() {
            let word = u128::from_le_bytes(*first);
            self.fold(word as u64, (word >> 64) as u64 ^ len);
            rest = more;
        }
        // The first and the last word of what is left may overlap: together they hold all of it.
        let (first, last) = if let (Some(first), Some(last)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else {
            (rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
        };
        self.fold(first, last ^ len.rotate_left(32));
    }
    fn write_usize(&mut self, n: usize) {
        // The length comes before the bytes, and they bring it themselves.
        self.0 ^= n as u64;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_hashes_differ_where_names_do() {
        let hash = |bytes: &[u8]| {
            let mut hasher = QuickHasher::default();
            hasher.write(bytes);
            hasher.finish()
        };
        let mut seen = alloc::collections::BTreeSet::new();
        let mut low = [0_u32; 1024];
        for n in 0..100_000_u32 {
            let code = hash(alloc::format!("key:{n:012}").as_bytes());
            assert!(seen.insert(code), "{n}");
            low[code as usize % 1024] += 1;
        }
        assert!(low.iter().all(|count| (40..180).contains(count)), "the low bits are spread");
        for len in 0..80 {
            assert!(seen.insert(hash(&alloc::vec![0; len])) && seen.insert(hash(&alloc::vec![b'x'; len + 1])), "{len}");
        }
    }

    #[test]
    fn the_same_on_every_target() {
        // A changed number here means that every link ever shared shows another hash.
        assert_eq!(stable_hash(&(1_u8, "warren", [1_u8, 2, 3].as_slice(), Some(4_u64))), GOLDEN);
        assert_ne!(stable_hash("ab"), stable_hash("ba"));
        assert_ne!(stable_hash(&["a", "b"]), stable_hash(&["ab", ""]));
    }

    const GOLDEN: u64 = 8_065_583_270_954_232_621;
}
