//! The same protocol on SQLite files.

use std::path::Path;

use weft_store::redis::{Keys, Shards, Writer};
use weft_sync::{Ending, Report, Request};
use weft_warehouse::Warehouse as _;
use weft_warehouse::sqlite::Sqlite;

use crate::redis_server::Server;
use crate::shop::plan;

#[tokio::test]
async fn a_sqlite_file_is_copied_and_only_what_changed_travels() {
    let folder = tempfile::tempdir().unwrap();
    let (file, books) = (folder.path().join("shop.db"), folder.path().join("shop.db.weft-state"));
    let redis = Server::start().await;
    let keys = Keys::new("shop", "main", "p");
    let writer = Writer::new(redis.connect().await, keys, "local/shop/main", Shards::One);
    change(
        &file,
        "CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT, price REAL, tags JSON, stamp); WITH RECURSIVE n(i) AS (SELECT 1 \
         UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO p SELECT i, 'n' || i, i / 4.0, '[1]', i FROM n",
    );
    let first = sync(&file, &books, &writer).await;
    assert_eq!((first.outcome, first.rows.total), (Ending::Synced, 50_000));
    assert_eq!(sync(&file, &books, &writer).await.outcome, Ending::Unchanged);

    // 1, 1.0 and '1' are three values.
    change(&file, "UPDATE p SET stamp = 1.0 WHERE id = 1; DELETE FROM p WHERE id = 2; INSERT INTO p (id) VALUES (0)");
    let second = sync(&file, &books, &writer).await;
    assert_eq!((second.rows.added, second.rows.changed, second.rows.removed), (1, 1, 1));
    change(&file, "UPDATE p SET stamp = '1' WHERE id = 1");
    assert_eq!(sync(&file, &books, &writer).await.rows.changed, 1);
}

fn change(file: &Path, sql: &str) {
    rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

async fn sync(file: &Path, books: &Path, writer: &Writer) -> Report {
    let warehouse = Sqlite::open_with_state(file, books).unwrap();
    let mut plan = plan();
    plan.entity.table = vec!["p".to_owned()];
    assert!(warehouse.describe(&plan.entity.table).await.is_ok());
    weft_sync::sync(&plan, &warehouse, writer, Request::default(), &mut |_| {}).await.unwrap()
}
