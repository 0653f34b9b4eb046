//! The page's own parts in a headless browser: what cannot be shown natively.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// The same two numbers as in the native test of the generator.
#[wasm_bindgen_test]
fn the_seeded_generator_gives_the_same_numbers_as_natively() {
    let mut prng = warren_sim::prng::Prng::new(1_234_567);
    assert_eq!(prng.next_u64(), 6_457_827_717_110_365_317);
    assert_eq!(prng.next_u64(), 3_203_168_211_198_807_973);
}
