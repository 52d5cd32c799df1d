//! The two charts: one installation that several tests share, or one that a test has for itself.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::cluster::{helm, namespace};

/// The namespace of the operator.
pub(crate) const SYSTEM: &str = "weft-system";

/// Whether the charts are installed as all tests but those that are alone want them.
static INSTALLED: RwLock<bool> = RwLock::new(false);

/// Installs the charts, for all namespaces, if no test has done so; no test uninstalls them as long as this lives.
pub(crate) fn shared() -> RwLockReadGuard<'static, bool> {
    loop {
        let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
        if *installed {
            return installed;
        }
        drop(installed);
        let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
        if !*installed {
            install(&[]);
            *installed = true;
        }
    }
}

/// Uninstalls the charts; no other test runs as long as this lives. Definitions and objects stay.
pub(crate) fn alone() -> RwLockWriteGuard<'static, bool> {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    *installed = false;
    uninstall();
    installed
}

/// Installs the charts, or changes to these namespaces what is installed; without any, all are watched.
pub(crate) fn install(watched: &[&str]) {
    namespace(SYSTEM);
    helm(&["upgrade", "--install", "weft-crds", "charts/weft-crds", "--namespace", SYSTEM, "--wait"]);
    let watched = format!("watchNamespaces={}", serde_json::json!(watched));
    let release = ["upgrade", "--install", "weft", "charts/weft", "--namespace", SYSTEM];
    helm(&[&release[..], &["--set", &values(), "--set-json", &watched, "--wait", "--timeout", "2m"]].concat());
}

/// The values of the chart of the operator, for `--set`.
pub(crate) fn values() -> String {
    let repository = "registry.example.com";
    format!("image.repository={repository}/weft-operator,dataPlane.image.repository={repository}/weft")
}

/// Uninstalls both charts, if they are installed.
pub(crate) fn uninstall() {
    helm(&["uninstall", "weft", "weft-crds", "--namespace", SYSTEM, "--wait", "--ignore-not-found"]);
}
