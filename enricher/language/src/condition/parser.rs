//! From tokens to an expression: `or` binds loosest, then `and`, then `not`.

use super::expression::{Comparison, Expression, NumberLiteral, Operand};
use super::lexer::{Field, Spanned, Token, fault, is_reserved, tokens};
use super::{Condition, ConditionError, EntityColumn, MAX_CONDITION_BYTES, MAX_CONDITION_DEPTH, hint};
use crate::decimal::Decimal;
use crate::{MAX_PATH_BYTES, MAX_PATH_SEGMENTS, Path, Segment};

/// The expression, and the paths and columns that its operands stand for.
pub(super) fn parse(text: &str) -> Result<Condition, ConditionError> {
    if text.len() > MAX_CONDITION_BYTES {
        let message = format!("the condition takes {} bytes; write one of at most {MAX_CONDITION_BYTES}", text.len());
        return Err(fault(MAX_CONDITION_BYTES..text.len(), message));
    }
    if text.trim().is_empty() {
        return Err(fault(0..text.len(), "the condition is empty; leave it out to match every event".into()));
    }
    let mut parser =
        Parser { text, tokens: tokens(text).into_iter().peekable(), paths: Vec::new(), columns: Vec::new() };
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
        if matches!(start.token, Token::Not | Token::Open) && depth == MAX_CONDITION_DEPTH {
            let message = format!("the condition nests more than {MAX_CONDITION_DEPTH} levels; write a flatter one");
            return Err(fault(start.span, message));
        }
        match start.token {
            Token::Not => Ok(Expression::Not(Box::new(self.term(depth + 1)?))),
            Token::Open => {
                let inside = self.any(depth + 1)?;
                let close = self.next();
                match close.token {
                    Token::Close => Ok(inside),
                    Token::End => Err(fault(start.span, "this parenthesis is not closed; write ) at its end".into())),
                    _ => Err(self.no_end(&close)),
                }
            }
            _ => self.comparison(start),
        }
    }

    fn comparison(&mut self, start: Spanned) -> Result<Expression, ConditionError> {
        let span = start.span.clone();
        let left_literal = self.literal(&start);
        let left = match left_literal {
            Some(literal) => literal,
            None => self.field_operand(&start)?,
        };
        let next = self.next();
        let Token::Operator(operator) = next.token else { return Err(self.no_operator(&start, &next)) };
        let second = self.next();
        let both = span.start..second.span.end;
        let right = match self.literal(&second) {
            Some(_) if left.is_literal() => {
                return Err(fault(
                    both,
                    "this compares two constants; name a field of the event or a column of an entity on one side"
                        .into(),
                ));
            }
            Some(literal) => literal,
            None => {
                self.refuse_unquoted(&left, &second)?;
                self.field_operand(&second)?
            }
        };
        let has_order = |operand: &Operand| !operand.is_literal() || matches!(operand, Operand::Number(_));
        if operator.orders() && !(has_order(&left) && has_order(&right)) {
            let message = format!("`{}` compares numbers only; write a number without quotes", operator.symbol());
            return Err(fault(both, message));
        }
        Ok(Expression::Comparison(Comparison { left, operator, right }))
    }

    fn literal(&self, spanned: &Spanned) -> Option<Operand> {
        Some(match &spanned.token {
            Token::Text(text) => Operand::Text(text.as_str().into()),
            Token::Boolean(boolean) => Operand::Boolean(*boolean),
            Token::Null => Operand::Null,
            Token::Number => {
                let written = self.word(spanned);
                Operand::Number(NumberLiteral {
                    written: written.into(),
                    value: Decimal::parse(written.as_bytes())?.to_owned(),
                })
            }
            _ => return None,
        })
    }

    fn field_operand(&mut self, spanned: &Spanned) -> Result<Operand, ConditionError> {
        let Token::Field(field) = &spanned.token else { return Err(self.no_operand(spanned)) };
        let word = self.word(spanned);
        if self.tokens.peek().is_some_and(|next| next.token == Token::Open) {
            return Err(fault(spanned.span.clone(), hint::call(word)));
        }
        if let (false, Some(Segment::Name(first))) = (field.marked, field.segments.first())
            && is_reserved(first)
        {
            if first == "entities" {
                return self.column_operand(field.segments.get(1..).unwrap_or_default(), spanned);
            }
            let message = format!("`{first}` is a keyword; write \\{first} for the event's field of that name");
            return Err(fault(spanned.span.clone(), message));
        }
        let path = Path::new(field.segments.clone());
        if field.segments.len() > MAX_PATH_SEGMENTS || path.to_string().len() > MAX_PATH_BYTES {
            let message = format!("the field has more than {MAX_PATH_SEGMENTS} names or {MAX_PATH_BYTES} bytes");
            return Err(fault(spanned.span.clone(), message));
        }
        let known = self.paths.iter().position(|other| *other == path);
        Ok(Operand::Field(known.unwrap_or_else(|| {
            self.paths.push(path);
            self.paths.len() - 1
        })))
    }

    /// `entities.<alias>.<column>`; `names` is what follows `entities`.
    fn column_operand(&mut self, names: &[Segment], spanned: &Spanned) -> Result<Operand, ConditionError> {
        let [Segment::Name(alias), Segment::Name(column)] = names else {
            let message = "an enriched value is written entities.<alias>.<COLUMN>, two names after `entities`; write \
                           \\entities for the event's own field of that name, and a \\ before a dot within a name";
            return Err(fault(spanned.span.clone(), message.into()));
        };
        let column = EntityColumn { alias: alias.clone(), column: column.clone() };
        let known = self.columns.iter().position(|other| *other == column);
        Ok(Operand::Column(known.unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len() - 1
        })))
    }

    /// `type = track`: a lone word after a field is a text without its quotes far more often than a field.
    fn refuse_unquoted(&self, left: &Operand, right: &Spanned) -> Result<(), ConditionError> {
        let Token::Field(Field { segments, marked: false }) = &right.token else { return Ok(()) };
        if segments.len() > 1 || left.is_literal() {
            return Ok(());
        }
        let word = self.word(right);
        Err(fault(
            right.span.clone(),
            match hint::keyword(word) {
                Some(meant) => format!("`{word}` is no value; did you mean `{meant}`?"),
                None => format!(
                    "`{word}` has no quotes; write \"{word}\" for the text, \\{word} for the event's field of that name"
                ),
            },
        ))
    }

    fn no_operand(&self, found: &Spanned) -> ConditionError {
        let message = match &found.token {
            Token::Broken(error) => return error.clone(),
            Token::End => "the condition ends too early; a field or a value is missing".into(),
            Token::Close => "a comparison is missing before this )".into(),
            Token::Open => "parentheses hold comparisons, not values; write a field or a value".into(),
            _ => format!("`{}` cannot stand here; a field or a value is missing before it", self.word(found)),
        };
        fault(found.span.clone(), message)
    }

    /// `found` stands where `left`, a field or a literal, should be followed by an operator.
    fn no_operator(&self, left: &Spanned, found: &Spanned) -> ConditionError {
        let (left_word, word) = (self.word(left), self.word(found));
        if let Some(meant @ ("and" | "or" | "not")) = hint::keyword(left_word) {
            return fault(left.span.clone(), format!("`{left_word}` is no keyword; did you mean `{meant}`?"));
        }
        match &found.token {
            Token::Broken(error) => error.clone(),
            Token::Field(_) => fault(found.span.clone(), hint::instead_of_operator(word)),
            Token::End | Token::Close | Token::And | Token::Or => {
                let example = if matches!(left.token, Token::Field(_)) { left_word } else { "properties.paid" };
                fault(
                    left.span.clone(),
                    format!("`{left_word}` alone is no condition; compare it, as in `{example} = true`"),
                )
            }
            Token::Not => fault(found.span.clone(), "write `not` before the whole comparison, or use !=".into()),
            _ => fault(
                found.span.clone(),
                format!("an operator is missing before `{word}`; write =, !=, <, <=, > or >="),
            ),
        }
    }

    /// `found` stands where a complete condition should end or go on.
    fn no_end(&self, found: &Spanned) -> ConditionError {
        let word = self.word(found);
        let message = match (&found.token, hint::keyword(word)) {
            (Token::Broken(error), _) => return error.clone(),
            (Token::Close, _) => "this ) closes nothing; remove it or write its (".into(),
            (Token::Field(_), Some(meant @ ("and" | "or"))) => {
                format!("`{word}` is no keyword; did you mean `{meant}`?")
            }
            (Token::Operator(_), _) => "comparisons cannot be chained; write two and join them with `and`".into(),
            _ => format!("`and` or `or` is missing before `{word}`"),
        };
        fault(found.span.clone(), message)
    }

    fn word(&self, spanned: &Spanned) -> &'a str {
        &self.text[spanned.span.clone()]
    }

    fn eat(&mut self, token: &Token) -> bool {
        self.tokens.next_if(|next| next.token == *token).is_some()
    }

    /// The next token; the end, once reached, is reached for ever.
    fn next(&mut self) -> Spanned {
        let end = self.text.len();
        self.tokens.next().unwrap_or(Spanned { token: Token::End, span: end..end })
    }
}
