//! `weft lookup` as a user meets it: the built binary on manifests and a Redis with rows of a run.
#![allow(clippy::unwrap_used)] // also in what the tests share

mod shop;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use shop::redis_server::Server;
use shop::redis_server::run::{Rows, command, keys, load, writer};
use weft_store::redis::Snapshot;
use weft_store::{Column, ColumnType, EntityMeta};

/// A Redis with a committed run of three products, and manifests that name it.
struct Shop {
    server: Server,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn new() -> Self {
        let server = Server::start().await;
        let column = |name: &str| Column { name: name.into(), kind: ColumnType::Text };
        let entity = EntityMeta { key: vec![column("SKU")], columns: vec![column("SKU"), column("NAME")] };
        let snapshot = Snapshot { run: 1_790_000_001, buckets: 2, entity, snapshot_time: 1_790_000_000 };
        // The rows of a test are raw JSON; a key's text has no quotes.
        let rows: Rows = [("1", "\"Chair\""), ("2", "12345678901234567890123.10"), ("3", "null")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        load(&writer(&server.connect().await), &snapshot, &rows).await;
        let shop = Self { folder: tempfile::tempdir().unwrap(), server };
        shop.write(&format!("redis://127.0.0.1:{}/0", shop.server.port), "");
        shop
    }

    fn write(&self, url: &str, reader: &str) {
        let manifests = shop::manifests(&format!("url: \"{url}\"{reader}"), "");
        fs::write(self.folder.path().join("weft.yaml"), manifests).unwrap();
    }

    /// The exit code, standard output and standard error.
    fn lookup(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        let output = command.args(["lookup", "-f"]).arg(self.folder.path()).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    async fn command(&self, words: &[&str]) {
        command(&self.server.connect().await, words).await;
    }
}

#[tokio::test]
async fn a_row_is_shown_with_its_run_and_age_and_a_key_without_row_as_missing() {
    let shop = Shop::new().await;
    let (code, stdout, stderr) = shop.lookup(&["product", "sku=1"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let expected = "product SKU=1: found\n  SKU   1\n  NAME  \"Chair\"\nrun 1790000001, read 2026-09-21T14:13:20Z (";
    assert!(stdout.starts_with(expected) && stdout.ends_with(" ago)\n"), "{stdout}");

    let (code, stdout, _) = shop.lookup(&["shop/main/product", "SKU=4", "-o", "json"]);
    let told: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &told["answer"], &told["run"]), (Some(3), &json!("missing"), &json!(1_790_000_001)));
    assert!(told["ageSeconds"].is_u64() && told["row"].is_null(), "{told}");

    let (code, stdout, _) = shop.lookup(&["product", "SKU=2", "-o", "json"]);
    let row = r#""answer":"found","row":{"SKU":2,"NAME":12345678901234567890123.10},"run":1790000001,"#;
    assert!(code == Some(0) && stdout.contains(row), "{stdout}");
}

#[tokio::test]
async fn all_rows_come_one_a_line_with_every_digit_and_a_sample_is_as_long_as_asked() {
    let shop = Shop::new().await;
    let (code, stdout, stderr) = shop.lookup(&["product", "--all"]);
    assert_eq!(code, Some(0));
    let mut lines: Vec<_> = stdout.lines().collect();
    lines.sort_unstable();
    let expected =
        [r#"{"SKU":1,"NAME":"Chair"}"#, r#"{"SKU":2,"NAME":12345678901234567890123.10}"#, r#"{"SKU":3,"NAME":null}"#];
    assert_eq!(lines, expected);
    assert!(stderr.starts_with("3 rows; run 1790000001, read 2026-"), "{stderr}");
    let (_, stdout, stderr) = shop.lookup(&["product", "--sample", "2", "-o", "json"]);
    assert_eq!(stdout.lines().count(), 2);
    assert_eq!(serde_json::from_str::<Value>(&stderr).unwrap()["rows"], 2);
}

#[tokio::test]
async fn what_the_store_lost_is_told_as_unavailable_and_never_as_missing() {
    let shop = Shop::new().await;
    for bucket in 0..2 {
        shop.command(&["DEL", &keys().bucket(2, bucket)]).await;
    }
    let (code, stdout, stderr) = shop.lookup(&["product", "SKU=1", "-o", "json"]);
    let told: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &told["answer"], &told["reason"]), (Some(1), &json!("unavailable"), &json!("BucketLost")));
    assert!(stderr.contains("the next sync brings them back"), "{stderr}");
    let (code, _, stderr) = shop.lookup(&["product", "--all"]);
    assert!(code == Some(1) && stderr.contains("what is in 2 of its buckets (BucketLost)"), "{stderr}");

    shop.command(&["FLUSHALL"]).await;
    let (code, stdout, stderr) = shop.lookup(&["product", "SKU=1"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("(NotSynced)"), "{stderr}");
}

#[tokio::test]
async fn the_readers_password_comes_from_a_manifest_or_a_file_and_is_never_shown() {
    let shop = Shop::new().await;
    shop.command(&["ACL", "SETUSER", "reader", "on", ">hunter2", "~weft:*", "+hgetall", "+hmget"]).await;
    let url = format!("redis://127.0.0.1:{}/0", shop.server.port);
    shop.write(&url, ", reader: {username: reader, password: {secretRef: {name: redis, key: reader}}}");
    let (code, _, stderr) = shop.lookup(&["product", "SKU=1"]);
    let place = "DataGraph main: spec.store.redis.reader.password: there is no key `reader` of a Secret `redis`";
    assert!(code == Some(2) && stderr.contains(place), "{stderr}");

    let secrets = tempfile::tempdir().unwrap();
    fs::create_dir(secrets.path().join("redis")).unwrap();
    let secrets_dir = ["product", "SKU=1", "--secrets-dir", secrets.path().to_str().unwrap()];
    for (password, expected) in [("hunter2\n", Some(0)), ("hunter3", Some(2))] {
        fs::write(secrets.path().join("redis/reader"), password).unwrap();
        let (code, _, stderr) = shop.lookup(&secrets_dir);
        assert_eq!(code, expected, "{stderr}");
        assert!(!stderr.contains("hunter"), "{stderr}");
        let place = "DataGraph main: spec.store.redis.reader.password: the key `reader` of the Secret `redis`: failed to \
                     connect";
        assert_eq!(
            stderr.contains(place) && stderr.contains("wrong user or password"),
            expected == Some(2),
            "{stderr}"
        );
    }

    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: redis, namespace: shop}\nstringData: {reader: hunter2}\n";
    fs::write(shop.folder.path().join("secret.yaml"), secret).unwrap();
    assert_eq!(shop.lookup(&["product", "SKU=1"]).0, Some(0));
}

#[tokio::test]
async fn another_store_gets_the_password_of_its_own_file_and_not_that_of_the_manifests() {
    let shop = Shop::new().await;
    let url = format!("redis://127.0.0.1:{}/0", shop.server.port);
    shop.write("redis://nowhere.invalid", ", reader: {password: {secretRef: {name: redis, key: reader}}}");
    assert_eq!(shop.lookup(&["product", "SKU=1", "--store", &url]).0, Some(0));
    shop.command(&["ACL", "SETUSER", "reader", "on", ">hunter2", "~weft:*", "+hgetall", "+hmget"]).await;
    let file = shop.folder.path().join("password.txt");
    fs::write(&file, "hunter2\n").unwrap();
    let user = ["--store-user", "reader", "--store-password-file", file.to_str().unwrap()];
    let arguments = |store: &'static str| [&["product", "SKU=1", "--store", store], &user[..]].concat();
    let (code, _, stderr) = shop.lookup(&[&["product", "SKU=1", "--store", &url], &user[..]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    for (store, message) in [
        ("manifest", "are for a Redis that --store names"),
        ("redis://a:hunter2@redis", "holds a user or a password"),
        ("http://redis", "--store takes redis://HOST:PORT/DATABASE"),
    ] {
        let (code, _, stderr) = shop.lookup(&arguments(store));
        assert!(code == Some(2) && stderr.contains(message) && !stderr.contains("hunter2"), "{stderr}");
    }
}

#[tokio::test]
async fn an_unknown_entity_a_wrong_key_and_a_store_that_is_down_are_told_apart() {
    let mut shop = Shop::new().await;
    for (arguments, message) in [
        (&["prduct", "SKU=1"][..], "there is no entity prduct that is synced; there is product"),
        (&["product", "ID=1"], "the key has no such column"),
        (&["product", "SKU="], "an empty value is no key"),
        (&["product"], "<COLUMN=VALUE>..."),
        (&["product", "SKU=1", "--all"], "cannot be used with"),
    ] {
        let (code, _, stderr) = shop.lookup(arguments);
        assert!(code == Some(2) && stderr.contains(message), "{stderr}");
    }
    shop.server.kill();
    let (code, _, stderr) = shop.lookup(&["product", "SKU=1"]);
    assert!(code == Some(1) && stderr.contains("connection refused"), "{stderr}");
}
