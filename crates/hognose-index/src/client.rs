//! Project pages.

use hognose_types::PackageName;

use crate::http::Http;
use crate::{Config, IndexError, IndexFile, IndexUrl, ProjectPage};

/// A client of one index and its companions.
#[derive(Debug)]
pub struct Client {
    pub(crate) config: Config,
    pub(crate) http: Http,
}

/// What the indexes offer of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its wheels and sdists, in the order of the pages.
    pub files: Vec<IndexFile>,
    /// The indexes that know the project; none when it is absent.
    pub known_to: Vec<IndexUrl>,
}

/// JSON is asked for first; indexes that know only HTML ignore the rest.
pub(crate) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

impl Client {
    /// A client; fails only for certificates that cannot be read.
    pub fn new(config: Config) -> Result<Self, IndexError> {
        let http = Http::new(&config)?;
        Ok(Self { config, http })
    }

    /// The indexes that are asked, in order.
    pub fn indexes(&self) -> impl Iterator<Item = &IndexUrl> {
        std::iter::once(&self.config.index).chain(&self.config.extra)
    }

    /// True when the first index that has a project is the only one that counts for it.
    pub fn stops_at_first(&self) -> bool {
        self.config.first_only
    }

    /// What every index offers of a project. Fails when any index could not be asked: a list with holes would look
    /// like a project with fewer releases.
    pub fn files(&self, name: &PackageName) -> Result<Listing, IndexError> {
        let mut listing = Listing::default();
        for index in self.indexes() {
            let Some(page) = self.page(index, name)? else {
                continue;
            };
            if let Some(status) = &page.status
                && status.status == "quarantined"
            {
                return Err(IndexError::Quarantined {
                    url: page.url.redacted(),
                    reason: status.reason.clone(),
                });
            }
            listing.files.extend(page.files);
            listing.known_to.push(index.clone());
            if self.stops_at_first() {
                break;
            }
        }
        Ok(listing)
    }

    /// One index's page; none when the index does not know the project.
    ///
    /// # Errors
    ///
    /// Whatever keeps the page from being known; a quarantined project is none.
    pub fn page(
        &self,
        index: &IndexUrl,
        name: &PackageName,
    ) -> Result<Option<ProjectPage>, IndexError> {
        let found = self.aged_page(index, name)?;
        Ok(found.map(|found| found.page))
    }
}
