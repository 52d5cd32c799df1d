//! Rows of a test, and a run that brings them into a store.

use std::collections::BTreeMap;

use bytes::Bytes;
use weft_store::redis::{
    Change, Columns, ConnectionManager, Keys, Outcome, Shards, Snapshot, Target, Writer, bucket_of,
};
use weft_store::{Answer, Column, ColumnType, EntityMeta, Reader, Row, RowBuilder};

pub const SLUG: &str = "product";
pub const OWNER: &str = "local/shop/main";

/// Key text and value of each row.
pub type Rows = BTreeMap<String, String>;

pub fn keys() -> Keys {
    Keys::new("shop", "main", SLUG)
}

pub fn writer(connection: &ConnectionManager) -> Writer {
    Writer::new(connection.clone(), keys(), OWNER, Shards::One)
}

pub fn entity(columns: &[&str]) -> EntityMeta {
    let columns: Vec<Column> =
        columns.iter().map(|&name| Column { name: name.to_owned(), kind: ColumnType::Text }).collect();
    EntityMeta { key: columns[..1].to_vec(), columns }
}

/// The row of a key and a value, with a third column if there is one.
pub fn row(key: &str, value: &str) -> Row {
    row_of(&[key, value])
}

pub fn row_of(fragments: &[&str]) -> Row {
    let mut builder = RowBuilder::default();
    fragments.iter().for_each(|fragment| builder.push(fragment.as_bytes()));
    builder.finish()
}

pub fn rows(count: usize, value: &str) -> Rows {
    (0..count).map(|number| (format!("sku-{number}"), format!("{value} {number}"))).collect()
}

/// What a run brings, `buckets` of them, at a time of which nothing is too old.
pub fn snapshot(run: u64, buckets: u32) -> Snapshot {
    Snapshot { run, buckets, entity: entity(&["SKU", "NAME"]), snapshot_time: now() }
}

pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

pub fn target(token: u64, snapshot: &Snapshot) -> Target {
    Target { token, run: snapshot.run, buckets: snapshot.buckets, columns: Columns::of(&snapshot.entity) }
}

/// Replaces one bucket by the rows that belong to it.
pub async fn replace(writer: &Writer, target: Target, bucket: u32, rows: &Rows) -> Outcome {
    let mut replaced = writer.bucket(target, bucket, None);
    for (key, value) in rows.iter().filter(|(key, _)| bucket_of(key.as_bytes(), target.buckets) == bucket) {
        replaced.put(key.as_bytes(), &row(key, value)).await.unwrap();
    }
    replaced.finish().await.unwrap()
}

/// The beginning of a run, up to its first bucket.
pub async fn begin(writer: &Writer, snapshot: &Snapshot) {
    assert_eq!(writer.take(snapshot.run).await.unwrap(), Outcome::Done);
    assert_eq!(writer.start(snapshot.run, snapshot).await.unwrap(), Outcome::Done);
}

/// A whole run that replaces every bucket.
pub async fn load(writer: &Writer, snapshot: &Snapshot, rows: &Rows) {
    let token = snapshot.run;
    begin(writer, snapshot).await;
    for bucket in 0..snapshot.buckets {
        assert_eq!(replace(writer, target(token, snapshot), bucket, rows).await, Outcome::Done);
    }
    assert_eq!(writer.commit(token, snapshot.run).await.unwrap(), Outcome::Done);
}

/// The changes of a run that may have changed everything.
pub fn whole(snapshot: &Snapshot) -> Vec<Change> {
    let change = |bucket| Change::Rows { run: snapshot.run, buckets: snapshot.buckets, bucket, keys: None };
    (0..snapshot.buckets).map(change).collect()
}

/// The answers to some keys.
pub async fn ask(store: &impl Reader, keys: &[&str]) -> Vec<Answer> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    let mut answers = Vec::new();
    store.fetch(SLUG, &keys, &mut answers).await;
    assert_eq!(answers.len(), keys.len());
    answers
}

pub fn found(key: &str, value: &str) -> Answer {
    Answer::Found(row(key, value))
}

pub fn bytes(keys: &[&str]) -> Vec<Bytes> {
    keys.iter().map(|key| Bytes::copy_from_slice(key.as_bytes())).collect()
}

/// Tells Redis something.
pub async fn command(connection: &ConnectionManager, words: &[&str]) {
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|&word| {
        command.arg(word);
    });
    command.exec_async(&mut connection.clone()).await.unwrap();
}
