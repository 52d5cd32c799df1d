//! The rules that hold for the metadata of every kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::violation::{CelRule, Violations};

/// Labels and the names of children are made from the name.
pub(crate) const NAME_LENGTH: CelRule =
    CelRule::new("size(self.metadata.name) <= 63", "metadata.name is too long: use at most 63 characters");

pub(crate) fn check(metadata: &ObjectMeta, found: &mut Violations) {
    let short = metadata.name.as_ref().is_none_or(|name| name.chars().count() <= 63);
    found.unless(short, "", NAME_LENGTH);
}
