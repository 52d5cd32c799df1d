//! Figures, as they are told.

/// The middle one.
pub(crate) fn median<T>(of: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<f64> = of.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints a figure; beside it a ratio, what it should reach and of what it is.
pub(crate) fn tell(what: &str, figure: &str, ratio: Option<(f64, f64, &str)>) {
    let ratio = ratio.map_or(String::new(), |(ratio, aim, of)| format!("; {ratio:.2} of {of}, aim {aim}"));
    println!("{what:<42} {figure}{ratio}");
}
