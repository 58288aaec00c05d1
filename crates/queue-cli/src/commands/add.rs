//! `add`: adds a job.

use anyhow::anyhow;
use bull_queue::{JobId, JobOptions, JobRequest, RepeatOptions};
use serde_json::json;

use crate::cli::Add;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::parse_json;
use crate::period::{self, milliseconds};

pub(crate) async fn run(context: &Context, job: &Add) -> anyhow::Result<()> {
    let queue = context.one_queue()?;
    let options = JobOptions {
        job_id: job.job_id.as_deref().map(JobId::from),
        priority: job.priority,
        delay: job.delay.map_or(0, milliseconds),
        attempts: job.attempts,
        repeat: job.repeat.as_deref().map(repeat).transpose()?,
        lifo: job.lifo,
        ..JobOptions::default()
    };
    let data = parse_json("the data of the job", &job.data)?;
    let request = JobRequest { name: job.name.clone(), data, options, run_id: None };
    let id = queue.add(&request).await?;
    if context.output.json {
        let row = json!({ "queue": queue.name(), "id": id });
        return context.output.json(&json!({ "added": row }));
    }
    context.output.line(format!("added job {id} to {}", queue.name()));
    Ok(())
}

/// Bull's JSON, a period, or a cron expression.
fn repeat(text: &str) -> anyhow::Result<RepeatOptions> {
    if let Ok(every) = period::parse(text) {
        return Ok(RepeatOptions::every(milliseconds(every)));
    }
    if text.trim_start().starts_with('{') {
        let written = parse_json("--repeat", text)?;
        return serde_json::from_value(written)
            .map_err(|error| anyhow!(error).context(Failure::Usage(format!("--repeat {text}"))));
    }
    let cron = text.trim().to_owned();
    Ok(RepeatOptions { cron: Some(cron), ..RepeatOptions::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_repeating_is_read() {
        assert_eq!(repeat("1 hour").unwrap(), RepeatOptions::every(3_600_000));
        assert_eq!(repeat("5000").unwrap(), RepeatOptions::every(5000));
        let cron = repeat("10 5 * * *").unwrap();
        assert_eq!((cron.cron.as_deref(), cron.tz), (Some("10 5 * * *"), None));
        assert_eq!(
            repeat(r#"{"cron": "10 5 * * *", "tz": "Europe/Paris"}"#).unwrap(),
            RepeatOptions::cron("10 5 * * *", "Europe/Paris")
        );
        assert!(repeat(r#"{"every": "soon"}"#).is_err());
    }
}
