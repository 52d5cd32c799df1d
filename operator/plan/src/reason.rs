use std::fmt;

/// Declares [`Reason`] so that the documentation of each variant is also a text the program can print.
macro_rules! reasons {
    ($($(#[doc = $line:literal])+ $name:ident,)+) => {
        /// Why a resource is not as it should be. The spelling is part of the API: conditions, the command line and
        /// the documentation use it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $line])+ $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];

            /// The stable spelling.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name)),+ }
            }

            /// What the reason means and how to cure it, in Markdown; the lines of its documentation.
            pub fn explanation(self) -> &'static str {
                match self { $(Reason::$name => concat!($($line, "\n"),+)),+ }
            }
        }
    };
}

reasons! {
    /// The Warehouse that a DataGraph refers to does not exist in its namespace.
    ///
    /// Create it, or correct `spec.warehouseRef.name`. References never leave the namespace.
    UnknownWarehouse,
    /// The DataGraph that an Entity or EnrichmentMapping refers to does not exist in its namespace.
    ///
    /// Create it, or correct `spec.dataGraphRef.name`. References never leave the namespace.
    UnknownDataGraph,
    /// A rule looks up an entity that its DataGraph does not have.
    ///
    /// Entities are named by slug (`spec.slug`, else metadata.name). Correct the slug, create the Entity, or let its
    /// `spec.dataGraphRef` name the mapping's DataGraph.
    UnknownEntity,
    /// Two entities of one DataGraph have the same slug.
    ///
    /// In a cluster the older one stays valid and the newer is refused; from files neither is used. Give one of them
    /// another `spec.slug`.
    DuplicateSlug,
    /// An entity's slug is not made of lower case letters, digits, `-` and `_`, or is the reserved `profile`.
    ///
    /// Without `spec.slug` the slug is metadata.name, which may hold dots that a slug may not. Set `spec.slug`.
    InvalidSlug,
    /// An entity's `tableRef` is not 1 to 3 names separated by dots, or has another number of names than its kind of
    /// warehouse uses.
    ///
    /// SQLite takes 1 (`orders`), PostgreSQL 2 (`public.orders`). A name with a dot, a blank or a quote in it is quoted
    /// with `"` or back-ticks, doubled inside: `public."my.orders"`.
    InvalidTableRef,
    /// A column stands twice in an entity's `primaryKey` or `columns`.
    ///
    /// Remove one. The primary key is always copied and need not stand in `columns`.
    DuplicateColumn,
    /// A rule looks up an entity whose `enrichmentEnabled` is false, so that it is not copied to the store.
    ///
    /// Set `enrichmentEnabled: true` on the Entity, or remove it from the rule.
    EnrichmentNotEnabled,
    /// The columns of a rule's `match` are not exactly those of the entity's primary key, each once.
    ///
    /// A row can only be found by its whole key. Match every column of the Entity's `primaryKey` and no other.
    MatchNotPrimaryKey,
    /// An enrichment reads a column that is not copied: the Entity has `columns`, and it is not among them.
    ///
    /// Add the column to the Entity's `spec.columns`, or leave `columns` out to copy all.
    ColumnNotSynced,
    /// An enrichment reads from an alias that its rule does not have.
    ///
    /// Correct `from.as`, or add the alias to the rule's `entities`.
    UnknownAlias,
    /// Two entities of a rule have the same alias.
    ///
    /// Give one of them another `as`; an entity may be looked up under several aliases.
    DuplicateAlias,
    /// A row is looked up, but nothing is written from it and its absence changes nothing. A warning.
    ///
    /// Add an enrichment that reads it, remove it, or let `onMissing` be `Drop` or `DeadLetter` where it is meant as a
    /// filter.
    UnusedAlias,
    /// Two rules of a mapping have the same name.
    ///
    /// Names stand in metrics and dead letters; give one of them another.
    DuplicateRule,
    /// A path is not written as RFC 9535 writes one that leads to a single place.
    ///
    /// A path starts with `$`, the event: `$.properties.product_id`, `$.properties['product id']`,
    /// `$.properties.products[0].sku`.
    InvalidPath,
    /// An enrichment's `to` is a path that cannot be written to: it holds an array index, or is the whole event.
    ///
    /// Write to member names only, such as `$.properties.product_name`.
    NotWritable,
    /// Two enrichments of a rule write to the same path, or one inside the other's.
    ///
    /// What the event holds in the end would depend on their order. Give one of them another `to`.
    ConflictingPaths,
    /// An enrichment writes to the event's consent (`$.context.consent`) or to what contains it.
    ///
    /// Consent is what the user was asked; no table may change it. Write elsewhere.
    ConsentIsReadOnly,
    /// An enrichment has both `default` and `ifMissing`.
    ///
    /// `default` writes a value when there is no row, `ifMissing` says what else to do. Keep one.
    ConflictingFallbacks,
    /// A rule's `when` is no condition in the filter query language.
    ///
    /// A condition compares fields of the event, written from its top without `$`, as in
    /// `type = "track" and properties.total >= 10`. The message marks the place.
    InvalidCondition,
    /// A field that the schema would have refused: it is missing, or its value has no meaning.
    ///
    /// The message says what to write. An API server refuses such an object; `weft validate` shows the whole of it.
    InvalidSpec,
    /// The plan made from the resource is larger than a ConfigMap can hold.
    ///
    /// Split the mapping in two (fewer rules, shorter defaults), each with a consumer group of its own.
    PlanTooLarge,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_what_it_means_and_then_how_to_cure_it() {
        for reason in Reason::ALL {
            let (meaning, cure) = reason.explanation().trim().split_once("\n\n").unwrap_or_default();
            assert!(!meaning.is_empty() && !cure.is_empty(), "{reason}");
        }
    }
}
