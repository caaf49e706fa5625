/// The most steps that a sequence may have; the bit after them says that an event ends it.
pub(in crate::functions) const STEPS_MAX: usize = 31;
/// The mark of an event that ends every sequence begun before it.
pub(in crate::functions) const END: u32 = 1 << STEPS_MAX;

/// An event that is of interest: one bit for each step whose condition it meets, from the lowest, and perhaps [`END`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::functions) struct Marked {
    /// In the unit of the column.
    pub(in crate::functions) time: i64,
    pub(in crate::functions) marks: u32,
}

/// The greatest number of first steps that events, in the order of time, do one after another, no more than `within` after the
/// first of them.
///
/// Of each length the chain that began last is kept: whatever an earlier one could still become, the later one can as well. So
/// the answer is exact, and each moment costs no more than the steps. Events of one moment are taken in whichever order does most.
pub(in crate::functions) fn longest(events: &[Marked], steps: usize, within: i64) -> usize {
    let mut chains = Chains { began: vec![None; steps], within, longest: 0 };
    for moment in events.chunk_by(|one, next| one.time == next.time) {
        chains.pass(moment);
        if chains.longest == steps {
            break;
        }
    }
    chains.longest
}

/// What is under way after some moment.
struct Chains {
    /// For one step done, for two, …: when the chain that began last did so.
    began: Vec<Option<i64>>,
    within: i64,
    longest: usize,
}

impl Chains {
    /// Takes in the events of one moment; there is at least one.
    fn pass(&mut self, moment: &[Marked]) {
        let Some(Marked { time, .. }) = moment.first().copied() else { return };
        let ends = moment.iter().any(|event| event.marks & END != 0);
        let doers = doers(moment, self.began.len());
        let before = self.began.clone();
        if ends {
            self.began.fill(None);
        }
        for done in 0..before.len() {
            let began = match done.checked_sub(1).map(|last| before[last]) {
                None => time,
                Some(Some(began)) if time.saturating_sub(began) <= self.within => began,
                Some(_) => continue,
            };
            let reached = done + steps_done(&doers, done, before.len());
            self.longest = self.longest.max(reached);
            // What the end of a moment cuts off has had its best order; what begins in the moment begins after the end.
            if done == 0 || !ends {
                self.began[done..reached].iter_mut().for_each(|latest| *latest = (*latest).max(Some(began)));
            }
        }
    }
}

/// The marks of the events that can do a step: of each step as many events as there are steps, for no more are ever needed. An
/// event that ends sequences is not a step of one.
fn doers(moment: &[Marked], steps: usize) -> Vec<u32> {
    let able = moment.iter().map(|event| event.marks).filter(|marks| marks & END == 0);
    let mut counts = vec![0_usize; steps];
    let is_needed = |marks: &u32| {
        let mut needed = false;
        for (step, count) in counts.iter_mut().enumerate() {
            if marks & (1 << step) != 0 && *count < steps {
                *count += 1;
                needed = true;
            }
        }
        needed
    };
    able.filter(is_needed).collect()
}

/// How many steps in a row, from `first`, can be done by different events.
fn steps_done(doers: &[u32], first: usize, steps: usize) -> usize {
    if let [only] = doers {
        return usize::from(only & (1 << first) != 0);
    }
    let mut held = vec![None; doers.len()];
    (first..steps).take_while(|step| find_doer(*step, doers, &mut held, &mut vec![false; doers.len()])).count()
}

/// Finds an event for a step, moving other steps to other events if it must: an augmenting path of bipartite matching, whose depth
/// is at most the number of steps.
fn find_doer(step: usize, doers: &[u32], held: &mut [Option<usize>], asked: &mut [bool]) -> bool {
    for event in 0..doers.len() {
        if doers[event] & (1 << step) == 0 || asked[event] {
            continue;
        }
        asked[event] = true;
        let is_free = match held[event] {
            None => true,
            Some(holder) => find_doer(holder, doers, held, asked),
        };
        if is_free {
            held[event] = Some(step);
            return true;
        }
    }
    false
}
