//! Why a condition holds for an event or does not.

use super::Condition;
use super::evaluate::Read;
use super::expression::{Comparison, Expression, Operand};
use super::list::write_text;
use super::print::Spelled;
use super::value::Value;

/// A condition or a part of one, judged on one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Its canonical spelling.
    pub text: String,
    /// How its parts make it up.
    pub shape: Shape,
    /// Whether it held; `None` where it was not judged, because what stands before it had already decided.
    pub held: Option<bool>,
    /// Whether the outcome of the whole condition rests on it: of a false `and` the first false part, of a true `or`
    /// the first true part, else all parts.
    pub decided: bool,
    /// What a comparison or a term read and computed, outer values first, each once; empty where it was not judged.
    pub values: Vec<OperandValue>,
    /// The parts of `and`, `or` and `not`, as they are written.
    pub parts: Vec<Explanation>,
}

/// What joins the parts of an [`Explanation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All parts must hold.
    And,
    /// One part must hold.
    Or,
    /// Its one part must not hold.
    Not,
    /// A comparison or a value that is true or false; no parts.
    Leaf,
}

/// A field, a column or a call, and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperandValue {
    /// Its canonical spelling.
    pub text: String,
    /// Its value as JSON text, as it stands in the event or the row; `None` where there is none, and for null that a
    /// function gave.
    pub value: Option<String>,
}

impl Explanation {
    /// The comparisons and terms that decided the outcome, in reading order.
    pub fn deciding(&self) -> Vec<&Explanation> {
        match self.shape {
            _ if !self.decided => Vec::new(),
            Shape::Leaf => vec![self],
            _ => self.parts.iter().flat_map(Explanation::deciding).collect(),
        }
    }

    fn mark_decided(&mut self) {
        self.decided = true;
        let one_decides = match self.shape {
            Shape::And => Some(false),
            Shape::Or => Some(true),
            Shape::Not | Shape::Leaf => None,
        };
        let only = one_decides.filter(|decisive| self.held == Some(*decisive));
        let decides = |part: &&mut Explanation| only.is_none() || part.held == only;
        self.parts.iter_mut().filter(decides).for_each(Explanation::mark_decided);
    }
}

/// The condition's parts with their outcomes and values.
pub(super) fn explain<'event>(condition: &Condition, reading: &impl Read<'event>) -> Explanation {
    let mut explanation = part(condition, &condition.expression, Some(reading));
    explanation.mark_decided();
    explanation
}

/// `reading` is `None` for a part that is not reached.
fn part<'event>(condition: &Condition, expression: &Expression, reading: Option<&impl Read<'event>>) -> Explanation {
    let (shape, parts, values) = match expression {
        Expression::All(parts) => (Shape::And, joined(condition, parts, reading, false), Vec::new()),
        Expression::Any(parts) => (Shape::Or, joined(condition, parts, reading, true), Vec::new()),
        Expression::Not(inner) => (Shape::Not, vec![part(condition, inner, reading)], Vec::new()),
        Expression::Comparison(Comparison { left, right, .. }) => {
            (Shape::Leaf, Vec::new(), values(condition, &[left, right], reading))
        }
        Expression::Term(operand) => (Shape::Leaf, Vec::new(), values(condition, &[operand], reading)),
    };
    let held = reading.map(|reading| expression.holds(reading));
    Explanation { text: Spelled(expression, condition).to_string(), shape, held, decided: false, values, parts }
}

/// The parts, up to the first that comes out as `last`, and the others not judged.
fn joined<'event>(
    condition: &Condition,
    parts: &[Expression],
    mut reading: Option<&impl Read<'event>>,
    last: bool,
) -> Vec<Explanation> {
    let explained = parts.iter().map(|expression| {
        let explanation = part(condition, expression, reading);
        reading = reading.filter(|_| explanation.held != Some(last));
        explanation
    });
    explained.collect()
}

fn values<'event>(
    condition: &Condition,
    operands: &[&Operand],
    reading: Option<&impl Read<'event>>,
) -> Vec<OperandValue> {
    let mut values = Vec::new();
    if let Some(reading) = reading {
        operands.iter().for_each(|operand| add_values(condition, operand, reading, &mut values));
    }
    values
}

fn add_values<'event>(
    condition: &Condition,
    operand: &Operand,
    reading: &impl Read<'event>,
    values: &mut Vec<OperandValue>,
) {
    let raw = |raw: Option<&[u8]>| raw.map(|raw| String::from_utf8_lossy(raw.trim_ascii()).into_owned());
    let value = match operand {
        Operand::Field(place) => raw(reading.field(*place)),
        Operand::Column(place) => raw(reading.column(*place)),
        Operand::Call(call) => computed(&call.value(reading)),
        _ => return,
    };
    let text = Spelled(operand, condition).to_string();
    if values.iter().all(|known| known.text != text) {
        values.push(OperandValue { text, value });
    }
    if let Operand::Call(call) = operand {
        call.arguments().iter().for_each(|argument| add_values(condition, argument, reading, values));
    }
}

/// What a function gave, as JSON.
fn computed(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Boolean(boolean) => Some(boolean.to_string()),
        Value::Number(number) => Some(number.plain().unwrap_or_else(|| number.scientific())),
        Value::Text(text) => {
            let mut json = Vec::new();
            write_text(text, &mut json);
            Some(String::from_utf8_lossy(&json).into_owned())
        }
        Value::Null | Value::List(_) | Value::Other => None,
    }
}
