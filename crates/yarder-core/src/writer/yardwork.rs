//! The slow part of the writer, about once a second: finding rings and plans, telling the living from
//! the dead, setting corrupt rings aside, removing what is drained.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use yarder_ring::clock;
use yarder_ring::layout::State;
use yarder_ring::{RingError, RingFile};

use super::engine::Engine;
use super::form::{Served, Target};
use super::output::{path_hash, Output};
use super::rotate::Rotator;
use super::stats::{add, counter};
use super::tracked::Tracked;
use crate::fault::{self, Stage};
use crate::format::Tz;
use crate::plan::{Layout, Plan, Route};
use crate::report;
use crate::segment::SegmentOptions;
use crate::trace;

/// How often the yard is looked over without a reason.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// How often a clock pair is added.
const PAIR: Duration = Duration::from_secs(10);

impl Engine {
    /// Looks the yard over when it is time or when a ring came or went.
    pub(super) fn keep_house(&mut self, now: Instant) {
        let generation = self.yard.control().rings_generation();
        if generation == self.generation && now.saturating_duration_since(self.looked) < LOOK {
            return;
        }
        self.generation = generation;
        self.looked = now;
        // For `doctor`: a writer that is stopped, not dead, shows by this standing still.
        self.yard.control().set_writer_beat(yarder_ring::sys::realtime_ns());
        self.scan();
        self.retire();
        self.keep_archives(now);
        self.close_books(false);
        self.sync_late(now);
        if now.saturating_duration_since(self.paired) >= PAIR {
            self.paired = now;
            self.yard.control().append_pair(clock::pair());
            self.load_pairs(self.yard.control().pair_count());
        }
        if !self.yard.is_linked() && !self.unlinked {
            self.unlinked = true;
            report::say(&format!(
                "the yard {} was removed; what is logged here is still written",
                self.yard.path().display()
            ));
        }
    }

    /// Makes every clock convert with the first `count` pairs.
    pub(super) fn load_pairs(&mut self, count: u32) {
        self.pairs = self.yard.control().pairs(count);
        self.pair_count = count;
        for ring in &mut self.rings {
            ring.set_pairs(&self.pairs);
        }
    }

    /// Finds rings that came, and notices owners that went.
    pub(super) fn scan(&mut self) {
        fault::point(Stage::Scan);
        for index in 0..self.adopted.len() {
            let ring = Arc::clone(&self.adopted[index]);
            if !self.rings.iter().any(|known| Arc::ptr_eq(&known.ring, &ring)) {
                self.track(ring, true);
            }
        }
        match self.yard.rings() {
            Ok(paths) => {
                for path in paths {
                    if !self.rings.iter().any(|ring| ring.path() == Some(&path)) {
                        self.open_ring(&path);
                    }
                }
            }
            Err(error) => trace::event("writer", trace::WARNING, || {
                format!("cannot list {}: {error}", self.yard.path().display())
            }),
        }
        for index in 0..self.rings.len() {
            self.rings[index].look();
            if self.rings[index].plan.is_none() {
                self.find_plan(index);
            }
        }
    }

    pub(super) fn open_ring(&mut self, path: &Path) {
        match RingFile::open(path) {
            Ok(ring) => self.track(Arc::new(ring), false),
            Err(RingError::Corrupt { what }) => self.set_aside(path, what),
            // A newer release's ring is its own business; one that went away meanwhile is nobody's.
            Err(error) => trace::event("writer", trace::DEBUG, || format!("{}: {error}", path.display())),
        }
    }

    pub(super) fn track(&mut self, ring: Arc<RingFile>, own: bool) {
        if ring.state() == State::Quarantined {
            return;
        }
        // A scan may have found the file before its owner, this process, came to say so.
        let known = self.rings.iter_mut().find(|known| known.path().is_some() && known.path() == ring.path());
        if let Some(known) = known {
            known.become_own(ring);
            return;
        }
        trace::event("writer", trace::INFO, || format!("ring {:09x} found", ring.producer()));
        self.rings.push(Tracked::new(ring, own, &self.pairs));
        self.find_plan(self.rings.len() - 1);
    }

    /// Moves a ring out of the way that cannot be trusted.
    fn set_aside(&mut self, path: &Path, what: &str) {
        let aside = Tracked::corrupt_path(path);
        let moved = fs::rename(path, &aside);
        add(&self.meters.quarantined, 1);
        self.yard.control().counter(counter::QUARANTINED).fetch_add(1, Ordering::Relaxed);
        let place = if moved.is_ok() { aside.as_path() } else { path };
        report::say(&format!("a ring is corrupt ({what}) and was set aside as {}", place.display()));
    }

    /// The same for a ring that broke a rule while it was read. Its owner, if it lives, sees a full ring.
    pub(super) fn quarantine(&mut self, index: usize, what: &str) {
        let ring = self.rings.swap_remove(index);
        ring.ring.set_state(State::Quarantined);
        self.adopted.retain(|adopted| !Arc::ptr_eq(adopted, &ring.ring));
        match ring.path() {
            Some(path) => self.set_aside(path, what),
            None => self.set_aside(Path::new(""), what),
        }
    }

    /// Removes rings that are drained and over.
    pub(super) fn retire(&mut self) {
        if self.pending {
            return;
        }
        let mut index = 0;
        while index < self.rings.len() {
            let ring = &mut self.rings[index];
            if !ring.is_spent() {
                index += 1;
                continue;
            }
            ring.tried = true;
            ring.release_local();
            let gone = ring.ring.state() == State::Retired
                || !ring.ring.is_linked()
                || ring.path().is_none()
                || ring.ring.retire(&self.yard).unwrap_or(false);
            if gone {
                trace::event("writer", trace::INFO, || format!("ring {:09x} is done", ring.info.producer));
                let ring = self.rings.swap_remove(index);
                self.adopted.retain(|adopted| !Arc::ptr_eq(adopted, &ring.ring));
            } else {
                index += 1;
            }
        }
    }

    /// Syncs what `fsync = "interval"` promised, when no batch came to do it.
    fn sync_late(&mut self, now: Instant) {
        for segment in self.outputs.iter_mut().filter_map(|output| output.segment.as_mut()) {
            if segment.wants_sync() {
                let _ = segment.sync(now);
            }
        }
    }

    fn find_plan(&mut self, index: usize) {
        let ring = &self.rings[index];
        let name = ring.info.plan.clone();
        if name.is_empty() || !ring.is_shared() {
            return;
        }
        let known = self.plans.iter().position(|plan| plan.name == name);
        if let Some(plan) = known.or_else(|| self.load_plan(&name)) {
            let ring = &mut self.rings[index];
            ring.plan = Some(plan);
            ring.formatters = self.plans[plan].targets.iter().map(Target::formatter).collect();
        }
    }

    fn load_plan(&mut self, name: &str) -> Option<usize> {
        let plan = self
            .yard
            .load_plan(name)
            .map_err(|error| error.to_string())
            .and_then(|json| Plan::parse(&json).map_err(|error| error.to_string()));
        match plan {
            Ok(plan) => Some(self.serve(name, &plan)),
            Err(error) => {
                let now = self.looked;
                self.plan_reporter.report(now, || {
                    format!("the plan {name} of a ring cannot be used ({error}); its records wait in the ring")
                });
                None
            }
        }
    }

    /// Makes a plan's destinations into outputs; a file that another plan names too is shared.
    fn serve(&mut self, name: &str, plan: &Plan) -> usize {
        let targets = plan
            .destinations
            .iter()
            .map(|destination| {
                let options = SegmentOptions::from(destination);
                let hash = path_hash(&options);
                // A zone this host does not know is no reason to lose lines.
                let tz = Tz::parse(&plan.tz).unwrap_or_else(Tz::utc);
                let known = self.outputs.iter().position(|output| output.path_hash == hash);
                let output = known.unwrap_or_else(|| {
                    let meters = self.meters.backend(&destination.name, options.path.clone());
                    let rotator = Rotator::new(destination.archive.clone(), tz.clone());
                    self.outputs.push(Output::new(options.clone(), rotator, meters));
                    self.outputs.len() - 1
                });
                if self.outputs[output].options != options {
                    trace::event("writer", trace::INFO, || {
                        format!("config.changed: {} has new options", options.path.display())
                    });
                    // The newest options win; the file is opened anew with them.
                    self.outputs[output].options = options;
                    self.outputs[output].segment = None;
                }
                self.outputs[output].rotator.set_options(&destination.archive, &tz);
                // Only human lines have others that belong to them.
                self.outputs[output].one_line &= destination.format != Layout::Human;
                Target { output, layout: destination.format.clone(), tz }
            })
            .collect();
        self.plans.push(Served { name: name.to_owned(), route: Route::new(plan), targets });
        self.plans.len() - 1
    }
}
