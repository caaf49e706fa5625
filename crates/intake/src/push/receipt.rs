use tokio::sync::watch;

/// Says when what was received is committed. Nothing to wait for is committed.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    batches: Vec<Expected>,
}

/// What became of a batch: its records are `events + rejects + duplicates`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The name of its object in the catalog.
    pub object: String,
    /// Records that became events.
    pub events: u64,
    /// Records that became rejects.
    pub rejects: u64,
    /// Records that an earlier delivery of the same batch had brought; nothing was added for them.
    pub duplicates: u64,
    /// A snapshot that shows it.
    pub snapshot_id: u64,
}

/// Turns into what became of a batch.
pub(super) type Outcome = watch::Receiver<Option<Taken>>;

#[derive(Debug, Clone)]
enum Expected {
    /// It was committed before.
    Known(Taken),
    /// It waits.
    Waiting {
        outcome: Outcome,
        /// An earlier delivery waits as well, and its records are counted there.
        is_again: bool,
    },
}

impl Taken {
    /// The same batch, delivered once more.
    pub(super) fn again(self) -> Self {
        Self { events: 0, rejects: 0, duplicates: self.events + self.rejects + self.duplicates, ..self }
    }
}

impl Receipt {
    pub(super) fn add_known(&mut self, taken: Taken) {
        self.batches.push(Expected::Known(taken));
    }

    pub(super) fn add(&mut self, outcome: Outcome, is_again: bool) {
        self.batches.push(Expected::Waiting { outcome, is_again });
    }

    /// True if all of it is committed.
    pub fn is_committed(&self) -> bool {
        self.batches.iter().all(|batch| match batch {
            Expected::Known(_) => true,
            Expected::Waiting { outcome, .. } => outcome.borrow().is_some(),
        })
    }

    /// Waits until all of it is committed; false if the process stops before.
    pub async fn committed(self) -> bool {
        self.taken().await.is_some()
    }

    /// Waits until all of it is committed, and says what became of each batch, in the order they were given; nothing if the
    /// process stops before.
    pub async fn taken(self) -> Option<Vec<Taken>> {
        let mut all = Vec::with_capacity(self.batches.len());
        for batch in self.batches {
            all.push(match batch {
                Expected::Known(taken) => taken,
                Expected::Waiting { mut outcome, is_again } => {
                    let taken = outcome.wait_for(Option::is_some).await.ok()?.clone()?;
                    if is_again { taken.again() } else { taken }
                }
            });
        }
        Some(all)
    }
}
