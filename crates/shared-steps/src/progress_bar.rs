//! Progress bar on a terminal.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressDrawTarget, ProgressStyle};
use progress::{Progress, ProgressSink};

use pipeline::progress_text;

/// How often the elapsed time is redrawn if nothing else changes.
const TICK: Duration = Duration::from_secs(1);

/// Lines at the bottom of stderr: a bar with rate and time left, and below it the objects in progress.
/// Removed when dropped.
#[derive(Clone)]
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
    _end: Arc<ClearOnDrop>,
}

impl ProgressBar {
    /// A progress bar; `visible` tells whether it is shown.
    #[must_use]
    pub fn new(visible: bool) -> Self {
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = indicatif::ProgressBar::with_draw_target(Some(100), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos:>3} %  {elapsed}  {msg}") {
            bar.set_style(style);
        }
        if visible {
            bar.enable_steady_tick(TICK);
        }
        Self { _end: Arc::new(ClearOnDrop(bar.clone())), bar }
    }

    /// Receives the step's progress.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn ProgressSink> {
        Arc::new(BarSink(self.bar.clone()))
    }

    /// Removes it before the result is written.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Writes to stderr, above the bar.
    #[must_use]
    pub fn writer(&self) -> impl Write + use<> {
        AboveBar(self.bar.clone())
    }
}

struct ClearOnDrop(indicatif::ProgressBar);

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

struct BarSink(indicatif::ProgressBar);

impl ProgressSink for BarSink {
    fn update(&self, progress: &Progress) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        self.0.set_position(progress.percent.clamp(0.0, 100.0) as u64);
        self.0.set_message(message(progress));
    }
}

/// The text to the right of the bar, and the lines below.
fn message(progress: &Progress) -> String {
    let mut parts = vec![progress.phase.clone()];
    parts.extend(progress_text::details(progress));
    let mut text = parts.join(", ");
    for object in progress_text::running(progress) {
        text.push_str("\n  ");
        // A statement may consist of several lines.
        text.push_str(&object.replace('\n', " "));
    }
    text
}

struct AboveBar(indicatif::ProgressBar);

impl Write for AboveBar {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.suspend(|| std::io::stderr().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_stands_below_the_bar() {
        let progress = Progress {
            phase: "copy".into(),
            bytes: 2_048,
            seconds_left: Some(9),
            running: vec!["TABLE DATA public.a".into(), "INDEX public.b".into()],
            ..Progress::default()
        };
        assert_eq!(
            message(&progress),
            "copy, 2.0 KiB, 9 s left\n  TABLE DATA public.a\n  INDEX public.b"
        );
    }
}
