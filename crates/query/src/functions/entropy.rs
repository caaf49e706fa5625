use std::collections::HashMap;

/// Shannon's entropy of a text in bits per character; 0 for none.
pub(super) fn shannon(text: &str) -> f64 {
    if text.is_ascii() {
        let mut counts = [0_u32; 128];
        text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        return of_counts(counts.into_iter(), text.len());
    }
    let mut counts: HashMap<char, u32> = HashMap::new();
    text.chars().for_each(|character| *counts.entry(character).or_default() += 1);
    // In order, so that rounding is the same each time.
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable();
    of_counts(counts.into_iter(), text.chars().count())
}

fn of_counts(counts: impl Iterator<Item = u32>, total: usize) -> f64 {
    // No text is long enough for the count not to be exact as a floating point number.
    let total = total as f64;
    let bits = |count: u32| {
        let share = f64::from(count) / total;
        share * share.log2()
    };
    // Subtracting from zero gives 0 and not -0 for equal characters.
    0.0 - counts.filter(|count| *count > 0).map(bits).sum::<f64>()
}
