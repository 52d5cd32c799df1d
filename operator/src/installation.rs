//! The id under which this installation keeps its copies: settled once, in a ConfigMap of the operator's namespace that
//! stays when the operator goes.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

/// The ConfigMap that keeps the id.
const NAME: &str = "weft-installation";
/// Where it stands there.
const KEY: &str = "id";
/// Between two tries to reach the cluster.
const PAUSE: Duration = Duration::from_secs(2);

/// Why the operator does not know its installation. Waiting helps against none of these.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InstallationError {
    /// Another id was given than before.
    #[error(
        "--installation (the chart's value installation) is `{given}`, but ConfigMap {namespace}/{NAME} has `{kept}`, under which \
         the copies are kept: give `{kept}`, or leave the value out; with `{given}` all copies would be made anew beside the \
         old ones, and if that is meant, delete the ConfigMap first"
    )]
    Differs { given: String, kept: String, namespace: String },
    /// Somebody changed the ConfigMap.
    #[error(
        "ConfigMap {namespace}/{NAME} has no id that can be used (data.{KEY}: 1 to 63 letters, digits, `-`, `_` and `.`): \
         delete it, and give the id that the copies have with --installation (the chart's value installation)"
    )]
    Unreadable { namespace: String },
}

/// The id that is kept, or else the one that is given, or else a new one; from now on it is kept. Waits for the cluster.
pub(crate) async fn settled(
    client: &Client,
    namespace: &str,
    given: Option<&str>,
) -> Result<String, InstallationError> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let mut said = String::new();
    loop {
        let error = match api.get_opt(NAME).await {
            Ok(Some(kept)) => return judged(&kept, namespace, given),
            Ok(None) => {
                let id = given.map_or_else(invented, str::to_owned);
                match api.create(&PostParams::default(), &config_map(&id)).await {
                    Ok(_) => {
                        tracing::info!(id, "settled the id of this installation in ConfigMap {namespace}/{NAME}");
                        return Ok(id);
                    }
                    // Another replica was faster: what it settled is read now.
                    Err(kube::Error::Api(status)) if status.code == 409 => continue,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        let error = error.to_string();
        if said != error {
            tracing::warn!(error, "waits: ConfigMap {namespace}/{NAME}, the id of this installation, is not known yet");
            said = error;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What the ConfigMap says, unless it is of no use or another id was given.
fn judged(kept: &ConfigMap, namespace: &str, given: Option<&str>) -> Result<String, InstallationError> {
    let namespace = namespace.to_owned();
    let kept = kept.data.as_ref().and_then(|data| data.get(KEY)).filter(|id| is_sound(id)).cloned();
    match (kept, given) {
        (None, _) => Err(InstallationError::Unreadable { namespace }),
        (Some(kept), Some(given)) if kept != given => {
            Err(InstallationError::Differs { given: given.to_owned(), kept, namespace })
        }
        (Some(kept), _) => Ok(kept),
    }
}

/// Without an owner, so that it stays.
fn config_map(id: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            labels: Some([("app.kubernetes.io/part-of".to_owned(), "weft".to_owned())].into()),
            ..ObjectMeta::default()
        },
        data: Some([(KEY.to_owned(), id.to_owned())].into()),
        immutable: Some(true),
        ..ConfigMap::default()
    }
}

/// An id that no other installation has: what the keys of hash maps are made from is random.
fn invented() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("weft-{:08x}", random & 0xffff_ffff)
}

/// Whether an id may be a part of the name of an owner.
pub(crate) fn is_sound(id: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=63).contains(&id.len()) && id.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_that_is_kept_goes_unless_another_is_given_or_it_is_of_no_use() {
        let kept = config_map("weft-1");
        assert_eq!(judged(&kept, "system", None), Ok("weft-1".to_owned()));
        assert_eq!(judged(&kept, "system", Some("weft-1")), Ok("weft-1".to_owned()));
        let said = judged(&kept, "system", Some("prod")).unwrap_err().to_string();
        assert!(["`prod`", "`weft-1`", "system/weft-installation"].iter().all(|part| said.contains(part)), "{said}");
        for odd in ["", "a/b", &"a".repeat(64)] {
            assert!(judged(&config_map(odd), "system", None).is_err(), "{odd}");
        }
    }

    #[test]
    fn an_invented_id_can_be_used_and_is_another_each_time() {
        let (one, other) = (invented(), invented());
        assert!(is_sound(&one) && one.len() == 13 && one != other, "{one}");
    }
}
