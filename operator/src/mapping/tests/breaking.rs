//! Changes that break a mapping whose enrichers run.

use super::*;

fn entity_with(change: impl Fn(&mut Entity)) -> Objects {
    let mut entity = entity(true);
    change(&mut entity);
    Objects { entities: vec![entity], ..whole() }
}

#[test]
fn a_change_that_breaks_a_running_mapping_is_named_and_leaves_it_its_last_good_plan() {
    let running = deployment(&decide(&mapping(), whole(), Vec::new()), 2);
    let key = entity_with(|entity| entity.spec.primary_key = vec!["id".into()]);
    let column = entity_with(|entity| entity.spec.columns = Some(vec!["price".into()]));
    let slug = entity_with(|entity| entity.spec.slug = Some("goods".into()));
    let disabled = entity_with(|entity| entity.spec.enrichment_enabled = false);
    let leaving = entity_with(|entity| {
        let time = Timestamp::from_second(NOW).unwrap();
        entity.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(time));
    });
    for (objects, names) in [
        (key, "id"),
        (column, "name"),
        (slug, "product"),
        (disabled, "product"),
        (leaving, "being deleted"),
        (Objects { entities: Vec::new(), ..whole() }, "product"),
    ] {
        let never_ran = decide(&mapping(), Objects { ..clone(&objects) }, Vec::new());
        let (_, reason, first) = condition(&never_ran, "Ready").unwrap();
        assert_ne!(reason, "BreakingChange", "{first}");
        assert!(condition(&never_ran, "Available").is_none());
        let decision = decide(&mapping(), objects, vec![running.clone()]);
        let (status, reason, message) = condition(&decision, "Ready").unwrap();
        assert_eq!((status, reason), ("False", "BreakingChange"), "{message}");
        assert!(message.contains(names) && message.contains("keep to the plan of before"), "{message}");
        assert!(condition(&decision, "Stalled").is_none(), "others may mend it: {message}");
        assert_eq!(condition(&decision, "Available").unwrap().0, "True");
        assert_eq!((&decision.children, &decision.unwanted), (&Vec::new(), &Vec::new()), "{message}");
    }
}

fn clone(objects: &Objects) -> Objects {
    Objects {
        warehouses: objects.warehouses.clone(),
        graphs: objects.graphs.clone(),
        entities: objects.entities.clone(),
        mappings: objects.mappings.clone(),
    }
}

#[test]
fn a_mapping_that_its_own_editor_broke_says_what_is_wrong_with_it_and_keeps_to_its_plan() {
    let running = deployment(&decide(&mapping(), whole(), Vec::new()), 2);
    let mut wrong = mapping();
    wrong.spec.rules[0].enrichments[0].from.alias = "brand".into();
    let decision = decide(&wrong, whole(), vec![running]);
    let (_, reason, message) = condition(&decision, "Ready").unwrap();
    assert_eq!(reason, "UnknownAlias");
    assert!(message.contains("keep to the plan of before"), "{message}");
    assert_eq!(condition(&decision, "Stalled").unwrap().0, "True");
    assert_eq!(decision.children, Vec::new());
}

#[test]
fn what_is_mended_heals() {
    let first = decide(&mapping(), whole(), Vec::new());
    let running = deployment(&first, 2);
    let broken = decide(&mapping(), Objects { entities: Vec::new(), ..whole() }, vec![running.clone()]);
    let mut told = mapping();
    told.status = serde_json::from_value(broken.status).unwrap();
    let healed = decide(&told, whole(), vec![running]);
    assert_eq!(condition(&healed, "Ready").unwrap().1, "Running");
    assert_eq!(healed.children, first.children);
}

#[test]
fn a_broken_mapping_can_still_be_scaled_and_suspended_by_its_last_good_plan() {
    let running = deployment(&decide(&mapping(), whole(), Vec::new()), 2);
    let mut suspended = mapping();
    suspended.spec.suspend = true;
    let decision = decide(&suspended, Objects { entities: Vec::new(), ..whole() }, vec![running.clone()]);
    assert_eq!(decision.children.len(), 1);
    let deployment = child(&decision, "Deployment").unwrap();
    assert_eq!(deployment["spec"]["replicas"], 0);
    assert_eq!(deployment["spec"]["template"], running.data["spec"]["template"], "no pod is rolled");
    assert_eq!(deployment["metadata"]["name"], running.metadata.name.unwrap());
}
