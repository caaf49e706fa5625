use std::time::{Duration, Instant};

use parking_lot::Mutex;

const WINDOW: Duration = Duration::from_secs(10);
const LINES_MAX: u32 = 5;

/// Keeps a log readable when the same goes wrong many times a second: the same line once in ten seconds, and five lines in all.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<Option<Window>>);

#[derive(Debug)]
struct Window {
    since: Instant,
    lines: u32,
    last: String,
    suppressed: u64,
}

impl Quiet {
    /// Says whether to write the line, and if so how many were left out before it.
    fn admit(&self, line: &str, now: Instant) -> Option<u64> {
        let mut window = self.0.lock();
        let suppressed = match window.as_mut() {
            Some(open) if now.duration_since(open.since) < WINDOW => {
                if open.lines >= LINES_MAX || open.last == line {
                    open.suppressed += 1;
                    return None;
                }
                open.lines += 1;
                line.clone_into(&mut open.last);
                return Some(std::mem::take(&mut open.suppressed));
            }
            Some(past) => past.suppressed,
            None => 0,
        };
        *window = Some(Window { since: now, lines: 1, last: line.to_owned(), suppressed: 0 });
        Some(suppressed)
    }

    pub(crate) fn warn(&self, line: &str) {
        match self.admit(line, Instant::now()) {
            Some(0) => tracing::warn!("{line}"),
            Some(suppressed) => tracing::warn!(suppressed, "{line}"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_line_is_written_once_in_a_window_and_the_next_one_says_how_many_were_left_out() {
        let (quiet, start) = (Quiet::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(quiet.admit("a", at(0)), Some(0));
        assert_eq!(quiet.admit("a", at(1)), None);
        assert_eq!(quiet.admit("a", at(9)), None);
        assert_eq!(quiet.admit("b", at(9)), Some(2));
        assert_eq!(quiet.admit("b", at(10)), Some(0), "a new window has begun");
        assert_eq!(quiet.admit("b", at(11)), None);
        assert_eq!(quiet.admit("b", at(21)), Some(1));
    }

    #[test]
    fn a_storm_of_different_lines_is_cut_off() {
        let (quiet, start) = (Quiet::default(), Instant::now());
        let written = (0..100).filter(|line: &u32| quiet.admit(&line.to_string(), start).is_some()).count();
        assert_eq!(written, 5);
        assert_eq!(quiet.admit("later", start + WINDOW), Some(95));
    }
}
