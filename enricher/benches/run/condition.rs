//! What judging a `when` of ten terms costs, beside finding its fields in the event.

use std::collections::BTreeMap;
use std::hint::black_box;

use serde_json::value::RawValue;
use weft_language::{Condition, Path, Segment};

use crate::{child, data};

/// Ten terms of every common sort, each of which holds: none is spared.
const CONDITION: &str = "type = 'track' and event in ['Order Completed', 'Order Refunded'] and properties.total >= 10 \
    and properties.currency in ['USD', 'GBP', 'EUR'] and contains(context.page.url, 'checkout') \
    and match(context.page.path, '/checkout/*') and 'spring' in properties.tags \
    and lowercase(context.campaign.medium) = 'email' and not properties.gift and properties.quantity < 10";

const EVENTS: u64 = 1_000;

/// Nanoseconds of CPU time per event: the best of `rounds` rounds over `judged` events.
pub(crate) fn nanoseconds(rounds: usize, judged: u64) -> f64 {
    let condition = Condition::parse(CONDITION).expect("the condition is constant");
    let events: Vec<String> = (0..EVENTS).map(|number| data::event(number, number * 97)).collect();
    let fields: Vec<Vec<Option<&[u8]>>> =
        events.iter().map(|event| condition.paths().iter().map(|path| at(event, path)).collect()).collect();
    let round = || {
        let start = child::cpu_seconds();
        let mut held = 0;
        for number in 0..judged {
            let fields = &fields[(number % EVENTS) as usize];
            held += u64::from(black_box(&condition).matches(|place| fields[place], |_| None));
        }
        assert_eq!(held, judged, "the condition holds for every event");
        (child::cpu_seconds() - start) * 1e9 / judged as f64
    };
    (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn at<'event>(event: &'event str, path: &Path) -> Option<&'event [u8]> {
    let found = path.segments().iter().try_fold(event, |value, segment| match segment {
        Segment::Name(name) => {
            serde_json::from_str::<BTreeMap<String, &RawValue>>(value).ok()?.get(name).map(|raw| raw.get())
        }
        Segment::Index(_) => None,
    });
    found.map(str::as_bytes)
}
