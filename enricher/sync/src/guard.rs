//! Whether what was found may be applied without asking a person.

use weft_plan_types::{GuardPlan, HoldReason};

use crate::counts::Counts;
use crate::header::StageHeader;

/// The first reason to hold a stage, if there is one.
pub(crate) fn verdict(guard: &GuardPlan, header: &StageHeader, counts: &Counts) -> Option<HoldReason> {
    let exceeds = |rows: u64, of: u64, percent: u32| {
        of >= guard.min_rows && u128::from(rows) * 100 > u128::from(of) * u128::from(percent)
    };
    let (base, stored) = (header.base_rows, header.stored_rows);
    let total = counts.total(base);
    // What the store has may be another snapshot's than the base, or that of one that is lost: readers miss its rows.
    let missed = stored.saturating_sub(total);
    if header.retyped_from.is_some() {
        Some(HoldReason::HeldKeyType)
    } else if total == 0 && (base > 0 || stored > 0 || header.is_base_lost) {
        Some(HoldReason::HeldEmptySource)
    } else if exceeds(counts.removed(), base, guard.max_deleted_percent)
        || exceeds(missed, stored, guard.max_deleted_percent)
    {
        Some(HoldReason::HeldMassDeletion)
    } else if header.comparable && exceeds(counts.changed, base, guard.max_changed_percent) {
        Some(HoldReason::HeldMassChange)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use weft_store::EntityMeta;

    use super::*;
    use crate::header::{Rebuild, VERSION};

    const GUARD: GuardPlan = GuardPlan { max_deleted_percent: 20, max_changed_percent: 80, min_rows: 100 };

    fn header(base_rows: u64) -> StageHeader {
        StageHeader {
            version: VERSION,
            hash_version: 1,
            base: Some(1),
            base_rows,
            comparable: true,
            stored_rows: base_rows,
            is_base_lost: false,
            buckets: None,
            rebuild: Rebuild::of([]),
            entity: EntityMeta { key: Vec::new(), columns: Vec::new() },
            retyped_from: None,
            time: 0,
        }
    }

    fn counts(changed: u64, removed: u64) -> Counts {
        Counts { changed, removed, ..Counts::default() }
    }

    #[test]
    fn a_part_that_is_just_allowed_passes_and_one_row_more_is_held() {
        assert_eq!(verdict(&GUARD, &header(1000), &counts(800, 200)), None);
        assert_eq!(verdict(&GUARD, &header(1000), &counts(0, 201)), Some(HoldReason::HeldMassDeletion));
        assert_eq!(verdict(&GUARD, &header(1000), &counts(801, 0)), Some(HoldReason::HeldMassChange));
    }

    #[test]
    fn a_small_table_may_change_as_it_likes_but_not_become_empty() {
        assert_eq!(verdict(&GUARD, &header(99), &counts(0, 98)), None);
        assert_eq!(verdict(&GUARD, &header(99), &counts(0, 99)), Some(HoldReason::HeldEmptySource));
        let never_filled = StageHeader { base: None, ..header(0) };
        assert_eq!(verdict(&GUARD, &never_filled, &counts(0, 0)), None);
        let lost = StageHeader { is_base_lost: true, ..never_filled };
        assert_eq!(verdict(&GUARD, &lost, &counts(0, 0)), Some(HoldReason::HeldEmptySource));
    }

    #[test]
    fn rows_that_the_store_has_and_the_base_has_not_are_missed_too() {
        let lost = StageHeader { base: None, stored_rows: 1000, is_base_lost: true, ..header(0) };
        let found = |added| Counts { added, ..Counts::default() };
        assert_eq!(verdict(&GUARD, &lost, &found(800)), None);
        assert_eq!(verdict(&GUARD, &lost, &found(799)), Some(HoldReason::HeldMassDeletion));
        let of_another_key = StageHeader { base: Some(1), stored_rows: 1000, ..header(0) };
        assert_eq!(verdict(&GUARD, &of_another_key, &counts(0, 0)), Some(HoldReason::HeldEmptySource));
    }

    #[test]
    fn rows_that_differ_because_columns_were_added_are_no_mass_change() {
        let header = StageHeader { comparable: false, ..header(1000) };
        assert_eq!(verdict(&GUARD, &header, &counts(1000, 0)), None);
    }
}
