//! The statements of a sync, in the SQL that all warehouses share.
//!
//! A stage has the columns `op`, `o` (the MD5 of the key text), `k` (the key text), `h` (the row hash), `was` (whether
//! the base has the key), `n` (how many rows it stands for), `note`, then `c0`, `c1`, …: the entity's columns. A
//! snapshot has `k`, `h`, `note`. In both, `note` is NULL but in the one row that is the header, whose `k` is NULL.
//! (`k IS NOT NULL` passes over it: PostgreSQL, which knows nothing of a table this new, guesses that most rows pass.)

use weft_store::{Column, ColumnType, EntityMeta};
use weft_warehouse::{Dialect, MAX_ROW_BYTES};

use crate::header::Rebuild;
use crate::names::{Kind, Names};

/// So many rows without a key are kept in a stage to show; the others are only counted.
const SHOWN: usize = 20;

/// Beyond so many buckets to be filled anew the list takes longer than filling all.
const LISTED_BUCKETS: usize = 32_768;

/// The rows that go into the store.
const KEPT_OPS: &str = "('added', 'changed', 'same')";

/// What there is to read, and how it is spelled.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) dialect: &'a dyn Dialect,
    pub(crate) names: &'a Names,
    /// The table, as the warehouse spells it.
    pub(crate) table: &'a [String],
    pub(crate) entity: &'a EntityMeta,
    /// The key text of a row, in SQL.
    pub(crate) key_text: &'a str,
    /// The warehouse sees to it that no two rows share a key.
    pub(crate) is_key_enforced: bool,
}

/// What a table is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparison<'a> {
    pub(crate) base: Option<u64>,
    pub(crate) buckets: Option<u32>,
    pub(crate) rebuild: &'a Rebuild,
}

/// The name of the column at a position in a stage.
pub(crate) fn stage_column(position: usize) -> String {
    format!("c{position}")
}

impl Source<'_> {
    fn named(&self, kind: Kind, run: u64) -> String {
        self.dialect.state_table(&self.names.table(kind, run))
    }

    /// Takes the number of a run: only one can create the table.
    pub(crate) fn claim(&self, run: u64) -> String {
        format!("CREATE TABLE {} (note char(1))", self.named(Kind::Claim, run))
    }

    /// Removes a table.
    pub(crate) fn drop(&self, kind: Kind, run: u64) -> String {
        self.dialect.drop_state(&self.names.table(kind, run))
    }

    /// The names of the entity's tables.
    pub(crate) fn tables(&self) -> String {
        self.dialect.state_tables(self.names.prefix())
    }

    /// What a stage or a snapshot says of itself.
    pub(crate) fn header(&self, kind: Kind, run: u64) -> String {
        header(self.dialect, &self.names.table(kind, run))
    }

    /// Writes the stage of a run.
    pub(crate) fn stage(&self, run: u64, header: &str, comparison: Comparison<'_>) -> String {
        let nulls: String =
            (0..self.entity.columns.len()).map(|at| format!(", NULL AS {}", stage_column(at))).collect();
        format!(
            "CREATE TABLE {} AS SELECT 'header' AS op, NULL AS o, NULL AS k, NULL AS h, NULL AS was, NULL AS n, {} AS \
             note{nulls} UNION ALL {}",
            self.named(Kind::Stage, run),
            self.dialect.literal(header),
            self.difference(comparison)
        )
    }

    /// Counts what a stage would hold, without writing it.
    pub(crate) fn difference_counts(&self, comparison: Comparison<'_>) -> String {
        format!("SELECT op, was, count(*), sum(n) FROM ({}) stage GROUP BY op, was", self.difference(comparison))
    }

    /// Counts what a stage holds.
    pub(crate) fn stage_counts(&self, run: u64) -> String {
        let stage = self.named(Kind::Stage, run);
        format!("SELECT op, was, count(*), sum(n) FROM {stage} WHERE op <> 'header' GROUP BY op, was")
    }

    /// The rows that differ from the base or are in a bucket to be filled anew, and those that cannot be used.
    fn difference(&self, comparison: Comparison<'_>) -> String {
        let Comparison { base, .. } = comparison;
        let (key, was) = match base {
            Some(_) => ("coalesce(s.k, b.k)", "b.k IS NOT NULL"),
            None => ("s.k", "1 = 0"),
        };
        let (op, order) = (self.op(base.is_some()), self.dialect.key_order(key));
        let columns: String = (0..self.entity.columns.len()).map(|at| format!(", s.{}", stage_column(at))).collect();
        let selected = format!(
            "{op} AS op, {order} AS o, {key} AS k, s.h AS h, {was} AS was, CASE WHEN s.k IS NULL AND s.i > 1 THEN 0 \
             ELSE coalesce(s.n, 1) END AS n, NULL AS note{columns}"
        );
        let filter = self.filter(comparison, &order);
        match base {
            Some(base) => {
                let base = format!("SELECT k, h FROM {} WHERE k IS NOT NULL", self.named(Kind::Snapshot, base));
                self.dialect.full_join(&selected, &self.rows(), &base, &filter)
            }
            None => format!("SELECT {selected} FROM ({}) s WHERE {filter}", self.rows()),
        }
    }

    /// The table's rows with key text, hash, size, and how many share the key.
    fn rows(&self) -> String {
        let Self { dialect, key_text, .. } = self;
        let columns = || self.entity.columns.iter().enumerate();
        let named: String = columns()
            .map(|(at, column)| format!(", {} AS {}", dialect.quoted(&column.name), stage_column(at)))
            .collect();
        let names: String = columns().map(|(at, _)| format!(", {}", stage_column(at))).collect();
        let (shared, window) = if self.is_key_enforced {
            ("1 AS n, 1 AS i".to_owned(), String::new())
        } else {
            let window = format!(" WINDOW w AS (PARTITION BY {key_text}, {})", self.is_null_key(&str::to_owned));
            ("count(*) OVER w AS n, row_number() OVER w AS i".to_owned(), window)
        };
        let text = dialect.row_text(&self.entity.columns);
        // Each level is fenced, so that a text is made once, and is gone before rows are joined.
        let fence = dialect.fence();
        format!(
            "SELECT k, {} AS h, {} AS z, n, i{names} FROM (SELECT {key_text} AS k, {text} AS t, {shared}{named} FROM \
             {}{window} {fence}) texts {fence}",
            dialect.row_hash("t"),
            dialect.row_bytes("t"),
            dialect.table(self.table),
        )
    }

    /// Whether a row has no key at all, rather than one that cannot be used.
    fn is_null_key(&self, spelled: &dyn Fn(&str) -> String) -> String {
        let test = |column: &Column| {
            let column = Column { name: spelled(&column.name), kind: column.kind };
            let is_null = format!("{} IS NULL", self.dialect.quoted(&column.name));
            let part = self.dialect.key_part(&column);
            part.map_or(is_null.clone(), |part| format!("{is_null} OR {part} = ''"))
        };
        let tests: Vec<String> = self.entity.key.iter().map(test).collect();
        format!("({})", tests.join(" OR "))
    }

    fn op(&self, has_base: bool) -> String {
        let staged = |name: &str| {
            let at = self.entity.columns.iter().position(|column| column.name == name).unwrap_or_default();
            stage_column(at)
        };
        let is_null_key = self.is_null_key(&staged);
        let (no_key, removed, compared) = if has_base {
            (
                "s.k IS NULL AND b.k IS NULL",
                "WHEN s.n IS NULL THEN 'removed' ",
                "WHEN b.k IS NULL THEN 'added' WHEN s.h IS DISTINCT FROM b.h THEN 'changed' ELSE 'same'",
            )
        } else {
            ("s.k IS NULL", "", "ELSE 'added'")
        };
        format!(
            "CASE WHEN {no_key} THEN CASE WHEN {is_null_key} THEN 'null_key' ELSE 'bad_key' END {removed}WHEN s.n > 1 \
             THEN 'duplicate' WHEN s.h IS NULL THEN 'not_utf8' WHEN s.z > {MAX_ROW_BYTES} THEN 'too_large' {compared} END"
        )
    }

    fn filter(&self, comparison: Comparison<'_>, order: &str) -> String {
        let Comparison { base, buckets, rebuild } = comparison;
        // Of rows that share a key one is enough; of rows without a key, some to show.
        let one_each = format!("(s.i = 1 OR s.k IS NULL AND s.i <= {SHOWN})");
        if base.is_none() {
            return one_each;
        }
        let one_each = format!("(s.n IS NULL OR {one_each})");
        if *rebuild == Rebuild::All {
            return one_each;
        }
        let differs = "s.n IS NULL OR b.k IS NULL OR s.n > 1 OR s.h IS DISTINCT FROM b.h";
        let rebuilt = match rebuild {
            Rebuild::Ranges(ranges) if !ranges.is_empty() => {
                let bucket = self.dialect.bucket(order, buckets.unwrap_or(1));
                let listed: Vec<String> =
                    ranges.iter().flat_map(|&(first, last)| first..=last).map(|bucket| bucket.to_string()).collect();
                format!(" OR {bucket} IN ({})", listed.join(", "))
            }
            _ => String::new(),
        };
        format!("({differs}{rebuilt}) AND {one_each}")
    }

    /// Keys and hashes of the rows that the store is going to hold, from what no run changes.
    pub(crate) fn snapshot(&self, run: u64, base: Option<u64>, header: &str) -> String {
        let stage = self.named(Kind::Stage, run);
        let kept = base.map_or(String::new(), |base| {
            format!(
                " UNION ALL SELECT b.k, b.h, NULL FROM {} b LEFT JOIN (SELECT k FROM {stage} WHERE k IS NOT NULL) s ON s.k \
                 = b.k WHERE b.k IS NOT NULL AND s.k IS NULL",
                self.named(Kind::Snapshot, base)
            )
        });
        format!(
            "CREATE TABLE {} AS SELECT NULL AS k, NULL AS h, {} AS note{kept} UNION ALL SELECT s.k, s.h, NULL FROM \
             {stage} s WHERE s.op IN {KEPT_OPS}",
            self.named(Kind::Snapshot, run),
            self.dialect.literal(header)
        )
    }

    /// The keys of a stage's rows that go into the store: the warehouse's text, then the key's columns.
    pub(crate) fn keys(&self, run: u64) -> (String, Vec<Column>) {
        let key = self.staged(|column| self.entity.key.contains(column));
        let selected: String = key.iter().map(|column| format!(", {}", self.dialect.selected(column))).collect();
        let sql = format!("SELECT k{selected} FROM {} WHERE op IN {KEPT_OPS}", self.named(Kind::Stage, run));
        (sql, [vec![text("k")], key].concat())
    }

    /// Rows of a stage that cannot be used: why, how many there are of it, and the key's columns.
    pub(crate) fn rejected(&self, run: u64, limit: usize) -> (String, Vec<Column>) {
        let key = self.staged(|column| self.entity.key.contains(column));
        let selected: String = key.iter().map(|column| format!(", {}", self.dialect.selected(column))).collect();
        let sql = format!(
            "SELECT op{selected} FROM {} WHERE op NOT IN ('header', 'removed', 'added', 'changed', 'same') LIMIT {limit}",
            self.named(Kind::Stage, run)
        );
        (sql, [vec![text("op")], key].concat())
    }

    /// A stage's changes in the order of buckets, from the one that begins with this MD5: what to do, the key text, and
    /// the columns.
    pub(crate) fn changes(&self, run: u64, from: Option<&str>) -> (String, Vec<Column>) {
        let all = self.staged(|_| true);
        let selected: String = all.iter().map(|column| format!(", {}", self.dialect.selected(column))).collect();
        let from = from.map_or(String::new(), |hex| format!(" AND o >= {}", self.dialect.order_literal(hex)));
        let sql = format!(
            "SELECT op, k{selected} FROM {} WHERE k IS NOT NULL{from} ORDER BY o",
            self.named(Kind::Stage, run)
        );
        (sql, [vec![text("op"), text("k")], all].concat())
    }

    /// The buckets of a snapshot's keys, and how many keys each has.
    pub(crate) fn bucket_counts(&self, run: u64, buckets: u32) -> (String, Vec<Column>) {
        let number = self.dialect.bucket(&self.dialect.key_order("k"), buckets);
        let snapshot = self.named(Kind::Snapshot, run);
        let sql = format!("SELECT {number} AS bucket, count(*) FROM {snapshot} WHERE k IS NOT NULL GROUP BY bucket");
        let column = |name: &str| Column { name: name.to_owned(), kind: ColumnType::Integer };
        (sql, vec![column("bucket"), column("keys")])
    }

    /// The entity's columns as a stage names them.
    fn staged(&self, wanted: impl Fn(&Column) -> bool) -> Vec<Column> {
        let named = |(at, column): (usize, &Column)| Column { name: stage_column(at), kind: column.kind };
        self.entity.columns.iter().enumerate().filter(|(_, column)| wanted(column)).map(named).collect()
    }
}

/// What the table of this name in bookkeeping says of itself.
pub(crate) fn header(dialect: &dyn Dialect, table: &str) -> String {
    format!("SELECT note FROM {} WHERE note IS NOT NULL", dialect.state_table(table))
}

/// The list of buckets that a statement is to fill anew; all of them where the list would be too long.
pub(crate) fn listable(rebuild: Rebuild) -> Rebuild {
    match &rebuild {
        Rebuild::Ranges(ranges)
            if ranges.iter().map(|(first, last)| (last - first) as usize + 1).sum::<usize>() > LISTED_BUCKETS =>
        {
            Rebuild::All
        }
        _ => rebuild,
    }
}

/// The lowest MD5, in hexadecimal digits, of the keys in a bucket; see [`weft_store::redis::bucket_of`].
pub(crate) fn first_order(bucket: u32, buckets: u32) -> String {
    let leading = u64::from(bucket) << (u32::BITS - buckets.trailing_zeros());
    format!("{leading:08x}{}", "0".repeat(24))
}

/// A column of texts.
pub(crate) fn text(name: &str) -> Column {
    Column { name: name.to_owned(), kind: ColumnType::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_begins_at_its_leading_bits() {
        assert_eq!(first_order(0, 1), "0".repeat(32));
        assert_eq!(first_order(1, 2), format!("8{}", "0".repeat(31)));
        assert_eq!(first_order(0xabc, 4096), format!("abc{}", "0".repeat(29)));
    }

    #[test]
    fn a_list_of_buckets_that_is_too_long_becomes_all_of_them() {
        assert_eq!(listable(Rebuild::Ranges(vec![(0, 40_000)])), Rebuild::All);
        assert_eq!(listable(Rebuild::Ranges(vec![(0, 9)])), Rebuild::Ranges(vec![(0, 9)]));
    }
}
