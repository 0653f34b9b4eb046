//! A server before it serves: what was configured.

use super::conf::Settings;
use super::limits::provide_descriptors;
use super::server::Server;

impl Server {
    /// Sets what was configured; returns what has no effect here.
    pub fn configure(&mut self, settings: &Settings) -> Result<Vec<&'static str>, String> {
        let idle = settings.apply(&mut self.store, &mut self.prng)?;
        self.store.set_max_clients(provide_descriptors(self.store.config().maxclients));
        Ok(idle)
    }

    /// Listens at a path, too, if one was configured: returns it.
    pub fn open_unix(&mut self, settings: &Settings) -> Result<Option<String>, String> {
        let Some((path, mode)) = settings.unix()? else { return Ok(None) };
        let opened = self.net.doors.open_unix(self.net.poll.registry(), &path, mode);
        opened.map(|()| Some(path.clone())).map_err(|error| format!("{path}: {error}"))
    }

    /// Knows the names of commands and the file of these settings from now on.
    pub fn adopt(&mut self, settings: &'static Settings) {
        let host = self.store.host_mut();
        if !settings.renames.is_empty() {
            host.rename = Some(super::renamed);
        }
        if let Some(path) = settings.file.as_deref() {
            host.config_file = path.to_str().unwrap_or_default();
            host.rewrite = Some(super::write_back);
        }
    }
}
