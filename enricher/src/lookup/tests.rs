//! The stage in front of a store that fails as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use weft_store::{Answer, Column, ColumnType, EntityMeta, Reader, Row, RowBuilder, Unavailable};

use super::*;
use crate::join::{LookupResult, Outcome, Sent};

const EVENTS: [&str; 3] = [r#"{"sku":"1","cart":"7"}"#, r#"{"sku":"2","cart":"8"}"#, r#"{"sku":"3"}"#];

/// How often a key of an entity still has no answer, and why.
type Failing = BTreeMap<(&'static str, &'static str), (usize, Unavailable)>;

/// Products 1 and 2 of brand 9, carts 7 and 8; what was asked for, and what cannot be told for how many times to come.
#[derive(Default)]
struct Store {
    asked: Mutex<Vec<(String, Vec<String>)>>,
    failing: Mutex<Failing>,
}

impl Store {
    /// The key has no answer for so many times.
    fn fail(&self, slug: &'static str, key: &'static str, times: usize, reason: Unavailable) {
        self.failing.lock().unwrap().insert((slug, key), (times, reason));
    }

    fn answer(&self, slug: &str, key: &str) -> Answer {
        let mut failing = self.failing.lock().unwrap();
        let failure = failing.iter_mut().find(|((of, which), _)| (*of, *which) == (slug, key));
        if let Some((_, (times, reason))) = failure.filter(|(_, (times, _))| *times > 0) {
            *times -= 1;
            return Answer::Unavailable(*reason);
        }
        match (slug, key) {
            ("product", "1" | "2") => Answer::Found(row(&[key, "\"9\""])),
            ("cart", "7" | "8") | ("brand", "9") => Answer::Found(row(&[key, "\"x\""])),
            _ => Answer::Missing,
        }
    }

    fn asked(&self) -> Vec<(String, Vec<String>)> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn row(fragments: &[&str]) -> Row {
    let mut builder = RowBuilder::default();
    fragments.iter().for_each(|fragment| builder.push(fragment.as_bytes()));
    builder.finish()
}

fn meta() -> EntityMeta {
    let column = |name: &str| Column { name: name.to_owned(), kind: ColumnType::Text };
    EntityMeta { key: vec![column("ID")], columns: vec![column("ID"), column("BRAND")] }
}

impl Reader for Store {
    async fn meta(&self, _: &str) -> Result<EntityMeta, Unavailable> {
        Ok(meta())
    }

    async fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        let keys: Vec<&str> = keys.iter().map(|key| str::from_utf8(key).unwrap()).collect();
        answers.extend(keys.iter().map(|key| self.answer(slug, key)));
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.sort();
        self.asked.lock().unwrap().push((slug.to_owned(), keys));
    }
}

/// Two rules want the product, one its brand by way of it, and one the cart.
fn join() -> Join {
    let entity = |slug| json!({"slug": slug, "primaryKey": ["ID"], "columns": ["BRAND"]});
    let alias = |name, entity, path| json!({"alias": name, "entity": entity, "match": [{"column": "ID", "path": path}], "optional": true});
    let mut cart = alias("c", "cart", "$.cart");
    cart["optional"] = json!(false);
    let topic = json!({"bootstrapServers": ["h:9092"], "topic": "t"});
    let mut source = topic.clone();
    source["groupId"] = json!("g");
    source["startFrom"] = json!("latest");
    let hop = json!({"from": "p", "via": "v", "columns": ["BRAND"]});
    let plan = json!({
        "version": weft_plan_types::PLAN_VERSION, "mapping": "m", "source": source, "destination": topic,
        "deadLetter": topic, "owner": {"installation": "local", "namespace": "n", "graph": "g"},
        "store": {"url": "redis://localhost"},
        "entities": [entity("product"), entity("cart"), entity("brand")],
        "rules": [
            {"name": "a", "entities": [
                alias("p", "product", "$.sku"), {"alias": "b", "entity": "brand", "hop": hop, "optional": true},
            ], "enrichments": [], "onMissing": "Drop"},
            {"name": "b", "entities": [alias("p", "product", "$.sku"), cart],
             "enrichments": [], "onMissing": "Drop"},
        ],
    });
    Join::new(&serde_json::from_value(plan).unwrap(), vec![meta(), meta(), meta()]).unwrap()
}

fn judged(join: &Join) -> Batch {
    let mut batch = Batch::default();
    batch.clear(join);
    EVENTS.iter().for_each(|event| batch.judge(join, event.as_bytes()).unwrap());
    batch
}

fn bytes(number: usize) -> &'static [u8] {
    EVENTS[number].as_bytes()
}

/// What was told, `None` for the end.
type Told = Arc<Mutex<Vec<Option<NoAnswer>>>>;

fn lookup(store: &Store, on_unavailable: OnUnavailable) -> (Lookup<'static, &Store>, Told) {
    let told = Told::default();
    let tells = Arc::clone(&told);
    (Lookup::new(store, on_unavailable, move |news| tells.lock().unwrap().push(news.cloned())), told)
}

fn outcome(batch: &mut Batch, join: &Join, number: usize, rule: usize) -> Outcome {
    batch.finish(join, (number, rule), bytes(number), &mut Vec::new(), |_, _| {})
}

fn asked(of: &[(&str, &[&str])]) -> BTreeSet<(String, Vec<String>)> {
    let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    of.iter().map(|(slug, keys)| ((*slug).to_owned(), owned(keys))).collect()
}

fn no_answer(entity: &str, reason: Unavailable) -> NoAnswer {
    NoAnswer { entity: entity.to_owned(), reason }
}

#[tokio::test]
async fn each_entity_is_asked_once_a_level_for_each_key_that_any_rule_wants() {
    let (store, join) = (Store::default(), join());
    let (mut batch, (lookup, told)) = (judged(&join), lookup(&store, OnUnavailable::Pause));
    assert_eq!(lookup.answer(&join, &mut batch, bytes, std::future::pending()).await, Ok(0));
    let wanted = asked(&[("product", &["1", "2", "3"]), ("cart", &["7", "8"]), ("brand", &["9"])]);
    let order = store.asked();
    assert_eq!(order.last().unwrap().0, "brand", "a hop waits for the rows it starts from");
    assert_eq!((order.len(), order.into_iter().collect::<BTreeSet<_>>()), (3, wanted));
    assert_eq!(outcome(&mut batch, &join, 0, 0), Outcome::Sent(Sent::Enriched));
    assert!(told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_waits_until_all_is_answered_and_asks_again_only_for_what_lacks() {
    let (store, join) = (Store::default(), join());
    store.fail("product", "2", 2, Unavailable::BucketLost);
    store.fail("cart", "7", 1, Unavailable::Unreachable);
    let (mut batch, (lookup, told)) = (judged(&join), lookup(&store, OnUnavailable::Pause));
    assert_eq!(lookup.answer(&join, &mut batch, bytes, std::future::pending()).await, Ok(0));
    let again: Vec<_> = store.asked().split_off(2);
    assert_eq!(again[..2].iter().cloned().collect::<BTreeSet<_>>(), asked(&[("product", &["2"]), ("cart", &["7"])]));
    assert_eq!(again[2..], [("product".to_owned(), vec!["2".to_owned()]), ("brand".to_owned(), vec!["9".to_owned()])]);
    for number in 0..2 {
        for rule in 0..2 {
            assert_eq!(outcome(&mut batch, &join, number, rule), Outcome::Sent(Sent::Enriched));
        }
    }
    let (lost, unreachable) =
        (no_answer("product", Unavailable::BucketLost), no_answer("cart", Unavailable::Unreachable));
    assert_eq!(*told.lock().unwrap(), [Some(lost), Some(unreachable), None]);
}

#[tokio::test]
async fn what_is_forwarded_names_the_aliases_that_have_no_answer_and_no_others() {
    let (store, join) = (Store::default(), join());
    store.fail("product", "2", 1, Unavailable::BucketLost);
    store.fail("cart", "7", 1, Unavailable::BucketLost);
    let (mut batch, (lookup, told)) = (judged(&join), lookup(&store, OnUnavailable::Forward(Duration::ZERO)));
    assert_eq!(lookup.answer(&join, &mut batch, bytes, std::future::pending()).await, Ok(2));
    let names = |number, rule| batch.unanswered(&join, (number, rule), bytes(number));
    assert_eq!([names(0, 0), names(0, 1)], [vec![], vec![1]]);
    // The brand hops from the product: it could not be asked for.
    assert_eq!([names(1, 0), names(1, 1)], [vec![0, 1], vec![0]]);
    assert_eq!([names(2, 0), names(2, 1)], [vec![], Vec::<usize>::new()], "a missing row is an answer");
    let mut batch = judged(&join);
    assert_eq!(lookup.answer(&join, &mut batch, bytes, std::future::pending()).await, Ok(0));
    assert_eq!(told.lock().unwrap().last(), Some(&None), "the end is told");
}

#[tokio::test]
async fn without_answers_what_is_known_decides_and_the_rest_is_sent_as_it_came() {
    let (store, join) = (Store::default(), join());
    store.fail("product", "1", 1, Unavailable::BucketLost);
    store.fail("product", "3", 1, Unavailable::BucketLost);
    let (mut batch, (lookup, _)) = (judged(&join), lookup(&store, OnUnavailable::Forward(Duration::ZERO)));
    assert_eq!(lookup.answer(&join, &mut batch, bytes, std::future::pending()).await, Ok(2));
    let finish = |number, rule| {
        let mut results = Vec::new();
        let unanswered = batch.unanswered(&join, (number, rule), bytes(number));
        let outcome = batch.finish_unanswered(&join, (number, rule), bytes(number), &unanswered, |alias, result| {
            results.push((alias, result));
        });
        (outcome, results)
    };
    let as_it_came = Outcome::Sent(Sent::AsItCame);
    assert_eq!(finish(0, 0), (as_it_came, vec![(0, None), (1, None)]));
    assert_eq!(finish(0, 1), (as_it_came, vec![(0, None), (1, Some(LookupResult::Found))]));
    // It has no cart, whatever its product is.
    assert_eq!(finish(2, 1), (Outcome::Dropped, vec![(0, None), (1, Some(LookupResult::NoKey))]));
}

#[tokio::test]
async fn who_forwards_waits_for_a_short_outage_and_not_for_each_batch_of_a_long_one() {
    let (store, join) = (Store::default(), join());
    let patience = Duration::from_millis(300);
    let (lookup, told) = lookup(&store, OnUnavailable::Forward(patience));
    let ask = async || {
        let mut batch = judged(&join);
        let started = std::time::Instant::now();
        let lacking = lookup.answer(&join, &mut batch, bytes, std::future::pending()).await.unwrap();
        (lacking, started.elapsed())
    };
    store.fail("product", "1", 1, Unavailable::Unreachable);
    assert_eq!(ask().await.0, 0, "the second try brings it");
    assert_eq!(told.lock().unwrap().last(), Some(&None));
    store.fail("product", "1", usize::MAX, Unavailable::Unreachable);
    let (lacking, took) = ask().await;
    assert!(lacking == 1 && took >= patience, "{took:?}");
    let (lacking, took) = ask().await;
    assert!(lacking == 1 && took < patience, "{took:?}");
}

#[tokio::test]
async fn who_waits_can_be_told_not_to_and_others_still_wait() {
    let (store, join) = (Store::default(), join());
    store.fail("product", "1", usize::MAX, Unavailable::NotSynced);
    let (mut batch, (lookup, told)) = (judged(&join), lookup(&store, OnUnavailable::Pause));
    let cancelled = lookup.answer(&join, &mut batch, bytes, std::future::ready(())).await;
    assert_eq!(cancelled, Err(Interrupted::Cancelled));

    // One waits; another, which needs other rows, is answered meanwhile: that is not the end of it.
    let mut other = Batch::default();
    other.clear(&join);
    let event = br#"{"sku":"2","cart":"7"}"#;
    other.judge(&join, event).unwrap();
    let waits = lookup.answer(&join, &mut batch, bytes, async {
        lookup.answer(&join, &mut other, |_| &event[..], std::future::pending()).await.unwrap();
    });
    assert_eq!(waits.await, Err(Interrupted::Cancelled));
    assert_eq!(*told.lock().unwrap(), [Some(no_answer("product", Unavailable::NotSynced))]);
}

#[tokio::test]
async fn columns_that_changed_are_told_at_once_whatever_else_is_lacking() {
    for on_unavailable in [OnUnavailable::Pause, OnUnavailable::Forward(Duration::ZERO)] {
        let (store, join) = (Store::default(), join());
        store.fail("product", "1", 1, Unavailable::Unreachable);
        store.fail("cart", "8", 1, Unavailable::ColumnsChanged);
        let (mut batch, (lookup, _)) = (judged(&join), lookup(&store, on_unavailable));
        let changed = no_answer("cart", Unavailable::ColumnsChanged);
        assert_eq!(
            lookup.answer(&join, &mut batch, bytes, std::future::pending()).await,
            Err(Interrupted::NoAnswer(changed))
        );
    }
}
