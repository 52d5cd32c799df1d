//! The resources, sorted and findable by name.

use std::collections::BTreeMap;

use weft_api::{DataGraph, EnrichmentMapping, Entity, Relationship, Warehouse};

use crate::diagnostic::{name, namespace};
use crate::{Options, Resources};

/// By namespace and name.
type Named<'a, T> = BTreeMap<&'a str, BTreeMap<&'a str, T>>;

/// The resources, sorted and findable by name.
pub(crate) struct Catalog<'a> {
    pub(crate) options: &'a Options,
    warehouses: Named<'a, &'a Warehouse>,
    graphs: Named<'a, &'a DataGraph>,
    entities: Named<'a, &'a Entity>,
    mappings: Named<'a, &'a EnrichmentMapping>,
    /// By namespace and graph, then by slug.
    slugs: Named<'a, BTreeMap<&'a str, Holders<'a>>>,
    /// By namespace and graph, then by slug; `None` where several share it.
    relationships: Named<'a, BTreeMap<&'a str, Option<&'a Relationship>>>,
}

/// What a slug stands for in a graph, among its entities.
#[derive(Clone, Copy)]
pub(crate) enum Slug<'a> {
    /// This entity.
    Entity(&'a Entity),
    /// None of the entities that share it.
    Ambiguous,
    Unknown,
}

impl<'a> Slug<'a> {
    /// The entity, if there is one and only one.
    pub(crate) fn valid(self) -> Option<&'a Entity> {
        match self {
            Slug::Entity(entity) => Some(entity),
            Slug::Ambiguous | Slug::Unknown => None,
        }
    }
}

/// The entities of a graph that have the same slug: one, if nothing is wrong.
struct Holders<'a> {
    entities: Vec<&'a Entity>,
    meant: Slug<'a>,
}

impl<'a> Catalog<'a> {
    pub(crate) fn of(resources: &Resources<'a>, options: &'a Options) -> Self {
        let entities = by_name(&resources.entities);
        let slugs = by_slug(all(&entities));
        let graphs = by_name(&resources.data_graphs);
        Self {
            options,
            warehouses: by_name(&resources.warehouses),
            relationships: relationships(&graphs),
            graphs,
            entities,
            mappings: by_name(&resources.mappings),
            slugs,
        }
    }

    pub(crate) fn warehouses(&self) -> impl Iterator<Item = &'a Warehouse> {
        all(&self.warehouses)
    }

    pub(crate) fn graphs(&self) -> impl Iterator<Item = &'a DataGraph> {
        all(&self.graphs)
    }

    pub(crate) fn entities(&self) -> impl Iterator<Item = &'a Entity> {
        all(&self.entities)
    }

    pub(crate) fn mappings(&self) -> impl Iterator<Item = &'a EnrichmentMapping> {
        all(&self.mappings)
    }

    pub(crate) fn graph(&self, namespace: &str, name: &str) -> Option<&'a DataGraph> {
        self.graphs.get(namespace)?.get(name).copied()
    }

    pub(crate) fn warehouse(&self, namespace: &str, name: &str) -> Option<&'a Warehouse> {
        self.warehouses.get(namespace)?.get(name).copied()
    }

    /// What a slug stands for in a graph of a namespace.
    pub(crate) fn slug(&self, namespace: &str, graph: &str, slug: &str) -> Slug<'a> {
        self.slugs_of(namespace, graph).and_then(|slugs| slugs.get(slug)).map_or(Slug::Unknown, |held| held.meant)
    }

    /// The entities that have this slug in the graph.
    pub(crate) fn sharing<'b>(&'b self, namespace: &str, graph: &str, slug: &str) -> &'b [&'a Entity] {
        self.slugs_of(namespace, graph).and_then(|slugs| slugs.get(slug)).map_or(&[], |held| &held.entities)
    }

    /// The slugs of a graph.
    pub(crate) fn slugs<'b>(&'b self, namespace: &str, graph: &str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        self.slugs_of(namespace, graph).into_iter().flat_map(|slugs| slugs.keys().copied())
    }

    /// The entity of a graph whose metadata.name or displayName this is.
    pub(crate) fn named(&self, namespace: &str, graph: &str, written: &str) -> Option<&'a Entity> {
        let entities = self.slugs_of(namespace, graph)?.values().flat_map(|held| held.entities.iter().copied());
        let is_meant = |entity: &&Entity| {
            name(*entity) == written
                || entity.spec.display_name.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(written))
        };
        entities.into_iter().find(is_meant)
    }

    /// The relationship of a graph with this slug; `Some(None)` where several have it.
    pub(crate) fn relationship(&self, namespace: &str, graph: &str, slug: &str) -> Option<Option<&'a Relationship>> {
        self.relationships.get(namespace)?.get(graph)?.get(slug).copied()
    }

    /// The relationships of a graph whose slug is their own.
    pub(crate) fn relationships<'b>(
        &'b self,
        namespace: &str,
        graph: &str,
    ) -> impl Iterator<Item = &'a Relationship> + use<'a, 'b> {
        let of_graph = self.relationships.get(namespace).and_then(|graphs| graphs.get(graph));
        of_graph.into_iter().flat_map(|slugs| slugs.values().copied().flatten())
    }

    fn slugs_of<'b>(&'b self, namespace: &str, graph: &str) -> Option<&'b BTreeMap<&'a str, Holders<'a>>> {
        self.slugs.get(namespace)?.get(graph)
    }

    pub(crate) fn graph_names<'b>(&'b self, namespace: &str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        self.graphs.get(namespace).into_iter().flat_map(|named| named.keys().copied())
    }

    pub(crate) fn warehouse_names<'b>(&'b self, namespace: &str) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        self.warehouses.get(namespace).into_iter().flat_map(|named| named.keys().copied())
    }
}

fn by_slug<'a>(entities: impl Iterator<Item = &'a Entity>) -> Named<'a, BTreeMap<&'a str, Holders<'a>>> {
    let mut slugs: Named<'_, BTreeMap<&str, Holders<'_>>> = BTreeMap::new();
    for entity in entities {
        let graphs = slugs.entry(namespace(entity)).or_default();
        let in_graph = graphs.entry(entity.spec.data_graph_ref.name.as_str()).or_default();
        let held = in_graph.entry(entity.slug()).or_insert(Holders { entities: Vec::new(), meant: Slug::Unknown });
        held.meant = match held.meant {
            Slug::Unknown => Slug::Entity(entity),
            Slug::Entity(other) => older(other, entity).map_or(Slug::Ambiguous, Slug::Entity),
            Slug::Ambiguous => Slug::Ambiguous,
        };
        held.entities.push(entity);
    }
    slugs
}

fn relationships<'a>(graphs: &Named<'a, &'a DataGraph>) -> Named<'a, BTreeMap<&'a str, Option<&'a Relationship>>> {
    let mut found: Named<'_, BTreeMap<&str, Option<&Relationship>>> = BTreeMap::new();
    for graph in all(graphs) {
        let slugs = found.entry(namespace(graph)).or_default().entry(name(graph)).or_default();
        for relationship in &graph.spec.relationships {
            slugs.entry(&relationship.slug).and_modify(|one| *one = None).or_insert(Some(relationship));
        }
    }
    found
}

/// The older of two entities, where the API server says how old they are; of two of one second, the first by name.
fn older<'a>(one: &'a Entity, other: &'a Entity) -> Option<&'a Entity> {
    let age = |entity: &'a Entity| entity.metadata.creation_timestamp.as_ref().map(|time| (time.0, name(entity)));
    Some(if age(one)? <= age(other)? { one } else { other })
}

fn by_name<'a, K: kube::Resource<DynamicType = ()>>(objects: &[&'a K]) -> Named<'a, &'a K> {
    let mut named: Named<'_, &K> = BTreeMap::new();
    for object in objects.iter().copied() {
        named.entry(namespace(object)).or_default().insert(name(object), object);
    }
    named
}

fn all<'a, K>(named: &Named<'a, &'a K>) -> impl Iterator<Item = &'a K> {
    named.values().flat_map(|named| named.values().copied())
}
