//! Progress as text, for terminals.

use progress::Progress;

use crate::human::{count, size, time_left};

/// Progress of a step: `restore, 42 %, 1.2 GiB of 3.0 GiB, 85.3 MiB/s, 2 min 10 s left`.
#[must_use]
pub fn sentence(progress: &Progress) -> String {
    let percent = format!("{:.0} %", progress.percent);
    let mut parts = vec![progress.phase.clone(), percent];
    parts.extend(details(progress));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// The same without phase and percentage.
#[must_use]
pub fn details(progress: &Progress) -> Vec<String> {
    let bytes = match progress.bytes_total {
        // The total is an estimate, but must not be less than what was done.
        Some(total) if progress.bytes <= total => {
            let bytes = size(progress.bytes);
            let bytes = if bytes.is_empty() { "0 B" } else { &bytes };
            format!("{bytes} of {}", size(total))
        }
        _ => size(progress.bytes),
    };
    let rows = count(progress.rows);
    let rows = if rows.is_empty() { rows } else { format!("{rows} rows") };
    let rate = progress.bytes_per_second.map(|rate| {
        let rate = size(rate);
        if rate.is_empty() { "0 B/s".into() } else { format!("{rate}/s") }
    });
    let left = progress.seconds_left.map(|seconds| format!("{} left", time_left(seconds)));
    let parts = [Some(rows), Some(bytes), rate, left];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect()
}

/// The objects in progress; if a step reports none, the last one it started.
#[must_use]
pub fn running(progress: &Progress) -> &[String] {
    if progress.running.is_empty() { progress.object.as_slice() } else { &progress.running }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_said_in_words() {
        let mut progress = Progress {
            phase: "copy".into(),
            percent: 41.7,
            object: Some("INDEX public.b".into()),
            rows: 11_000,
            bytes: 1_288_490_189,
            bytes_total: Some(3_221_225_472),
            bytes_per_second: Some(89_443_533),
            seconds_left: Some(130),
            running: vec!["TABLE DATA public.a".into(), "INDEX public.b".into()],
        };
        assert_eq!(
            sentence(&progress),
            "copy, 42 %, 11 000 rows, 1.2 GiB of 3.0 GiB, 85.3 MiB/s, 2 min 10 s left"
        );
        assert_eq!(running(&progress).len(), 2);
        progress.running.clear();
        assert_eq!(running(&progress), ["INDEX public.b"]);
        (progress.bytes, progress.bytes_per_second) = (0, Some(0));
        assert_eq!(
            sentence(&progress),
            "copy, 42 %, 11 000 rows, 0 B of 3.0 GiB, 0 B/s, 2 min 10 s left"
        );
        let start = Progress { phase: "backup".into(), ..Progress::default() };
        assert_eq!(sentence(&start), "backup, 0 %");
        assert!(running(&start).is_empty());
    }
}
