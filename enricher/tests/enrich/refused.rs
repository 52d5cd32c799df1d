//! Records that the brokers of the destination do not take, among others that they do.

use weft_kafka_broker::Sent;

use crate::world::{PARTITIONS, World};

/// Milliseconds since 1970 of the year 2100.
const FUTURE: i64 = 4_102_444_800_000;

fn numbered(number: usize) -> String {
    format!(r#"{{"sku":1,"n":{number}}}"#)
}

/// Writes so many events into one partition, in order; what is said of one may be another than its key and time.
fn write(world: &World<'_>, count: usize, odd: impl Fn(usize) -> bool, change: impl Fn(&mut Sent<'_>)) {
    let events: Vec<_> = (0..count).map(numbered).collect();
    let records = events.iter().enumerate().map(|(number, event)| {
        let value = Some(event.as_bytes());
        let mut sent = Sent { partition: Some(0), key: Some(b"k"), value, ..Sent::default() };
        if odd(number) {
            change(&mut sent);
        }
        sent
    });
    world.kafka.produce(&world.topic("in"), records);
}

/// The numbers of events in a topic, in order.
fn numbers(world: &World<'_>, topic: &str, count: usize) -> Vec<u64> {
    let number = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap()["n"].as_u64().unwrap();
    world.records(topic, count).iter().map(|record| number(record.text())).collect()
}

#[test]
fn a_record_that_is_refused_for_its_timestamp_is_a_dead_letter_and_the_others_pass_in_order() {
    const EVENTS: usize = 400;
    let world = World::new();
    let unlimited = [("message.timestamp.after.max.ms", "9223372036854775807")];
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &unlimited);
    let limited = [("message.timestamp.after.max.ms", "3600000")];
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &limited);
    // Dead letters have the same limit, as where it is the brokers' default.
    world.kafka.create_topic(&world.topic("dead"), PARTITIONS, &limited);
    let is_odd = |number| number == 0 || number == 150 || number == 151 || number == EVENTS - 1;
    write(&world, EVENTS, is_odd, |sent| sent.timestamp = Some(FUTURE));
    let enricher = world.enrich_with_admin(&[]);
    world.kafka.wait_until("all is committed", || world.committed() == EVENTS as i64);
    world.kafka.wait_until("it is ready again", || enricher.get("/readyz").is_some_and(|(status, _)| status == 200));
    let letters = world.records("dead", 4);
    for letter in &letters {
        assert_eq!(letter.header("weft-reason").as_deref(), Some("refused"));
        assert_eq!(letter.header("weft-rule").as_deref(), Some("orders"));
        assert!(letter.header("weft-message").unwrap().contains("timestamp is too far from its clock"));
    }
    let dead: Vec<_> = letters.iter().map(|letter| letter.header("weft-origin").unwrap()).collect();
    let origin = |offset| format!("{}/0/{offset}", world.topic("in"));
    assert_eq!(dead, [0, 150, 151, EVENTS - 1].map(origin));
    let mut first_seen = Vec::new();
    for number in numbers(&world, "out", usize::try_from(world.ends("out")).unwrap()) {
        if !first_seen.contains(&number) {
            first_seen.push(number);
        }
    }
    let sound: Vec<_> = (0..EVENTS).filter(|number| !is_odd(*number)).map(|number| number as u64).collect();
    assert_eq!(first_seen, sound);
    // What was counted as enriched before it was refused is taken back with what follows.
    write(&world, 10, |_| false, |_| {});
    let counted = |outcome: &str| {
        let counters = enricher.counters("weft_enricher_events_total{");
        counters.iter().filter(|(name, _)| name.contains(outcome)).map(|(_, count)| count).sum::<u64>()
    };
    let each_once = || (counted("\"enriched\""), counted("refused"), counted("")) == (406, 4, 410);
    world.kafka.wait_until("each event is counted once, however often it was read", each_once);
    enricher.stop();
}

#[test]
fn a_record_without_a_key_for_a_compacted_topic_is_a_dead_letter_of_each_rule() {
    const EVENTS: usize = 40;
    let world = World::new();
    let again = "\n  - name: again\n    enrichments: []";
    world.write_manifests(&world.kafka.plain, "", "", &format!("{}{again}", crate::world::RULES.trim_end()));
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &[("cleanup.policy", "compact")]);
    world.kafka.create_topic(&world.topic("dead"), PARTITIONS, &[]);
    write(&world, EVENTS, |number| number % 10 == 5, |sent| sent.key = None);
    let enricher = world.enrich_with_admin(&[]);
    world.kafka.wait_until("all is committed", || world.committed() == EVENTS as i64);
    let letters = world.records("dead", 8);
    let rules: Vec<_> = letters.iter().map(|letter| letter.header("weft-rule").unwrap()).collect();
    assert_eq!(rules, ["orders", "again"].repeat(4));
    assert!(letters.iter().all(|letter| letter.key.is_none()));
    write(&world, 10, |_| false, |_| {});
    let counted = || enricher.counters("weft_enricher_events_total{").values().sum::<u64>();
    world.kafka.wait_until("each event is counted once for each rule", || counted() == 2 * (EVENTS as u64 + 10));
    enricher.stop();
}

#[test]
fn a_refused_record_counts_once_however_often_its_dead_letter_fails() {
    const EVENTS: usize = 40;
    let world = World::new();
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    let compact = [("cleanup.policy", "compact")];
    ["out", "dead"].into_iter().for_each(|topic| world.kafka.create_topic(&world.topic(topic), PARTITIONS, &compact));
    write(&world, EVENTS, |number| number == 20, |sent| sent.key = None);
    let mut enricher = world.enrich_with_admin(&[]);
    enricher.logs("DeadLetterUnwritable");
    let topic = world.topic("dead");
    let change =
        ["--entity-type", "topics", "--entity-name", &topic, "--alter", "--add-config", "cleanup.policy=delete"];
    world.kafka.tool("kafka.admin.ConfigCommand", &change);
    world.kafka.wait_until("all is committed", || world.committed() == EVENTS as i64);
    world.records("dead", 1);
    write(&world, 10, |_| false, |_| {});
    let counted = |name: &str, label: &str| {
        let counters = enricher.counters(name);
        counters.iter().filter(|(name, _)| name.contains(label)).map(|(_, count)| count).sum::<u64>()
    };
    let events = "weft_enricher_events_total{";
    let each_once = || (counted(events, "refused"), counted(events, "")) == (1, EVENTS as u64 + 10);
    world.kafka.wait_until("each event is counted once", each_once);
    assert_eq!(counted("weft_enricher_dead_letters_total", ""), 1, "what failed was not written");
    enricher.stop();
}

#[test]
fn a_stream_of_which_the_brokers_refuse_every_record_is_stopped() {
    let world = World::new();
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &[("cleanup.policy", "compact")]);
    world.kafka.create_topic(&world.topic("dead"), PARTITIONS, &[]);
    write(&world, 1_500, |_| true, |sent| sent.key = None);
    let mut enricher = world.enrich();
    enricher.logs("BreakerOpen");
    assert!(enricher.log().contains("became dead letters (refused "), "{}", enricher.log());
    enricher.stop();
    assert!(world.ends("dead") < 1_500, "the rest stays where it is");
}
