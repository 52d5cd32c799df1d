use std::{path::PathBuf, str::FromStr};

/// Where manifests come from, for every command that reads them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ManifestArgs {
    /// A file or folder with manifests, or - for standard input; may be repeated. Of a folder, the files that end
    /// in .yaml, .yml or .json
    #[arg(short, long, required = true, value_name = "PATH")]
    pub(crate) filename: Vec<PathBuf>,

    /// Read the folders inside a folder too
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,

    /// Read tables from this SQLite file in place of the Warehouse of that name; may be repeated
    #[arg(long, value_name = "NAME=sqlite:PATH")]
    pub(crate) warehouse: Vec<LocalWarehouse>,

    /// Whose copies the plans are for.
    #[arg(skip = LOCAL.to_owned())]
    pub(crate) installation: String,
}

impl ManifestArgs {
    /// These files and folders, and nothing else said.
    pub(crate) fn of(filename: Vec<PathBuf>) -> Self {
        Self { filename, recursive: false, warehouse: Vec::new(), installation: LOCAL.to_owned() }
    }
}

/// The installation's id on a laptop.
pub(crate) const LOCAL: &str = "local";

/// A SQLite file that stands in for a Warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalWarehouse {
    /// The Warehouse's name, in any namespace.
    pub(crate) name: String,
    /// The SQLite file's path, relative to the working directory.
    pub(crate) path: String,
}

impl FromStr for LocalWarehouse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=').and_then(|(name, url)| Some((name, url.strip_prefix("sqlite:")?)));
        match parts {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                Ok(Self { name: name.to_owned(), path: path.to_owned() })
            }
            _ => Err("write the Warehouse's name, `=sqlite:` and a path, as in shop=sqlite:./shop.db".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_warehouse_is_a_name_and_a_path() {
        let expected = LocalWarehouse { name: "shop".to_owned(), path: "a=b:c.db".to_owned() };
        assert_eq!("shop=sqlite:a=b:c.db".parse(), Ok(expected));
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in ["shop", "shop=", "shop=a.db", "=sqlite:a.db", "shop=sqlite:"] {
            let refused = text.parse::<LocalWarehouse>().unwrap_err();
            assert!(refused.contains("shop=sqlite:./shop.db"), "{refused}");
        }
    }
}
