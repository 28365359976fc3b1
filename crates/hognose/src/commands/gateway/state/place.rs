//! Where the state of a gateway is: a file, or a database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hognose_store::{
    Head, Opening, Options, PostgresAddress, PostgresStore, SqliteStore, Store, StoreError,
};
use hognose_types::RedactedUrl;

use crate::cli::{LookArgs, ServeArgs, StateArgs};
use crate::error::Failure;
use crate::settings;
use crate::surroundings::Surroundings;

/// Where the state is. Shown without what it carries.
pub(in crate::commands) enum Place {
    File(PathBuf),
    Database(Box<PostgresAddress>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Database(address) => address.fmt(f),
        }
    }
}

impl Place {
    /// Where a gateway keeps its state.
    pub(in crate::commands::gateway) fn of_gateway(
        state: &StateArgs,
        serve: &ServeArgs,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        Self::find(
            state,
            serve.config.as_deref(),
            serve.no_config,
            surroundings,
        )
    }

    /// Where somebody looks for it.
    pub(super) fn of_look(args: &LookArgs, surroundings: &Surroundings) -> Result<Self, Failure> {
        let config = args.config.as_deref();
        Self::find(&args.state, config, args.no_config, surroundings)
    }

    /// Where it is when nobody says.
    pub(in crate::commands::gateway) fn usual(
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        let directory = surroundings.state().ok_or_else(|| {
            Failure::usage("there is no directory for the state of the gateway")
                .hint("name a file with `--state`, or set HOGNOSE_STATE_DIR or HOME")
        })?;
        Ok(Self::File(directory.join("gateway.db")))
    }

    fn find(
        state: &StateArgs,
        config: Option<&Path>,
        no_config: bool,
        surroundings: &Surroundings,
    ) -> Result<Self, Failure> {
        if let Some(named) = &state.state {
            return Self::named(named, surroundings);
        }
        let found = settings::configuration(config, no_config, Path::new("."))?;
        match &found.config.gateway.state {
            Some(named) => Self::named(Path::new(RedactedUrl::expose(named)), surroundings),
            None => Self::usual(surroundings),
        }
    }

    fn named(named: &Path, surroundings: &Surroundings) -> Result<Self, Failure> {
        let Some(text) = named.to_str().filter(|text| PostgresAddress::is_one(text)) else {
            return Ok(Self::File(named.to_owned()));
        };
        let mut address = PostgresAddress::parse(text).map_err(|e| {
            Failure::usage("the address of the state is no address of PostgreSQL")
                .because(&e)
                .hint("write it as postgres://user@host:5432/database")
        })?;
        if let Some(password) = password(surroundings, address.has_password())? {
            address = address.with_password(&password);
        }
        Ok(Self::Database(Box::new(address)))
    }

    /// Opens it.
    pub(in crate::commands::gateway) fn open(
        &self,
        opening: Opening,
    ) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open(path, opening, Options::default())?),
            Self::Database(address) => Arc::new(PostgresStore::open(address, opening)?),
        })
    }

    /// Puts a backup there. Tells where what was there before is now.
    pub(super) fn restore(&self, backup: &Path) -> Result<(Head, Option<String>), StoreError> {
        match self {
            Self::File(path) => {
                let restored = SqliteStore::restore(backup, path)?;
                let aside = restored.replaced.map(|path| path.display().to_string());
                Ok((restored.head, aside))
            }
            Self::Database(address) => {
                let (head, schema) = PostgresStore::restore(backup, address)?;
                Ok((head, schema.map(|name| format!("the schema {name}"))))
            }
        }
    }

    /// Makes the directory of a file.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        let Self::File(path) = self else {
            return Ok(());
        };
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
        directory.map_or(Ok(()), |directory| {
            std::fs::create_dir_all(directory).map_err(|error| {
                Failure::incomplete(format!("cannot make {}", directory.display()))
                    .because(&error)
                    .hint("keep the state elsewhere with `--state`")
            })
        })
    }
}

/// The password of the database: what is meant for us alone goes before the address, and that before what is meant for
/// every program.
fn password(surroundings: &Surroundings, given: bool) -> Result<Option<String>, Failure> {
    if let Some(own) = surroundings.variable("HOGNOSE_STATE_PASSWORD") {
        return Ok(Some(own.to_owned()));
    }
    if let Some(path) = surroundings.variable("HOGNOSE_STATE_PASSWORD_FILE") {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Failure::usage(format!("cannot read the password of the state in {path}")).because(&e)
        })?;
        return Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    let common = surroundings.variable("PGPASSWORD").filter(|_| !given);
    Ok(common.map(str::to_owned))
}
