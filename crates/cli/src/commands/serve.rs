use crate::config::Config;
use crate::exit;
use crate::node::{Node, asked_to_stop, make_data_folder};
use crate::secrets::{FIRST_USER, users};

/// Serves until it is asked to stop.
#[allow(clippy::print_stdout)]
pub(crate) async fn run(config: &Config) -> anyhow::Result<u8> {
    make_data_folder(config)?;
    let (users, new_password) = users(&config.data_folder)?;
    let node = Node::start(config, users).await?;
    if let Some(password) = new_password {
        println!("This is the first start. Sign in as {FIRST_USER} with this password; it is shown once and kept only as a hash:");
        println!("  {password}");
    }
    println!("Serving SQL on grpc://{} from {}. Stop with Ctrl-C.", node.address, node.lake.url());
    node.run_until(asked_to_stop()).await?;
    Ok(exit::DONE)
}
