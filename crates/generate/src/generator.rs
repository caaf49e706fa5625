use std::collections::BTreeMap;
use std::io::Write;

use crate::intrusion::Campaign;
use crate::{Config, Error, FilePlan, FileSummary, GroundTruth, merge};

/// A configuration that was checked, with the intrusion laid out: plans and writes any number of files.
///
/// Cheap to share between threads; [`plan()`] and [`write_file`] make one for a single call.
#[derive(Debug)]
pub struct Generator {
    config: Config,
    campaign: Campaign,
}

impl Generator {
    /// Checks the configuration and lays out the intrusion.
    pub fn new(config: &Config) -> Result<Self, Error> {
        config.validate()?;
        let campaign = if config.intrusion { Campaign::plant(config) } else { Campaign::default() };
        Ok(Self { config: config.clone(), campaign })
    }

    /// Every file, in order of source and day; none is empty.
    pub fn plan(&self) -> Vec<FilePlan> {
        crate::plan::files(&self.config, &self.campaign)
    }

    /// Writes one file, compressed if its name says so. Needs no other file to be written.
    pub fn write_file(&self, plan: &FilePlan, sink: &mut dyn Write) -> Result<FileSummary, Error> {
        let planted = self.campaign.plants_of(plan.stream, plan.day);
        let is_ours = self.config.sources.contains(&plan.source)
            && self.config.dates().any(|date| date == plan.day)
            && plan.path == plan.stream.path(plan.day)
            && plan.planted == planted.len() as u64;
        if !is_ours {
            return Err(Error::ForeignPlan { path: plan.path.clone() });
        }
        merge::write(self.config.seed, plan, planted, sink).map_err(|source| Error::Sink { path: plan.path.clone(), source })
    }

    /// What was planted, and the totals of the files that were written.
    pub fn ground_truth(&self, written: &[FileSummary]) -> GroundTruth {
        let mut totals = BTreeMap::<_, BTreeMap<_, u64>>::new();
        for file in written {
            *totals.entry(file.source).or_default().entry(file.day).or_default() += file.records;
        }
        GroundTruth { steps: self.campaign.steps.clone(), indicators: self.campaign.indicators.clone(), totals }
    }
}

/// Every file that this configuration makes, in order of source and day; none is empty.
pub fn plan(config: &Config) -> Result<Vec<FilePlan>, Error> {
    Ok(Generator::new(config)?.plan())
}

/// Writes one file of this configuration. To write many, keep a [`Generator`].
pub fn write_file(config: &Config, plan: &FilePlan, sink: &mut dyn Write) -> Result<FileSummary, Error> {
    Generator::new(config)?.write_file(plan, sink)
}
