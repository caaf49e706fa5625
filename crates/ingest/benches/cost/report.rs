use std::fmt::Write;
use std::fs;

use crate::logs::Logs;
use crate::options::Options;
use crate::run::Figures;

/// What one source cost.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) logs: Logs,
    pub(crate) figures: Figures,
}

const HEAD: &str = "# What ingest costs

Made by `make bench-ingest`; do not edit. Each run is a process of its own that ingests one source into an empty lake. Times are of the
processor, all threads together, the best of several runs, so that *a core* means what one core does in a second that it works on
nothing else; other work on the machine still costs caches. MB are 10⁶ bytes of plain log, however it is stored. Memory is the most
of all runs.
";

impl Line {
    fn mb_per_core_second(&self) -> f64 {
        self.figures.bytes_plain as f64 / 1e6 / self.figures.cpu_s
    }

    fn records_per_core_second(&self) -> f64 {
        self.figures.records as f64 / self.figures.cpu_s
    }

    fn share_of_gzip(&self, bytes: u64) -> f64 {
        100.0 * bytes as f64 / self.logs.bytes_gzip as f64
    }
}

/// A line for the terminal.
pub(crate) fn short(line: &Line) -> String {
    let (figures, name) = (&line.figures, &line.logs.name);
    let mut text = format!(
        "{name}: {:.2} s CPU, {:.1} MB/s a core, {:.0} records/s a core, peak {} MB, {} events, {} rejects, {} objects failed",
        figures.cpu_s,
        line.mb_per_core_second(),
        line.records_per_core_second(),
        figures.bytes_peak / 1_000_000,
        figures.events,
        figures.rejects,
        figures.objects_failed
    );
    if line.logs.bytes_gzip > 0 {
        let without = figures.bytes_events - figures.bytes_raw_data;
        let _ = write!(
            text,
            ", stored {:.1} % of gzip without raw_data, {:.1} % with; observables {:.1} %; {} segments\n    {:?}",
            line.share_of_gzip(without),
            line.share_of_gzip(figures.bytes_events),
            line.share_of_gzip(figures.bytes_observables),
            figures.segments,
            figures.columns
        );
    }
    text
}

/// The whole report.
pub(crate) fn write(options: &Options, generated: &[Line], longer: &[Line], samples: &[Line]) -> String {
    let mut text = format!("{HEAD}\n## {}\n\n{}; Coldtrail {}. ", chrono::Utc::now().date_naive(), machine(), env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "Runs of each source: {}. {}", options.runs, load());
    speed(&mut text, generated);
    stored(&mut text, generated);
    memory(&mut text, generated, longer);
    sampled(&mut text, samples);
    text
}

fn speed(text: &mut String, lines: &[Line]) {
    text.push_str("\n### Speed\n\nGenerated logs, with the raw records kept.\n\n");
    text.push_str("| source | records | MB | CPU s | MB/s a core | records/s a core | peak MB |\n|---|--:|--:|--:|--:|--:|--:|\n");
    for line in lines {
        let figures = &line.figures;
        let _ = writeln!(
            text,
            "| {} | {} | {:.0} | {:.2} | {:.1} | {:.0} | {} |",
            line.logs.name,
            figures.records,
            figures.bytes_plain as f64 / 1e6,
            figures.cpu_s,
            line.mb_per_core_second(),
            line.records_per_core_second(),
            figures.bytes_peak / 1_000_000
        );
    }
}

fn stored(text: &mut String, lines: &[Line]) {
    text.push_str(
        "\n### Stored bytes\n\nThe same logs. Shares are of the log's bytes in gzip files (level 6). *Without* leaves the column `raw_data` \
         out of the segments of events; the table `observables` is apart.\n\n\
         | source | gzip, bytes a record | stored, bytes a record | without `raw_data` | with `raw_data` | observables |\n\
         |---|--:|--:|--:|--:|--:|\n",
    );
    for line in lines {
        let figures = &line.figures;
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} % | {:.1} % | {:.1} % |",
            line.logs.name,
            line.logs.bytes_gzip as f64 / figures.records as f64,
            figures.bytes_events as f64 / figures.records as f64,
            line.share_of_gzip(figures.bytes_events - figures.bytes_raw_data),
            line.share_of_gzip(figures.bytes_events),
            line.share_of_gzip(figures.bytes_observables)
        );
    }
}

fn memory(text: &mut String, lines: &[Line], longer: &[Line]) {
    if longer.is_empty() {
        return;
    }
    text.push_str("\n### Memory\n\nMore input should not take more.\n\n| source | days | MB | peak MB |\n|---|--:|--:|--:|\n");
    for long in longer {
        let short = lines.iter().filter(|line| line.logs.name == long.logs.name);
        for line in short.chain([long]) {
            let (plain, peak) = (line.figures.bytes_plain as f64 / 1e6, line.figures.bytes_peak / 1_000_000);
            let _ = writeln!(text, "| {} | {} | {plain:.0} | {peak} |", line.logs.name, line.logs.days);
        }
    }
}

fn sampled(text: &mut String, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(
        "\n### Real samples\n\nFiles of each source as vendors and others publish them, many of them small, repeated to some 25 MB: many \
         small objects cost more than few large ones. Repeated logs compress too well, so their stored bytes are not given.\n\n\
         | samples | objects not read | records | rejects | MB/s a core | records/s a core |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for line in lines.iter().filter(|line| line.figures.records > 0) {
        let figures = &line.figures;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.1} | {:.0} |",
            line.logs.name,
            figures.objects_failed,
            figures.records,
            figures.rejects,
            line.mb_per_core_second(),
            line.records_per_core_second()
        );
    }
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let memory = read("/proc/meminfo");
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default().trim().trim_end_matches(" kB");
    let gib = kib.parse::<f64>().unwrap_or_default() / f64::from(1 << 20);
    let release = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores, {gib:.0} GiB, {}; Linux {}", model.trim_start_matches([' ', '\t', ':']), release.trim())
}

fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let last = loads.split(' ').next().unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get()) as f64;
    let is_busy = last.parse::<f64>().is_ok_and(|load| load > 1.5 * cores);
    let warning = if is_busy { " **Measured on a busy machine: the times are not to be relied on.**" } else { "" };
    format!("Load of the machine at the end: {last}.{warning}")
}
