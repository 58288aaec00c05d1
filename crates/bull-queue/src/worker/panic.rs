//! Location of a job's panic. `catch_unwind` provides only the message; location and stack trace are known
//! only to the panic hook.

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

/// Maximum size of a stack trace stored with a job.
const STACK_LIMIT: usize = 8 * 1024;

/// Records where jobs panic, then calls the previous hook.
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

/// Marks the inner future as part of a job.
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

/// The stack trace of the panic that was just caught on this thread.
pub(super) fn latest_stack() -> Option<String> {
    LATEST.take()
}

/// The message of a panic.
pub(super) fn text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}
