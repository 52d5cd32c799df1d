//! Random choices that a seed repeats.

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn of<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len() as u64) as usize]
    }
}

/// `WEFT_SEED`, else the clock; printed, so that what failed is run again.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("WEFT_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64));
    println!("WEFT_SEED={seed}");
    seed
}

/// `WEFT_CASES`, if it is set.
pub(crate) fn cases() -> Option<u64> {
    std::env::var("WEFT_CASES").ok().and_then(|text| text.parse().ok())
}

/// Whether everything is tried, and not a sample of it: with `WEFT_CASES` of 100,000 and more.
pub(crate) fn is_full() -> bool {
    cases().is_some_and(|cases| cases >= 100_000)
}

/// Some of the numbers `1..=most`, one of each part of them; all of them where everything is tried.
pub(crate) fn sample(most: u64, parts: u64) -> Vec<u64> {
    if is_full() || most <= parts {
        return (1..=most).collect();
    }
    let mut random = Random(seed());
    let of_part = |part| {
        let first = 1 + most * part / parts;
        first + random.below(1 + most * (part + 1) / parts - first)
    };
    (0..parts).map(of_part).collect()
}
