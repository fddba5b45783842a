//! The end of a ring file.

use std::fs;
use std::sync::{Arc, PoisonError};

use super::RingFile;
use crate::control::IntentState;
use crate::error::RingError;
use crate::layout::{offset, State};
use crate::lock::{self, OfdLock};
use crate::yard::Yard;
use std::sync::atomic::Ordering;

impl RingFile {
    /// Removes the file, if nothing of it is needed any more: its lock can be had (the owner is dead, or closed it),
    /// both heads have passed all that is published, no intent names it, and the path still leads to it. `false` where
    /// a rule is not met yet.
    pub fn retire(self: &Arc<Self>, yard: &Yard) -> Result<bool, RingError> {
        let Some(path) = self.path.as_deref() else { return Ok(false) };
        if self.owner != 0 && self.state() == State::Live {
            return Ok(false);
        }
        // The lock first: nobody can become, or still be, the owner while we look.
        let file = match lock::open(path, libc::O_RDWR, 0) {
            Ok(file) => file,
            Err(RingError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        // Whoever dropped the owner's object without closing it still holds the lock in this very process.
        let own = self.lock.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if own {
            return Ok(false);
        }
        let lock = OfdLock::try_exclusive(file).map_err(|error| RingError::io("lock", path, error))?;
        let Some(_lock) = lock else { return Ok(false) };
        if !self.is_linked() || !self.is_drained() || self.is_named(yard)? {
            return Ok(false);
        }
        self.map.u32(offset::STATE).store(State::Retired as u32, Ordering::Release);
        fs::remove_file(path).map_err(|error| RingError::io("remove", path, error))?;
        yard.control().bump_rings();
        Ok(true)
    }

    /// Whether an intent that is not over yet moves this ring's heads.
    fn is_named(&self, yard: &Yard) -> Result<bool, RingError> {
        let intent = yard.control().intent()?;
        let tag = self.map.u64(offset::TAG_SEQUENCE).load(Ordering::Acquire);
        Ok(intent.state != IntentState::Clear && tag == intent.sequence)
    }
}
