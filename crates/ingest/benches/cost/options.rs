use std::path::PathBuf;

/// What the command line says.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// How often each source is ingested.
    pub(crate) runs: usize,
    /// Only sources whose name holds one of these.
    pub(crate) only: Vec<String>,
    /// Real samples, a folder a source; they are only timed.
    pub(crate) samples: Option<PathBuf>,
    /// Where generated logs are kept for the next time.
    pub(crate) logs: Option<PathBuf>,
    /// The report; standard output without it.
    pub(crate) out: Option<PathBuf>,
    /// True if nothing was left out.
    pub(crate) is_whole: bool,
    /// Ingest this folder in this process and print the figures: what a run is.
    pub(crate) ingest: Option<PathBuf>,
}

impl Options {
    pub(crate) fn of(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { runs: 3, ..Self::default() };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--runs" => options.runs = value()?.parse().map_err(|_| "--runs takes a number".to_owned())?,
                "--only" => options.only.push(value()?),
                "--samples" => options.samples = Some(value()?.into()),
                "--logs" => options.logs = Some(value()?.into()),
                "--out" => options.out = Some(value()?.into()),
                "--ingest" => options.ingest = Some(value()?.into()),
                // Cargo says it to every benchmark.
                "--bench" => {}
                _ => return Err(format!("{word}: there is --runs N, --only SOURCE, --samples FOLDER, --logs FOLDER and --out FILE")),
            }
        }
        options.is_whole = options.only.is_empty();
        Ok(options)
    }

    pub(crate) fn wants(&self, source: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| source.contains(part.as_str()))
    }
}
