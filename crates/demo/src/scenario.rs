//! Scenario of the demo: a first run that copies everything, a day of use, a second run that copies only new
//! rows of the large tables, and then the other programs.

use std::path::PathBuf;

use anyhow::{Context, bail};
use pipeline::human::{count, duration};
use test_servers::sample::{SampleSource, SampleTarget};

use crate::compare::Content;
use crate::interrupt::Interrupt;
use crate::nightly_run::NightlyRun;
use crate::programs::Programs;
use crate::reader::Reader;
use crate::screen::Screen;
use crate::services::{Services, TOKEN};
use crate::staging::Staging;
use crate::worker::Worker;
use crate::{log_analysis, media, review_data};

/// The tables that the second run updates incrementally.
const KEPT: [&str; 3] = ["answers", "knowledge-elements", "knowledge-element-snapshots"];

/// Path of the worker's log, relative to the current directory.
pub(crate) const LOG: &str = ".demo/worker.log";

/// Runs the whole scenario.
pub(crate) fn run(screen: &mut Screen, users: u32, keep: bool) -> anyhow::Result<()> {
    let interrupt = Interrupt::listen()?;
    screen.heading("db-replication, end to end");
    screen.line("This demo copies a production database into a data warehouse twice, as two nightly runs would, then");
    screen.line("shows staging and review databases, snapshots and media. Analysts and staging environments work on such");
    screen.line("copies instead of on production, so the copies must be complete: at the end, every row is compared.");
    screen.line("");
    screen.line("The programs, PostgreSQL and Redis are real; the content API, the webhook receiver, the Scalingo API and S3");
    screen.line("are mocks. Indented lines are output of the programs.");
    screen.line("");
    let mut demo = Demo::prepare(users, interrupt, screen)?;
    demo.check(screen)?;
    demo.first_run(screen)?;
    demo.a_day_of_use(users, screen)?;
    demo.second_run(screen)?;
    demo.results(screen)?;
    demo.other_databases(screen)?;
    demo.snapshots(screen)?;
    media::run(&demo.programs, screen)?;
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

        screen.line("Starting private servers and filling the source (about half a minute) …");
        let services = Services::start(users)?;
        interrupt.check()?;
        let content = Content::of(&services.source_server, SampleSource::DATABASE)?;
        screen.done("Started PostgreSQL servers for source and target, Redis, a mock content API and a mock webhook receiver");
        screen.done(&format!(
            "Filled the source: {} tables, {} rows",
            content.tables(),
            count(content.rows())
        ));
        let programs =
            Programs::next_to_this(services.source_server.bin_dir(), services.environment())?;
        Ok(Self { worker: None, services, programs, log, interrupt })
    }

    fn check(&self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("Before the first run: can it succeed?");
        screen.command("worker --check");
        let answer = self.programs.run("worker", &["--check"])?;
        screen.quote(&answer);
        Ok(self.interrupt.check()?)
    }

    fn first_run(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("First nightly run: everything is copied");
        screen.line("An operator starts the run with `restart`, instead of waiting for the schedule. Each of its four steps is a");
        screen.line("job on a queue in Redis: copy, increments, learning content, notification.");
        screen.command("BACKUP_MODE={} RESTORE_FK_CONSTRAINTS=true worker");
        self.nightly_run(&[("BACKUP_MODE", "{}"), ("RESTORE_FK_CONSTRAINTS", "true")], screen)?;
        screen.done("The first run has finished");
        log_analysis::run(&self.programs, &self.log, screen)
    }

    fn a_day_of_use(&mut self, users: u32, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("A day of use");
        let before = self.source_content()?;
        self.services.source.add_rows(&self.services.source_server, users / 10)?;
        let after = self.source_content()?;
        screen.done(&format!(
            "Added {} rows to the source, among them:",
            count(after.rows() - before.rows())
        ));
        for table in ["users", "assessments"].iter().chain(&KEPT) {
            let rows = after.rows_of(table).unwrap_or(0) - before.rows_of(table).unwrap_or(0);
            screen.quote(&format!("{:>10}  {table}", count(rows)));
        }
        let mut worker = self.worker.take().context("a worker runs")?;
        let status = worker.stop(screen)?;
        screen.done(&format!("Stopped the worker to change its configuration ({status})"));
        self.drop_foreign_keys(screen)
    }

    /// Prepares the target for incremental tables, which is necessary once: their foreign keys would refuse
    /// rows that arrive before the tables they refer to are complete again.
    fn drop_foreign_keys(&self, screen: &mut Screen) -> anyhow::Result<()> {
        let kept = KEPT.map(|table| format!("'\"{table}\"'::regclass")).join(", ");
        let query = format!(
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname)
             FROM pg_constraint WHERE contype = 'f' AND conrelid IN ({kept}) ORDER BY 1"
        );
        let statements = self.services.target_server.psql(SampleTarget::DATABASE, &query)?;
        let script = format!("SET ROLE target_user;\n{statements}");
        self.services.target_server.psql(SampleTarget::DATABASE, &script)?;
        screen.done("Dropped the foreign keys of the incremental tables on the target, because their rows may arrive before the rows they refer to:");
        screen.quote(&statements);
        Ok(())
    }

    fn second_run(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("Second nightly run: only new rows of the large tables are copied");
        screen.line(
            "A command after the restore creates a table, as an application's migrations would.",
        );
        let modes = KEPT.map(|table| format!("\"{table}\":\"incremental\"")).join(",");
        let mode = format!("{{{modes}}}");
        screen.command(&format!(
            "BACKUP_MODE='{mode}' RESTORE_FK_CONSTRAINTS=false AFTER_RESTORE_COMMAND=\"{}\" worker",
            media::MIGRATIONS
        ));
        let environment = [
            ("BACKUP_MODE", mode.as_str()),
            ("RESTORE_FK_CONSTRAINTS", "false"),
            ("AFTER_RESTORE_COMMAND", media::MIGRATIONS),
        ];
        let reader = Reader::start(&self.services.target_server)?;
        self.nightly_run(&environment, screen)?;
        screen.done("The second run has finished");
        reader.end(screen)?;
        Ok(())
    }

    /// Starts a worker, starts a run as an operator would, and waits for its end.
    fn nightly_run(
        &mut self,
        environment: &[(&str, &str)],
        screen: &mut Screen,
    ) -> anyhow::Result<()> {
        let mut nightly_run = NightlyRun::prepare(&self.services.redis.url())?;
        let mut worker = Worker::start(&self.programs, environment, &self.log)?;
        screen.command("restart full-replication");
        self.programs.run("restart", &["full-replication"])?;
        screen.done("Started the worker and the first job; the worker's log:");
        nightly_run.watch(&mut worker, &self.programs, &self.interrupt, screen)?;
        self.worker = Some(worker);
        let header = ["queue", "phase", "objects", "rows", "size", "time"];
        screen.table(&header, nightly_run.phases()?);
        let header = ["slowest objects", "name", "rows", "size", "time"];
        screen.table(&header, nightly_run.slowest()?);
        Ok(())
    }

    fn results(&mut self, screen: &mut Screen) -> anyhow::Result<()> {
        screen.heading("Result: source and target compared row by row");
        let source = self.source_content()?;
        let target = self.target_content()?;
        let (rows, all_equal) = source.compared_with(&target);
        screen.table(&["table", "source", "target", "every row compared"], rows);

        let mut content_rows = Vec::new();
        let mut all_loaded = true;
        for (table, items) in self.services.content_api.table_sizes() {
            let items = u64::try_from(items)?;
            let loaded = target.rows_of(&table);
            let result = if loaded == Some(items) { "equal" } else { "DIFFERENT" };
            all_loaded &= loaded == Some(items);
            let loaded = loaded.map_or_else(|| "-".to_owned(), count);
            content_rows.push(vec![table, count(items), loaded, result.to_owned()]);
        }
        screen
            .table(&["learning content", "content API", "target", "number of items"], content_rows);

        screen.line("\nCalls received by the mock webhook receiver (two addresses, two runs):");
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

        screen.command("queue-cli stats");
        screen.quote(&self.programs.run("queue-cli", &["stats"])?);

        if !all_equal || !all_loaded {
            bail!("source and target differ: see the tables above");
        }
        // Two runs, two addresses.
        if received.len() != 4 {
            bail!("expected 4 notifications, received {}", received.len());
        }
        screen.good("The target contains every row of the source, and all learning content.");
        Ok(())
    }

    /// Staging and review databases, on the target's server.
    fn other_databases(&self, screen: &mut Screen) -> anyhow::Result<()> {
        let Services { target_server: server, target, .. } = &self.services;
        let directory = self.log.parent().context("the log is in a directory")?;
        let staging = Staging::run(server, target, &self.programs, directory, screen)?;
        self.interrupt.check()?;
        review_data::run(&staging, server, target, &self.programs, directory, screen)?;
        Ok(self.interrupt.check()?)
    }

    fn snapshots(&self, screen: &mut Screen) -> anyhow::Result<()> {
        crate::snapshots::run(&self.services, &self.programs, screen)?;
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
        screen.heading("What to try next");
        for (command, meaning) in [
            (
                format!("less {}", log.display()),
                "the worker's log, as a platform would keep it (bunyan JSON)",
            ),
            (
                "./scripts/demo --keep".into(),
                "the same, but leave everything running to explore it",
            ),
            (
                format!("{} --help", programs.directory().join("worker").display()),
                "every variable with its default and meaning",
            ),
        ] {
            screen.line(&format!("    {command}"));
            screen.line(&format!("        {meaning}"));
        }
        screen.line("");
        screen.good(&format!(
            "Done in {}: all {} rows of the source are in the target, and all are equal.",
            duration(screen.seconds()),
            count(rows)
        ));
        Ok(())
    }

    fn stay(mut self, screen: &mut Screen) -> anyhow::Result<()> {
        let file = self.log.with_file_name("env");
        std::fs::write(&file, self.exports()).with_context(|| format!("{}", file.display()))?;
        let bin = self.programs.directory().display().to_string();
        screen.heading("What to try next, in another terminal");
        for (command, meaning) in [
            (format!(". {}", file.display()), "set the environment for the commands below"),
            ("psql \"$SOURCE_DATABASE_URL\"".into(), "the source, as a read-only role"),
            ("psql \"$TARGET_DATABASE_URL\"".into(), "the target"),
            (
                "redis-cli -u \"$REDIS_URL\" --scan --pattern 'bull:*'".into(),
                "list the queues' keys",
            ),
            (format!("{bin}/queue-cli stats"), "the number of jobs in each state"),
            (format!("{bin}/queue-cli failed"), "failed jobs and their errors"),
            (
                format!("{bin}/restart incremental-replication"),
                "run the second and the following steps again",
            ),
            (format!("{bin}/restart notification"), "call the webhooks again"),
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
        while !self.interrupt.is_requested() {
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

    /// Commands for a shell to set the environment.
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

/// A JSON body whose long list of steps is replaced by their number.
fn without_steps(body: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<serde_json::Value>(body) else {
        return body.to_owned();
    };
    if let Some(steps) = json.get_mut("steps") {
        let number = steps.as_array().map_or(0, Vec::len);
        *steps = format!("… {number} steps with their phases …").into();
    }
    json.to_string()
}
