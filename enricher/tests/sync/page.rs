//! What docs/sync.md says of a sync is so.

use weft_store::redis::{READER_PERMISSIONS, WRITER_PERMISSIONS};

const PAGE: &str = include_str!("../../../docs/sync.md");

#[test]
fn the_users_of_the_page_may_do_what_a_writer_and_a_reader_need_and_no_more() {
    let shown = |user: &str| {
        let line = PAGE.lines().find(|line| line.starts_with(&format!("ACL SETUSER {user} ")));
        line.and_then(|line| line.split_once(" >… ")).map(|(_, permissions)| permissions)
    };
    assert_eq!(shown("weft-writer"), Some(WRITER_PERMISSIONS));
    assert_eq!(shown("weft-reader"), Some(READER_PERMISSIONS));
}
