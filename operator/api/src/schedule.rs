use crate::violation::TextRule;

/// Five fields of cron, or the name of a usual schedule. Which values a field takes is checked where plans are made.
pub(crate) static SCHEDULE: TextRule = TextRule::new(
    r"^(@(hourly|daily|weekly|monthly|yearly)|([0-9A-Za-z*/,?-]+ +){4}[0-9A-Za-z*/,?-]+)$",
    "write five cron fields (minute, hour, day of month, month, day of week) such as */15 * * * *, or @hourly, @daily, @weekly, @monthly or @yearly",
);
/// The form of a name of the time zone database. Whether there is such a zone is checked where plans are made.
pub(crate) static TIME_ZONE: TextRule = TextRule::new(
    r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
    "write a name of the time zone database, such as Europe/Berlin or Etc/UTC",
);
