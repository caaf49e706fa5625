use crate::arguments::ConfigArguments;
use crate::config::Config;
use crate::exit;

/// Shows the configuration in force; reading it has checked it.
#[allow(clippy::print_stdout)]
pub(crate) fn run(arguments: &ConfigArguments, config: &Config) -> anyhow::Result<u8> {
    if !arguments.check {
        print!("{}", config.to_toml()?);
    }
    Ok(exit::DONE)
}
