use tokio::sync::watch;

/// Says when what was received is committed. Nothing to wait for is committed.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    waiting: Vec<watch::Receiver<bool>>,
}

impl Receipt {
    pub(super) fn add(&mut self, batch: watch::Receiver<bool>) {
        self.waiting.push(batch);
    }

    /// True if all of it is committed.
    pub fn is_committed(&self) -> bool {
        self.waiting.iter().all(|batch| *batch.borrow())
    }

    /// Waits until all of it is committed; false if the process stops before.
    pub async fn committed(mut self) -> bool {
        for batch in &mut self.waiting {
            if batch.wait_for(|is_committed| *is_committed).await.is_err() {
                return false;
            }
        }
        true
    }
}
