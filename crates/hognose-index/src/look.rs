//! Whether something is at an address, without fetching it. Nothing is told but the address.

use crate::{Client, IndexError, IndexUrl};

/// What a server answers about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Something is there.
    There,
    /// Nothing is, or nothing for whoever asks without credentials.
    Gone,
    /// It leads elsewhere.
    Moved(IndexUrl),
}

impl Client {
    /// Asks whether something is at an address. Redirects are answered, not followed.
    ///
    /// # Errors
    ///
    /// A server that could not be asked, or that answers neither way: then nobody knows.
    pub fn look(&self, url: &IndexUrl) -> Result<Look, IndexError> {
        let (status, location) = self.http.head(url)?;
        match status {
            200..=299 => Ok(Look::There),
            404 | 410 => Ok(Look::Gone),
            301 | 302 | 303 | 307 | 308 => {
                let to = url.join(location.as_deref().unwrap_or_default());
                let to = to.map_err(|reason| IndexError::Location {
                    url: url.redacted(),
                    reason,
                })?;
                Ok(Look::Moved(to))
            }
            status => Err(IndexError::of_status(url.redacted(), status)),
        }
    }
}
