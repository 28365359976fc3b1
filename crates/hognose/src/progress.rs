//! Progress bars on a terminal, nothing elsewhere.

use std::cell::RefCell;

use hognose_advisories::ProgressSink;
use indicatif::{ProgressBar, ProgressStyle};

/// Draws downloads on stderr.
#[derive(Debug)]
pub(crate) struct Bars {
    visible: bool,
    current: RefCell<Option<ProgressBar>>,
}

impl Bars {
    /// Draws only on a terminal, and not when asked to be quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            visible: !quiet && crate::output::is_interactive(),
            current: RefCell::new(None),
        }
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        if let Some(old) = self.current.replace(bar) {
            old.finish_and_clear();
        }
    }
}

impl ProgressSink for Bars {
    fn download_started(&self, feed: &str, bytes: Option<u64>) {
        if !self.visible {
            return;
        }
        let feed = hognose_types::text::short(feed, 60);
        let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = if bytes.is_some() {
            "{msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec}"
        } else {
            "{spinner} {msg} {bytes}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(feed);
        self.replace(Some(bar));
    }

    fn downloaded(&self, bytes: u64) {
        if let Some(bar) = &*self.current.borrow() {
            bar.inc(bytes);
        }
    }

    fn download_ended(&self) {
        self.replace(None);
    }

    fn reading(&self, feed: &str) {
        if self.visible {
            let bar = ProgressBar::new_spinner()
                .with_message(format!("reading {}", hognose_types::text::short(feed, 60)));
            bar.tick();
            self.replace(Some(bar));
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.replace(None);
    }
}
