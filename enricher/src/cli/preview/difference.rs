//! The lines that a rule changes of an event, in time that grows with the event's length.

use std::iter;

/// A line of the event as it came, as it leaves, or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'text> {
    Same(&'text str),
    Gone(&'text str),
    New(&'text str),
}

/// A change of more lines than this, such as a whole object that gives way to a value, is shown with all that follows up
/// to the lines that both end with.
const REACH: usize = 1_000;

/// The lines of both texts in their order. Values are written in place, so what changes is short and the same lines
/// follow; a general search would take the square of the number of lines.
pub(super) fn lines<'text>(before: &'text str, after: &'text str) -> Vec<Line<'text>> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let (mut old, mut new) = (&before[..], &after[..]);
    let mut lines = Vec::new();
    while !old.is_empty() || !new.is_empty() {
        if let ([line, old_rest @ ..], [same, new_rest @ ..]) = (old, new)
            && line == same
        {
            lines.push(Line::Same(line));
            (old, new) = (old_rest, new_rest);
            continue;
        }
        let (gone, added) = change(old, new);
        let ((gone, old_rest), (added, new_rest)) = (old.split_at(gone), new.split_at(added));
        lines.extend(gone.iter().copied().map(Line::Gone).chain(added.iter().copied().map(Line::New)));
        (old, new) = (old_rest, new_rest);
    }
    lines
}

/// How many lines at the start of both belong to one change.
fn change(old: &[&str], new: &[&str]) -> (usize, usize) {
    // Lines of one depth are alike by their indentation too, so the first that is there on both sides ends the change.
    let is_end = |gone: usize, added: usize| match (old.get(gone), new.get(added)) {
        (Some(one), Some(other)) => one == other,
        _ => gone == old.len() && added == new.len(),
    };
    let near = (1..=REACH).find_map(|both| {
        let gone = (0..=both.min(old.len())).find(|gone| is_end(*gone, both - gone))?;
        Some((gone, both - gone))
    });
    near.unwrap_or_else(|| {
        let alike = iter::zip(old.iter().rev(), new.iter().rev()).take_while(|(one, other)| one == other).count();
        (old.len() - alike, new.len() - alike)
    })
}

/// The lines around changes, at most `context` before and after each, in groups.
pub(super) fn groups<'lines, 'text>(lines: &'lines [Line<'text>], context: usize) -> Vec<&'lines [Line<'text>]> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| !matches!(line, Line::Same(_))) {
        let (start, end) = (at.saturating_sub(context), (at + 1 + context).min(lines.len()));
        match groups.last_mut() {
            Some((_, last_end)) if start <= *last_end => *last_end = end,
            _ => groups.push((start, end)),
        }
    }
    groups.into_iter().filter_map(|(start, end)| lines.get(start..end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let line = |line: &Line<'_>| match line {
            Line::Same(text) => format!(" {text}"),
            Line::Gone(text) => format!("-{text}"),
            Line::New(text) => format!("+{text}"),
        };
        lines(before, after).iter().map(line).collect::<Vec<_>>().join("|")
    }

    /// Both texts can be read off the lines.
    fn is_true(before: &str, after: &str) -> bool {
        let lines = lines(before, after);
        let side = |keep: fn(&Line<'_>) -> bool| {
            let text = |line: &Line<'_>| match *line {
                Line::Same(text) | Line::Gone(text) | Line::New(text) => text.to_owned(),
            };
            lines.iter().filter(|line| keep(line)).map(text).collect::<Vec<_>>()
        };
        side(|line| !matches!(line, Line::New(_))) == before.lines().collect::<Vec<_>>()
            && side(|line| !matches!(line, Line::Gone(_))) == after.lines().collect::<Vec<_>>()
    }

    #[test]
    fn a_value_that_is_added_replaced_or_filled_shows_its_own_lines_only() {
        assert_eq!(shown("{\na\nb\n}", "{\na\nb,\nc\n}"), " {| a|-b|+b,|+c| }");
        assert_eq!(shown("{\na\nb\nc\n}", "{\na\nB\nc\n}"), " {| a|-b|+B| c| }");
        assert_eq!(shown("{\nb: null\nc\n}", "{\nb: {\nx\n}\nc\n}"), " {|-b: null|+b: {|+x|+}| c| }");
        assert_eq!(shown("a\nb", "a\nb"), " a| b");
        assert_eq!(shown("{}", "{\na\n}"), "-{}|+{|+a|+}");
    }

    #[test]
    fn ten_thousand_items_are_shown_item_by_item_and_a_large_object_as_a_whole() {
        let (before, after) =
            ("{\n\"sku\": 1\n},\n".repeat(10_000), "{\n\"sku\": 1,\n\"name\": 2\n},\n".repeat(10_000));
        assert!(is_true(&before, &after));
        let changed = lines(&before, &after).iter().filter(|line| !matches!(line, Line::Same(_))).count();
        assert_eq!(changed, 30_000);
        let (large, small) = (format!("{{\n{}}}\nz", "x,\n".repeat(100_000)), "{\ny\n}\nz");
        assert!(is_true(&large, small) && is_true(small, &large));
        assert_eq!(groups(&lines(&large, small), 3).len(), 1);
    }

    #[test]
    fn lines_far_from_a_change_are_left_out() {
        let before: String = (0..30).map(|n| format!("{n}\n")).collect();
        let after = before.replace("\n5\n", "\nfive\n").replace("\n20\n", "\ntwenty\n");
        let lines = lines(&before, &after);
        let groups: Vec<usize> = groups(&lines, 3).iter().map(|group| group.len()).collect();
        assert_eq!(groups, [8, 8]);
    }
}
