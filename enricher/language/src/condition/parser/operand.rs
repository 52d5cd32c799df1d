//! The values of a comparison: literals, lists, fields, columns and calls.

use std::ops::Range;

use super::{Parser, Placed, deeper};
use crate::condition::call::Call;
use crate::condition::expression::{NumberLiteral, Operand, Operator};
use crate::condition::function::Function;
use crate::condition::lexer::{Field, Spanned, TEXT_ESCAPES, Token, fault, is_reserved};
use crate::condition::{ConditionError, EntityColumn, hint};
use crate::{MAX_PATH_BYTES, MAX_PATH_SEGMENTS, Path, Segment};

impl Parser<'_> {
    /// The operand that starts with this token.
    pub(super) fn operand(&mut self, start: Spanned, depth: usize) -> Result<Placed, ConditionError> {
        if let Token::Text(text) = &start.token
            && let Some(at) = text.pattern_escape
        {
            return Err(fault(at..at + 2, format!("{TEXT_ESCAPES}; \\* and \\? stand in a pattern of match only")));
        }
        self.any_operand(start, depth)
    }

    /// The same, and texts with the escapes of patterns.
    fn any_operand(&mut self, start: Spanned, depth: usize) -> Result<Placed, ConditionError> {
        let operand = match &start.token {
            Token::OpenList => return self.list(&start),
            Token::Field(field) => {
                let opens = self.next_if(|token| *token == Token::Open).is_some();
                if opens {
                    return self.call(&start, depth);
                }
                self.field(field, &start)?
            }
            _ => self.literal(&start).ok_or_else(|| self.no_operand(&start))?,
        };
        Ok(Placed { operand, span: start.span })
    }

    fn literal(&self, spanned: &Spanned) -> Option<Operand> {
        Some(match &spanned.token {
            Token::Text(text) => Operand::Text(text.value.as_str().into()),
            Token::Boolean(boolean) => Operand::Boolean(*boolean),
            Token::Null => Operand::Null,
            Token::Number => Operand::Number(NumberLiteral::new(self.word(spanned))?),
            _ => return None,
        })
    }

    /// What follows a `[`.
    fn list(&mut self, start: &Spanned) -> Result<Placed, ConditionError> {
        let mut items = Vec::new();
        let mut end = self.next_if(|token| *token == Token::CloseList);
        while end.is_none() {
            let next = self.next();
            if let Token::Text(text) = &next.token
                && let Some(at) = text.pattern_escape
            {
                return Err(fault(at..at + 2, TEXT_ESCAPES.into()));
            }
            items.push(self.literal(&next).ok_or_else(|| self.no_item(start, &next))?);
            let after = self.next();
            match after.token {
                Token::Comma => {}
                Token::CloseList => end = Some(after),
                Token::End => return Err(not_closed(start)),
                Token::Broken(error) => return Err(error),
                _ => {
                    let message = format!("a , or ] is missing before `{}`", self.word(&after));
                    return Err(fault(after.span, message));
                }
            }
        }
        let end = end.map_or(start.span.end, |end| end.span.end);
        Ok(Placed { operand: Operand::List(items.into()), span: start.span.start..end })
    }

    /// `found` stands where an item of a list should.
    fn no_item(&self, list: &Spanned, found: &Spanned) -> ConditionError {
        let word = self.word(found);
        let message = match &found.token {
            Token::Broken(error) => return error.clone(),
            Token::End => return not_closed(list),
            Token::Field(_) => match hint::keyword(word) {
                Some(meant) => format!("`{word}` is no value; did you mean `{meant}`?"),
                None => format!("`{word}` has no quotes; write \"{word}\" (a list holds values, no fields)"),
            },
            Token::OpenList => "a list holds texts, numbers, true, false and null, no list".into(),
            Token::Comma | Token::CloseList => format!("a value is missing before `{word}`"),
            _ => format!("`{word}` cannot stand in a list; write texts, numbers, true, false and null"),
        };
        fault(found.span.clone(), message)
    }

    fn field(&mut self, field: &Field, spanned: &Spanned) -> Result<Operand, ConditionError> {
        if let (false, Some(Segment::Name(first))) = (field.marked, field.segments.first()) {
            if first == "entities" {
                return self.column(field.segments.get(1..).unwrap_or_default(), spanned);
            }
            if is_reserved(first) {
                let message = format!("`{first}` is a keyword; write \\{first} for the event's field of that name");
                return Err(fault(spanned.span.clone(), message));
            }
            if let ([_], true, Some(meant)) =
                (&*field.segments, is_reserved(&first.to_ascii_lowercase()), hint::keyword(first))
            {
                let message = format!(
                    "`{first}` is no keyword; did you mean `{meant}`? (\\{first} is the event's field of that name)"
                );
                return Err(fault(spanned.span.clone(), message));
            }
        }
        let path = Path::new(field.segments.clone());
        if field.segments.len() > MAX_PATH_SEGMENTS || path.to_string().len() > MAX_PATH_BYTES {
            let message = format!("the field has more than {MAX_PATH_SEGMENTS} names or {MAX_PATH_BYTES} bytes");
            return Err(fault(spanned.span.clone(), message));
        }
        Ok(Operand::Field(place_of(path, &mut self.paths)))
    }

    /// `entities.<alias>.<column>`; `names` is what follows `entities`.
    fn column(&mut self, names: &[Segment], spanned: &Spanned) -> Result<Operand, ConditionError> {
        let [Segment::Name(alias), Segment::Name(column)] = names else {
            let message = "an enriched value is written entities.<alias>.<COLUMN>, two names after `entities`; write \
                           \\entities for the event's own field of that name, and a \\ before a dot within a name";
            return Err(fault(spanned.span.clone(), message.into()));
        };
        let column = EntityColumn { alias: alias.clone(), column: column.clone() };
        Ok(Operand::Column(place_of(column, &mut self.columns)))
    }

    /// What follows a name and its `(`.
    fn call(&mut self, name: &Spanned, depth: usize) -> Result<Placed, ConditionError> {
        let word = self.word(name);
        let function = Function::named(word).ok_or_else(|| fault(name.span.clone(), hint::unknown_function(word)))?;
        let depth = deeper(depth, name)?;
        let mut arguments: Vec<Placed> = Vec::new();
        let mut end = self.next_if(|token| *token == Token::Close);
        while end.is_none() {
            let start = self.next();
            if arguments.first().is_some_and(|first| !first.operand.is_literal()) {
                self.refuse_unquoted(&start)?;
            }
            let is_pattern = function == Function::Match && arguments.len() == 1;
            let argument = if is_pattern { self.any_operand(start, depth) } else { self.operand(start, depth) }?;
            arguments.push(argument);
            let after = self.next();
            match after.token {
                Token::Comma => {}
                Token::Close => end = Some(after),
                Token::Broken(error) => return Err(error),
                Token::End => {
                    let message = "this call is not closed; write ) at its end";
                    return Err(fault(name.span.clone(), message.into()));
                }
                Token::Operator(_) | Token::And | Token::Or => {
                    let message = format!("{} takes values, no comparison; close it with ) first", function.usage());
                    return Err(fault(after.span, message));
                }
                _ => {
                    let message = format!("a , or ) is missing before `{}`", self.word(&after));
                    return Err(fault(after.span, message));
                }
            }
        }
        let span = name.span.start..end.map_or(name.span.end, |end| end.span.end);
        refuse_misfits(function, &arguments, &span)?;
        let pattern = arguments.get(1).map_or(span.clone(), |second| second.span.clone());
        let arguments = arguments.into_iter().map(|argument| argument.operand).collect();
        let call = Call::new(function, arguments).map_err(|message| fault(pattern, message))?;
        Ok(Placed { operand: Operand::Call(Box::new(call)), span })
    }

    /// `type = track`: a lone word after a field is a text without its quotes far more often than a field.
    pub(super) fn refuse_unquoted(&mut self, right: &Spanned) -> Result<(), ConditionError> {
        let Token::Field(Field { segments, marked: false }) = &right.token else { return Ok(()) };
        if segments.len() > 1 || self.tokens.peek().is_some_and(|next| next.token == Token::Open) {
            return Ok(());
        }
        let word = self.word(right);
        let message = match hint::keyword(word) {
            Some(meant) => format!("`{word}` is no value; did you mean `{meant}`?"),
            None if word == "entities" => return Ok(()),
            None => format!(
                "`{word}` has no quotes; write \"{word}\" for the text, \\{word} for the event's field of that name"
            ),
        };
        Err(fault(right.span.clone(), message))
    }

    fn no_operand(&self, found: &Spanned) -> ConditionError {
        let message = match &found.token {
            Token::Broken(error) => return error.clone(),
            Token::End => "the condition ends too early; a field or a value is missing".into(),
            Token::Close => "a comparison or a value is missing before this )".into(),
            Token::Open => "parentheses hold comparisons, not values; write a field or a value".into(),
            Token::Operator(Operator::In) => {
                "a value is missing before `in`; the event's field of that name is written \\in".into()
            }
            _ => format!("`{}` cannot stand here; a field or a value is missing before it", self.word(found)),
        };
        fault(found.span.clone(), message)
    }
}

fn not_closed(list: &Spanned) -> ConditionError {
    fault(list.span.clone(), "this list is not closed; write ] at its end".into())
}

/// Too many, too few or impossible arguments.
fn refuse_misfits(function: Function, arguments: &[Placed], call: &Range<usize>) -> Result<(), ConditionError> {
    let parameters = function.parameters();
    if parameters.len() != arguments.len() {
        let plural = if parameters.len() == 1 { "" } else { "s" };
        let (expected, found) = (parameters.len(), arguments.len());
        let message =
            format!("`{}` takes {expected} value{plural}, not {found}; write {}", function.name(), function.usage());
        return Err(fault(call.clone(), message));
    }
    for (parameter, argument) in parameters.iter().zip(arguments) {
        if let Some(kind) = argument.operand.kind().filter(|kind| !parameter.takes(*kind)) {
            let message = format!("{} takes {} here, not {}", function.usage(), parameter.name(), kind.name());
            return Err(fault(argument.span.clone(), message));
        }
    }
    Ok(())
}

/// The place of a thing among those that are read, each of which stands once.
fn place_of<T: PartialEq>(read: T, known: &mut Vec<T>) -> usize {
    known.iter().position(|other| *other == read).unwrap_or_else(|| {
        known.push(read);
        known.len() - 1
    })
}
