//! The numbers of a pipeline, under the names of `yarder.meters`.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use yarder_core::plan::Plan;
use yarder_ring::layout::Reason;
use yarder_ring::sys;

use super::{Hub, Live};

impl Hub {
    /// A dict for `yarder.meters.Stats.read`.
    pub(crate) fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let past = &self.past;
        let (mut accepted, mut blocked, mut high_water) = (past.accepted, past.blocked, past.high_water);
        let mut lost = past.lost;
        if let Some(live) = self.live.as_ref().filter(|live| live.pid == sys::pid()) {
            let ring = &live.ring;
            accepted += ring.accepted();
            blocked += ring.blocked();
            // The producer looks when its ring is half full; whoever asks looks as well.
            high_water = high_water.max(ring.high_water()).max(ring.used_slots());
            for (sum, now) in lost.iter_mut().zip(ring.lost()) {
                *sum += now;
            }
            let local = ring.local_lost();
            lost[Reason::LocalSlow as usize] += local[0];
            lost[Reason::HandlerSlow as usize] += local[1];
            dict.set_item("ring_used", ring.used_slots())?;
            dict.set_item("ring_slots", ring.main_slots())?;
            dict.set_item("threads", 1)?;
            live.writer(py, &dict, &mut lost)?;
        }
        dict.set_item("ring_high_water", high_water)?;
        dict.set_item("accepted", accepted)?;
        dict.set_item("blocked", blocked + past.late)?;
        dict.set_item("truncated", past.truncated)?;
        let dropped = PyDict::new(py);
        for reason in Reason::ALL {
            dropped.set_item(reason.name(), lost[reason as usize])?;
        }
        dict.set_item("dropped", dropped)?;
        Ok(dict)
    }
}

impl Live {
    /// What the writer of this process did, and the destinations of this pipeline.
    fn writer(
        &self,
        py: Python<'_>,
        dict: &Bound<'_, PyDict>,
        lost: &mut [u64; yarder_ring::layout::REASONS],
    ) -> PyResult<()> {
        let stats = self.service.stats();
        let yard = self.service.yard();
        dict.set_item("written", stats.written)?;
        dict.set_item("written_bytes", stats.bytes)?;
        dict.set_item("passes", stats.passes)?;
        dict.set_item("recovered", stats.recovered)?;
        dict.set_item("quarantined", stats.quarantined)?;
        dict.set_item("panics", stats.panics)?;
        dict.set_item("producers", yard.rings().map_or(0, |rings| rings.len()).max(1))?;
        let writer = yard.control().writer().0;
        dict.set_item("writer_pid", if writer == 0 { None } else { Some(writer) })?;
        let plan = self.recipe.plan.as_deref().and_then(|plan| Plan::parse(plan).ok());
        let own: Vec<_> = plan.iter().flat_map(|plan| plan.destinations.iter().map(|to| &to.path)).collect();
        let backends = PyDict::new(py);
        for backend in stats.backends.iter().filter(|backend| own.contains(&&backend.path)) {
            let numbers = PyDict::new(py);
            numbers.set_item("written", backend.written)?;
            numbers.set_item("failed", backend.failed)?;
            numbers.set_item("latency", backend.latency_ns as f64 / 1e9)?;
            backends.set_item(&backend.name, numbers)?;
            lost[Reason::WriteError as usize] += backend.lost;
        }
        dict.set_item("backends", backends)
    }
}
