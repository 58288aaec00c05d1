//! The story of the demo: a first night that copies everything, a day of use, a second night that
//! keeps the big tables and copies only what is new in them, and what else the programs do.

use std::path::PathBuf;

use anyhow::{Context, bail};
use test_servers::demo::{SampleSource, SampleTarget};

use crate::backup_source::Staging;
use crate::compare::Content;
use crate::interrupt::Interrupt;
use crate::night::Night;
use crate::programs::Programs;
use crate::screen::{Screen, grouped};
use crate::services::{Services, TOKEN};
use crate::staging;
use crate::worker::Worker;
use crate::{log_analysis, review_data};

/// The tables that the second night keeps.
const KEPT: [&str; 3] = ["answers", "knowledge-elements", "knowledge-element-snapshots"];

/// Where the worker's log is left, under the current directory.
pub(crate) const LOG: &str = ".demo/worker.log";

/// Tells the story to its end.
pub(crate) fn tell(screen: &mut Screen, users: u32, keep: bool) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    screen.heading("db-replication, end to end");
    screen.line("This demo copies a production database into a warehouse, twice, as it would happen each night, and then");
    screen.line("shows staging databases, review environments, snapshots and media. What it calls is real, on private servers;");
    screen.line("the content API, the webhook receiver, Scalingo and S3 are mocks. At the end every row is compared.");
    screen.line("");
    let mut demo = Demo::prepare(users, interrupt, screen)?;
    demo.check(screen)?;
    demo.first_night(screen)?;
    demo.a_day_of_use(users, screen)?;
    demo.second_night(screen)?;
    demo.results(screen)?;
    demo.other_databases(screen)?;
    demo.snapshots(screen)?;
    staging::tell(&demo.programs, screen)?;
    demo.interrupt.check()?;
    if keep { demo.stay(screen) } else { demo.end(screen) }
}

struct Demo {
    // Dropped before the services that it uses.
    worker: Option<Worker>,
    services: Services,
    programs: Programs,
    log: PathBuf,
    interrupt: Interrupt,
}

impl Demo {
    fn prepare(users: u32, interrupt: Interrupt, screen: &mut Screen) -> anyhow::Result<Self> {
        let log = std::env::current_dir()?.join(LOG);
        let directory = log.parent().context("the log is in a directory")?;
        std::fs::create_dir_all(directory).with_context(|| format!("{}", directory.display()))?;
        std::fs::write(&log, "").with_context(|| format!("empty {}", log.display()))?;

        screen.line("Starting private servers and filling the source ...");
        let services = Services::start(users)?;
        interrupt.check()?;
        let content = Content::of(&services.source_server, SampleSource::DATABASE)?;
        screen.done("Started: PostgreSQL for the source and for the target, Redis, a content API, a webhook receiver");
        screen.done(&format!(
            "Filled the source: {} tables, {} rows",
            content.tables(),
            grouped(content.rows())
        ));
        let programs =
            Programs::beside_this(services.source_server.bin_dir(), services.environment())?;
        Ok(Self { worker: None, services, programs, log, interrupt })
    }

    fn check(&self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("Before the first run: worker --check tells whether a run can succeed");
        let answer = self.programs.run("worker", &["--check"])?;
        screen.quote(&answer);
        Ok(self.interrupt.check()?)
    }

    fn first_night(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("First nightly run: everything is copied");
        screen.line("BACKUP_MODE={}  RESTORE_FK_CONSTRAINTS=true");
        self.night(&[("BACKUP_MODE", "{}"), ("RESTORE_FK_CONSTRAINTS", "true")], screen)?;
        screen.done("The first run has finished");
        log_analysis::tell(&self.programs, &self.log, screen)
    }

    fn a_day_of_use(&mut self, users: u32, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("A day of use");
        let before = self.source_content()?;
        self.services.source.add_rows(&self.services.source_server, users / 10)?;
        let after = self.source_content()?;
        screen.done(&format!("{} new rows on the source:", grouped(after.rows() - before.rows())));
        for table in ["users", "assessments"].iter().chain(&KEPT) {
            let rows = after.rows_of(table).unwrap_or(0) - before.rows_of(table).unwrap_or(0);
            screen.quote(&format!("{:>10}  {table}", grouped(rows)));
        }
        let mut worker = self.worker.take().context("a worker runs")?;
        let status = worker.stop(screen)?;
        screen
            .done(&format!("Worker stopped, to be started with another configuration ({status})"));
        self.drop_foreign_keys(screen)
    }

    /// What the operators' guide says to do once, before tables are kept: their outgoing foreign
    /// keys would refuse rows that come before the tables they refer to are whole again.
    fn drop_foreign_keys(&self, screen: &mut Screen) -> anyhow::Result<()> {
        let kept = KEPT.map(|table| format!("'\"{table}\"'::regclass")).join(", ");
        let query = format!(
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname)
             FROM pg_constraint WHERE contype = 'f' AND conrelid IN ({kept}) ORDER BY 1"
        );
        let statements = self.services.target_server.psql(SampleTarget::DATABASE, &query)?;
        let script = format!("SET ROLE target_user;\n{statements}");
        self.services.target_server.psql(SampleTarget::DATABASE, &script)?;
        screen.done("Dropped the outgoing foreign keys of the tables to keep, on the target:");
        screen.quote(&statements);
        Ok(())
    }

    fn second_night(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading(
            "Second nightly run: large tables are kept, and only their new rows are copied",
        );
        let modes = KEPT.map(|table| format!("\"{table}\":\"incremental\"")).join(",");
        let mode = format!("{{{modes}}}");
        screen.line(&format!("BACKUP_MODE='{mode}'  RESTORE_FK_CONSTRAINTS=false"));
        // As staging has it, whose release is ahead of production's.
        screen.line(&format!("AFTER_RESTORE_COMMAND={}", staging::MIGRATIONS));
        let environment = [
            ("BACKUP_MODE", mode.as_str()),
            ("RESTORE_FK_CONSTRAINTS", "false"),
            ("AFTER_RESTORE_COMMAND", staging::MIGRATIONS),
        ];
        self.night(&environment, screen)?;
        screen.done("The second run has finished");
        Ok(())
    }

    /// Starts a worker, starts the chain as an operator does, waits for its end.
    fn night(&mut self, environment: &[(&str, &str)], screen: &mut Screen) -> anyhow::Result<()> {
        let mut night = Night::begin(&self.services.redis.url())?;
        let mut worker = Worker::start(&self.programs, environment, &self.log)?;
        self.programs.run("restart", &["full-replication"])?;
        screen.done("Worker started; restart full-replication");
        night.watch(&mut worker, &self.programs, &self.interrupt, screen)?;
        self.worker = Some(worker);
        screen.table(&["queue", "phase", "objects", "rows", "bytes", "seconds"], night.phases()?);
        let header = ["slowest objects", "name", "rows", "bytes", "seconds"];
        screen.table(&header, night.slowest()?);
        Ok(())
    }

    fn results(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("Result: source and target compared, row by row");
        let source = self.source_content()?;
        let target = self.target_content()?;
        let (rows, all_equal) = source.beside(&target);
        screen.table(&["table", "source", "target", "every row compared"], rows);

        let mut content_rows = Vec::new();
        let mut all_loaded = true;
        for (table, items) in self.services.content_api.table_sizes() {
            let items = u64::try_from(items)?;
            let loaded = target.rows_of(&table);
            let verdict = if loaded == Some(items) { "equal" } else { "DIFFERENT" };
            all_loaded &= loaded == Some(items);
            let loaded = loaded.map_or_else(|| "-".to_owned(), grouped);
            content_rows.push(vec![table, grouped(items), loaded, verdict.to_owned()]);
        }
        screen.table(&["learning content", "content API", "target", "items"], content_rows);

        screen.line("\nReceived by the mock webhook receiver:");
        let received = self.services.webhook.received();
        for webhook in &received {
            let token = match webhook.authorization.as_deref() {
                Some(TOKEN) => "with the token",
                Some(_) => "with a WRONG token",
                None => "without a token",
            };
            screen.quote(&format!(
                "POST {} {token}: {}",
                webhook.path,
                without_steps(&webhook.body)
            ));
        }

        screen.line("\nqueue-cli stats:");
        screen.quote(&self.programs.run("queue-cli", &["stats"])?);

        if !all_equal || !all_loaded {
            bail!("the target is not what it should be: see the tables above");
        }
        // Two nights, two addresses.
        if received.len() != 4 {
            bail!("4 notifications were expected, {} came", received.len());
        }
        screen.good("The target holds every row of the source, and all learning content.");
        Ok(())
    }

    /// Staging and review databases, on the target's server.
    fn other_databases(&self, screen: &mut Screen) -> anyhow::Result<()> {
        let Services { target_server: server, target, .. } = &self.services;
        let directory = self.log.parent().context("the log is in a directory")?;
        let staging = Staging::tell(server, target, &self.programs, directory, screen)?;
        self.interrupt.check()?;
        review_data::tell(&staging, server, target, &self.programs, directory, screen)?;
        Ok(self.interrupt.check()?)
    }

    fn snapshots(&self, screen: &mut Screen) -> anyhow::Result<()> {
        crate::snapshots::tell(&self.services, &self.programs, screen)?;
        Ok(self.interrupt.check()?)
    }

    fn end(mut self, screen: &mut Screen) -> anyhow::Result<()> {
        let rows = self.source_content()?.rows();
        if let Some(mut worker) = self.worker.take() {
            worker.stop(screen)?;
        }
        let Self { services, programs, log, .. } = self;
        drop(services);
        screen.done("Servers stopped, their files removed");
        screen.good(&format!(
            "Done in {} s: {} rows of the source are in the target, all equal.",
            screen.seconds(),
            grouped(rows)
        ));
        screen.heading("What to try next");
        screen.line(&format!("    less {}", log.display()));
        screen.line("        the worker's log, as a platform would keep it (bunyan JSON)");
        screen.line("    ./scripts/demo --keep");
        screen
            .line("        the same, and everything runs on until Ctrl-C: look around with psql,");
        screen.line("        queue-cli and restart");
        screen.line(&format!("    {} --help", programs.directory().join("worker").display()));
        screen.line("        every variable, its default and meaning");
        Ok(())
    }

    fn stay(mut self, screen: &mut Screen) -> anyhow::Result<()> {
        let file = self.log.with_file_name("env");
        std::fs::write(&file, self.exports()).with_context(|| format!("{}", file.display()))?;
        let bin = self.programs.directory().display().to_string();
        screen.heading("What to try next, in another terminal");
        for (command, meaning) in [
            (format!(". {}", file.display()), "the environment of the commands below"),
            ("psql \"$SOURCE_DATABASE_URL\"".into(), "the source, by the role that only reads"),
            ("psql \"$TARGET_DATABASE_URL\"".into(), "the target"),
            ("redis-cli -u \"$REDIS_URL\" --scan --pattern 'bull:*'".into(), "the queues' keys"),
            (format!("{bin}/queue-cli stats"), "how many jobs stand where"),
            (format!("{bin}/queue-cli failed"), "what went wrong"),
            (format!("{bin}/restart incremental-replication"), "from the second step on"),
            (format!("{bin}/restart notification"), "the webhooks again"),
        ] {
            screen.line(&format!("    {command}"));
            screen.line(&format!("        {meaning}"));
        }
        screen.line("");
        for (name, value) in self.services.environment() {
            if name.ends_with("_URL") {
                screen.line(&format!("    {name}={value}"));
            }
        }
        screen.line("\nEverything runs until Ctrl-C.");
        let mut worker = self.worker.take().context("a worker runs")?;
        while !self.interrupt.is_noted() {
            worker.forward(screen);
            if let Some(status) = worker.ended()? {
                bail!("the worker ended ({status})");
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        let status = worker.stop(screen)?;
        let _ = std::fs::remove_file(&file);
        screen.done(&format!("Worker stopped ({status}), servers stopped, their files removed"));
        Ok(())
    }

    /// Lines for a shell to read.
    fn exports(&self) -> String {
        self.services
            .environment()
            .into_iter()
            .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")))
            .collect()
    }

    fn source_content(&self) -> anyhow::Result<Content> {
        Content::of(&self.services.source_server, SampleSource::DATABASE)
    }

    fn target_content(&self) -> anyhow::Result<Content> {
        Content::of(&self.services.target_server, SampleTarget::DATABASE)
    }
}

/// A body in JSON with its long list of steps shortened to their number.
fn without_steps(body: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<serde_json::Value>(body) else {
        return body.to_owned();
    };
    if let Some(steps) = json.get_mut("steps") {
        let count = steps.as_array().map_or(0, Vec::len);
        *steps = format!("... {count} steps with their phases ...").into();
    }
    json.to_string()
}
