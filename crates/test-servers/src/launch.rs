//! Starting a server as an ordinary user, in a process that ends with its parent.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User, chown};

use crate::error::{Error, IoContext};

/// How long a server may take until it answers.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);

/// A TCP port on 127.0.0.1 that nobody listens on at this moment.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The user that servers run as: `None` for ourselves, somebody unprivileged when we are root.
pub(crate) fn server_user() -> Option<User> {
    if !Uid::effective().is_root() {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten())
}

/// A command that runs `program` as the server user and dies with this thread.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(user) = server_user() {
        command
            .arg(format!("--reuid={}", user.uid))
            .arg(format!("--regid={}", user.gid))
            .arg("--clear-groups");
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    // A Ctrl-C at the terminal goes to us; the server ends when we end it.
    command.stdin(Stdio::null()).process_group(0);
    command
}

/// Gives `path` to the server user.
pub(crate) fn hand_over(path: &Path) -> Result<(), Error> {
    match server_user() {
        Some(user) => chown(path, Some(user.uid), Some(user.gid))
            .map_err(std::io::Error::from)
            .during(format!("chown {}", path.display())),
        None => Ok(()),
    }
}

/// Where `program` stands on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// Runs `command` to its end.
///
/// # Errors
/// [`Error::Failed`] with what it wrote to stderr.
pub(crate) fn run(mut command: Command, name: &str) -> Result<String, Error> {
    let output = command.output().during(format!("run {name}"))?;
    if !output.status.success() {
        return Err(Error::Failed {
            program: name.into(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until `ready` says so, or the child has ended, or the limit has passed.
pub(crate) fn wait_until_ready(
    server: &'static str,
    child: &mut Child,
    log: &Path,
    mut ready: impl FnMut() -> bool,
) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        if ready() {
            return Ok(());
        }
        let ended = child.try_wait().during(format!("wait for {server}"))?.is_some();
        if ended || start.elapsed() > START_LIMIT {
            return Err(Error::NotReady {
                server,
                seconds: start.elapsed().as_secs(),
                log: std::fs::read_to_string(log).unwrap_or_default(),
            });
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
