//! [`pipeline::config::Reader`], with what the groups of variables here add to it.

use std::ops::{Deref, DerefMut};

use pipeline::config::Errors;
pub(super) use pipeline::config::or_default;

#[derive(Default)]
pub(super) struct Reader(pipeline::config::Reader);

impl Reader {
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Errors> {
        self.0.finish(value)
    }
}

impl Deref for Reader {
    type Target = pipeline::config::Reader;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
