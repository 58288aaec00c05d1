//! A private Redis server.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::error::{Error, IoContext};
use crate::launch::{command, free_port, hand_over, on_path, wait_until_ready};
use crate::scratch;

/// How a private Redis is set up.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// Keep an append-only file, so that the content outlives [`RedisServer::kill`].
    pub append_only: bool,
    /// More settings, each as `("maxmemory", "64mb")`.
    pub settings: Vec<(String, String)>,
}

/// A Redis of our own on a free port; gone when dropped.
#[derive(Debug)]
pub struct RedisServer {
    directory: TempDir,
    port: u16,
    options: RedisOptions,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts an empty Redis that keeps nothing on disk.
    ///
    /// # Errors
    /// When `redis-server` is not installed or does not answer.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(RedisOptions::default())
    }

    /// Starts an empty Redis with `options`.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub fn start_with(options: RedisOptions) -> Result<Self, Error> {
        let mut server = Self::prepare(options)?;
        server.start_again()?;
        Ok(server)
    }

    /// A directory and a port; nothing runs yet.
    pub(crate) fn prepare(options: RedisOptions) -> Result<Self, Error> {
        let directory = scratch::in_memory("redis")?;
        hand_over(directory.path())?;
        let port = free_port().during("find a free port for Redis")?;
        Ok(Self { directory, port, options, child: None })
    }

    /// Starts the server again after [`RedisServer::kill`] or [`RedisServer::stop`], on the same port.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub fn start_again(&mut self) -> Result<(), Error> {
        let mut arguments: Vec<String> = ["--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
            .into_iter()
            .chain(["--appendfsync", "always", "--appendonly"])
            .map(str::to_owned)
            .collect();
        arguments.push(if self.options.append_only { "yes" } else { "no" }.into());
        arguments.extend(["--port".into(), self.port.to_string()]);
        arguments.extend(["--dir".into(), self.directory.path().display().to_string()]);
        for (name, value) in &self.options.settings {
            arguments.extend([format!("--{name}"), value.clone()]);
        }
        self.spawn(&arguments)
    }

    /// Starts `redis-server` with `arguments`, and waits until it answers on the port.
    pub(crate) fn spawn(&mut self, arguments: &[String]) -> Result<(), Error> {
        let program = on_path("redis-server")
            .ok_or(Error::Missing { program: "redis-server".into(), package: "redis-server" })?;
        let log_path = self.directory.path().join("redis.log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .during("open the log of Redis")?;
        let mut command = command(&program);
        let mut child = command
            .args(arguments)
            .stdout(log.try_clone().during("open the log of Redis")?)
            .stderr(Stdio::from(log))
            .spawn()
            .during("start redis-server")?;
        let port = self.port;
        wait_until_ready("Redis", &mut child, &log_path, || answers_ping(port))?;
        self.child = Some(child);
        Ok(())
    }

    /// `redis://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the server keeps its files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Ends the server at once (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends the server cleanly (SIGTERM) and waits for its end.
    pub fn stop(&mut self) {
        // A stopped process would not see the SIGTERM.
        self.resume();
        self.signal(Signal::SIGTERM);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// Stops the server from answering (SIGSTOP) until [`RedisServer::resume`].
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets a paused server go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = &self.child {
            let _ = kill(Pid::from_raw(child.id().cast_signed()), signal);
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn answers_ping(port: u16) -> bool {
    let ping = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    ping().unwrap_or(false)
}
