use std::sync::Arc;

use anyhow::bail;
use coldtrail_scheduler::Workspace;
use tokio_util::sync::CancellationToken;

use crate::arguments::Role;
use crate::config::Config;
use crate::executor_node::ExecutorNode;
use crate::exit;
use crate::health;
use crate::links::Links;
use crate::node::{Node, asked_to_stop, make_data_folder};
use crate::secrets::{FIRST_USER, users};

/// Serves until it is asked to stop.
pub(crate) async fn run(role: Role, config: &Config) -> anyhow::Result<u8> {
    make_data_folder(config)?;
    if !config.cluster.is_on() {
        if role == Role::Executor {
            bail!("an executor needs a cluster: set cluster.address and cluster.peers");
        }
        serve(config, None, role).await?;
        return Ok(exit::DONE);
    }
    let stop = CancellationToken::new();
    let links = Links::open(config, stop.clone()).await?;
    let served = match role {
        Role::Executor => execute(config, &links).await,
        Role::All | Role::Scheduler => serve(config, Some(&links), role).await,
    };
    stop.cancel();
    links.closed().await;
    served?;
    Ok(exit::DONE)
}

#[allow(clippy::print_stdout)]
async fn serve(config: &Config, links: Option<&Links>, role: Role) -> anyhow::Result<()> {
    let (users, new_password) = users(&config.users_file())?;
    let node = Node::start(config, users, links).await?;
    if let Some(password) = new_password {
        println!("This is the first start. Sign in as {FIRST_USER} with this password; it is shown once and kept only as a hash:");
        println!("  {password}");
    }
    let leaders = node.catalog.leader_changes();
    let ready = move || leaders.borrow().leader_id.is_none().then(|| "no node leads".to_owned());
    let health = CancellationToken::new();
    health::serve(config.health.bind, Arc::new(ready), health.clone()).await?;
    let _health = health.drop_guard();
    println!("Serving SQL on grpc://{} from {}. Stop with Ctrl-C.", node.address, node.lake.url());
    let (Role::All, Some(links)) = (role, links) else { return node.run_until(asked_to_stop()).await };
    // The executor waits for a leader, which may be this node.
    let executor = ExecutorNode::start(config, links, node.workspace().clone());
    tokio::pin!(executor);
    let executor = tokio::select! {
        executor = &mut executor => executor?,
        () = asked_to_stop() => return node.run_until(std::future::ready(())).await,
    };
    let ended = tokio::select! {
        () = asked_to_stop() => None,
        error = executor.ended() => Some(error),
    };
    executor.stop().await;
    node.run_until(std::future::ready(())).await?;
    ended.map_or(Ok(()), Err)
}

/// Only runs tasks.
#[allow(clippy::print_stdout)]
async fn execute(config: &Config, links: &Links) -> anyhow::Result<()> {
    let workspace = Workspace::open(config.executor())?;
    println!("Executor of {} vcores at {}. Stop with Ctrl-C.", workspace.config().vcores, links.address);
    let executor = ExecutorNode::start(config, links, workspace);
    tokio::pin!(executor);
    let executor = tokio::select! {
        executor = &mut executor => executor?,
        () = asked_to_stop() => return Ok(()),
    };
    let attached = executor.attached();
    let ready = move || (!*attached.borrow()).then(|| "no leader knows this executor".to_owned());
    let health = CancellationToken::new();
    health::serve(config.health.bind, Arc::new(ready), health.clone()).await?;
    let _health = health.drop_guard();
    println!("Attached.");
    let ended = tokio::select! {
        () = asked_to_stop() => None,
        error = executor.ended() => Some(error),
    };
    executor.stop().await;
    ended.map_or(Ok(()), Err)
}
