//! Whatever comes in, in whatever order: the counters add up to events times rules plus what is no event, and each
//! partition goes on to its end.

use std::collections::BTreeMap;

use weft_kafka_broker::Sent;

use crate::random::{Random, cases, seed};
use crate::world::{PARTITIONS, World};

/// Two rules, one of which makes dead letters of what has no product.
const RULES: &str = r#"
  - name: all
    entities: [{as: product, entity: product, match: [{column: SKU, path: $.sku}]}]
    enrichments: [{from: {as: product, column: NAME}, to: $.name}]
  - name: gold
    when: 'tier = "gold"'
    entities: [{as: product, entity: product, match: [{column: SKU, path: $.sku}]}]
    enrichments: [{from: {as: product, column: NAME}, to: $.gold.name}]
    onMissing: DeadLetter
"#;

/// What the destination takes at most, in bytes.
const LARGEST: usize = 50_000;

/// What is counted: under no rule, or under each of the two.
enum Counted {
    Tombstone,
    Unreadable(&'static str),
    Event([(&'static str, &'static str); 2]),
}

use Counted::{Event, Tombstone, Unreadable};

const ENRICHED: (&str, &str) = ("enriched", "");
const UNENRICHED: (&str, &str) = ("unenriched", "");
const FILTERED: (&str, &str) = ("filtered", "when");

const fn dead(reason: &'static str) -> (&'static str, &'static str) {
    ("dead_lettered", reason)
}

/// Every kind of record, and what is counted for it.
fn corpus() -> Vec<(Option<Vec<u8>>, Counted)> {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    let deep_inside = format!(r#"{{"sku":1,"a":{}}}"#, deep("[", "]"));
    let large = format!(r#"{{"sku":1,"text":"{}"}}"#, "x".repeat(LARGEST));
    let some = |value: &[u8], counted| (Some(value.to_vec()), counted);
    vec![
        (None, Tombstone),
        some(b"", Unreadable("invalid_json")),
        some(b"{", Unreadable("invalid_json")),
        some(br#"{"sku":1"#, Unreadable("invalid_json")),
        some(br#"{"sku":01}"#, Unreadable("invalid_json")),
        some(br#"{"sku":1}}"#, Unreadable("invalid_json")),
        some(b"\xef\xbb\xbf{}", Unreadable("invalid_json")),
        some(b"null", Unreadable("not_an_object")),
        some(b"\"text\"", Unreadable("not_an_object")),
        some(b"[{}]", Unreadable("not_an_object")),
        some(b"{\"sku\":\"\xff\"}", Unreadable("invalid_utf8")),
        some(b"{\"\xc3\":1}", Unreadable("invalid_utf8")),
        some(deep(r#"{"a":"#, "}").as_bytes(), Unreadable("invalid_json")),
        some(deep_inside.as_bytes(), Unreadable("invalid_json")),
        some(large.as_bytes(), Event([dead("too_large"), FILTERED])),
        some(b"{}", Event([UNENRICHED, FILTERED])),
        some(br#"{"sku":1}"#, Event([ENRICHED, FILTERED])),
        some(br#"{"sku":1,"tier":"gold"}"#, Event([ENRICHED, ENRICHED])),
        some(br#"{"sku":"00002","tier":"gold"}"#, Event([ENRICHED, ENRICHED])),
        some(br#"{"sku":1e1,"tier":"gold"}"#, Event([ENRICHED, ENRICHED])),
        some(br#"{"sku":9007199254740993,"tier":"gold"}"#, Event([UNENRICHED, dead("missing")])),
        some(br#"{"sku":-1e999999999,"tier":"gold"}"#, Event([UNENRICHED, dead("missing")])),
        some(br#"{"sku":null,"tier":"gold"}"#, Event([UNENRICHED, dead("missing")])),
        some(br#"{"sku":[1],"tier":"gold"}"#, Event([UNENRICHED, dead("missing")])),
        some(br#"{"sku":"\ud800","tier":"gold"}"#, Event([UNENRICHED, dead("missing")])),
        some(br#"{"sku":1,"s":"\udfff","tier":"gold"}"#, Event([ENRICHED, ENRICHED])),
        some(br#"{"sku":1,"tier":"gold","gold":7}"#, Event([ENRICHED, dead("bad_parent")])),
        some(br#"{"sku":1,"tier":"gold","gold":{"a":1,"a":2}}"#, Event([ENRICHED, ENRICHED])),
        some(br#"{"sku":1,"sku":1,"tier":"gold"}"#, Event([dead("duplicate_key"), dead("duplicate_key")])),
        some(br#"{"sku":1,"tier":"gold","tier":"gold"}"#, Event([ENRICHED, dead("duplicate_key")])),
    ]
}

#[test]
fn outcomes_add_up_whatever_comes_in() {
    let world = World::new();
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &[("max.message.bytes", &LARGEST.to_string())]);
    // A dead letter is larger than its record by its headers.
    world.kafka.create_topic(&world.topic("dead"), PARTITIONS, &[("max.message.bytes", "2000000")]);
    world.write_manifests(&world.kafka.plain, "", "", RULES);
    let (corpus, mut random) = (corpus(), Random(seed()));
    // Some are large.
    let count = cases().unwrap_or(20_000).div_ceil(10).min(20_000);
    let mut chosen = Vec::new();
    for number in 0..count as usize {
        // Each at least once.
        let kind = number.checked_sub(corpus.len()).map_or(number, |_| random.below(corpus.len() as u64) as usize);
        chosen.push((kind, random.below(PARTITIONS as u64) as i32));
    }
    let sent = |(kind, partition): &(usize, i32)| Sent {
        partition: Some(*partition),
        value: corpus[*kind].0.as_deref(),
        ..Sent::default()
    };
    world.kafka.produce(&world.topic("in"), chosen.iter().map(sent));

    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let (mut outputs, mut letters, mut tombstones, mut events) = (0, 0, 0, 0);
    let mut unreadable = 0;
    for (kind, _) in &chosen {
        let mut count = |rule: &str, (outcome, reason): (&str, &str)| {
            let labels = format!(r#"{{outcome="{outcome}",reason="{reason}",rule="{rule}"}}"#);
            *expected.entry(format!("weft_enricher_events_total{labels}")).or_default() += 1;
            letters += usize::from(outcome == "dead_lettered");
            outputs += usize::from(outcome.ends_with("enriched"));
        };
        match &corpus[*kind].1 {
            Tombstone => (tombstones, outputs) = (tombstones + 1, outputs + 1),
            Unreadable(reason) => {
                count("-", dead(reason));
                unreadable += 1;
            }
            Event([all, gold]) => {
                count("all", *all);
                count("gold", *gold);
                events += 1;
            }
        }
    }
    let enricher = world.enrich_with_admin(&[]);
    world.kafka.wait_until("every partition is at its end", || world.committed() as u64 == count);
    let counted = || {
        let mut counters = enricher.counters("weft_enricher_events_total{");
        counters.retain(|_, value| *value > 0);
        counters
    };
    let sum = || counted().values().sum::<u64>();
    world.kafka.wait_until("everything is counted", || sum() >= 2 * events + unreadable);
    assert_eq!(counted(), expected);
    assert_eq!(enricher.counters("weft_enricher_tombstones_total").into_values().sum::<u64>(), tombstones);
    assert_eq!(enricher.counters("weft_enricher_dead_letters_total").into_values().sum::<u64>(), letters as u64);
    world.records("out", outputs);
    world.records("dead", letters);
    enricher.stop();
    println!("{count} records, {outputs} outputs, {letters} dead letters");
}
