use crate::arguments::UserCommand;
use crate::config::Config;
use crate::exit;
use crate::node::make_data_folder;
use crate::secrets::{set_password, users};

/// Adds users and changes passwords.
#[allow(clippy::print_stdout)]
pub(crate) fn run(command: &UserCommand, config: &Config) -> anyhow::Result<u8> {
    make_data_folder(config)?;
    let (users, _) = users(&config.users_file())?;
    match command {
        UserCommand::SetPassword { name } => {
            let (_, password) = set_password(&config.users_file(), users, name)?;
            println!("{password}");
        }
        UserCommand::List => users.users.iter().for_each(|user| println!("{}", user.name)),
    }
    Ok(exit::DONE)
}
