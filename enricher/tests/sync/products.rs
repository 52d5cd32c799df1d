//! A table of products, and what happens to it.

use crate::world::World;

/// Rows `1..=rows` of the columns that most tables have.
pub(crate) fn table(rows: u64) -> Vec<String> {
    vec![
        "CREATE TABLE product (id bigint PRIMARY KEY, name text NOT NULL, price numeric(12, 2), \
         changed timestamptz DEFAULT '2026-01-01 00:00:00.5+00')"
            .to_owned(),
        insert(1, rows),
    ]
}

/// The statement that adds the rows `first..=last`.
pub(crate) fn insert(first: u64, last: u64) -> String {
    format!(
        "INSERT INTO product (id, name, price) SELECT id, 'name ' || id, id * 1.25 FROM generate_series({first}, \
         {last}) AS id"
    )
}

/// A world with the rows `1..=rows`, of which nothing was copied yet.
pub(crate) async fn world(rows: u64) -> World {
    let statements = table(rows);
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    World::new(&statements).await
}

/// Changes rows of a case before a run that is killed at them: four are updated, one is deleted, one is added.
pub(crate) async fn change(world: &World, case: u64) {
    let first = first_row(case);
    world
        .execute(&format!(
            "UPDATE product SET name = 'killed {case}', price = 0.5 WHERE id BETWEEN {first} AND {first} + 3;
             DELETE FROM product WHERE id = {first} + 4; {}",
            insert(1_000_000 + case, 1_000_000 + case)
        ))
        .await;
}

/// What happens to these rows between the killed run and the next one: the first stays, the second is as it was before,
/// the third is gone, the fourth has another key, the deleted one is back, and the added one is gone.
pub(crate) async fn change_again(world: &World, case: u64) {
    let first = first_row(case);
    world
        .execute(&format!(
            "UPDATE product SET name = 'name ' || id, price = id * 1.25 WHERE id = {first} + 1;
             DELETE FROM product WHERE id IN ({first} + 2, 1000000 + {case});
             UPDATE product SET id = 2000000 + {case} WHERE id = {first} + 3;
             INSERT INTO product (id, name) VALUES ({first} + 4, 'back')"
        ))
        .await;
}

/// Makes the rows of a case what they were before it.
pub(crate) async fn restore(world: &World, case: u64) {
    let first = first_row(case);
    world
        .execute(&format!(
            "DELETE FROM product WHERE id IN (1000000 + {case}, 2000000 + {case}) OR id BETWEEN {first} AND {first} + 4; {}",
            insert(first, first + 4)
        ))
        .await;
}

fn first_row(case: u64) -> u64 {
    1 + case % 100 * 5
}
