//! Plans in a yard: JSON texts named by their hash, so that equal plans are one file and a name proves its text.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::PoisonError;

use super::Yard;
use crate::error::RingError;
use crate::sys;

/// A plan is a list of destinations; one beyond this is not a plan.
const MOST_BYTES: u64 = 1 << 20;

fn name_of(json: &str) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(json.as_bytes()))
}

impl Yard {
    fn plan_path(&self, name: &str) -> Result<PathBuf, RingError> {
        // The name may come from a hostile header.
        if name.len() != 32 || !name.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(RingError::corrupt("plan name"));
        }
        Ok(self.path().join("plans").join(format!("{name}.json")))
    }

    /// Stores a plan, and gives its name: 32 hex digits.
    pub fn store_plan(&self, json: &str) -> Result<String, RingError> {
        let name = name_of(json);
        if json.len() as u64 > MOST_BYTES {
            return Err(RingError::Argument { what: "a plan of more than 1 MiB" });
        }
        if self.is_anonymous() {
            self.plans.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), json.to_owned());
            return Ok(name);
        }
        let path = self.plan_path(&name)?;
        if self.load_plan(&name).is_ok() {
            return Ok(name);
        }
        let temporary = path.with_file_name(format!(".{name}.{}.{:x}.tmp", sys::pid(), sys::random_u64()));
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| file.write_all(json.as_bytes()))
            .and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            RingError::io("store plan", &path, error)
        })?;
        Ok(name)
    }

    /// The text of a plan; one that does not have the hash it is named by is corrupt.
    pub fn load_plan(&self, name: &str) -> Result<String, RingError> {
        if self.is_anonymous() {
            let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            return plans.get(name).cloned().ok_or(RingError::corrupt("no such plan"));
        }
        let path = self.plan_path(name)?;
        let mut json = String::new();
        fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK)
            .open(&path)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut json))
            .map_err(|error| RingError::io("load plan", &path, error))?;
        if name_of(&json) != name {
            return Err(RingError::corrupt("plan text"));
        }
        Ok(json)
    }
}
