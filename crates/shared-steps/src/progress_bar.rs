//! Progress on a terminal.

use std::sync::Arc;

use indicatif::{ProgressDrawTarget, ProgressStyle};
use pg_replicate::{Progress, ProgressSink};

/// A bar on stderr that shows a step's progress; gone when dropped.
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
}

impl ProgressBar {
    /// A bar; `visible` says whether somebody looks.
    #[must_use]
    pub fn new(visible: bool) -> Self {
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = indicatif::ProgressBar::with_draw_target(Some(100), target);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos:>3} %  {elapsed}  {wide_msg}")
        {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Where the step reports to.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn ProgressSink> {
        Arc::new(Sink(self.bar.clone()))
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

struct Sink(indicatif::ProgressBar);

impl ProgressSink for Sink {
    fn update(&self, progress: &Progress) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        self.0.set_position(progress.percent.clamp(0.0, 100.0) as u64);
        let object = progress.object.as_deref().unwrap_or_default();
        self.0.set_message(format!("{} {object}", progress.phase));
    }
}
