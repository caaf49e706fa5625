use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Cancelled tickets that are remembered, so that fetching one later is refused.
const CANCELLED_MAX: usize = 4096;

/// Names one planned result.
pub(crate) type TicketId = Vec<u8>;

/// The results being fetched on this node, so that they can be cancelled by ticket and stopped with the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs {
    state: Arc<Mutex<State>>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<TicketId, (CancellationToken, usize)>,
    cancelled: VecDeque<TicketId>,
}

/// One fetch of a result; it leaves the list when dropped.
#[derive(Debug)]
pub(crate) struct Run {
    runs: Runs,
    id: TicketId,
    pub(crate) cancelled: CancellationToken,
    pub(crate) stopped: CancellationToken,
}

impl Runs {
    /// Adds a fetch; nothing when its ticket was cancelled.
    pub(crate) fn start(&self, id: &TicketId) -> Option<Run> {
        let mut state = self.state.lock();
        if state.cancelled.contains(id) {
            return None;
        }
        let (token, fetches) = state.running.entry(id.clone()).or_default();
        *fetches += 1;
        Some(Run { runs: self.clone(), id: id.clone(), cancelled: token.clone(), stopped: self.stop.clone() })
    }

    /// Cancels every fetch of a ticket, now and later. Doing it again changes nothing.
    pub(crate) fn cancel(&self, id: &TicketId) {
        let mut state = self.state.lock();
        if !state.cancelled.contains(id) {
            if state.cancelled.len() == CANCELLED_MAX {
                state.cancelled.pop_front();
            }
            state.cancelled.push_back(id.clone());
        }
        if let Some((token, _)) = state.running.get(id) {
            token.cancel();
        }
    }

    /// Ends every fetch.
    pub(crate) fn stop_all(&self) {
        self.stop.cancel();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut state = self.runs.state.lock();
        if let Some((_, fetches)) = state.running.get_mut(&self.id) {
            *fetches -= 1;
            if *fetches == 0 {
                state.running.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_ticket_stops_every_fetch_and_cannot_be_fetched_again() {
        let runs = Runs::default();
        let (one, other) = (vec![1], vec![2]);
        let first = runs.start(&one).expect("not cancelled");
        let second = runs.start(&one).expect("not cancelled");
        let unrelated = runs.start(&other).expect("not cancelled");
        runs.cancel(&one);
        runs.cancel(&one);
        assert!(first.cancelled.is_cancelled() && second.cancelled.is_cancelled());
        assert!(!unrelated.cancelled.is_cancelled());
        assert!(runs.start(&one).is_none());
        drop((first, second, unrelated));
        assert!(runs.state.lock().running.is_empty());
        assert!(runs.start(&other).is_some());
    }

    #[test]
    fn the_memory_of_cancelled_tickets_is_bounded() {
        let runs = Runs::default();
        for number in 0..CANCELLED_MAX as u64 + 10 {
            runs.cancel(&number.to_le_bytes().to_vec());
        }
        assert_eq!(runs.state.lock().cancelled.len(), CANCELLED_MAX);
    }
}
