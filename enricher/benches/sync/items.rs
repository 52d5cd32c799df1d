//! A table of twelve columns, with rows of about 250 bytes.

use crate::world::World;

/// Makes the table, with the rows `1..=rows`.
pub(crate) async fn fill(world: &World, rows: u64) {
    world
        .execute(
            "CREATE TABLE item (id bigint PRIMARY KEY, sku text, name text, description text, brand text, category text,
             price numeric(12, 2), stock integer, weight double precision, active boolean, created timestamptz, day date)",
        )
        .await;
    world
        .execute(&format!(
            "INSERT INTO item SELECT id, 'sku-' || id, 'Item number ' || id, md5(id::text),
             'brand ' || id % 1000, 'category ' || id % 100, id % 100000 / 100.0, id % 5000, id / 7.0, id % 3 = 0,
             '2026-01-01 00:00:00+00'::timestamptz + id * interval '1 second', '2026-01-01'::date + (id % 1000)::int
             FROM generate_series(1, {rows}) AS id"
        ))
        .await;
    world.execute("VACUUM ANALYZE item").await;
}

/// How long a row is as JSON.
pub(crate) async fn json_bytes(world: &World) -> f64 {
    let rows = world.query("SELECT avg(length(row_to_json(item)::text)) FROM item").await;
    rows[0].get(0).unwrap().parse().unwrap()
}

/// Changes so many rows all over the table, and removes so many others.
pub(crate) async fn change(world: &World, changed: u64, deleted: u64) {
    let some = |count: u64| format!("id IN (SELECT id FROM item ORDER BY md5((id * 7)::text) LIMIT {count})");
    if changed > 0 {
        world.execute(&format!("UPDATE item SET stock = stock + 1 WHERE {}", some(changed))).await;
    }
    if deleted > 0 {
        world.execute(&format!("DELETE FROM item WHERE {}", some(deleted))).await;
    }
    world.execute("VACUUM item").await;
}
