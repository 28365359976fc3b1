//! Whole answers, through what is kept of them: here, and where other machines keep theirs.

use super::{Fetched, Http};
use crate::cache::{Answers, Kept};
use crate::download::hex;
use crate::pack::Key;
use crate::{Elsewhere, IndexError, IndexUrl};

impl Http {
    /// Asks for a whole answer of at most `limit` bytes, through the cache.
    pub(crate) fn fetch(
        &self,
        url: &IndexUrl,
        accept: &str,
        limit: u64,
    ) -> Result<Fetched, IndexError> {
        let Some(cache) = &self.answers else {
            let answer = self.ask(url, accept, &[])?;
            return self.whole(answer, limit);
        };
        let user = self.credentials(url).map(|(user, _)| user);
        let key = Answers::key(&url.bare(), accept, user);
        let mut kept = self.ours(cache.read(&key, limit));
        if !self.is_usable(cache, kept.as_ref())
            && let Some(newer) = self.ours(cache.read_again(&key, limit))
        {
            kept = Some(newer);
        }
        if self.is_usable(cache, kept.as_ref())
            && let Some((url, kept)) = kept
        {
            return Ok(again(cache, url, kept));
        }
        let elsewhere = self.config.running.as_ref();
        match elsewhere.and_then(|running| running.elsewhere.as_ref()) {
            Some(elsewhere) if !self.config.offline => self.fetch_once(
                (url, accept, limit),
                (cache, elsewhere.as_ref()),
                &key,
                kept,
            ),
            _ => {
                let (fetched, _) = self.renewed((url, accept, limit), cache, &key, kept)?;
                Ok(fetched)
            }
        }
    }

    /// As [`Http::renewed`], on one machine of several.
    fn fetch_once(
        &self,
        asked: (&IndexUrl, &str, u64),
        (cache, elsewhere): (&Answers, &dyn Elsewhere),
        key: &Key,
        mut kept: Option<(IndexUrl, Kept)>,
    ) -> Result<Fetched, IndexError> {
        let name = hex(key);
        let mut turn = None;
        for _ in 0..2 {
            let found = elsewhere
                .get(&name, asked.2)
                .and_then(|entry| parted(&entry));
            let found = self.ours(found);
            if self.is_usable(cache, found.as_ref())
                && let Some((url, found)) = found
            {
                cache.adopt(key, &found);
                return Ok(again(cache, url, found));
            }
            // Of two that are old the younger one is asked about.
            if let Some((url, found)) = found
                && kept
                    .as_ref()
                    .is_none_or(|(_, k)| k.header.stored < found.header.stored)
            {
                kept = Some((url, found));
            }
            if turn.is_some() {
                break;
            }
            turn = elsewhere.turn(&name);
            if turn.is_none() {
                break;
            }
        }
        let (fetched, head) = self.renewed(asked, cache, key, kept)?;
        if let Some(head) = head {
            elsewhere.put(&name, &joined(&head, &fetched.body));
        }
        drop(turn);
        Ok(fetched)
    }

    /// Asks for an answer, on condition that it is no longer what is kept; with it the head of what is kept now.
    fn renewed(
        &self,
        (url, accept, limit): (&IndexUrl, &str, u64),
        cache: &Answers,
        key: &Key,
        kept: Option<(IndexUrl, Kept)>,
    ) -> Result<(Fetched, Option<Vec<u8>>), IndexError> {
        let conditions: Vec<(&str, &str)> = kept
            .iter()
            .flat_map(|(_, kept)| {
                let etag = kept.header.etag.as_deref().map(|v| ("If-None-Match", v));
                let date = kept.header.modified.as_deref();
                etag.into_iter()
                    .chain(date.map(|v| ("If-Modified-Since", v)))
            })
            .collect();
        let answer = self.ask(url, accept, &conditions)?;
        let rules = answer.rules.clone();
        if answer.status == 304
            && let Some((url, kept)) = kept
        {
            let head = cache.renew(key, &kept, &rules);
            let fetched = Fetched {
                age: 0,
                ..again(cache, url, kept)
            };
            return Ok((fetched, head));
        }
        let fetched = self.whole(answer, limit)?;
        let from = (fetched.url.bare(), self.whose(&fetched.url));
        let head = cache.keep(key, from, fetched.status, &rules, &fetched.body);
        Ok((fetched, head))
    }

    /// A kept answer and the address that gave it, where that would be shown the same credentials now: with others, or
    /// none, it might say something else.
    fn ours(&self, kept: Option<Kept>) -> Option<(IndexUrl, Kept)> {
        let kept = kept?;
        let url = IndexUrl::parse(&kept.header.url).ok()?;
        (kept.header.whose == self.whose(&url)).then_some((url, kept))
    }

    /// Tells credentials for an address apart: enough of a digest for that, and too little of it to try passwords with.
    fn whose(&self, url: &IndexUrl) -> Option<String> {
        let (user, password) = self.credentials(url)?;
        let whole = hex(&Answers::key(user, password, None));
        whole.get(..8).map(str::to_owned)
    }

    fn is_usable(&self, cache: &Answers, kept: Option<&(IndexUrl, Kept)>) -> bool {
        kept.is_some_and(|(_, kept)| {
            self.config.offline || (!self.config.revalidate && cache.is_fresh(&kept.header))
        })
    }
}

/// A kept answer as if it had just come.
fn again(cache: &Answers, url: IndexUrl, kept: Kept) -> Fetched {
    Fetched {
        url,
        status: kept.header.status,
        age: cache.age(&kept.header),
        body: kept.body,
    }
}

/// Head and body of an answer, as one text that other machines keep.
fn joined(head: &[u8], body: &[u8]) -> Vec<u8> {
    // The head is JSON on one line.
    [head, b"\n", body].concat()
}

fn parted(entry: &[u8]) -> Option<Kept> {
    let end = entry.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = entry.split_at(end);
    Kept::of(head, body.get(1..)?.to_vec())
}
