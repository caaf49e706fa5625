/// The least number of events whose intervals tell anything: three intervals.
pub(super) const EVENTS_MIN: usize = 4;

/// How regular the intervals between events are, from 0 to 1; the times come sorted.
///
/// 1 less the median absolute deviation of the intervals by their median, and not below 0. Both medians bear that up to half of the
/// intervals are anything at all, such as those of beats that were missed. None for fewer than [`EVENTS_MIN`] events, and if most
/// come at the same moment as the one before, for then there is no interval to speak of.
pub(super) fn regularity(times: &[i64]) -> Option<f64> {
    if times.len() < EVENTS_MIN {
        return None;
    }
    // An interval of more ticks than a float can tell apart is years of nanoseconds.
    let mut intervals: Vec<f64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]) as f64).collect();
    let usual = median(&mut intervals)?;
    if usual <= 0.0 {
        return None;
    }
    intervals.iter_mut().for_each(|interval| *interval = (*interval - usual).abs());
    let deviation = median(&mut intervals)?;
    Some((1.0 - deviation / usual).max(0.0))
}

/// The value in the middle, or the mean of the two there; puts the values in another order.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp);
    Some(lower.filter(|_| is_even).map_or(*upper, |lower| f64::midpoint(lower, *upper)))
}
