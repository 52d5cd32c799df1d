//! Secrets: where they come from, and what is said when one is not there. No value is ever shown.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use weft_plan_types::SecretFile;

/// Where a pod finds the Secrets that its plan names.
const DEFAULT_FOLDER: &str = "/etc/weft/secrets";

/// Where the Secrets are that do not stand among the manifests.
#[derive(clap::Args)]
pub(crate) struct SecretArgs {
    /// The folder with the Secrets that the manifests name, each key of one in a file NAME/KEY
    #[cfg(any(feature = "redis", feature = "postgres"))]
    #[arg(long, value_name = "PATH", default_value = DEFAULT_FOLDER)]
    secrets_dir: PathBuf,
}

impl SecretArgs {
    /// These, and those of manifests.
    pub(crate) fn secrets(&self, manifests: SecretManifests) -> Secrets {
        #[cfg(any(feature = "redis", feature = "postgres"))]
        let folder = &self.secrets_dir;
        #[cfg(not(any(feature = "redis", feature = "postgres")))]
        let folder = Path::new(DEFAULT_FOLDER);
        Secrets { folder: folder.to_owned(), manifests }
    }
}

/// A secret value; it shows its length and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// The value of a key.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} secret bytes)", self.0.len())
    }
}

/// The Secrets that stand among manifests, by namespace and name, then by key.
pub(crate) type SecretManifests = BTreeMap<(String, String), BTreeMap<String, SecretBytes>>;

/// All Secrets that there are: those of manifests, and files `<folder>/<name>/<key>`.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    folder: PathBuf,
    manifests: SecretManifests,
}

/// What a secret is for: named by the messages that tell what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Purpose {
    /// The object whose field names the Secret, such as `Warehouse prod`.
    pub(crate) object: String,
    /// The namespace that the Secret has to be in.
    pub(crate) namespace: String,
    /// The field, such as `spec.postgres.auth.password`.
    pub(crate) field: &'static str,
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// It is in no place.
    #[error(
        "{object}: {field}: there is no key `{key}` of a Secret `{name}`{elsewhere}; {in_pod}write it to the file {path} \
         (--secrets-dir names another folder), or give a manifest of the Secret with -f"
    )]
    Missing {
        object: String,
        field: &'static str,
        name: String,
        key: String,
        elsewhere: String,
        in_pod: String,
        path: String,
    },
    /// Its file cannot be read.
    #[error("{object}: {field}: failed to read the key `{key}` of the Secret `{name}` from {path}")]
    Unreadable {
        object: String,
        field: &'static str,
        name: String,
        key: String,
        path: String,
        #[source]
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{object}: {field}: the key `{key}` of the Secret `{name}` {problem}")]
    Unfit { object: String, field: &'static str, name: String, key: String, problem: &'static str },
}

impl Secrets {
    /// The Secrets of manifests; those that are not among them are files of the folder.
    #[cfg(test)]
    pub(crate) fn new(folder: &Path, manifests: SecretManifests) -> Self {
        Self { folder: folder.to_owned(), manifests }
    }

    /// A secret that is bytes, such as a certificate.
    pub(crate) fn bytes(&self, secret: &SecretFile, purpose: &Purpose) -> Result<Vec<u8>, SecretError> {
        let bytes = self.find(secret, purpose)?;
        if bytes.is_empty() { Err(purpose.unfit(secret, "is empty")) } else { Ok(bytes) }
    }

    /// A secret that is a text, such as a password. One line break at its end is none of it: editors and `echo` add one.
    pub(crate) fn text(&self, secret: &SecretFile, purpose: &Purpose) -> Result<String, SecretError> {
        let mut bytes = self.find(secret, purpose)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            bytes.pop_if(|byte| *byte == b'\r');
        }
        if bytes.is_empty() {
            return Err(purpose.unfit(secret, "is empty"));
        }
        String::from_utf8(bytes).map_err(|_| purpose.unfit(secret, "is no text in UTF-8"))
    }

    fn find(&self, secret: &SecretFile, purpose: &Purpose) -> Result<Vec<u8>, SecretError> {
        let id = (purpose.namespace.clone(), secret.name.clone());
        if let Some(SecretBytes(bytes)) = self.manifests.get(&id).and_then(|keys| keys.get(&secret.key)) {
            return Ok(bytes.clone());
        }
        if ![&secret.name, &secret.key].into_iter().all(|part| is_file_name(part)) {
            return Err(purpose.unfit(secret, "has a name that no Secret can have"));
        }
        let path = self.folder.join(&secret.name).join(&secret.key);
        std::fs::read(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => self.missing(secret, purpose, &path),
            _ => SecretError::Unreadable {
                object: purpose.object.clone(),
                field: purpose.field,
                name: secret.name.clone(),
                key: secret.key.clone(),
                path: path.display().to_string(),
                source,
            },
        })
    }

    fn missing(&self, secret: &SecretFile, purpose: &Purpose, path: &Path) -> SecretError {
        let of_another = self.manifests.iter().find(|((space, name), keys)| {
            *space != purpose.namespace && *name == secret.name && keys.contains_key(&secret.key)
        });
        let elsewhere = of_another.map(|((space, _), _)| {
            format!(
                " in namespace `{}` (there is one in `{space}`, and references never leave theirs)",
                purpose.namespace
            )
        });
        SecretError::Missing {
            object: purpose.object.clone(),
            field: purpose.field,
            name: secret.name.clone(),
            key: secret.key.clone(),
            elsewhere: elsewhere.unwrap_or_default(),
            in_pod: if self.folder == Path::new(DEFAULT_FOLDER) {
                format!("on a cluster, give a Secret of this name in namespace `{}` that key; else ", purpose.namespace)
            } else {
                String::new()
            },
            path: path.display().to_string(),
        }
    }
}

impl Purpose {
    fn unfit(&self, secret: &SecretFile, problem: &'static str) -> SecretError {
        SecretError::Unfit {
            object: self.object.clone(),
            field: self.field,
            name: secret.name.clone(),
            key: secret.key.clone(),
            problem,
        }
    }
}

/// A name that stays in the folder. Manifests were checked for it; a plan may come from anywhere.
fn is_file_name(part: &str) -> bool {
    !part.is_empty() && part != "." && part != ".." && !part.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, key: &str) -> SecretFile {
        SecretFile { name: name.into(), key: key.into() }
    }

    fn purpose() -> Purpose {
        Purpose { object: "Warehouse prod".into(), namespace: "shop".into(), field: "spec.postgres.auth.password" }
    }

    /// A folder with the file `pg/password`, and a manifest of the Secret `redis` in the namespace `shop`.
    fn secrets(file: &[u8]) -> (tempfile::TempDir, Secrets) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pg")).unwrap();
        std::fs::write(folder.path().join("pg/password"), file).unwrap();
        let keys = BTreeMap::from([("writer".to_owned(), SecretBytes::new(b"hunter2\n".to_vec()))]);
        let manifests = BTreeMap::from([(("shop".to_owned(), "redis".to_owned()), keys)]);
        let secrets = Secrets::new(folder.path(), manifests);
        (folder, secrets)
    }

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_a_password_and_all_else_is() {
        for (file, password) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a \r", " a \r"), ("\na", "\na")]
        {
            let (_folder, secrets) = secrets(file.as_bytes());
            assert_eq!(secrets.text(&secret("pg", "password"), &purpose()).unwrap(), password, "{file:?}");
            assert_eq!(secrets.bytes(&secret("pg", "password"), &purpose()).unwrap(), file.as_bytes(), "{file:?}");
        }
    }

    #[test]
    fn a_manifest_gives_its_secret_to_objects_of_its_namespace_only() {
        let (folder, secrets) = secrets(b"x");
        assert_eq!(secrets.text(&secret("redis", "writer"), &purpose()).unwrap(), "hunter2");
        let other = Purpose { namespace: "other".into(), ..purpose() };
        assert_eq!(
            secrets.text(&secret("redis", "writer"), &other).unwrap_err().to_string(),
            format!(
                "Warehouse prod: spec.postgres.auth.password: there is no key `writer` of a Secret `redis` in namespace \
                 `other` (there is one in `shop`, and references never leave theirs); write it to the file \
                 {}/redis/writer (--secrets-dir names another folder), or give a manifest of the Secret with -f",
                folder.path().display()
            )
        );
    }

    #[test]
    fn a_secret_that_is_nowhere_is_named_with_both_ways_to_give_it() {
        let (folder, secrets) = secrets(b"x");
        for key in ["user", "password/x"] {
            let error = secrets.text(&secret("pg", key), &purpose()).unwrap_err().to_string();
            assert!(error.starts_with("Warehouse prod: spec.postgres.auth.password: "), "{error}");
        }
        let error = secrets.text(&secret("pg", "user"), &purpose()).unwrap_err().to_string();
        let path = folder.path().join("pg/user");
        assert!(error.contains("no key `user` of a Secret `pg`; write it to the file"), "{error}");
        assert!(error.contains(&path.display().to_string()) && error.ends_with("with -f"), "{error}");
    }

    #[test]
    fn what_cannot_be_a_password_is_refused_without_being_shown() {
        for (file, problem) in [(&b""[..], "is empty"), (b"\n", "is empty"), (b"hunter\xff", "is no text in UTF-8")] {
            let (_folder, secrets) = secrets(file);
            let error = secrets.text(&secret("pg", "password"), &purpose()).unwrap_err().to_string();
            assert!(error.ends_with(problem) && !error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn a_plan_cannot_name_files_elsewhere() {
        let (_folder, secrets) = secrets(b"x");
        for (name, key) in [("..", "pg"), ("pg", ".."), ("pg/../pg", "password"), ("", "password")] {
            let error = secrets.bytes(&secret(name, key), &purpose()).unwrap_err().to_string();
            assert!(error.ends_with("has a name that no Secret can have"), "{error}");
        }
    }

    #[test]
    fn no_secret_is_shown_by_debug() {
        let (_folder, secrets) = secrets(b"x");
        let shown = format!("{secrets:?}");
        assert!(shown.contains("(8 secret bytes)") && !shown.contains("hunter"), "{shown}");
        assert!(!shown.contains("104, 117"), "{shown}");
    }
}
