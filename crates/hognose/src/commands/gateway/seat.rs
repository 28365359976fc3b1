//! The judge as the gateway knows it: the rules that it goes by may be exchanged while it works.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use hognose_advisories::Database;
use hognose_gateway::OnUnknown;
use hognose_gateway::judge::{
    Artifact, Attested, Document, Inspected, Judge, Offer, PageRulings, Ruling,
};

use hognose_types::PackageName;

use super::engine::{Engine, Rules};

/// The judge in force.
pub(in crate::commands) struct Seat(RwLock<Arc<Engine>>);

impl Seat {
    pub(super) fn new(engine: Engine) -> Self {
        Self(RwLock::new(Arc::new(engine)))
    }

    fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these are the advisories: every page is decided again when it is next asked for.
    pub(super) fn learn(&self, database: Database) {
        self.engine().learn(database);
    }

    /// From now on these are the rules.
    pub(super) fn obey(&self, rules: Rules) {
        let next = Arc::new(self.engine().under(rules));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl Judge for Seat {
    fn page(&self, offer: &Offer<'_>) -> PageRulings {
        self.engine().page(offer)
    }

    fn wants_people(&self) -> bool {
        self.engine().wants_people()
    }

    fn inspects(&self) -> bool {
        self.engine().inspects()
    }

    fn recall(&self, artifact: &Artifact<'_>, anywhere: bool) -> Option<Inspected> {
        self.engine().recall(artifact, anywhere)
    }

    fn owner(&self, name: &PackageName, upstream: &str) -> Result<Option<String>, String> {
        self.engine().owner(name, upstream)
    }

    fn artifact(&self, artifact: &Artifact<'_>, path: &Path) -> Inspected {
        self.engine().artifact(artifact, path)
    }

    fn attested(&self, artifact: &Artifact<'_>, document: Document<'_>) -> Attested {
        self.engine().attested(artifact, document)
    }

    fn publisher(&self, artifact: &Artifact<'_>, document: &[u8]) -> Option<String> {
        self.engine().publisher(artifact, document)
    }

    fn on_unknown(&self) -> OnUnknown {
        self.engine().on_unknown()
    }

    fn known_good(&self, artifact: &Artifact<'_>) -> bool {
        self.engine().known_good(artifact)
    }

    fn first(&self, artifact: &Artifact<'_>) -> Result<Option<(String, Ruling)>, String> {
        self.engine().first(artifact)
    }

    fn ready(&self) -> Result<(), String> {
        self.engine().ready()
    }

    fn revision(&self) -> Arc<str> {
        self.engine().revision()
    }
}
