//! Digests in hexadecimal: SHA-1 names a script, SHA-256 stands for a password.

use alloc::{format, string::String};
use sha2::{Digest, Sha256};

/// SHA-1 (FIPS 180-4) in 40 hexadecimal digits.
pub fn sha1(text: &[u8]) -> String {
    hex(&sha1::Sha1::digest(text))
}

/// SHA-256 (FIPS 180-4) in 64 hexadecimal digits.
pub fn sha256(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_the_standard_says() {
        assert_eq!(super::sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(super::sha1(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let long = super::sha1(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
        assert_eq!(long, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }
}
