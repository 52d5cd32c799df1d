//! What is read from Redis is right or unavailable, whatever writers do to it and whatever Redis loses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod redis_server;

use std::time::Duration;

use redis_server::Server;
use redis_server::run::{
    OWNER, Rows, SLUG, ask, begin, bytes, command, entity, found, keys, load, now, replace, row, row_of, rows,
    snapshot, target, whole, writer,
};
use weft_store::redis::{
    AllRows, Change, ChangeFeed, Columns, ConnectionManager, Keys, News, Outcome, RedisStore, Shards, Snapshot,
    StoreError, Writer, bucket_of,
};
use weft_store::{Answer, Reader as _, Unavailable};

fn store(connection: &ConnectionManager) -> RedisStore {
    RedisStore::new(connection.clone(), "shop", "main", OWNER, None)
}

fn unavailable(reason: Unavailable) -> Answer {
    Answer::Unavailable(reason)
}

/// The first of the tests' keys that is in a bucket.
fn key_in(bucket: u32, buckets: u32) -> String {
    (0..).map(|number| format!("sku-{number}")).find(|key| bucket_of(key.as_bytes(), buckets) == bucket).unwrap()
}

#[tokio::test]
async fn rows_are_found_after_the_first_commit_and_changed_and_gone_after_the_second() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, store) = (writer(&connection), store(&connection));
    assert_eq!(ask(&store, &["sku-1"]).await, [unavailable(Unavailable::NotSynced)]);
    assert_eq!(writer.meta().await.unwrap(), None);

    let first = snapshot(7, 4);
    assert_eq!(writer.take(6).await.unwrap(), Outcome::Done);
    assert_eq!(writer.take(6).await.unwrap(), Outcome::Fenced(Some(6)), "a number is one run's only");
    assert_eq!(ask(&store, &["sku-1"]).await, [unavailable(Unavailable::NotSynced)]);
    load(&writer, &first, &rows(100, "old")).await;
    assert_eq!(
        ask(&store, &["sku-1", "sku-100", "sku-99"]).await,
        [found("sku-1", "old 1"), Answer::Missing, found("sku-99", "old 99"),]
    );
    assert_eq!(store.meta(SLUG).await.unwrap(), first.entity);

    // One bucket is patched, the others are kept.
    let second = snapshot(8, 4);
    let bucket = bucket_of(b"sku-1", 4);
    let others: Vec<u32> = (0..4).filter(|&other| other != bucket).collect();
    let gone = (2..).map(|number| format!("sku-{number}")).find(|key| bucket_of(key.as_bytes(), 4) == bucket).unwrap();
    begin(&writer, &second).await;
    let mut patch = writer.bucket(target(8, &second), bucket, Some(7));
    patch.put(b"sku-1", &row("sku-1", "new")).await.unwrap();
    patch.remove(gone.as_bytes()).await.unwrap();
    patch.remove(b"never there").await.unwrap();
    assert_eq!(patch.finish().await.unwrap(), Outcome::Done);
    assert_eq!(ask(&store, &["sku-1"]).await, [found("sku-1", "new")], "a bucket may be ahead of the meta");
    assert_eq!(
        writer.keep(target(8, &second), 7, &others).await.unwrap(),
        [Outcome::Done, Outcome::Done, Outcome::Done]
    );
    assert_eq!(writer.commit(8, 8).await.unwrap(), Outcome::Done);
    let untouched = key_in(others[0], 4);
    let number = untouched.trim_start_matches("sku-");
    assert_eq!(
        ask(&store, &["sku-1", &gone, &untouched]).await,
        [found("sku-1", "new"), Answer::Missing, found(&untouched, &format!("old {number}")),]
    );
    let meta = writer.meta().await.unwrap().unwrap();
    assert_eq!((meta.committed, meta.applying, meta.token, meta.sets), (Some(second), None, 8, vec![4]));
}

#[tokio::test]
async fn what_redis_loses_is_unavailable_and_never_missing() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, store) = (writer(&connection), store(&connection));
    load(&writer, &snapshot(7, 2), &rows(50, "a")).await;
    let (first, second) = (key_in(0, 2), key_in(1, 2));
    assert!(matches!(ask(&store, &[&first, &second]).await[..], [Answer::Found(_), Answer::Found(_)]));

    command(&connection, &["DEL", &keys().bucket(2, 0)]).await;
    let answers = ask(&store, &[&first, "none", &second]).await;
    assert_eq!(answers[0], unavailable(Unavailable::BucketLost));
    assert!(matches!(answers[2], Answer::Found(_)), "the other bucket still answers");

    // A bucket that comes back from an older run.
    load(&writer, &snapshot(8, 2), &rows(50, "b")).await;
    command(&connection, &["COPY", &keys().bucket(2, 0), "older"]).await;
    load(&writer, &snapshot(9, 2), &rows(50, "c")).await;
    assert!(matches!(ask(&store, &[&second]).await[..], [Answer::Found(_)]), "now the reader knows of run 9");
    command(&connection, &["COPY", "older", &keys().bucket(2, 0), "REPLACE"]).await;
    assert_eq!(ask(&store, &[&first]).await, [unavailable(Unavailable::BucketOld)]);

    command(&connection, &["FLUSHALL"]).await;
    let answers = ask(&store, &[&first, &second, "none"]).await;
    assert_eq!(answers, vec![unavailable(Unavailable::NotSynced); 3]);
    assert_eq!(writer.commit(9, 9).await.unwrap(), Outcome::Fenced(None));
}

#[tokio::test]
async fn an_older_run_that_goes_on_changes_nothing() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (one, cluster) = (writer(&connection), Writer::new(connection.clone(), keys(), OWNER, Shards::Many));
    let (old, new) = (snapshot(7, 1), snapshot(8, 1));
    begin(&one, &old).await;
    let rows_7: Rows = rows(10, "seven");
    load(&one, &new, &rows(10, "eight")).await;

    assert_eq!(replace(&one, target(7, &old), 0, &rows_7).await, Outcome::Fenced(Some(8)));
    assert_eq!(replace(&cluster, target(7, &old), 0, &rows_7).await, Outcome::Already(8));
    assert_eq!(one.bucket(target(7, &old), 0, Some(6)).finish().await.unwrap(), Outcome::Fenced(Some(8)));
    assert_eq!(cluster.bucket(target(7, &old), 0, Some(6)).finish().await.unwrap(), Outcome::Already(8));
    assert_eq!(one.keep(target(7, &old), 6, &[0]).await.unwrap(), [Outcome::Fenced(Some(8))]);
    assert_eq!(one.start(7, &old).await.unwrap(), Outcome::Fenced(Some(8)));
    assert_eq!(one.commit(7, 7).await.unwrap(), Outcome::Fenced(Some(8)));
    assert_eq!(one.unlink(7, 1).await.unwrap(), Outcome::Fenced(Some(8)));
    assert_eq!(one.take(7).await.unwrap(), Outcome::Fenced(Some(8)));
    assert_eq!(one.verify(7, now()).await.unwrap(), Outcome::Elsewhere(Some(8)));
    assert_eq!(ask(&store(&connection), &["sku-3"]).await, [found("sku-3", "eight 3")]);

    // Of its own run, a step that is done again is done.
    assert_eq!(replace(&one, target(8, &new), 0, &rows_7).await, Outcome::Already(8));
    assert_eq!(one.commit(8, 8).await.unwrap(), Outcome::Already(8));
    assert_eq!(ask(&store(&connection), &["sku-3"]).await, [found("sku-3", "eight 3")]);
}

#[tokio::test]
async fn a_patch_needs_exactly_its_base() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(7, 2), &rows(10, "a")).await;
    command(&connection, &["DEL", &keys().bucket(2, 1)]).await;
    let next = snapshot(9, 2);
    begin(&writer, &next).await;
    assert_eq!(writer.bucket(target(9, &next), 0, Some(8)).finish().await.unwrap(), Outcome::Elsewhere(Some(7)));
    assert_eq!(writer.keep(target(9, &next), 7, &[0, 1]).await.unwrap(), [Outcome::Done, Outcome::Elsewhere(None)]);
    let controls = writer.controls(2).await.unwrap();
    assert_eq!(controls[0].map(|control| (control.run, control.columns)), Some((9, Some(Columns::of(&next.entity)))));
    assert_eq!(controls[1], None);

    let wider = Snapshot { run: 10, entity: entity(&["SKU", "NAME", "PRICE"]), ..next };
    begin(&writer, &wider).await;
    assert_eq!(writer.keep(target(10, &wider), 9, &[0]).await.unwrap(), [Outcome::OtherColumns]);
}

#[tokio::test]
async fn a_run_whose_meta_went_back_to_before_it_writes_no_bucket_that_nobody_would_remove() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, meta) = (writer(&connection), keys().meta());
    load(&writer, &snapshot(7, 1), &rows(10, "seven")).await;
    assert_eq!(writer.take(8).await.unwrap(), Outcome::Done);
    command(&connection, &["COPY", &meta, "backup"]).await;
    let next = snapshot(8, 4);
    assert_eq!(writer.start(8, &next).await.unwrap(), Outcome::Done);
    let value = "x".repeat(60_000);
    let mut large = writer.bucket(target(8, &next), 1, None);
    for number in 0..20 {
        large.put(format!("sku-{number}").as_bytes(), &row("", &value)).await.unwrap();
    }
    command(&connection, &["COPY", "backup", &meta, "REPLACE"]).await;
    assert_eq!(large.finish().await.unwrap(), Outcome::Fenced(None));
    assert_eq!(replace(&writer, target(8, &next), 0, &rows(10, "eight")).await, Outcome::Fenced(None));
    assert_eq!(writer.keep(target(8, &snapshot(8, 1)), 7, &[0]).await.unwrap(), [Outcome::Fenced(None)]);
    assert_eq!(writer.commit(8, 8).await.unwrap(), Outcome::Elsewhere(None));
    assert_eq!(writer.controls(4).await.unwrap(), [None; 4]);
    assert_eq!(ask(&store(&connection), &["sku-3"]).await, [found("sku-3", "seven 3")]);

    // A later process that finishes the run may write.
    assert_eq!(writer.take(9).await.unwrap(), Outcome::Done);
    assert_eq!(writer.start(9, &next).await.unwrap(), Outcome::Done);
    let finished = weft_store::redis::Target { token: 9, ..target(8, &next) };
    for bucket in 0..4 {
        assert_eq!(replace(&writer, finished, bucket, &rows(10, "eight")).await, Outcome::Done);
    }
    assert_eq!(writer.commit(9, 8).await.unwrap(), Outcome::Done);
    assert_eq!(ask(&store(&connection), &["sku-3"]).await, [found("sku-3", "eight 3")]);
}

#[tokio::test]
async fn a_bucket_that_is_ahead_of_a_history_that_begins_anew_is_replaced() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(9, 1), &rows(10, "nine")).await;
    command(&connection, &["DEL", &keys().meta()]).await;
    let next = snapshot(8, 1);
    begin(&writer, &next).await;
    assert_eq!(writer.keep(target(8, &next), 7, &[0]).await.unwrap(), [Outcome::Elsewhere(Some(9))]);
    assert_eq!(replace(&writer, target(8, &next), 0, &rows(10, "eight")).await, Outcome::Done);
    assert_eq!(writer.commit(8, 8).await.unwrap(), Outcome::Done);
    assert_eq!(ask(&store(&connection), &["sku-3"]).await, [found("sku-3", "eight 3")]);
}

/// How many rows have which value, of some keys; all of them have the same.
async fn value_of_all(store: &RedisStore, keys: &[&str]) -> (char, usize) {
    let value = |answer: Answer| match answer {
        Answer::Found(row) => row.fragment(1, 2).map(|value| char::from(value[0])),
        Answer::Missing => None,
        Answer::Unavailable(reason) => panic!("{reason}"),
    };
    let values: Vec<char> = ask(store, keys).await.into_iter().filter_map(value).collect();
    assert!(values.iter().all(|&value| value == values[0]), "half of a bucket was seen");
    (values[0], values.len())
}

#[tokio::test]
async fn a_bucket_of_many_chunks_changes_all_at_once_for_whoever_reads_meanwhile() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, store) = (writer(&connection), store(&server.connect().await));
    let asked: Vec<String> = (0..500).map(|number| format!("sku-{number}")).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let mut rows = Rows::new();
    rows.extend(asked.iter().map(|&key| (key.to_owned(), "a".to_owned())));
    load(&writer, &snapshot(8, 1), &rows).await;
    let mut before = ('a', 500);
    // Some mebibytes each time: replaced, patched from a copy, replaced by less.
    for (run, base, after) in [(9, None, ('b', 500)), (10, Some(9), ('c', 500)), (11, None, ('d', 300))] {
        begin(&writer, &snapshot(run, 1)).await;
        let mut bucket = writer.bucket(target(run, &snapshot(run, 1)), 0, base);
        for (number, key) in asked.iter().enumerate().take(after.1) {
            bucket.put(key.as_bytes(), &row("", &after.0.to_string().repeat(8000))).await.unwrap();
            if number % 50 == 49 {
                assert_eq!(value_of_all(&store, &asked).await, before, "run {run}, after {number} rows");
            }
        }
        let (outcome, meanwhile) = tokio::join!(bucket.finish(), value_of_all(&store, &asked));
        assert_eq!(outcome.unwrap(), Outcome::Done);
        assert!([before, after].contains(&meanwhile), "{meanwhile:?}");
        assert_eq!(value_of_all(&store, &asked).await, after);
        before = after;
    }
    let left: Vec<String> = redis::cmd("KEYS").arg("*}:*").query_async(&mut connection.clone()).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    let ttl: i64 = redis::cmd("TTL").arg(keys().bucket(1, 0)).query_async(&mut connection.clone()).await.unwrap();
    assert_eq!(ttl, -1, "a bucket does not expire");
}

#[tokio::test]
async fn chunks_that_were_lost_or_overtaken_never_become_the_bucket() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(7, 1), &rows(10, "seven")).await;
    begin(&writer, &snapshot(8, 1)).await;
    let value = "x".repeat(60_000);
    let mut torn = writer.bucket(target(8, &snapshot(8, 1)), 0, None);
    for number in 0..20 {
        torn.put(format!("sku-{number}").as_bytes(), &row("", &value)).await.unwrap();
    }
    command(&connection, &["DEL", &keys().temporary(1, 0, 8)]).await;
    assert_eq!(torn.finish().await.unwrap(), Outcome::Torn);

    let mut overtaken = writer.bucket(target(8, &snapshot(8, 1)), 0, None);
    for number in 0..20 {
        overtaken.put(format!("sku-{number}").as_bytes(), &row("", &value)).await.unwrap();
    }
    assert_eq!(writer.take(9).await.unwrap(), Outcome::Done);
    assert_eq!(overtaken.finish().await.unwrap(), Outcome::Fenced(Some(9)));
    let ttl: i64 = redis::cmd("TTL").arg(keys().temporary(1, 0, 8)).query_async(&mut connection.clone()).await.unwrap();
    assert!((1..=3600).contains(&ttl), "what a killed run leaves goes by itself: {ttl}");
    assert_eq!(ask(&store(&connection), &["sku-3"]).await, [found("sku-3", "seven 3")]);
}

#[tokio::test]
async fn a_store_that_grows_answers_all_the_while() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, store) = (writer(&connection), store(&connection));
    load(&writer, &snapshot(7, 1), &rows(30, "a")).await;
    let asked = ["sku-3", "sku-17", "sku-30"];
    assert_eq!(ask(&store, &asked).await, [found("sku-3", "a 3"), found("sku-17", "a 17"), Answer::Missing]);

    let grown = snapshot(8, 4);
    let more = rows(31, "b");
    begin(&writer, &grown).await;
    for bucket in 0..4 {
        assert_eq!(replace(&writer, target(8, &grown), bucket, &more).await, Outcome::Done);
        assert_eq!(ask(&store, &asked).await, [found("sku-3", "a 3"), found("sku-17", "a 17"), Answer::Missing]);
    }
    assert_eq!(writer.unlink(8, 1).await.unwrap(), Outcome::InUse);
    assert_eq!(writer.unlink(8, 4).await.unwrap(), Outcome::InUse);
    assert_eq!(writer.commit(8, 8).await.unwrap(), Outcome::Done);
    assert_eq!(writer.meta().await.unwrap().unwrap().sets, [1, 4]);
    assert_eq!(writer.unlink(8, 1).await.unwrap(), Outcome::Done);
    assert_eq!(writer.meta().await.unwrap().unwrap().sets, [4]);
    let expected = [found("sku-3", "b 3"), found("sku-17", "b 17"), found("sku-30", "b 30")];
    assert_eq!(ask(&store, &asked).await, expected, "the old buckets are gone, so the meta is read again at once");
    let exists: u32 = redis::cmd("EXISTS").arg(keys().bucket(1, 0)).query_async(&mut connection.clone()).await.unwrap();
    assert_eq!(exists, 0);

    let cluster = Writer::new(connection.clone(), keys(), OWNER, Shards::Many);
    load(&cluster, &snapshot(9, 1), &more).await;
    assert_eq!(cluster.unlink(9, 4).await.unwrap(), Outcome::Done);
    assert_eq!(cluster.controls(4).await.unwrap(), [None; 4]);
    assert_eq!(ask(&store, &asked).await, expected);
}

/// Key texts and values of what is told of a store's buckets from now on, and how many of them cannot be told.
async fn rest(all: &mut AllRows<'_>) -> (Rows, usize) {
    let (mut rows, mut unavailable) = (Rows::new(), 0);
    while let Some(bucket) = all.next().await.unwrap() {
        let Ok(found) = bucket.rows else {
            unavailable += 1;
            continue;
        };
        for (key, row) in found {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            assert_eq!(bucket_of(&key, bucket.buckets), bucket.bucket);
            assert_eq!(rows.insert(text(&key), text(row.fragment(1, 2).unwrap())), None, "a row comes once");
        }
    }
    (rows, unavailable)
}

#[tokio::test]
async fn all_rows_come_once_while_the_store_grows_and_lost_buckets_are_no_empty_ones() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, store) = (writer(&connection), store(&connection));
    assert_eq!(store.all_rows(SLUG).next().await, Err(Unavailable::NotSynced));
    let all = rows(500, "a");
    load(&writer, &snapshot(7, 4), &all).await;
    assert_eq!(rest(&mut store.all_rows(SLUG)).await, (all.clone(), 0));
    assert_eq!(store.entity(SLUG).await.unwrap().committed, writer.meta().await.unwrap().unwrap().committed);
    let in_bucket = |bucket| all.keys().filter(|key| bucket_of(key.as_bytes(), 4) == bucket).count() as u64;
    assert_eq!(writer.row_counts(4).await.unwrap(), [0, 1, 2, 3].map(in_bucket));

    // More buckets, then fewer, while somebody reads.
    for (before, after) in [(4, 16), (16, 2)] {
        let mut reading = store.all_rows(SLUG);
        let Some(first) = reading.next().await.unwrap() else { panic!("there are buckets") };
        let run = writer.meta().await.unwrap().unwrap().token + 1;
        load(&writer, &snapshot(run, after), &all).await;
        assert_eq!(writer.unlink(run, before).await.unwrap(), Outcome::Done);
        let (others, unavailable) = rest(&mut reading).await;
        let first: Vec<_> = first.rows.unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!((first.len() + others.len(), unavailable), (all.len(), 0), "{before} to {after}");
        assert!(first.iter().all(|key| !others.contains_key(str::from_utf8(key).unwrap())));
    }
    command(&connection, &["DEL", &keys().bucket(2, 1)]).await;
    let (rows, unavailable) = rest(&mut store.all_rows(SLUG)).await;
    assert!(rows.keys().all(|key| bucket_of(key.as_bytes(), 2) == 0));
    assert_eq!(unavailable, 1);
    assert_eq!(writer.row_counts(2).await.unwrap()[1], 0);
}

#[tokio::test]
async fn a_new_column_does_not_show_before_the_meta_is_asked_and_a_lost_one_is_said() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (writer, store) = (writer(&connection), store(&connection));
    load(&writer, &snapshot(7, 1), &rows(3, "a")).await;
    assert_eq!(store.meta(SLUG).await.unwrap().columns.len(), 2);

    for (run, columns, fragments) in
        [(8, &["SKU", "PRICE", "NAME"][..], &["sku-1", "9.5", "b"][..]), (9, &["SKU", "PRICE"], &["sku-1", "9.5"])]
    {
        let next = Snapshot { entity: entity(columns), ..snapshot(run, 1) };
        begin(&writer, &next).await;
        let mut bucket = writer.bucket(target(run, &next), 0, None);
        bucket.put(b"sku-1", &row_of(fragments)).await.unwrap();
        assert_eq!(bucket.finish().await.unwrap(), Outcome::Done);
        let expected = if run == 8 { found("sku-1", "b") } else { unavailable(Unavailable::ColumnsChanged) };
        assert_eq!(ask(&store, &["sku-1"]).await, std::slice::from_ref(&expected), "while run {run} is applied");
        assert_eq!(writer.commit(run, run).await.unwrap(), Outcome::Done);
        assert_eq!(ask(&store, &["sku-1"]).await, [expected], "after run {run} is committed");
    }
    assert_eq!(store.meta(SLUG).await.unwrap(), entity(&["SKU", "PRICE"]));
    assert_eq!(ask(&store, &["sku-1"]).await, [Answer::Found(row_of(&["sku-1", "9.5"]))]);
}

#[tokio::test]
async fn rows_that_nobody_verified_for_too_long_are_unavailable() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    let old = Snapshot { snapshot_time: now() - 7200, ..snapshot(7, 1) };
    load(&writer, &old, &rows(3, "a")).await;
    let hours = |hours: u64| {
        let most = Duration::from_secs(hours * 3600);
        RedisStore::new(connection.clone(), "shop", "main", OWNER, Some(most))
    };
    let too_old = ask(&hours(1), &["sku-1"]).await.remove(0);
    assert!(matches!(too_old, Answer::Unavailable(Unavailable::TooOld { seconds: 7200.. })), "{too_old:?}");
    assert_eq!(ask(&hours(3), &["sku-1"]).await, [found("sku-1", "a 1")]);
    assert_eq!(writer.verify(7, now() - 60).await.unwrap(), Outcome::Done);
    assert_eq!(writer.verify(7, now() - 9000).await.unwrap(), Outcome::Done);
    assert_eq!(writer.meta().await.unwrap().unwrap().fresh_at().unwrap() / 100, (now() - 60) / 100);
    assert_eq!(ask(&hours(1), &["sku-1"]).await, [found("sku-1", "a 1")]);

    // A run that read the table before that look at it tells its own time, once it is committed.
    load(&writer, &Snapshot { snapshot_time: now() - 7200, ..snapshot(8, 1) }, &rows(3, "b")).await;
    let too_old = ask(&hours(1), &["sku-1"]).await.remove(0);
    assert!(matches!(too_old, Answer::Unavailable(Unavailable::TooOld { seconds: 7200.. })), "{too_old:?}");
}

#[tokio::test]
async fn another_owner_and_a_newer_layout_are_refused_by_writers_and_readers() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let (mine, meta) = (writer(&connection), keys().meta());
    load(&mine, &snapshot(7, 1), &rows(3, "a")).await;
    let other = Writer::new(connection.clone(), keys(), "other/shop/main", Shards::One);
    assert_eq!(other.take(9).await.unwrap(), Outcome::Owned(OWNER.to_owned()));
    assert_eq!(other.verify(7, now()).await.unwrap(), Outcome::Owned(OWNER.to_owned()));
    let foreign = RedisStore::new(connection.clone(), "shop", "main", "other/shop/main", None);
    assert_eq!(ask(&foreign, &["sku-1"]).await, [unavailable(Unavailable::StoreOwned)]);

    let control: String =
        redis::cmd("HGET").arg(keys().bucket(1, 0)).arg("").query_async(&mut connection.clone()).await.unwrap();
    command(&connection, &["HSET", &keys().bucket(1, 0), "", &format!("2 {}", &control[2..])]).await;
    begin(&mine, &snapshot(8, 1)).await;
    assert_eq!(mine.keep(target(8, &snapshot(8, 1)), 7, &[0]).await.unwrap(), [Outcome::OtherLayout(2)]);
    assert_eq!(ask(&store(&connection), &["sku-1"]).await, [unavailable(Unavailable::OtherLayout)]);

    command(&connection, &["HSET", &meta, "layout", "2"]).await;
    assert_eq!(mine.take(9).await.unwrap(), Outcome::OtherLayout(2));
    assert!(matches!(mine.meta().await, Err(StoreError::OtherLayout { layout: 2, .. })));
    assert_eq!(ask(&store(&connection), &["sku-1"]).await, [unavailable(Unavailable::OtherLayout)]);
}

#[tokio::test]
async fn a_feed_tells_every_change_or_that_some_were_missed() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    // One whose scripts cannot append by themselves.
    let announcer = Writer::new(connection.clone(), keys(), OWNER, Shards::Many);
    let mut feed = ChangeFeed::new(connection.clone(), &keys());
    assert_eq!(feed.poll().await.unwrap(), News::Gap, "there is no feed yet");
    load(&writer, &snapshot(7, 2), &rows(3, "a")).await;
    assert_eq!(feed.poll().await.unwrap(), News::Gap, "nothing was read so far");
    assert_eq!(feed.poll().await.unwrap(), News::Changes(Vec::new()));

    let few = Change::Rows { run: 8, buckets: 2, bucket: 1, keys: Some(bytes(&["sku-1", "1:2\n"])) };
    let long = "k".repeat(1000);
    let many = Change::Rows { run: 8, buckets: 2, bucket: 0, keys: Some(bytes(&[long.as_str(); 5])) };
    announcer.announce(&[few.clone(), many]).await.unwrap();
    let bucket_0 = whole(&snapshot(8, 2)).remove(0);
    assert_eq!(
        feed.poll().await.unwrap(),
        News::Changes(vec![few.clone(), bucket_0]),
        "many keys are the whole bucket"
    );
    load(&writer, &snapshot(9, 2), &rows(3, "b")).await;
    let News::Changes(changes) = feed.poll().await.unwrap() else { panic!("nothing was missed") };
    assert_eq!(changes.last(), Some(&Change::Committed { run: 9 }));

    // Far more entries than one poll reads, and than the stream keeps.
    announcer.announce(&vec![few.clone(); 1200]).await.unwrap();
    let mut seen = 0;
    while let News::Changes(changes) = feed.poll().await.unwrap() {
        if changes.is_empty() {
            break;
        }
        seen += changes.len();
    }
    assert_eq!(seen, 1200);
    announcer.announce(&vec![few.clone(); 12_000]).await.unwrap();
    assert_eq!(feed.poll().await.unwrap(), News::Gap);
    assert_eq!(feed.poll().await.unwrap(), News::Changes(Vec::new()));
    command(&connection, &["FLUSHALL"]).await;
    announcer.announce(&[few]).await.unwrap();
    assert_eq!(feed.poll().await.unwrap(), News::Gap, "the feed was lost");
}

#[tokio::test]
async fn a_full_redis_refuses_a_bucket_whole() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(7, 1), &rows(10, "a")).await;
    begin(&writer, &snapshot(8, 1)).await;
    command(&connection, &["CONFIG", "SET", "maxmemory", "1mb"]).await;
    let mut bucket = writer.bucket(target(8, &snapshot(8, 1)), 0, None);
    bucket.put(b"sku-1", &row("sku-1", "b")).await.unwrap();
    let error = bucket.finish().await.unwrap_err();
    assert!(error.is_transient());
    assert!(error.to_string().contains("Redis answers OOM; its memory is full"), "{error}");
    assert_eq!(ask(&store(&connection), &["sku-1", "sku-2"]).await, [found("sku-1", "a 1"), found("sku-2", "a 2")]);
    assert_eq!(writer.unlink(8, 2).await.unwrap(), Outcome::Done, "what frees memory goes on");
}

#[tokio::test]
async fn a_server_that_is_away_is_unreachable_and_an_empty_one_in_its_place_not_synced() {
    let mut server = Server::start().await;
    let connection = server.connect().await;
    let store = store(&connection);
    load(&writer(&connection), &snapshot(7, 1), &rows(3, "a")).await;
    assert_eq!(ask(&store, &["sku-0"]).await, [found("sku-0", "a 0")]);
    server.kill();
    assert_eq!(ask(&store, &["sku-1"]).await, [unavailable(Unavailable::Unreachable)]);
    server.start_again().await;
    let mut answer = unavailable(Unavailable::Unreachable);
    for _ in 0..20 {
        answer = ask(&store, &["sku-1"]).await.remove(0);
        if answer != unavailable(Unavailable::Unreachable) {
            break;
        }
    }
    assert_eq!(answer, unavailable(Unavailable::NotSynced));
    load(&writer(&connection), &snapshot(8, 1), &rows(3, "b")).await;
    assert_eq!(ask(&store, &["sku-1"]).await, [found("sku-1", "b 1")]);
}

#[tokio::test]
async fn every_entity_has_its_own_rows() {
    let server = Server::start().await;
    let connection = server.connect().await;
    load(&writer(&connection), &snapshot(7, 1), &rows(3, "a")).await;
    let brand = Writer::new(connection.clone(), Keys::new("shop", "main", "brand"), OWNER, Shards::One);
    load(&brand, &snapshot(7, 1), &rows(1, "brand")).await;
    let store = store(&connection);
    let mut answers = Vec::new();
    store.fetch("brand", &[b"sku-0", b"sku-2"], &mut answers).await;
    store.fetch(SLUG, &[b"sku-0", b"sku-2"], &mut answers).await;
    store.fetch("cart", &[b"sku-0"], &mut answers).await;
    assert_eq!(
        answers,
        [
            found("sku-0", "brand 0"),
            Answer::Missing,
            found("sku-0", "a 0"),
            found("sku-2", "a 2"),
            unavailable(Unavailable::NotSynced),
        ]
    );
}
