//! Programs that run on, beside others that use the same answers: they count ages by a clock of theirs, see what others
//! keep meanwhile, and may have further places where answers are kept.

use std::fmt;
use std::sync::Arc;

use hognose_types::PackageName;

use crate::client::ACCEPT;
use crate::{Client, IndexError, IndexUrl, ProjectPage, page};

/// Seconds since 1970, as of now.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How a program that runs on deals with answers that are kept.
#[derive(Clone)]
pub struct Running {
    /// The time. What the cache was given is the time at which the program began.
    pub clock: Now,
    /// Seconds after which an answer is asked for again, however long the index says that it is good.
    pub oldest: u64,
    /// The same of an answer that there is nothing: names are taken by the minute.
    pub absent: u64,
    /// Bytes of answers that are kept on disk: those written longest ago go, a file at a time.
    pub most: u64,
    /// Where answers are kept for other machines too.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("oldest", &self.oldest)
            .field("absent", &self.absent)
            .finish_non_exhaustive()
    }
}

/// Answers that other machines keep as well. What cannot be had there is asked of the index: nothing here fails.
pub trait Elsewhere: Send + Sync {
    /// An answer as it was put, at most so many bytes of it.
    fn get(&self, key: &str, limit: u64) -> Option<Vec<u8>>;

    /// Keeps an answer.
    fn put(&self, key: &str, answer: &[u8]);

    /// Waits for a turn at asking, which is held as long as what is given is; none where it cannot be had.
    fn turn(&self, key: &str) -> Option<Box<dyn std::any::Any + Send>>;
}

/// A page, and how old what it is made of is.
#[derive(Clone, Debug)]
pub struct Aged {
    /// The page.
    pub page: ProjectPage,
    /// Seconds since the index was asked.
    pub age: u64,
}

impl Client {
    /// As [`Client::page`], and how old the answer is.
    ///
    /// # Errors
    ///
    /// Whatever keeps the page from being known; a quarantined project is none.
    pub fn aged_page(
        &self,
        index: &IndexUrl,
        name: &PackageName,
    ) -> Result<Option<Aged>, IndexError> {
        let limits = self.config.limits;
        let place = index.project(name.as_str());
        let fetched = self.http.fetch(&place, ACCEPT, limits.page)?;
        let age = fetched.age;
        let Some(answer) = fetched.present()? else {
            return Ok(None);
        };
        let page = page::read(&answer.body, &answer.url, name, limits.files)?;
        Ok(Some(Aged { page, age }))
    }
}
