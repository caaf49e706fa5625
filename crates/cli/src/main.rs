//! The binary `coldtrail`.

fn main() -> std::process::ExitCode {
    coldtrail_cli::run()
}
