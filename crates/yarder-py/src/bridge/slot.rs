//! What is known of one logger, and whether it still holds.

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::table;
use crate::call::leaving;
use crate::gil::{attached, GilCell};
use crate::logger::{self, Logger};
use crate::raw;

/// The Python function that decides; null while the bridge is not installed.
pub(super) static DECIDE: GilCell<*mut PyObject> = GilCell::new(std::ptr::null_mut());
/// The dict of the module `logging`: its version changes with each of its globals.
pub(super) static MODULE: GilCell<*mut PyObject> = GilCell::new(std::ptr::null_mut());

/// A list that was looked at: handlers or filters.
struct Seen {
    /// Owned: it may be taken out of its logger by ways that nobody tells us of.
    list: *mut PyObject,
    /// Addresses only.
    items: Box<[*mut PyObject]>,
}

impl Drop for Seen {
    /// May run Python code.
    fn drop(&mut self) {
        // SAFETY: owned; dropped with the GIL held.
        unsafe { ffi::Py_DECREF(self.list) };
    }
}

/// Empty lists that are looked at without a loop: filters of logger and handler, handlers of the logger and a parent.
const QUICK: usize = 4;
/// What looks like an empty list: a head and a size of 0.
static PADDING: [usize; 8] = [0; 8];

/// What looks like a list of one item.
#[repr(C)]
struct One {
    _head: [usize; 2],
    _size: usize,
    _items: &'static usize,
}
static ITEM: usize = 0;
static ONE: One = One { _head: [0; 2], _size: 1, _items: &ITEM };

/// The decision for one logger.
pub(super) struct Slot {
    /// Calls may go straight to the ring.
    pub(super) open: bool,
    /// The level is left to yarder.
    pub(super) followed: bool,
    /// Least level that the logger lets through, in numbers of the standard library.
    pub(super) enabled_from: i64,
    /// The same, with the handler's own level.
    pub(super) emit_from: i64,
    /// Owned.
    pub(super) logger: *mut Logger,
    /// Version of the module's dict.
    version: u64,
    /// Tag of the logger's class: another one after each change of the class or a base, and no other class has it.
    class: u32,
    /// The class of records, which is owned, and its tag.
    record: (*mut ffi::PyTypeObject, u32),
    /// Lists that were empty; the rest of the places are those of `PADDING`.
    empty: [*mut PyObject; QUICK],
    /// The first list of one item, and that item: mostly the handlers of the root, where ours is alone. Else `ONE`.
    single: (*mut PyObject, *mut PyObject),
    /// All other lists.
    rest: Box<[Seen]>,
    /// Keeps the lists of `empty` and `single`.
    _kept: Vec<Seen>,
    /// Owned; tells when the logger is gone.
    pub(super) weak: *mut PyObject,
}

impl Slot {
    /// Whether everything that can change without a word is as it was.
    #[inline(always)]
    pub(super) unsafe fn holds(&self, owner: *mut PyObject) -> bool {
        // SAFETY: classes and lists are kept by the slot and by the logger; only memory is read.
        unsafe {
            let sizes = self.empty.iter().fold(0, |sizes, list| sizes | ffi::Py_SIZE(*list));
            (*ffi::Py_TYPE(owner)).tp_version_tag == self.class
                && (*self.record.0).tp_version_tag == self.record.1
                && raw::dict_version(*MODULE.get()) == self.version
                && sizes == 0
                && ffi::Py_SIZE(self.single.0) == 1
                && *(*self.single.0.cast::<ffi::PyListObject>()).ob_item == self.single.1
                && self.rest.iter().all(|seen| {
                    let list = seen.list.cast::<ffi::PyListObject>();
                    ffi::Py_SIZE(seen.list) as usize == seen.items.len()
                        && seen.items.iter().enumerate().all(|(index, item)| *(*list).ob_item.add(index) == *item)
                })
        }
    }
}

impl Drop for Slot {
    /// May run Python code.
    fn drop(&mut self) {
        // SAFETY: all are owned; dropped with the GIL held.
        unsafe {
            ffi::Py_DECREF(self.weak);
            ffi::Py_DECREF(self.logger.cast());
            ffi::Py_DECREF(self.record.0.cast());
        }
    }
}

/// Asks Python what goes for a logger; null: nothing that could be remembered. Leaves no error set.
#[cold]
pub(super) unsafe fn decide(owner: *mut PyObject) -> *mut Slot {
    // SAFETY: the GIL is held, as in every method.
    unsafe {
        if (*DECIDE.get()).is_null() {
            return std::ptr::null_mut();
        }
        let _inside = leaving::enter();
        let made = attached(|py| ask(py, owner));
        match made {
            Some(Ok(Some(slot))) => table::put(owner, slot),
            _ => std::ptr::null_mut(),
        }
    }
}

fn ask(py: Python<'_>, owner: *mut PyObject) -> PyResult<Option<Box<Slot>>> {
    // SAFETY: the GIL is held, as `py` proves; the cells hold owned objects.
    let (decide, module, owner) = unsafe {
        let decide = Bound::from_borrowed_ptr(py, *DECIDE.get());
        (decide, Bound::from_borrowed_ptr(py, *MODULE.get()), Bound::from_borrowed_ptr(py, owner))
    };
    let module = module.cast_into_exact::<PyDict>()?;
    // All of it before the question: what another thread changes meanwhile is seen by the next call.
    let class = owner.get_type();
    let Some(record) = module.get_item("LogRecord")? else { return Ok(None) };
    // A class has a version from the first look into it.
    class.getattr("info")?;
    record.getattr("getMessage")?;
    let (Some(class_tag), Some(record_tag)) = (tag(class.as_any()), tag(&record)) else { return Ok(None) };
    let changes = table::changes();
    // SAFETY: a dict.
    let version = unsafe { raw::dict_version(module.as_ptr()) };
    let found = decide.call1((&owner,))?;
    if found.is_none() {
        return Ok(None);
    }
    type Pair<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);
    type Answer<'py> = (Bound<'py, PyAny>, bool, bool, i64, i64, Vec<Pair<'py>>, Bound<'py, PyTuple>);
    let (target, open, followed, enabled_from, emit_from, lists, nodes): Answer<'_> = found.extract()?;
    let Some(logger) = logger::of(&target) else { return Ok(None) };
    let mut empty = [PADDING.as_ptr().cast_mut().cast::<PyObject>(); QUICK];
    let none = (&raw const ONE).cast_mut().cast::<PyObject>();
    let mut single = (none, std::ptr::null_mut());
    let (mut rest, mut kept, mut empties) = (Vec::new(), Vec::new(), 0);
    for (list, items) in lists {
        let list = list.cast_into_exact::<PyList>()?;
        let items: Box<[_]> = items.iter().map(|item| item.as_ptr()).collect();
        let seen = Seen { list: list.into_ptr(), items };
        if seen.items.is_empty() && empties < QUICK {
            empty[empties] = seen.list;
            empties += 1;
            kept.push(seen);
        } else if seen.items.len() == 1 && single.0 == none {
            single = (seen.list, seen.items[0]);
            kept.push(seen);
        } else {
            rest.push(seen);
        }
    }
    let gone = super::doors::gone(py)?;
    // SAFETY: a logger of the standard library can be referenced weakly, else there is an error.
    let weak = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyWeakref_NewRef(owner.as_ptr(), gone.as_ptr()))? };
    nodes.iter().for_each(|node| table::watch(node.as_ptr()));
    if table::changes() != changes {
        return Ok(None);
    }
    std::mem::forget(target);
    Ok(Some(Box::new(Slot {
        open,
        followed,
        enabled_from,
        emit_from,
        logger,
        version,
        class: class_tag,
        record: (record.into_ptr().cast(), record_tag),
        empty,
        single,
        rest: rest.into_boxed_slice(),
        _kept: kept,
        weak: weak.into_ptr(),
    })))
}

/// The version of a class; none: CPython keeps no version of it.
fn tag(class: &Bound<'_, PyAny>) -> Option<u32> {
    // SAFETY: a class, the GIL is held.
    let tag = unsafe { (*class.as_ptr().cast::<ffi::PyTypeObject>()).tp_version_tag };
    (tag != 0).then_some(tag)
}
