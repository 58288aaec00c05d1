//! Where a job panicked. `catch_unwind` gives the text only; the place and the stack are known to the
//! panic hook alone.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

thread_local! {
    static IN_JOB: Cell<bool> = const { Cell::new(false) };
    static LATEST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// How much of a stack is kept with a job.
const STACK_LIMIT: usize = 8 * 1024;

/// Remembers where jobs panic, and lets the hook that was there before do its work.
pub(super) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if IN_JOB.get() {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                let mut stack = format!("    at {place}\n{}", Backtrace::force_capture());
                if let Some((end, _)) = stack.char_indices().nth(STACK_LIMIT) {
                    stack.truncate(end);
                }
                LATEST.set(Some(stack));
            }
            previous(info);
        }));
    });
}

/// Marks what is polled inside as part of a job.
pub(super) struct Watched<F>(pub(super) Pin<Box<F>>);

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        struct Leave(bool);
        impl Drop for Leave {
            fn drop(&mut self) {
                IN_JOB.set(self.0);
            }
        }
        let _leave = Leave(IN_JOB.replace(true));
        self.0.as_mut().poll(cx)
    }
}

/// The stack of the panic that was just caught on this thread.
pub(super) fn latest_stack() -> Option<String> {
    LATEST.take()
}

/// The text of a panic.
pub(super) fn text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}
