//! Parser for the output that pg_restore writes to stderr with `--verbose`.
//!
//! Parallel workers share the stream, and their lines may be interleaved, so messages are searched at every
//! `pg_restore: ` within a line. Anything ambiguous is treated as an error.

/// What pg_restore reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// An item is being processed, by number.
    Launched(i32),
    /// An item is done, by number.
    Finished(i32),
    /// An object is being created or filled; without parallel workers, this is the only message about it.
    Next {
        /// Such as `TABLE DATA`.
        kind: &'a str,
        /// With its schema.
        name: &'a str,
    },
    /// Something else.
    Other(&'a str),
}

/// An error of pg_restore, with the entry's number, if pg_restore printed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) entry: Option<i32>,
    /// The message with its detail and hint, without the command.
    pub(super) message: String,
    /// The first line of the command.
    pub(super) command: Option<String>,
}

impl Reported {
    /// The message and the server's severity, if it is an error of the server; without values of rows.
    pub(super) fn said(&self) -> &str {
        self.message.find(":  ").map_or(&self.message, |end| &self.message[..end + 3])
    }
}

/// State of the parser.
#[derive(Debug, Default)]
pub(super) struct Log {
    entry: Option<i32>,
    pub(super) failures: Vec<Reported>,
    /// The number of errors that pg_restore counted; missing if it gave up.
    pub(super) counted: Option<u64>,
    /// A COPY failed, and its session with it.
    pub(super) is_lost: bool,
    in_message: bool,
}

const PROGRAM: &str = "pg_restore: ";

impl Log {
    /// Parses one line; returns what it reports.
    pub(super) fn read<'a>(&mut self, line: &'a str) -> Vec<Event<'a>> {
        if !line.contains(PROGRAM) {
            self.continue_message(line);
            return Vec::new();
        }
        let mut parts = line.split(PROGRAM);
        let before = parts.next().unwrap_or_default();
        if !before.is_empty() {
            self.continue_message(before);
        }
        parts.map(|part| self.message(part)).collect()
    }

    fn message<'a>(&mut self, text: &'a str) -> Event<'a> {
        self.in_message = false;
        let number = |text: &str| -> Option<i32> {
            let end = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
            text[..end].parse().ok()
        };
        if let Some(rest) = text.strip_prefix("launching item ") {
            return number(rest).map_or(Event::Other(text), Event::Launched);
        }
        if let Some(rest) = text.strip_prefix("finished item ") {
            return number(rest).map_or(Event::Other(text), Event::Finished);
        }
        if let Some(rest) = text.strip_prefix("from TOC entry ") {
            self.entry = number(rest);
        } else if let Some(rest) = text.strip_prefix("while ") {
            // INITIALIZING or FINALIZING: the error belongs to no entry. PROCESSING TOC: an entry is named
            // next.
            if !rest.starts_with("PROCESSING") {
                self.entry = None;
            }
        } else if let Some(rest) = text.strip_prefix("error: ") {
            let message = rest.trim().to_owned();
            self.failures.push(Reported { entry: self.entry, message, command: None });
            self.in_message = true;
        } else if let Some(rest) = text.strip_prefix("warning: errors ignored on restore: ") {
            self.counted = rest.trim().parse().ok();
        } else if text.starts_with("warning: unexpected extra results during COPY") {
            // After the result of the failed COPY, there is another one for the lost connection.
            self.is_lost = true;
        }
        next(text).unwrap_or(Event::Other(text))
    }

    /// Detail and hint belong to the message; the failed command may be very long.
    fn continue_message(&mut self, line: &str) {
        if let Some(command) = line.strip_prefix("Command was: ") {
            if self.in_message
                && let Some(failure) = self.failures.last_mut()
            {
                failure.command = Some(command.trim().to_owned());
            }
            self.in_message = false;
        }
        let is_wanted = ["DETAIL:", "HINT:", "CONTEXT:", "ERROR:", "could not execute query"]
            .iter()
            .any(|start| line.starts_with(start));
        if self.in_message
            && is_wanted
            && let Some(failure) = self.failures.last_mut()
        {
            failure.message.push_str("; ");
            failure.message.push_str(line.trim());
        }
    }
}

/// `creating INDEX "public.answers_pkey"`, `processing data for table "public.answers"`.
fn next(text: &str) -> Option<Event<'_>> {
    let (kind, rest) = match text.strip_prefix("processing data for table \"") {
        Some(name) => ("TABLE DATA", name),
        None => text.strip_prefix("creating ")?.split_once(" \"")?,
    };
    Some(Event::Next { kind, name: rest.trim_end().strip_suffix('"')? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
pg_restore: connecting to database for restore
pg_restore: processing item 3360 ENCODING ENCODING
pg_restore: entering main parallel loop
pg_restore: launching item 3350 TABLE DATA answers archive
pg_restore: finished item 3350 TABLE DATA answers archive
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 215; 1259 16399 TABLE answers owner
pg_restore: error: could not execute query: ERROR:  relation \"answers\" already exists
Command was: CREATE TABLE public.answers (
    pg_restore: error: no message
);
pg_restore: error: COPY failed for table \"answers\": ERROR:  duplicate key
DETAIL:  Key (id)=(1) already exists.
CONTEXT:  COPY answers, line 1
pg_restore: warning: errors ignored on restore: 2
";

    #[test]
    fn items_and_errors() {
        let mut log = Log::default();
        let mut events = Vec::new();
        for line in OUTPUT.lines() {
            events.extend(log.read(line));
        }
        assert!(events.contains(&Event::Launched(3350)));
        assert!(events.contains(&Event::Finished(3350)));
        assert_eq!(log.counted, Some(2));
        assert_eq!(
            log.failures[0],
            Reported {
                entry: Some(215),
                message: "could not execute query: ERROR:  relation \"answers\" already exists"
                    .into(),
                command: Some("CREATE TABLE public.answers (".into()),
            }
        );
        // Text that looks like an error within a command is counted as one: better too many than too few.
        assert_eq!(log.failures.len(), 3);
        assert_eq!(
            log.failures[2].message,
            "COPY failed for table \"answers\": ERROR:  duplicate key; DETAIL:  Key (id)=(1) already exists.; CONTEXT:  COPY answers, line 1"
        );
    }

    #[test]
    fn one_worker_says_names() {
        let mut log = Log::default();
        for (line, kind, name) in [
            ("processing data for table \"public.a \"b\"\"", "TABLE DATA", "public.a \"b\""),
            ("creating FK CONSTRAINT \"public.a a_fk\"", "FK CONSTRAINT", "public.a a_fk"),
        ] {
            let line = format!("pg_restore: {line}");
            assert_eq!(log.read(&line), [Event::Next { kind, name }]);
        }
    }

    #[test]
    fn lines_of_two_workers_in_one() {
        let mut log = Log::default();
        let events =
            log.read("pg_restore: pg_restore: finished item 7 INDEX ilaunching item 8 INDEX j");
        assert!(events.contains(&Event::Finished(7)));
    }
}
