//! What the reasons mean that are found in files, before anything is planned.

/// Each reason with what it means and how to cure it; those of the plan are [`weft_plan::Reason`]s.
pub(crate) const REASONS: &[(&str, &str, &str)] = &[
    (
        "MissingField",
        "A field that an object has to have is not there, or null.",
        "Add it; `kubectl explain` and the help say what it is for.",
    ),
    (
        "UnknownField",
        "An object has a field that its kind does not have.",
        "Correct its name or remove it. Names are case-sensitive, and a field that is indented too little or too much belongs \
         to another one.",
    ),
    (
        "WrongType",
        "A value is not of the type that its field has, such as a number where a text is wanted.",
        "Write it as the message says. Numbers and booleans that are meant as texts need quotes.",
    ),
    (
        "InvalidValue",
        "A value has the right type, but is too long, too short, too large or too small, is not among the values its field \
         takes, or breaks a rule.",
        "Write it as the message and the help say. An API server would refuse it too.",
    ),
    (
        "DuplicateItem",
        "Two items of a list are equal, or have the same name, where each may stand once.",
        "Change or remove one of the two.",
    ),
    (
        "YamlBoolean",
        "A text without quotes, such as `yes`, `no`, `on` or `off`, is a boolean to YAML 1.1, which kubectl speaks, and a text \
         to YAML 1.2. A warning.",
        "Put it in quotes if it is a text; write `true` or `false` if it is a boolean.",
    ),
    (
        "DuplicateObject",
        "Two objects have the same kind, namespace and name.",
        "Rename or remove one of the two; in a cluster the second would replace the first.",
    ),
    (
        "InvalidSecret",
        "A Secret holds a value that is not what its field takes: under `data` base64, under `stringData` a text.",
        "Write values as they are under `stringData`, in quotes where they look like a number or a boolean.",
    ),
    (
        "DuplicateWarehouse",
        "`--warehouse` is given twice for one name.",
        "Leave one of the two out; two Warehouses that are to be replaced have two names.",
    ),
    (
        "UnknownKind",
        "An object of the group `weft.dev` is of a kind that the group does not have, or has no kind.",
        "Write `Warehouse`, `DataGraph`, `Entity` or `EnrichmentMapping`.",
    ),
    (
        "UnknownVersion",
        "An object of the group `weft.dev` is of a version that this weft does not know.",
        "Write `apiVersion: weft.dev/v1alpha1`, or use the weft of that version.",
    ),
    (
        "UnknownGroup",
        "An object has one of Weft's kinds, and no group or one that looks like a slip of `weft.dev`.",
        "Write `apiVersion: weft.dev/v1alpha1`.",
    ),
    (
        "PassedOver",
        "A file holds objects that are not Weft's, which are not checked. A note.",
        "Nothing: manifests of other systems may stand beside Weft's.",
    ),
    ("NoObjects", "What `-f` names holds no object of Weft's.", "Name the folder or the file with your manifests."),
    (
        "NoManifests",
        "A folder that `-f` names holds no file that ends in .yaml, .yml or .json.",
        "Name another folder, or read the folders in it too, with `-R`.",
    ),
    (
        "FileUnreadable",
        "A file or folder that `-f` names cannot be read, or is no text in UTF-8.",
        "Correct the name or the permissions; save the file as UTF-8.",
    ),
    ("FileTooLarge", "A file is larger than manifests are.", "Is it the file that was meant? Split it if it is."),
    (
        "InvalidYaml",
        "A file is not YAML.",
        "Look at the marked place and just above it: indentation, quotes, brackets. A template has to be rendered first.",
    ),
    ("DuplicateKey", "A key stands twice in one mapping of YAML.", "Keep one of the two."),
    ("KeyNotText", "A key of a YAML mapping is no text.", "Write the key out as a text."),
    (
        "NotJson",
        "YAML can say it and JSON, which is all that Kubernetes knows, cannot: `.nan`, `.inf`, or an integer of more than 64 \
         bits.",
        "Put it in quotes if it is a text.",
    ),
    (
        "UnknownTag",
        "A YAML value has a tag, such as `!Ref`, that means nothing to Weft.",
        "Leave the tag out, or render the template that it belongs to.",
    ),
    (
        "InvalidMerge",
        "YAML's merge key `<<` stands before something that is no mapping.",
        "Name the anchor of a mapping, as in `<<: *defaults`.",
    ),
    ("EndlessAlias", "A YAML alias repeats the very value that it stands in.", "Write the value out."),
    (
        "AliasesTooLarge",
        "The YAML aliases of a file would repeat more than is read.",
        "Write the values out, in several files.",
    ),
    ("TooDeep", "YAML is nested deeper than is read.", "Check the brackets and the indentation."),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// Words in quotes of two parts with capitals that are no reasons.
    const OTHERS: [&str; 2] = ["DataGraph", "EnrichmentMapping"];

    fn is_reason(text: &str) -> bool {
        let capitals = text.chars().filter(char::is_ascii_uppercase).count();
        text.chars().all(|c| c.is_ascii_alphanumeric())
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && (2..text.len()).contains(&capitals)
            && !OTHERS.contains(&text)
    }

    #[test]
    fn every_reason_that_is_told_of_a_file_is_explained() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manifests");
        let mut missing = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let source = if path.is_file() { fs::read_to_string(path).unwrap() } else { continue };
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            let known = |text: &str| {
                let planned = weft_plan::Reason::ALL.iter().any(|reason| reason.as_str() == text);
                planned || REASONS.iter().any(|(reason, ..)| *reason == text)
            };
            missing.extend(source.split('"').filter(|text| is_reason(text) && !known(text)).map(str::to_owned));
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
