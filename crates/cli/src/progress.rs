use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error, if that is a terminal; else nothing is drawn.
pub(crate) fn bar(what: &'static str, length: u64, in_bytes: bool) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let template = match in_bytes {
        true => "{prefix:>9} [{bar:40}] {bytes}/{total_bytes} {msg} ({eta} left)",
        false => "{prefix:>9} [{bar:40}] {human_pos}/{human_len} {msg} ({eta} left)",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(what);
    bar
}
