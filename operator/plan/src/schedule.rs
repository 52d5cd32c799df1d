//! When tables are copied: five fields of cron in a time zone.

use weft_api::{DataGraph, Entity};

use crate::Reason;
use crate::catalog::Catalog;
use crate::diagnostic::Report;

/// What the names of usual schedules stand for, as Kubernetes reads them.
const NAMED: [(&str, &str); 5] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
];

/// The time zone that is known without a time zone database too.
const ANY_ZONE: &str = "UTC";

/// A schedule in its time zone.
#[derive(Clone, Debug)]
pub struct Schedule(cronexpr::Crontab);

impl Schedule {
    /// Reads five fields of cron or a name such as `@hourly`, and the name of a time zone; `None` if either is none.
    pub fn parse(schedule: &str, time_zone: &str) -> Option<Self> {
        let named = NAMED.iter().find(|(name, _)| *name == schedule).map(|(_, fields)| *fields);
        // Kubernetes reads a question mark as a star.
        let fields = named.unwrap_or(schedule).replace('?', "*");
        cronexpr::parse_crontab(&format!("{fields} {time_zone}")).ok().map(Self)
    }

    /// The first time of the schedule after a time, both in Unix seconds; `None` if there is none.
    pub fn next_after(&self, seconds: i64) -> Option<i64> {
        let start = cronexpr::MakeTimestamp::from_second(seconds).ok()?;
        Some(self.0.find_next(start).ok()?.timestamp().as_second())
    }
}

/// The schedule and the time zone of a graph can be kept.
pub(crate) fn of_graph_is_sound(graph: &DataGraph, _: &Catalog<'_>, report: &mut Report<'_>) {
    let sync = &graph.spec.sync;
    check("spec.sync.schedule", &sync.schedule, report);
    if Schedule::parse("@hourly", &sync.time_zone).is_none() {
        let message = format!("there is no time zone `{}`", sync.time_zone);
        let help = "write a name of the time zone database, such as Europe/Berlin or Etc/UTC";
        report.error(Reason::InvalidSchedule, "spec.sync.timeZone", message, help);
    }
}

/// The schedule of an entity can be kept.
pub(crate) fn of_entity_is_sound(entity: &Entity, _: &Catalog<'_>, report: &mut Report<'_>) {
    if let Some(schedule) = &entity.spec.schedule {
        check("spec.schedule", schedule, report);
    }
}

fn check(field: &'static str, schedule: &str, report: &mut Report<'_>) {
    let never = Schedule::parse(schedule, ANY_ZONE).is_none_or(|schedule| schedule.next_after(0).is_none());
    if never {
        let message = format!("the schedule `{schedule}` names no time");
        let help = "write minute, hour, day of month, month and day of week, such as */15 * * * *, or @hourly";
        report.error(Reason::InvalidSchedule, field, message, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-29T00:30:00Z; in Berlin the clock goes from 2:00 to 3:00 half an hour later.
    const BEFORE_SUMMER: i64 = 1_774_744_200;

    fn next(schedule: &str, zone: &str) -> Option<i64> {
        Schedule::parse(schedule, zone)?.next_after(BEFORE_SUMMER).map(|next| next - BEFORE_SUMMER)
    }

    #[test]
    fn the_next_time_is_that_of_the_zones_clock() {
        assert_eq!(next("@hourly", "Etc/UTC"), Some(1800));
        assert_eq!(next("*/15 * * * *", "Etc/UTC"), Some(900));
        assert_eq!(next("0 4 * * *", "Europe/Berlin"), Some(90 * 60));
        assert_eq!(next("0 0 ? * MON", "Etc/UTC"), Some(23 * 3600 + 1800));
        for (name, _) in NAMED {
            assert!(next(name, "Etc/UTC").is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_no_schedule_or_no_zone_is_refused() {
        for (schedule, zone) in [("61 * * * *", "Etc/UTC"), ("@often", "Etc/UTC"), ("@hourly", "Europe/Atlantis")] {
            assert!(Schedule::parse(schedule, zone).is_none(), "{schedule} {zone}");
        }
    }
}
