//! The meta: what the store holds of an entity, in the hash `weft:<namespace>/<graph>/<slug>:meta`.
//!
//! | field | meaning |
//! |---|---|
//! | `layout` | the version of the format, a number; readers and writers accept the newest they know and the one before |
//! | `owner` | `<installation>/<namespace>/<graph>`: nobody else may write |
//! | `token` | the newest run that took the meta; every script of an older one is refused |
//! | `run` | the committed run, 0 before the first; a bucket answers only if its run is not older |
//! | `buckets` | the number of buckets of the committed run, a power of two |
//! | `entity` | key and columns of its rows: [`EntityMeta`] as JSON |
//! | `snapshotTime` | when its rows were read from the table, Unix seconds |
//! | `verifiedTime` | when the run's rows were last found unchanged in the table, Unix seconds; absent if never |
//! | `applying`, `applyingBuckets`, `applyingEntity`, `applyingSnapshotTime` | the same of the run whose rows are being written, absent if none; no other run may write a bucket |
//! | `sets` | the numbers of buckets of which there may be buckets, separated by commas |

use std::collections::HashMap;

use super::{LAYOUT, OLDEST_LAYOUT};
use crate::EntityMeta;

/// What the store says of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Whose the entity is: `<installation>/<namespace>/<graph>`.
    pub owner: String,
    /// The newest run that took the meta.
    pub token: u64,
    /// What readers are told; `None` before the first run is committed.
    pub committed: Option<Snapshot>,
    /// What is being written, if a run is at it or was killed at it.
    pub applying: Option<Snapshot>,
    /// When the committed rows were last found unchanged in the table, Unix seconds.
    pub verified_time: Option<u64>,
    /// The numbers of buckets of which there may be buckets: those in use, and those to be unlinked.
    pub sets: Vec<u32>,
}

/// The rows of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The run.
    pub run: u64,
    /// The number of its buckets, a power of two.
    pub buckets: u32,
    /// The key and the columns of its rows.
    pub entity: EntityMeta,
    /// When the rows were read from the table, Unix seconds.
    pub snapshot_time: u64,
}

/// Why a meta cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is of a layout that is not known here; 0 if it says none.
    Layout(u32),
    /// A field is missing or is not what it should be.
    Field(&'static str),
}

impl Meta {
    /// Reads what `HGETALL` answered; `None` if there is no meta.
    pub(super) fn parse(fields: &HashMap<String, Vec<u8>>) -> Result<Option<Self>, Unreadable> {
        if fields.is_empty() {
            return Ok(None);
        }
        let fields = Fields(fields);
        let layout = fields.number("layout").unwrap_or_default();
        if !(OLDEST_LAYOUT..=LAYOUT).contains(&layout) {
            return Err(Unreadable::Layout(layout));
        }
        let committed = match fields.required("run")? {
            0 => None,
            run => Some(fields.snapshot(run, "buckets", "entity", "snapshotTime")?),
        };
        let applying = match fields.number("applying") {
            None => None,
            Some(run) => Some(fields.snapshot(run, "applyingBuckets", "applyingEntity", "applyingSnapshotTime")?),
        };
        let sets = fields.text("sets").unwrap_or_default().split(',').filter_map(|set| set.parse().ok()).collect();
        Ok(Some(Self {
            owner: fields.text("owner").ok_or(Unreadable::Field("owner"))?.to_owned(),
            token: fields.required("token")?,
            committed,
            applying,
            verified_time: fields.number("verifiedTime"),
            sets,
        }))
    }

    /// When the committed rows were last known to be those of the table, Unix seconds; `None` before the first run.
    pub fn fresh_at(&self) -> Option<u64> {
        let committed = self.committed.as_ref()?;
        Some(committed.snapshot_time.max(self.verified_time.unwrap_or_default()))
    }
}

struct Fields<'a>(&'a HashMap<String, Vec<u8>>);

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.0.get(name)?).ok()
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.text(name)?.parse().ok()
    }

    fn required<N: std::str::FromStr>(&self, name: &'static str) -> Result<N, Unreadable> {
        self.number(name).ok_or(Unreadable::Field(name))
    }

    fn snapshot(
        &self,
        run: u64,
        buckets: &'static str,
        entity: &'static str,
        time: &'static str,
    ) -> Result<Snapshot, Unreadable> {
        let number = self.required::<u32>(buckets)?;
        let read = self.text(entity).and_then(|text| serde_json::from_str(text).ok());
        Ok(Snapshot {
            run,
            buckets: Some(number).filter(|number| number.is_power_of_two()).ok_or(Unreadable::Field(buckets))?,
            entity: read.ok_or(Unreadable::Field(entity))?,
            snapshot_time: self.required(time)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&str, &str)]) -> HashMap<String, Vec<u8>> {
        fields.iter().map(|&(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
    }

    const TAKEN: [(&str, &str); 4] = [("layout", "1"), ("owner", "local/shop/main"), ("token", "7"), ("run", "0")];

    #[test]
    fn a_meta_that_was_only_taken_has_no_snapshot() {
        let meta = Meta::parse(&fields(&TAKEN)).unwrap().unwrap();
        assert_eq!((meta.token, meta.committed.clone(), meta.applying.clone()), (7, None, None));
        assert_eq!(meta.fresh_at(), None);
    }

    #[test]
    fn what_is_not_a_meta_of_a_known_layout_is_refused_and_names_the_field() {
        assert_eq!(Meta::parse(&fields(&[])), Ok(None));
        for (name, value, wanted) in [
            ("layout", "2", Unreadable::Layout(2)),
            ("layout", "new", Unreadable::Layout(0)),
            ("owner", "", Unreadable::Field("buckets")),
            ("buckets", "3", Unreadable::Field("buckets")),
            ("buckets", "4", Unreadable::Field("entity")),
        ] {
            let mut fields = fields(&TAKEN);
            fields.insert("run".to_owned(), b"3".to_vec());
            fields.insert(name.to_owned(), value.as_bytes().to_vec());
            assert_eq!(Meta::parse(&fields), Err(wanted), "{name}={value}");
        }
    }
}
