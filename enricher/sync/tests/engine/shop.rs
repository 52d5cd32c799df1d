//! A table `p` in a database of its own, and a store for its copy.

use std::collections::BTreeMap;

use weft_plan_types::{
    EntityPlan, GuardPlan, Owner, PLAN_VERSION, RedisConnection, SyncPlan, WarehouseConnection, WarehousePlan,
};
use weft_store::redis::{ConnectionManager, Keys, Shards, Writer};
use weft_store::{Column, ColumnType, Row, RowBuilder, Value};
use weft_sync::{Report, Request, SyncError};
use weft_warehouse::postgres::Postgres;
use weft_warehouse::{Cells, Warehouse as _};

use crate::postgres;
use crate::redis_server::Server;

pub(crate) struct Shop {
    warehouse: Postgres,
    redis: Server,
    connection: ConnectionManager,
    writer: Writer,
    keys: Keys,
    plan: SyncPlan,
}

impl Shop {
    pub(crate) async fn open(statements: &[&str]) -> Self {
        let (_, warehouse) = postgres::database(statements).await;
        let redis = Server::start().await;
        let connection = redis.connect().await;
        let keys = Keys::new("shop", "main", "p");
        let writer = Writer::new(connection.clone(), keys.clone(), "local/shop/main", Shards::One);
        Self { warehouse, redis, connection, writer, keys, plan: plan() }
    }

    pub(crate) async fn run(&self, request: Request) -> Result<Report, SyncError> {
        weft_sync::sync(&self.plan, &self.warehouse, &self.writer, request, &mut |_| {}).await
    }

    pub(crate) async fn sync(&self) -> Report {
        self.run(Request::default()).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.warehouse.execute(sql.to_owned()).await.unwrap();
    }

    /// What kinds of tables there are in bookkeeping.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'weft_state'";
        let mut kinds: Vec<String> = self.texts(sql).await;
        kinds.iter_mut().for_each(|name| *name = name.rsplit('_').next().unwrap().to_owned());
        kinds.sort();
        kinds
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let column = Column { name: "t".to_owned(), kind: ColumnType::Text };
        let mut batches = self.warehouse.query(sql.to_owned(), vec![column]).await.unwrap();
        let mut texts = Vec::new();
        while let Some(batch) = batches.next().await {
            let batch = batch.unwrap();
            let cells = Cells::new(batch.column(0).as_ref(), &batch.schema().fields()[0]).unwrap();
            for row in 0..batch.num_rows() {
                let Ok(Value::Text(text)) = cells.get(row) else { panic!("no text") };
                texts.push(text.to_owned());
            }
        }
        texts
    }

    /// The rows that the store has, by key text.
    async fn stored(&self) -> BTreeMap<Vec<u8>, Row> {
        let meta = self.writer.meta().await.unwrap().unwrap();
        let committed = meta.committed.unwrap();
        let mut rows = BTreeMap::new();
        for bucket in 0..committed.buckets {
            let key = self.keys.bucket(committed.buckets, bucket);
            let fields: Vec<(Vec<u8>, Vec<u8>)> =
                ::redis::cmd("HGETALL").arg(key).query_async(&mut self.connection.clone()).await.unwrap();
            assert!(fields.iter().any(|(name, _)| name.is_empty()), "bucket {bucket} has no control field");
            let is_row = |(name, _): &(Vec<u8>, Vec<u8>)| !name.is_empty();
            rows.extend(fields.into_iter().filter(is_row).map(|(key, row)| (key, Row::from_bytes(row.into()))));
        }
        rows
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        self.stored().await.into_keys().map(|key| String::from_utf8(key).unwrap()).collect()
    }

    /// Holds every row of the store against a plain SELECT.
    pub(crate) async fn is_equal(&self) {
        let table = self.warehouse.describe(&self.plan.entity.table).await.unwrap();
        let dialect = self.warehouse.dialect();
        let selected: Vec<String> = table.columns.iter().map(|column| dialect.selected(column)).collect();
        let sql = format!("SELECT {} FROM p", selected.join(", "));
        let mut batches = self.warehouse.query(sql, table.columns.clone()).await.unwrap();
        let mut expected = BTreeMap::new();
        while let Some(batch) = batches.next().await {
            let batch = batch.unwrap();
            let schema = batch.schema();
            let cells: Vec<Cells<'_>> = (0..batch.num_columns())
                .map(|at| Cells::new(batch.column(at).as_ref(), &schema.fields()[at]).unwrap())
                .collect();
            for row in 0..batch.num_rows() {
                let (mut key, mut built) = (Vec::new(), RowBuilder::default());
                weft_store::key::append_from_values(&table.columns[..1], &[cells[0].get(row).unwrap()], &mut key)
                    .unwrap();
                for cell in &cells {
                    let mut json = Vec::new();
                    cell.get(row).unwrap().append_json(&mut json);
                    built.push(&json);
                }
                expected.insert(key, built.finish());
            }
        }
        let stored = self.stored().await;
        assert_eq!(stored.len(), expected.len());
        assert!(stored == expected, "the store differs from the table");
    }

    pub(crate) async fn lose(&self, buckets: u32, bucket: u32) {
        let key = self.keys.bucket(buckets, bucket);
        let removed: u64 = ::redis::cmd("DEL").arg(key).query_async(&mut self.connection.clone()).await.unwrap();
        assert_eq!(removed, 1);
    }

    pub(crate) async fn lose_row(&self, key: &str) {
        let buckets = self.writer.meta().await.unwrap().unwrap().committed.unwrap().buckets;
        let bucket = self.keys.bucket(buckets, weft_store::redis::bucket_of(key.as_bytes(), buckets));
        let removed: u64 =
            ::redis::cmd("HDEL").arg(bucket).arg(key).query_async(&mut self.connection.clone()).await.unwrap();
        assert_eq!(removed, 1);
    }

    pub(crate) async fn flush(&self) {
        ::redis::cmd("FLUSHALL").exec_async(&mut self.connection.clone()).await.unwrap();
        let _ = self.redis.port;
    }

    pub(crate) async fn has_no_bucket(&self, buckets: u32, bucket: u32) -> bool {
        let key = self.keys.bucket(buckets, bucket);
        let there: u64 = ::redis::cmd("EXISTS").arg(key).query_async(&mut self.connection.clone()).await.unwrap();
        there == 0
    }
}

pub(crate) fn plan() -> SyncPlan {
    SyncPlan {
        version: PLAN_VERSION,
        owner: Owner { installation: "local".to_owned(), namespace: "shop".to_owned(), graph: "main".to_owned() },
        warehouse: WarehousePlan {
            name: "prod".to_owned(),
            connection: WarehouseConnection::Sqlite { path: "unused".to_owned(), bookkeeping: "unused".to_owned() },
            statement_timeout_seconds: 900,
            max_concurrent_syncs: 4,
        },
        store: RedisConnection { url: "redis://unused".to_owned(), user: None, ca: None },
        guard: GuardPlan { max_deleted_percent: 20, max_changed_percent: 80, min_rows: 100 },
        entity: EntityPlan {
            slug: "p".to_owned(),
            table: vec!["public".to_owned(), "p".to_owned()],
            primary_key: vec!["id".to_owned()],
            columns: None,
        },
    }
}
