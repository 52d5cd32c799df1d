//! A condition's words and symbols, each with where it stands.

use std::ops::Range;

use super::ConditionError;
use super::expression::Operator;
use super::hint;
use crate::Segment;
use crate::escape::{Unicode, unicode};

/// The smallest parts of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    And,
    Or,
    Not,
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    Operator(Operator),
    Field(Field),
    Text(Text),
    Number,
    Boolean(bool),
    Null,
    End,
    /// No token; what comes before it may explain more.
    Broken(ConditionError),
}

/// A field of the event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) segments: Vec<Segment>,
    /// It starts with a backslash: certainly a field, no keyword and no text that lacks its quotes.
    pub(super) marked: bool,
}

/// A text without its quotes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) value: String,
    /// Where the first `\*` or another escape stands that only patterns know; the text keeps its backslash.
    pub(super) pattern_escape: Option<usize>,
}

/// What is said about an escape that a text does not know.
pub(super) const TEXT_ESCAPES: &str =
    "a text knows the escapes \\\\, \\\", \\', \\n, \\r, \\t and \\uXXXX; write \\\\ for a backslash";

/// A token and the bytes it takes.
#[derive(Clone, Debug)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// Whether a field of this name must start with a backslash.
pub(super) fn is_reserved(name: &str) -> bool {
    matches!(name, "and" | "or" | "not" | "in" | "true" | "false" | "null" | "entities")
}

fn keyword(word: &str) -> Option<Token> {
    Some(match word {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "in" => Token::Operator(Operator::In),
        "true" => Token::Boolean(true),
        "false" => Token::Boolean(false),
        "null" => Token::Null,
        _ => return None,
    })
}

/// The tokens of a text; the last one is [`Token::End`] or [`Token::Broken`].
pub(super) fn tokens(text: &str) -> Vec<Spanned> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let start = lexer.at;
        let token = lexer.token().unwrap_or_else(Token::Broken);
        let is_last = matches!(token, Token::End | Token::Broken(_));
        tokens.push(Spanned { token, span: start..lexer.at });
        if is_last {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn token(&mut self) -> Result<Token, ConditionError> {
        let start = self.at;
        let Some(first) = self.next() else { return Ok(Token::End) };
        match first {
            '(' => Ok(Token::Open),
            ')' => Ok(Token::Close),
            '[' => Ok(Token::OpenList),
            ']' => Ok(Token::CloseList),
            ',' => Ok(Token::Comma),
            '\'' | '"' => self.quoted(first, start).map(Token::Text),
            '!' if !self.rest().starts_with('=') => Ok(Token::Not),
            '!' | '=' | '<' | '>' | '&' | '|' | '~' => self.operator(start),
            '0'..='9' => self.number(start),
            '-' | '+' if self.rest().starts_with(|c: char| c.is_ascii_digit()) => self.number(start),
            'a'..='z' | 'A'..='Z' | '_' | '\\' => {
                self.at = start;
                self.field()
            }
            other => Err(fault(start..self.at, hint::stray_character(other, self.rest()))),
        }
    }

    fn operator(&mut self, start: usize) -> Result<Token, ConditionError> {
        self.skip_while(|c| matches!(c, '=' | '<' | '>' | '&' | '|' | '~'));
        let symbol = &self.text[start..self.at];
        Ok(Token::Operator(match symbol {
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            other => return Err(fault(start..self.at, hint::unknown_symbol(other))),
        }))
    }

    fn number(&mut self, start: usize) -> Result<Token, ConditionError> {
        self.skip_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        if self.text[start..self.at].ends_with(['e', 'E']) && self.rest().starts_with(['-', '+']) {
            self.at += 1;
            self.skip_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        }
        let written = &self.text[start..self.at];
        match crate::decimal::Decimal::parse(written.as_bytes()) {
            Some(_) => Ok(Token::Number),
            None => Err(fault(
                start..self.at,
                format!("`{written}` is no number; write one such as 10, -0.5 or 1e6, or a text in quotes"),
            )),
        }
    }

    fn quoted(&mut self, quote: char, start: usize) -> Result<Text, ConditionError> {
        let mut text = Text { value: String::new(), pattern_escape: None };
        loop {
            let at = self.at;
            match self.next() {
                None => return Err(fault(start..self.at, format!("the text is not closed; write {quote} at its end"))),
                Some(c) if c == quote => return Ok(text),
                Some('\\') if self.rest().starts_with(['*', '?', '[', ']', '-', '!', '^']) => {
                    text.value.push('\\');
                    text.pattern_escape.get_or_insert(at);
                }
                Some('\\') => text.value.push(self.escape(at)?),
                Some(c) => text.value.push(c),
            }
        }
    }

    /// What follows a backslash in a text.
    fn escape(&mut self, at: usize) -> Result<char, ConditionError> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(same @ ('\\' | '"' | '\'')) => Ok(same),
            Some('u') => match unicode(self.rest().as_bytes()) {
                Unicode::Char(c, taken) => {
                    self.at += taken;
                    Ok(c)
                }
                _ => Err(fault(
                    at..self.at,
                    "four hexadecimal digits of a character follow \\u (two such escapes for one above FFFF)".into(),
                )),
            },
            _ => Err(fault(at..self.at, TEXT_ESCAPES.into())),
        }
    }

    fn field(&mut self) -> Result<Token, ConditionError> {
        let start = self.at;
        let marked = self.rest().starts_with('\\');
        let mut segments = vec![Segment::Name(self.name()?)];
        if let (Some(keyword), false) = (keyword(&self.text[start..self.at]), self.rest().starts_with('.')) {
            return Ok(keyword);
        }
        loop {
            if self.eat('.') {
                segments.push(Segment::Name(self.name()?));
            } else if self.rest().starts_with('[') {
                segments.push(Segment::Index(self.index()?));
            } else {
                return Ok(Token::Field(Field { segments, marked }));
            }
        }
    }

    /// One name of a field: at least one character.
    fn name(&mut self) -> Result<String, ConditionError> {
        let mut name = String::new();
        loop {
            let at = self.at;
            match self.next() {
                Some('\\') => match self.next() {
                    Some(escaped) => name.push(escaped),
                    None => {
                        return Err(fault(
                            at..self.at,
                            "a \\ stands before the character it escapes; nothing follows".into(),
                        ));
                    }
                },
                Some(c) if c == '_' || c == '-' || c.is_ascii_alphanumeric() => name.push(c),
                after => {
                    self.at = at;
                    return match after {
                        Some(c) if !c.is_ascii() || matches!(c, '$' | '@' | '#' | '%' | '/' | ':' | '*') => Err(fault(
                            at..at + c.len_utf8(),
                            format!("{c:?} in a field's name is written escaped, as \\{c}"),
                        )),
                        Some('"' | '\'') if name.is_empty() => Err(fault(
                            at..at + 1,
                            "a name has no quotes; write other characters after a \\, as in a\\ b".into(),
                        )),
                        _ if name.is_empty() => Err(fault(at..at, "a name is missing after the dot".into())),
                        _ => Ok(name),
                    };
                }
            }
        }
    }

    fn index(&mut self) -> Result<u32, ConditionError> {
        let start = self.at;
        self.at += 1;
        let digits_start = self.at;
        self.skip_while(|c| c.is_ascii_digit());
        let index = self.text[digits_start..self.at].parse();
        match index {
            Ok(index) if self.eat(']') => Ok(index),
            _ if self.rest().starts_with(['"', '\'']) => {
                let message = "a name stands after a dot without quotes, other characters after a \\, as in .a\\ b";
                Err(fault(start..self.at, message.into()))
            }
            _ => Err(fault(start..self.at, "[ ] after a field holds the place of an array's item, such as [0]".into())),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len_utf8() } else { 0 };
        found
    }

    fn skip_while(&mut self, accepted: impl Fn(char) -> bool) {
        self.at += self.rest().len() - self.rest().trim_start_matches(accepted).len();
    }
}

pub(super) fn fault(span: Range<usize>, message: String) -> ConditionError {
    ConditionError { message, start: span.start, end: span.end }
}
