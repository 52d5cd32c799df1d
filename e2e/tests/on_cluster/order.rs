//! Orders in which somebody may apply what belongs together.

use std::time::{SystemTime, UNIX_EPOCH};

/// The same in the order of `WEFT_SEED`, else of the clock's seed, which is printed.
#[allow(clippy::print_stdout, reason = "a failure can be run again by it")]
pub(crate) fn shuffled<T, const N: usize>(mut things: [T; N]) -> [T; N] {
    let given = std::env::var("WEFT_SEED").ok().and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_millis() as u64);
    let mut seed = given.unwrap_or_else(clock);
    println!("WEFT_SEED={seed}");
    for place in (1..N).rev() {
        // Knuth's linear congruential generator of 64 bits, of which the high ones are the better ones.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        things.swap(place, (seed >> 33) as usize % (place + 1));
    }
    things
}
