//! Orders in which somebody may apply what belongs together.

use std::time::{SystemTime, UNIX_EPOCH};

/// How many orders are tried unless WEFT_CASES asks for more cases than usual, which tries all of them.
const SAMPLE: usize = 3;

/// Some orders of the places 0 to 4, or all 120. `WEFT_SEED` chooses them, else the clock's seed, which is printed.
#[allow(clippy::print_stdout, reason = "a failure can be run again by it")]
pub(crate) fn orders() -> Vec<[usize; 5]> {
    let mut orders = permutations();
    if std::env::var_os("WEFT_CASES").is_some() {
        return orders;
    }
    let given = std::env::var("WEFT_SEED").ok().and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_millis() as u64);
    let mut seed = given.unwrap_or_else(clock);
    println!("WEFT_SEED={seed}");
    for place in (1..orders.len()).rev() {
        // Knuth's linear congruential generator of 64 bits, of which the high ones are the better ones.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        orders.swap(place, (seed >> 33) as usize % (place + 1));
    }
    orders.truncate(SAMPLE);
    orders
}

fn permutations() -> Vec<[usize; 5]> {
    let mut orders = vec![Vec::new()];
    for place in 0..5 {
        let with_place = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |at| [&order[..at], &[place], &order[at..]].concat())
        };
        orders = orders.iter().flat_map(with_place).collect();
    }
    orders.into_iter().map(|order| order.try_into().unwrap()).collect()
}
