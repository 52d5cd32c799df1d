//! From tokens to an expression: `or` binds loosest, then `and`, then `not`.

mod operand;

use std::ops::Range;

use super::expression::{Comparison, Expression, Kind, Operand, Operator};
use super::lexer::{Spanned, Token, fault, tokens};
use super::{Condition, ConditionError, EntityColumn, MAX_CONDITION_BYTES, MAX_CONDITION_DEPTH, hint};
use crate::Path;

/// The condition that a text writes.
pub(super) fn parse(text: &str) -> Result<Condition, ConditionError> {
    if text.len() > MAX_CONDITION_BYTES {
        let message = format!("the condition takes {} bytes; write one of at most {MAX_CONDITION_BYTES}", text.len());
        return Err(fault(text.floor_char_boundary(MAX_CONDITION_BYTES)..text.len(), message));
    }
    if text.trim().is_empty() {
        return Err(fault(0..text.len(), "the condition is empty; leave it out to match every event".into()));
    }
    let tokens = tokens(text).into_iter().peekable();
    let mut parser = Parser { text, tokens, paths: Vec::new(), columns: Vec::new() };
    let expression = parser.any(0)?;
    let after = parser.next();
    match after.token {
        Token::End => Ok(Condition { expression, paths: parser.paths, columns: parser.columns }),
        _ => Err(parser.no_end(&after)),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: std::iter::Peekable<std::vec::IntoIter<Spanned>>,
    paths: Vec<Path>,
    columns: Vec<EntityColumn>,
}

/// An operand and where it stands.
struct Placed {
    operand: Operand,
    span: Range<usize>,
}

impl<'a> Parser<'a> {
    fn any(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let first = self.all(depth)?;
        self.joined(first, &Token::Or, Expression::Any, |parser| parser.all(depth))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let first = self.term(depth)?;
        self.joined(first, &Token::And, Expression::All, |parser| parser.term(depth))
    }

    fn joined(
        &mut self,
        first: Expression,
        word: &Token,
        join: fn(Vec<Expression>) -> Expression,
        next: impl Fn(&mut Self) -> Result<Expression, ConditionError>,
    ) -> Result<Expression, ConditionError> {
        let mut parts = vec![first];
        while self.eat(word) {
            parts.push(next(self)?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { join(parts) })
    }

    fn term(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let start = self.next();
        match start.token {
            Token::Not => Ok(Expression::Not(Box::new(self.term(deeper(depth, &start)?)?))),
            Token::Open => {
                let inside = self.any(deeper(depth, &start)?)?;
                let close = self.next();
                match close.token {
                    Token::Close => Ok(inside),
                    Token::End => Err(fault(start.span, "this parenthesis is not closed; write ) at its end".into())),
                    _ => Err(self.no_end(&close)),
                }
            }
            _ => self.predicate(start, depth),
        }
    }

    /// A comparison, or a value that is true or false.
    fn predicate(&mut self, start: Spanned, depth: usize) -> Result<Expression, ConditionError> {
        let left = self.operand(start, depth)?;
        let next = self.next_if(|token| matches!(token, Token::Operator(_)));
        let Some(Spanned { token: Token::Operator(operator), .. }) = next else { return self.truth(left) };
        let second = self.next();
        if operator == Operator::In && second.token == Token::Open {
            return Err(fault(second.span, "a list stands in [ ]; write in ['a', 'b']".into()));
        }
        if operator != Operator::In && !left.operand.is_literal() {
            self.refuse_unquoted(&second)?;
        }
        let right = self.operand(second, depth)?;
        let both = left.span.start..right.span.end;
        let (left, right) = (left.operand, right.operand);
        match mismatch(&left, operator, &right) {
            Some(message) => Err(fault(both, message)),
            None => Ok(Expression::Comparison(Comparison { left, operator, right })),
        }
    }

    /// A value without an operator after it.
    fn truth(&mut self, value: Placed) -> Result<Expression, ConditionError> {
        let found = self.next_is_end();
        let word = &self.text[value.span.clone()];
        if !found {
            return Err(self.no_operator());
        }
        match value.operand.kind() {
            None => Ok(Expression::Term(value.operand)),
            Some(Kind::Boolean) if !value.operand.is_literal() => Ok(Expression::Term(value.operand)),
            Some(kind) => {
                let message = if kind == Kind::Text && value.operand.is_literal() {
                    format!(
                        "`{word}` alone is no condition; name the field of each comparison, as in event = {word}, or \
                         write event in [{word}, …]"
                    )
                } else if value.operand.is_literal() {
                    format!("`{word}` alone is no condition; compare a field with it, as in properties.paid = {word}")
                } else {
                    let example = if kind == Kind::Number { "> 0" } else { "= 'a'" };
                    format!(
                        "`{word}` gives {}, which alone is no condition; compare it, as in {word} {example}",
                        kind.name()
                    )
                };
                Err(fault(value.span, message))
            }
        }
    }

    /// Something else than an operator stands after a value.
    fn no_operator(&mut self) -> ConditionError {
        let found = self.next();
        let word = self.word(&found);
        let message = match &found.token {
            Token::Broken(error) => return error.clone(),
            Token::Field(_) if word.eq_ignore_ascii_case("is") && self.eat(&Token::Not) => {
                "`is not` is no operator; did you mean `!=`?".into()
            }
            Token::Field(_) => hint::instead_of_operator(word),
            Token::Not if self.next_if(|token| *token == Token::Operator(Operator::In)).is_some() => {
                "`not in` is no operator; write not (field in ['a', 'b'])".into()
            }
            Token::Not => "write `not` before the whole comparison, or use !=".into(),
            Token::Comma | Token::CloseList => return self.no_end(&found),
            _ => format!("an operator is missing before `{word}`; write =, !=, <, <=, >, >= or in"),
        };
        fault(found.span, message)
    }

    /// `found` stands where a complete condition should end or go on.
    fn no_end(&self, found: &Spanned) -> ConditionError {
        let word = self.word(found);
        let message = match (&found.token, hint::keyword(word)) {
            (Token::Broken(error), _) => return error.clone(),
            (Token::Close, _) => "this ) closes nothing; remove it or write its (".into(),
            (Token::CloseList, _) => "this ] closes nothing; remove it or write its [".into(),
            (Token::Comma, _) => "`,` joins nothing; write `and` or `or`".into(),
            (Token::Field(_), Some(meant @ ("and" | "or"))) => {
                format!("`{word}` is no keyword; did you mean `{meant}`?")
            }
            (Token::Operator(_), _) => {
                "comparisons cannot be chained, and values stand without parentheses; write two \
                                        comparisons and join them with `and`"
                    .into()
            }
            _ => format!("`and` or `or` is missing before `{word}`"),
        };
        fault(found.span.clone(), message)
    }

    fn word(&self, spanned: &Spanned) -> &'a str {
        &self.text[spanned.span.clone()]
    }

    fn eat(&mut self, token: &Token) -> bool {
        self.next_if(|next| next == token).is_some()
    }

    fn next_if(&mut self, wanted: impl FnOnce(&Token) -> bool) -> Option<Spanned> {
        self.tokens.next_if(|next| wanted(&next.token))
    }

    /// Whether what follows ends a term.
    fn next_is_end(&mut self) -> bool {
        self.tokens.peek().is_none_or(|next| matches!(next.token, Token::And | Token::Or | Token::Close | Token::End))
    }

    /// The next token; the end, once reached, is reached for ever.
    fn next(&mut self) -> Spanned {
        let end = self.text.len();
        self.tokens.next().unwrap_or(Spanned { token: Token::End, span: end..end })
    }
}

fn deeper(depth: usize, at: &Spanned) -> Result<usize, ConditionError> {
    if depth == MAX_CONDITION_DEPTH {
        let message = format!("the condition nests more than {MAX_CONDITION_DEPTH} levels; write a flatter one");
        return Err(fault(at.span.clone(), message));
    }
    Ok(depth + 1)
}

/// Why this comparison holds for no event, or for every one.
fn mismatch(left: &Operand, operator: Operator, right: &Operand) -> Option<String> {
    let symbol = operator.symbol();
    if left.is_literal() && right.is_literal() {
        return Some(
            "this compares two constants; name a field of the event or a column of an entity on one side".into(),
        );
    }
    if let Some(message) = hint::no_type_name(left, right).or_else(|| hint::no_type_name(right, left)) {
        return Some(message);
    }
    let kinds = [left.kind(), right.kind()];
    if operator.orders() && kinds.into_iter().flatten().any(|kind| kind != Kind::Number) {
        return Some(format!("`{symbol}` compares numbers only; write a number without quotes"));
    }
    if operator == Operator::In {
        return match kinds {
            [Some(Kind::List), _] => {
                Some("`in` looks for one value, not for a list; write one comparison for each".into())
            }
            [_, Some(Kind::List) | None] => None,
            [_, Some(_)] => Some(
                "`in` looks into a list; write ['a', 'b'] or a field that holds a list, or contains(text, part) for a \
                 part of a text"
                    .into(),
            ),
        };
    }
    match kinds {
        [Some(left), Some(right)] if left != right && left != Kind::Null && right != Kind::Null => {
            let cure = match (left, right) {
                (Kind::Text, Kind::Number) | (Kind::Number, Kind::Text) => {
                    "; write the number without quotes, or the text in quotes"
                }
                _ => "",
            };
            Some(format!("`{symbol}` compares values of one type, here {} with {}{cure}", left.name(), right.name()))
        }
        _ => None,
    }
}
