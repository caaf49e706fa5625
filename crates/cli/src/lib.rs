//! The one binary `coldtrail`: commands, configuration, start and stop.
//!
//! Only here are files of configuration and the environment read, and only here is anything printed. Never holds domain logic.

mod arguments;
mod chores;
mod commands;
mod config;
mod executor_node;
mod exit;
mod health;
mod links;
mod node;
mod output;
mod pieces;
mod progress;
mod secrets;
mod window;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

/// Reads the command line, does what it says, and returns the exit code.
pub fn run() -> ExitCode {
    exit::end_quietly_with_its_reader();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&anyhow::Error::new(error).context("could not start the threads")),
    };
    let code = match runtime.block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => exit::failed(&error),
    };
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}
