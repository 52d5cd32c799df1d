//! How many cases a property test runs, and from which seed.

use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngSeed, TestRunner};

/// A runner of one in `share` of `WEFT_CASES` cases (20,000 unless set), from the seed `WEFT_SEED` (the clock's unless
/// set), printed so that a failure can be run again.
#[allow(clippy::print_stdout)]
pub(crate) fn runner(share: u32) -> TestRunner {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let seed = number("WEFT_SEED").unwrap_or_else(clock);
    let cases = number("WEFT_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(20_000) / share;
    println!("WEFT_SEED={seed}, {cases} cases");
    // A strategy that filters is no failure, however many cases there are.
    let max_local_rejects = u32::MAX;
    let rng_seed = RngSeed::Fixed(seed);
    TestRunner::new(Config { cases, rng_seed, max_local_rejects, failure_persistence: None, ..Config::default() })
}
