//! Paths: what parses, what does not, and what the errors say.

mod cases;

use proptest::prelude::*;
use weft_language::{Path, Place, Segment, array_path};

fn name(name: &str) -> Segment {
    Segment::Name(name.to_owned())
}

fn parsed(text: &str) -> Vec<Segment> {
    Path::parse(text).expect(text).segments().to_vec()
}

fn refused(text: &str) -> String {
    Path::parse(text).expect_err(text).to_string()
}

#[test]
fn the_root_is_the_whole_event() {
    assert_eq!(parsed("$"), []);
}

#[test]
fn names_indexes_and_quotes_mix() {
    assert_eq!(
        parsed(r#"$.properties['a b'][0]["it's"].ünï"#),
        [name("properties"), name("a b"), Segment::Index(0), name("it's"), name("ünï")]
    );
}

#[test]
fn blanks_between_steps_and_inside_brackets_are_let_through() {
    assert_eq!(parsed("$ .a [ 'b' ]\t[ 7 ]"), [name("a"), name("b"), Segment::Index(7)]);
}

#[test]
fn escapes_are_resolved_surrogate_pairs_included() {
    assert_eq!(parsed(r"$['\b\f\n\r\t\/\\\'é\ud83d\ude00']"), [name("\u{8}\u{c}\n\r\t/\\'é😀")]);
    assert_eq!(parsed(r#"$["\u00E9\""]"#), [name("é\"")]);
}

#[test]
fn the_empty_name_is_a_name() {
    assert_eq!(parsed("$['']"), [name("")]);
}

#[test]
fn the_canonical_spelling_quotes_only_where_it_must() {
    let canonical = |text: &str| Path::parse(text).unwrap().to_string();
    assert_eq!(canonical(r#"$["properties"]["product_id"][3]"#), "$.properties.product_id[3]");
    assert_eq!(canonical(r#"$["a b"]["it's"]["1st"]["\u0001\n"]"#), r"$['a b']['it\'s']['1st']['\u0001\n']");
}

#[test]
fn each_error_names_the_cure() {
    for (text, expected) in [
        ("", "starts with $"),
        ("properties.x", "write $.properties.x"),
        (".properties.x", "write $.properties.x"),
        ("['x']", "write $['x']"),
        ("@.product_id", "@ has no meaning here"),
        ("$.products[*]", "write one index, such as [0]"),
        ("$.products.*", "* selects many places"),
        ("$..x", "`..` selects many places"),
        ("$.a-b", "write ['a-b'] without the dot (at byte 3)"),
        ("$.1st", "write ['1st'] without the dot"),
        ("$.'a'", "write ['a']"),
        ("$.a.", "ends with a dot"),
        ("$.[0]", "not both"),
        ("$a", "write . or ["),
        ("$.a ", "ends with a blank"),
        ("$[a]", "write a name in quotes or an index"),
        ("$['a'", "] is missing"),
        ("$['a", "write ' at its end"),
        ("$[", "ends inside [ ]"),
        ("$[-1]", "without a sign"),
        ("$[01]", "no leading zeros"),
        ("$[4294967296]", "at most 4294967295"),
        ("$[0,1]", "one name or one index"),
        ("$[0:1]", "one name or one index"),
        ("$[?@.a]", "filters are not supported"),
        (r"$['\x']", r"\x is no escape"),
        (r#"$['\"']"#, "is no escape"),
        (r"$['\u12']", "four hexadecimal digits"),
        (r"$['\ud83d']", "both halves"),
        (r"$['\ude00\ud83d']", "both halves"),
        ("$['\n']", r"as \u000a"),
    ] {
        let message = refused(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    assert_eq!(parsed(&format!("${}", ".a".repeat(32))).len(), 32);
    assert!(refused(&format!("${}", ".a".repeat(33))).contains("more than 32 steps"));
    assert!(Path::parse(&format!("$.{}", "a".repeat(1022))).is_ok());
    assert!(refused(&format!("$.{}", "a".repeat(1023))).contains("at most 1024"));
}

#[test]
fn only_a_path_of_names_can_be_written_to() {
    assert!(Path::parse("$.a['b']").unwrap().has_names_only());
    assert!(!Path::parse("$.a[0]").unwrap().has_names_only());
}

#[test]
fn a_path_lies_inside_its_prefixes_by_name_not_by_letters() {
    let path = |text| Path::parse(text).unwrap();
    assert!(path("$.a.b").starts_with(&path("$.a")));
    assert!(path("$.a").starts_with(&path("$.a")));
    assert!(!path("$.ab").starts_with(&path("$.a")));
}

#[test]
fn a_place_is_in_the_event_or_in_an_item() {
    let spelled = |text: &str| Place::parse(text).unwrap().to_string();
    assert_eq!(spelled("@"), "@");
    assert_eq!(spelled("@ ['name']"), "@.name");
    assert_eq!(spelled("@[0]['a b']"), "@[0]['a b']");
    assert_eq!(spelled("$['properties'].sku"), "$.properties.sku");
    assert!(matches!(Place::parse("@.name"), Ok(Place::Item(path)) if path.segments().len() == 1));
    assert!(matches!(Place::parse("$"), Ok(Place::Event(path)) if path.segments().is_empty()));
    for (text, expected) in [
        ("", "or @, the item"),
        ("name", "write $.name"),
        ("@name", "write . or ["),
        ("@.", "ends with a dot"),
        ("@[*]", "selects many places"),
    ] {
        let message = Place::parse(text).unwrap_err().message;
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn the_path_of_an_array_ends_with_all_its_items() {
    let spelled = |text: &str| array_path(text).unwrap().to_string();
    assert_eq!(spelled("$.properties.products[*]"), "$.properties.products");
    assert_eq!(spelled("$['a[*]'] [ * ]"), "$['a[*]']");
    assert_eq!(spelled("$.orders[0].lines[*]"), "$.orders[0].lines");
    for (text, expected) in [
        ("$.products", "write $.products[*]"),
        ("$.products[0]", "write $.products[0][*]"),
        ("$.products[*].sku", "[*] stands once, at the end"),
        ("$.orders[*].lines[*]", "[*] stands once, at the end"),
        ("$.a[*][*]", "[*] stands once, at the end"),
        ("$.products.*", "written [*], without the dot"),
        ("$[*]", "the event is no array"),
        ("@.lines[*]", "from $"),
        ("products[*]", "write $.products"),
        ("[*]", "starts with $"),
        ("", "the path is empty"),
    ] {
        let error = array_path(text).expect_err(text);
        assert!(error.message.contains(expected), "{text}: {}", error.message);
        assert!(text.is_char_boundary(error.at), "{text}: {}", error.at);
    }
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        3 => "[a-zA-Z_][a-zA-Z0-9_]{0,6}".prop_map(Segment::Name),
        3 => prop::collection::vec(any::<char>(), 0..6).prop_map(|chars| Segment::Name(chars.into_iter().collect())),
        1 => "['\"\\\\\\[\\]. -]{0,4}".prop_map(Segment::Name),
        2 => any::<u32>().prop_map(Segment::Index),
    ]
}

#[test]
fn the_canonical_spelling_parses_back_to_the_same_path() {
    let paths = prop::collection::vec(segment(), 0..10).prop_map(Path::new);
    cases::runner(1)
        .run(&paths, |path| {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_text_makes_the_parser_panic_and_every_fault_lies_in_the_text() {
    let texts = prop_oneof![
        prop::collection::vec(prop::sample::select(r#"$.@[]'"\*?:,-0u dé😀a"#.chars().collect::<Vec<_>>()), 0..16)
            .prop_map(|chars| format!("${}", chars.into_iter().collect::<String>())),
        any::<String>(),
    ];
    cases::runner(1)
        .run(&texts, |text| {
            match Path::parse(&text) {
                Ok(path) => prop_assert_eq!(Path::parse(&path.to_string()), Ok(path)),
                Err(error) => prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at)),
            }
            if let Err(error) = array_path(&text) {
                prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at));
            }
            let item = text.replacen('$', "@", 1);
            match Place::parse(&item) {
                Ok(place) => prop_assert_eq!(Place::parse(&place.to_string()), Ok(place)),
                Err(error) => prop_assert!(error.at <= item.len() && item.is_char_boundary(error.at)),
            }
            Ok(())
        })
        .unwrap();
}
