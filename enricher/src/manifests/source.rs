use std::{fmt, ops::Range, path::PathBuf};

/// A file that holds manifests, as text.
pub(crate) struct SourceFile {
    /// How messages call it: the path as given, or `<stdin>`.
    pub(crate) name: String,
    /// What paths in its manifests are relative to; empty for the working directory.
    pub(crate) folder: PathBuf,
    /// Its text without a byte order mark.
    pub(crate) text: String,
    /// It is text that YAML may be read from; if not, a diagnostic says why.
    pub(crate) readable: bool,
    /// Byte offsets at which lines start.
    line_starts: Vec<usize>,
}

/// Without its text, which may hold a Secret.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file {}", self.name)
    }
}

/// Where in a [`SourceFile`] something stands: byte offsets.
pub(crate) type Span = Range<usize>;

impl SourceFile {
    /// A file of that text.
    pub(crate) fn new(name: String, folder: PathBuf, text: String) -> Self {
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Self { name, folder, text, readable: true, line_starts }
    }

    /// Whether lines may hold a secret's value, so that they must not be shown: they are between the same two `---` as a
    /// Secret. What is no YAML has no documents that could tell.
    pub(crate) fn may_hold_secrets(&self, lines: Span) -> bool {
        const BREAK: &str = "\n---";
        let start = self.text.get(..lines.start).and_then(|before| before.rfind(BREAK)).unwrap_or_default();
        let after = self.text.get(lines.end..).and_then(|after| after.find(BREAK));
        let end = after.map_or(self.text.len(), |after| lines.end + after);
        let document = self.text.get(start..end).unwrap_or(&self.text);
        document.match_indices("kind").any(|(at, kind)| {
            let rest = document[at + kind.len()..].trim_start_matches(['"', '\'', ' ', '\t', ':', '\r', '\n']);
            rest.starts_with("Secret")
        })
    }

    /// Line and column of a byte offset, both counted from 1, columns in characters.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The line that an offset lies in, without its line break.
    pub(crate) fn line(&self, offset: usize) -> Span {
        let (line, _) = self.position(offset);
        let start = self.line_starts[line - 1];
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        start..start + self.text[start..end].trim_end_matches('\r').len()
    }

    /// The offset of a line and column as YAML parsers count them: the line from 1, the column in characters from 0.
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let Some(start) = self.line_starts.get(line.saturating_sub(1)) else { return self.text.len() };
        let rest = &self.text[*start..];
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }
}

/// From character offsets, as the YAML parser counts, to byte offsets.
pub(crate) struct CharOffsets<'text> {
    text: &'text str,
    /// The byte offset of every [`CharOffsets::STRIDE`]th character; `None` where every character is one byte.
    checkpoints: Option<Vec<usize>>,
}

impl<'text> CharOffsets<'text> {
    const STRIDE: usize = 128;

    pub(crate) fn new(text: &'text str) -> Self {
        let checkpoints =
            (!text.is_ascii()).then(|| text.char_indices().step_by(Self::STRIDE).map(|(at, _)| at).collect());
        Self { text, checkpoints }
    }

    /// The byte offset of a character offset; the text's end for one that lies behind it.
    pub(crate) fn byte(&self, character: usize) -> usize {
        let Some(checkpoints) = &self.checkpoints else { return character.min(self.text.len()) };
        let Some(start) = checkpoints.get(character / Self::STRIDE) else { return self.text.len() };
        let rest = &self.text[*start..];
        start + rest.char_indices().nth(character % Self::STRIDE).map_or(rest.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("a.yaml".to_owned(), PathBuf::new(), text.to_owned())
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let file = file("aé: b\r\nsecond\n");
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position("aé".len()), (1, 3));
        assert_eq!(file.position("aé: b\r\n".len()), (2, 1));
        assert_eq!(file.position(file.text.len()), (3, 1));
    }

    #[test]
    fn a_line_comes_without_its_break() {
        let file = file("first\r\nsecond");
        assert_eq!(file.line(2), 0..5);
        assert_eq!(file.line(9), 7..13);
        assert_eq!(SourceFile::new(String::new(), PathBuf::new(), String::new()).line(0), 0..0);
    }

    #[test]
    fn lines_may_hold_secrets_if_they_stand_between_the_same_marks_as_a_secret() {
        let all = |text: &str| file(text).may_hold_secrets(0..text.len());
        for text in ["kind: Secret", "\"kind\" : \"Secret\"", "kind: SecretList", "a: b\nkind:\n  'Secret'\n"] {
            assert!(all(text), "{text}");
        }
        for text in ["kind: Warehouse\nspec: {a: {secretRef: {name: s}}}", "# Secret\nkind: Entity", ""] {
            assert!(!all(text), "{text}");
        }
        let text = "kind: Entity\n---\nkind: Secret\ndata: x\n---\nkind: Entity\n";
        let at = |what: &str| file(text).may_hold_secrets(text.find(what).map(|at| at..at).unwrap());
        assert!(at("data") && at("kind: Secret") && !at("kind: Entity") && !file(text).may_hold_secrets(47..50));
    }

    #[test]
    fn character_offsets_become_byte_offsets() {
        let text: String = (0..1_000).map(|n| if n % 3 == 0 { 'é' } else { 'a' }).collect();
        let offsets = CharOffsets::new(&text);
        for (character, (byte, _)) in text.char_indices().enumerate() {
            assert_eq!(offsets.byte(character), byte);
        }
        assert_eq!(offsets.byte(1_000), text.len());
        assert_eq!(offsets.byte(9_999_999), text.len());
    }
}
