use std::collections::BTreeMap;
use std::sync::Arc;

use coldtrail_model::{Day, SegmentMeta, TimeRange};

/// The most parts of one day.
const PARTS_OF_A_DAY_MAX: u64 = 24;

/// How large slices are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlicePolicy {
    /// A run is cut into about this many slices …
    pub slices_target: u64,
    /// … but none is meant to have fewer bytes than this, as each costs a plan and a commit …
    pub slice_bytes_min: u64,
    /// … nor more than this, as a slice is what is repeated when a node is lost.
    pub slice_bytes_max: u64,
}

impl Default for SlicePolicy {
    fn default() -> Self {
        Self { slices_target: 16, slice_bytes_min: 64 << 20, slice_bytes_max: 512 << 20 }
    }
}

/// The time of one slice, and what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The rows that it holds, by their `time`.
    pub time: TimeRange,
    /// The segments with such rows.
    pub segments: u32,
    /// Their bytes; of a day that is cut into parts, the part's share.
    pub bytes: u64,
}

/// What a day holds.
#[derive(Debug, Clone, Default)]
struct DayLoad {
    bytes: u64,
    segments: Vec<TimeRange>,
}

/// Cuts the days of these segments into slices, the newest first. Every row of every segment is in exactly one slice.
#[must_use]
pub fn windows(segments: &[Arc<SegmentMeta>], policy: &SlicePolicy) -> Vec<Window> {
    let mut days: BTreeMap<Day, DayLoad> = BTreeMap::new();
    for segment in segments {
        let day = days.entry(segment.day).or_default();
        day.bytes += segment.bytes;
        day.segments.push(segment.time);
    }
    let bytes: u64 = days.values().map(|day| day.bytes).sum();
    let target = (bytes / policy.slices_target.max(1)).clamp(policy.slice_bytes_min.max(1), policy.slice_bytes_max.max(1));
    let mut windows: Vec<Window> = Vec::new();
    let mut open: Option<Window> = None;
    for (day, load) in days.into_iter().rev() {
        if load.bytes > target.saturating_mul(2) {
            windows.extend(open.take());
            windows.extend(parts(day, &load, target));
            continue;
        }
        let whole = Window { time: day.range(), segments: count(load.segments.len()), bytes: load.bytes };
        let window = open.map_or(whole, |newer| newer.with(&whole));
        // The first rows should come soon: the newest slice is a small one.
        let enough = if windows.is_empty() { target / 4 } else { target };
        open = if window.bytes >= enough {
            windows.push(window);
            None
        } else {
            Some(window)
        };
    }
    windows.extend(open);
    windows
}

impl Window {
    /// This window and an older one; nothing that lies between them has rows.
    fn with(&self, older: &Self) -> Self {
        Self {
            time: TimeRange { start_ms: older.time.start_ms, end_ms: self.time.end_ms },
            segments: self.segments + older.segments,
            bytes: self.bytes + older.bytes,
        }
    }
}

/// A day in parts of equal time, the newest first.
fn parts(day: Day, load: &DayLoad, target: u64) -> Vec<Window> {
    let parts = load.bytes.div_ceil(target).clamp(1, PARTS_OF_A_DAY_MAX);
    let TimeRange { start_ms, end_ms } = day.range();
    let length = end_ms - start_ms + 1;
    let bound = |part: u64| start_ms + length * i64::try_from(part).unwrap_or(0) / i64::try_from(parts).unwrap_or(1);
    let window = |part: u64| {
        let time = TimeRange { start_ms: bound(part), end_ms: bound(part + 1) - 1 };
        let touched = load.segments.iter().filter(|segment| segment.start_ms <= time.end_ms && time.start_ms <= segment.end_ms).count();
        Window { time, segments: count(touched), bytes: load.bytes / parts }
    };
    (0..parts).rev().map(window).filter(|window| window.segments > 0).collect()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use coldtrail_model::{Class, SegmentId, Table};

    use super::*;

    fn segment(day: i32, bytes: u64) -> Arc<SegmentMeta> {
        let day = Day::from_epoch_days(day);
        Arc::new(SegmentMeta {
            id: SegmentId::generate(),
            table: Table::Events(Class::ApiActivity),
            day,
            path: "x".to_owned(),
            rows: 1,
            bytes,
            created_ms: 0,
            time: day.range(),
            source: "aws_cloudtrail".to_owned(),
            accounts: None,
            has_rows_without_account: true,
            sha256: [0; 32],
            schema_version: 1,
        })
    }

    fn policy(slices_target: u64) -> SlicePolicy {
        SlicePolicy { slices_target, slice_bytes_min: 1, slice_bytes_max: u64::MAX }
    }

    /// Every instant of every day with segments is in exactly one window, and windows go from new to old.
    fn check(segments: &[Arc<SegmentMeta>], windows: &[Window]) {
        assert!(windows.windows(2).all(|pair| pair[1].time.end_ms < pair[0].time.start_ms), "{windows:?}");
        for segment in segments {
            for instant in (segment.time.start_ms..=segment.time.end_ms).step_by(600_000).chain([segment.time.end_ms]) {
                let holding = windows.iter().filter(|window| window.time.start_ms <= instant && instant <= window.time.end_ms);
                assert_eq!(holding.count(), 1, "{instant} in {windows:?}");
            }
        }
    }

    #[test]
    fn days_are_put_together_until_a_slice_is_large_enough() {
        let segments: Vec<_> = (0..90).map(|day| segment(day, 10)).collect();
        let windows = windows(&segments, &policy(9));
        check(&segments, &windows);
        assert!((9..=11).contains(&windows.len()), "{}", windows.len());
        assert!(windows[0].bytes < windows[1].bytes, "the newest is small: {windows:?}");
        assert_eq!(windows.iter().map(|window| window.bytes).sum::<u64>(), 900);
        assert_eq!(windows.iter().map(|window| window.segments).sum::<u32>(), 90);
    }

    #[test]
    fn a_heavy_day_is_cut_into_parts() {
        let segments = [segment(0, 1), segment(1, 1000), segment(2, 1)];
        let windows = windows(&segments, &policy(10));
        check(&segments, &windows);
        assert!(windows.len() >= 10, "{windows:?}");
    }

    #[test]
    fn days_without_segments_cost_nothing() {
        let segments = [segment(0, 5), segment(20_000, 5)];
        let windows = windows(&segments, &policy(1));
        check(&segments, &windows);
        assert!(windows.len() <= 2);
    }

    #[test]
    fn there_is_nothing_to_cut_without_segments() {
        assert!(windows(&[], &SlicePolicy::default()).is_empty());
    }
}
