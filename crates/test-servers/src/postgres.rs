//! A private PostgreSQL server.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::error::{Error, IoContext};
use crate::launch::{command, free_port, hand_over, on_path, run, server_user, wait_until_ready};
use crate::processes::{continue_family, stop_family};
use crate::{scratch, versions};

/// The password of the superuser `postgres` over TCP; its unix socket asks for none.
const SUPERUSER_PASSWORD: &str = "superuser";

/// Every server of ours is thrown away: durability would only cost time.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "60"),
    ("shared_buffers", "64MB"),
    ("max_wal_size", "1GB"),
    ("autovacuum_naptime", "1h"),
    // In the server's own directory, which goes with it also after a SIGKILL.
    ("dynamic_shared_memory_type", "mmap"),
    // Loading the compiler takes longer than any query of a test.
    ("jit", "off"),
];

/// How a private PostgreSQL is set up.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// The directory of `initdb` and `postgres`; by default the newest that is installed. When it
    /// has no `psql`, the installed one is used.
    pub bin_dir: Option<PathBuf>,
    /// More settings, each as `("work_mem", "64MB")`.
    pub settings: Vec<(String, String)>,
    /// Variables of the server's environment, each as `("LOCPATH", "/tmp/locales")`.
    pub environment: Vec<(String, String)>,
    /// Where the server lives: it stays there when the value is dropped, and what stands there
    /// already is used. By default a temporary directory, in memory where there is room.
    pub directory: Option<PathBuf>,
    /// The temporary directory is on the disk: for databases of gigabytes.
    pub on_disk: bool,
}

/// A PostgreSQL of our own on a free port; gone when dropped.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
    /// Removes the directory when dropped.
    _temporary: Option<TempDir>,
    bin_dir: PathBuf,
    /// Where `psql` stands.
    client_dir: PathBuf,
    port: u16,
    options: PostgresOptions,
    child: Option<Child>,
}

impl PostgresServer {
    /// Starts an empty server of the newest installed version.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(PostgresOptions::default())
    }

    /// Starts an empty server of a major version that `scripts/postgres-versions` has fetched.
    ///
    /// # Errors
    /// As [`PostgresServer::start`], and [`Error::VersionMissing`].
    pub fn start_version(major: u32) -> Result<Self, Error> {
        let bin_dir = Some(versions::server_bin_dir(major)?);
        Self::start_with(PostgresOptions { bin_dir, ..Default::default() })
    }

    /// Starts an empty server with `options`.
    ///
    /// # Errors
    /// As [`PostgresServer::start`].
    pub fn start_with(options: PostgresOptions) -> Result<Self, Error> {
        let bin_dir = match &options.bin_dir {
            Some(directory) => directory.clone(),
            None => installed_bin_dir()?,
        };
        let client_dir = match bin_dir.join("psql").is_file() {
            true => bin_dir.clone(),
            false => installed_bin_dir()?,
        };
        let (directory, temporary) = match &options.directory {
            Some(directory) => {
                std::fs::create_dir_all(directory)
                    .during(format!("create {}", directory.display()))?;
                (directory.clone(), None)
            }
            None => {
                let temporary = match options.on_disk {
                    true => scratch::on_disk("pg")?,
                    false => scratch::in_memory("pg")?,
                };
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        hand_over(&directory)?;
        if !directory.join("data/PG_VERSION").is_file() {
            init_data(&bin_dir, &directory)?;
        }
        let port = free_port().during("find a free port for PostgreSQL")?;
        let mut server = Self {
            directory,
            _temporary: temporary,
            bin_dir,
            client_dir,
            port,
            options,
            child: None,
        };
        server.start_again()?;
        Ok(server)
    }

    /// Starts the server again after [`PostgresServer::kill`], on the same port and data.
    ///
    /// # Errors
    /// As [`PostgresServer::start`].
    pub fn start_again(&mut self) -> Result<(), Error> {
        let log_path = self.directory.join("postgres.log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .during("open the log of PostgreSQL")?;
        let mut command = command(&self.bin_dir.join("postgres"));
        command
            .arg("-D")
            .arg(self.directory.join("data"))
            .args(["-p", &self.port.to_string()])
            .arg("-k")
            .arg(&self.directory);
        let own = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        for (name, value) in own.chain(self.options.settings.iter().cloned()) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut child = command
            .envs(self.options.environment.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone().during("open the log of PostgreSQL")?)
            .stderr(Stdio::from(log))
            .spawn()
            .during("start postgres")?;
        let (pid_file, pid) = (self.directory.join("data/postmaster.pid"), child.id());
        wait_until_ready("PostgreSQL", &mut child, &log_path, || {
            std::fs::read_to_string(&pid_file).is_ok_and(|content| is_ready(&content, pid))
        })?;
        self.child = Some(child);
        Ok(())
    }

    /// A URL over TCP for `user` with `password`.
    #[must_use]
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgresql://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// A URL over TCP for the superuser.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url("postgres", SUPERUSER_PASSWORD, database)
    }

    /// A URL over the unix socket, which asks for no password.
    #[must_use]
    pub fn socket_url(&self, user: &str, database: &str) -> String {
        let directory = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgresql://{user}@{directory}:{}/{database}", self.port)
    }

    /// The process id of the server's first process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where this server's programs stand: `postgres`, and those of its client where it has any.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// The file the server writes its log to.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.directory.join("postgres.log")
    }

    /// Creates an ordinary role that may log in, and nothing more.
    ///
    /// # Errors
    /// What the server said.
    pub fn create_role(&self, name: &str, password: &str) -> Result<(), Error> {
        self.psql(
            "postgres",
            &format!(
                "CREATE ROLE \"{name}\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}';"
            ),
        )?;
        Ok(())
    }

    /// Creates a database that `owner` owns, as a PaaS hands it out.
    ///
    /// # Errors
    /// What the server said.
    pub fn create_database(&self, name: &str, owner: &str) -> Result<(), Error> {
        self.psql("postgres", &format!("CREATE DATABASE \"{name}\" OWNER \"{owner}\";"))?;
        Ok(())
    }

    /// Runs a script as the superuser with `psql`, stopping at its first error; answers what it
    /// printed, unaligned and without headers (`psql -At`).
    ///
    /// # Errors
    /// What psql wrote to stderr.
    pub fn psql(&self, database: &str, script: &str) -> Result<String, Error> {
        let mut child = Command::new(self.client_dir.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres"])
            .args(["-p", &self.port.to_string(), "-d", database, "-h"])
            .arg(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .during("start psql")?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let script = script.to_owned();
        let feeder = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
        let output = child.wait_with_output().during("run psql")?;
        let _ = feeder.join();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
        } else {
            Err(Error::Failed {
                program: "psql".into(),
                output: String::from_utf8_lossy(&output.stderr).into_owned(),
            })
        }
    }

    /// Stops every process of the server (SIGSTOP), so that connections stay open and nothing
    /// answers, until [`PostgresServer::resume`].
    pub fn pause(&self) {
        if let Some(child) = &self.child {
            stop_family(Pid::from_raw(child.id().cast_signed()));
        }
    }

    /// Lets a paused server go on (SIGCONT).
    pub fn resume(&self) {
        if let Some(child) = &self.child {
            continue_family(Pid::from_raw(child.id().cast_signed()));
        }
    }

    /// Ends the server at once, as a crash would (SIGQUIT, its immediate shutdown).
    pub fn kill(&mut self) {
        // A stopped process would not see the SIGQUIT.
        self.resume();
        if let Some(mut child) = self.child.take() {
            let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGQUIT);
            let _ = child.wait();
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What `pg_ctl --wait` looks at: the first line of `postmaster.pid` is the process, the eighth its
/// state. A file that a crash has left is of another process.
fn is_ready(pid_file: &str, pid: u32) -> bool {
    let lines: Vec<&str> = pid_file.lines().map(str::trim).collect();
    lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

/// The newest PostgreSQL of Debian's layout, else the one whose `postgres` is on the PATH.
fn installed_bin_dir() -> Result<PathBuf, Error> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin_dir = entry.path().join("bin");
            bin_dir.join("postgres").is_file().then_some((version, bin_dir))
        })
        .collect();
    versions.sort();
    if let Some((_, bin_dir)) = versions.pop() {
        return Ok(bin_dir);
    }
    on_path("postgres")
        .and_then(|program| program.canonicalize().ok())
        .and_then(|program| program.parent().map(Path::to_owned))
        .ok_or(Error::Missing { program: "postgres".into(), package: "postgresql" })
}

/// Fills `<directory>/data` from a template that the first caller makes: a copy takes a tenth of
/// what `initdb` takes.
fn init_data(bin_dir: &Path, directory: &Path) -> Result<(), Error> {
    let template = template(bin_dir)?;
    let mut copy = command(Path::new("cp"));
    copy.arg("-a").arg(&template).arg(directory.join("data"));
    run(copy, "cp")?;
    Ok(())
}

fn template(bin_dir: &Path) -> Result<PathBuf, Error> {
    let owner = server_user().map_or_else(nix::unistd::geteuid, |user| user.uid);
    let version = run(
        {
            let mut command = Command::new(bin_dir.join("postgres"));
            command.arg("--version");
            command
        },
        "postgres --version",
    )?;
    let version: String = version.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let template = std::env::temp_dir().join(format!("test-servers-{owner}-pg-{version}"));
    if template.join("PG_VERSION").is_file() {
        return Ok(template);
    }
    let scratch = scratch::on_disk("pg-template")?;
    hand_over(scratch.path())?;
    let password_file = scratch.path().join("password");
    std::fs::write(&password_file, SUPERUSER_PASSWORD).during("write the superuser's password")?;
    hand_over(&password_file)?;
    let data = scratch.path().join("data");
    let mut initdb = command(&bin_dir.join("initdb"));
    initdb
        .args(["--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
        .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
        .arg(format!("--pwfile={}", password_file.display()))
        .arg("-D")
        .arg(&data);
    run(initdb, "initdb")?;
    // Two tests may get here at once: the first rename wins, the other copy goes with its scratch.
    match std::fs::rename(&data, &template) {
        Ok(()) => Ok(template),
        Err(_) if template.join("PG_VERSION").is_file() => Ok(template),
        Err(source) => Err(Error::Io { action: format!("keep {}", template.display()), source }),
    }
}
