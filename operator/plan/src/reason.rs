//! Why an object is not as it should be, as far as objects alone tell.

use weft_plan_types::reasons;

reasons! {
    /// Why a resource is not as it should be. The spelling is part of the API: conditions, the command line and the
    /// documentation use it.
    pub enum Reason {
        /// The Warehouse that a DataGraph refers to does not exist in its namespace.
        ///
        /// Create it, or correct `spec.warehouseRef.name`. References never leave the namespace.
        UnknownWarehouse,
        /// The DataGraph that an Entity or EnrichmentMapping refers to does not exist in its namespace.
        ///
        /// Create it, or correct `spec.dataGraphRef.name`. References never leave the namespace.
        UnknownDataGraph,
        /// A rule looks up, or a relationship joins, an entity that the DataGraph does not have.
        ///
        /// Entities are named by slug (`spec.slug`, else metadata.name). Correct the slug, create the Entity, or let its
        /// `spec.dataGraphRef` name the DataGraph.
        UnknownEntity,
        /// Two entities, or two relationships, of one DataGraph have the same slug.
        ///
        /// In a cluster the older of two entities stays valid and the newer is refused; from files neither is used, as of two
        /// relationships. Give one of them another `slug`.
        DuplicateSlug,
        /// A slug is not made of lower case letters, digits, `-` and `_`, or is the reserved `profile`.
        ///
        /// Without `spec.slug` an entity's slug is metadata.name, which may hold dots that a slug may not. Set `spec.slug`.
        InvalidSlug,
        /// An entity's `tableRef` is not 1 to 3 names separated by dots, or has another number of names than its kind of
        /// warehouse uses.
        ///
        /// SQLite takes 1 (`orders`), PostgreSQL 2 (`public.orders`). A name with a dot, a blank or a quote in it is quoted
        /// with `"` or back-ticks, doubled inside: `public."my.orders"`.
        InvalidTableRef,
        /// A column stands twice in an entity's `primaryKey` or `columns`, or on one side of a relationship's `joinOn`.
        ///
        /// Remove one. The primary key is always copied and need not stand in `columns`. Two names that differ in upper and
        /// lower case only are one column to SQLite; to other warehouses they may be two, which is a warning.
        DuplicateColumn,
        /// A schedule is none that cron can keep, or its time zone does not exist.
        ///
        /// Write five fields (minute, hour, day of month, month, day of week), such as `*/15 * * * *`, or `@hourly`, `@daily`,
        /// `@weekly`, `@monthly` or `@yearly`; `spec.sync.timeZone` is a name of the time zone database.
        InvalidSchedule,
        /// A rule looks up an entity whose `enrichmentEnabled` is false, so that it is not copied to the store.
        ///
        /// Set `enrichmentEnabled: true` on the Entity, or remove it from the rule.
        EnrichmentNotEnabled,
        /// The columns of a rule's `match` are not exactly those of the entity's primary key, each once.
        ///
        /// A row can only be found by its whole key. Match every column of the Entity's `primaryKey` and no other.
        MatchNotPrimaryKey,
        /// A rule reads a column that is not copied: the Entity has `columns`, and it is not among them. It may be read by an
        /// enrichment, by `when`, or by a hop, which starts from the columns that its relationship joins.
        ///
        /// Add the column to the Entity's `spec.columns`, or leave `columns` out to copy all.
        ColumnNotSynced,
        /// An enrichment, a hop or `when` reads from an alias that its rule does not have.
        ///
        /// Correct the name, or add the alias to the rule's `entities`.
        UnknownAlias,
        /// Two entities of a rule have the same alias.
        ///
        /// Give one of them another `as`; an entity may be looked up under several aliases.
        DuplicateAlias,
        /// A row is looked up, but nothing is written from it and its absence changes nothing. A warning.
        ///
        /// Add an enrichment, a condition or a hop that reads it, remove it, or let `onMissing` be `Drop` or `DeadLetter` where it is meant as a
        /// filter.
        UnusedAlias,
        /// A hop goes along a relationship that the DataGraph does not have.
        ///
        /// Relationships are named by slug. Correct `via`, or add the relationship to the DataGraph's `spec.relationships`.
        UnknownRelationship,
        /// A hop goes along a relationship that has no end at the entity the hop starts from.
        ///
        /// A relationship leads from either of its two entities to the other. Name one that joins the entity of the alias in
        /// `from`, or let the hop start from another alias.
        RelationshipElsewhere,
        /// The columns at which a hop arrives are not exactly the primary key of the entity there, so that its rows cannot be
        /// found by them.
        ///
        /// A row is found by its whole primary key. Hop from the side of the many to the side of the one, or add an Entity of the
        /// same table whose `primaryKey` is the columns that the relationship joins.
        HopNeedsIndex,
        /// Aliases of a rule hop from each other in a circle, so that none of their rows can be found first.
        ///
        /// Find one of them by its key in the event, with `entity` and `match`.
        HopCycle,
        /// A chain of hops, or of a DataGraph's relationships, is longer than the six levels that Segment's graphs may have. A
        /// warning.
        ///
        /// Each hop waits for the one before. Join some of the tables in a view of the warehouse, or leave it so: Weft has no
        /// such limit.
        DeepChain,
        /// A rule has a row per item of an array where it needs one: in `when`, or at a `to` that starts with `$`.
        ///
        /// Write the values of an alias with `forEach`, and of hops from one, into its item: `to: "@.name"`. Judge by the event
        /// or by an alias without `forEach`.
        AliasIsList,
        /// A path starts with `@`, the item of an array, and its alias walks no array.
        ///
        /// Give the alias `forEach` with the path of the array, or start the path with `$`, the event.
        NoItem,
        /// `forEach` is no path of an array in the event with `[*]` at its end, or stands at a hop.
        ///
        /// Write it as in `$.properties.products[*]`; arrays inside items cannot be walked. A hop from an alias with `forEach` is
        /// taken for each item without saying so. Where no path of `match` starts with `@`, it is a warning: every item gets the
        /// same row.
        InvalidForEach,
        /// A rule asks for consent to one category twice.
        ///
        /// Remove one. Ids are told apart by upper and lower case.
        DuplicateCategory,
        /// Two rules of a mapping have the same name.
        ///
        /// Names stand in metrics and dead letters; give one of them another.
        DuplicateRule,
        /// A path is not written as RFC 9535 writes one that leads to a single place.
        ///
        /// A path starts with `$`, the event: `$.properties.product_id`, `$.properties['product id']`,
        /// `$.properties.products[0].sku`; or, with `forEach`, with `@`, the item: `@.sku`.
        InvalidPath,
        /// An enrichment's `to` is a path that cannot be written to: it holds an array index, or is the whole event or a whole
        /// item.
        ///
        /// Write to member names only, such as `$.properties.product_name`, and to items of an array by `forEach`.
        NotWritable,
        /// Two enrichments of a rule write to the same path, or one inside the other's; or one writes to an array, or around it,
        /// whose items another writes into.
        ///
        /// What the event holds in the end would depend on their order. Give one of them another `to`.
        ConflictingPaths,
        /// An enrichment writes to the event's consent (`$.context.consent`), to what is in it or to what contains it.
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
