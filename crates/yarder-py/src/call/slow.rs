//! Gather for every other call: objects of any type, exceptions, `extra`, templates that CPython formats.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
use yarder_core::record::flag;
use yarder_core::record::value::tag;

use super::plain::Call;
use super::text::{cause, keep_going, represented, shown, wtf8};
use super::value::{is_simple, Gathering};
use super::{caller, ended, leaving, none, send, typed, Body};
use crate::gil::attached;
use crate::logger::Logger;
use yarder_ring::padded;

/// Positional arguments that a record counts; a call with more is formatted at once.
const MOST_ARGS: usize = 60_000;
/// Bytes of the arguments that a mismatch shows.
const SHOWN: usize = 4096;
/// Longest text of a call site.
const SITE: usize = 512;
/// Longest text that is gathered while nothing is attached.
const UNTOLD: usize = 256 << 10;

/// Keywords that are no fields.
#[derive(Default)]
struct Special<'py> {
    exc_info: Option<Bound<'py, PyAny>>,
    stack_info: Option<Bound<'py, PyAny>>,
    stacklevel: Option<i64>,
    mappings: Vec<Bound<'py, PyAny>>,
}

/// `emit` for a call that is neither plain nor typed. `exception`: `exc_info` is true unless it is given.
///
/// # Safety
/// As `emit`.
#[cold]
#[inline(never)]
pub(crate) unsafe fn emit(
    logger: *mut Logger,
    level: u8,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
    exception: bool,
) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        let call = Call { args, nargs, kwnames };
        attached(|py| emit_named(py, logger, level, call, exception, None)).unwrap_or_else(|| none())
    }
}

/// `emit` for a call with a wrong level: the record says so in the field `level_error`.
///
/// # Safety
/// As `emit`.
#[cold]
pub(crate) unsafe fn emit_with_remark(
    logger: *mut Logger,
    level: u8,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
    error: &PyErr,
) -> *mut PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        attached(|py| {
            let remark = error.value(py).str().map_or_else(|_| cause(py, error), |text| text.to_string());
            emit_named(py, logger, level, Call { args, nargs, kwnames }, false, Some(&remark))
        })
        .unwrap_or_else(|| none())
    }
}

unsafe fn emit_named(
    py: Python<'_>,
    logger: *mut Logger,
    level: u8,
    call: Call,
    exception: bool,
    remark: Option<&str>,
) -> *mut PyObject {
    if call.nargs == 0 {
        PyTypeError::new_err("a log call needs a message as its first positional argument").restore(py);
        return std::ptr::null_mut();
    }
    // SAFETY: as `emit`: the objects are kept by whoever calls the method.
    let (message, rest, mut named) = unsafe {
        let at = |index: usize| Bound::from_borrowed_ptr(py, *call.args.add(index));
        let name = |index: usize| Bound::from_borrowed_ptr(py, ffi::PyTuple_GET_ITEM(call.kwnames, index as isize));
        let rest: Vec<_> = (1..call.nargs).map(at).collect();
        let named: Vec<_> = (0..call.keys()).map(|index| (name(index), at(call.nargs + index))).collect();
        (at(0), rest, named)
    };
    if let Some(remark) = remark {
        let pair = (PyString::new(py, "level_error").into_any(), PyString::new(py, remark).into_any());
        named.push(pair);
    }
    let said = Said { message: &message, args: &rest, named: &named, exception, site: None };
    // SAFETY: as `emit`.
    match unsafe { log(py, logger, level, &said) } {
        // A signal handler may have raised while the call waited for room.
        // SAFETY: asked by the holder of the GIL.
        (accepted, None) => unsafe {
            if accepted {
                none()
            } else {
                ended(ffi::PyErr_Occurred().is_null())
            }
        },
        (_, Some(error)) => {
            error.restore(py);
            std::ptr::null_mut()
        }
    }
}

/// What is to be logged.
pub(crate) struct Said<'a, 'py> {
    pub(crate) message: &'a Bound<'py, PyAny>,
    pub(crate) args: &'a [Bound<'py, PyAny>],
    pub(crate) named: &'a [(Bound<'py, PyAny>, Bound<'py, PyAny>)],
    /// `exc_info` is true unless it is given.
    pub(crate) exception: bool,
    /// The call site, where it is not that of the running frame.
    pub(crate) site: Option<&'a str>,
}

/// Logs; says whether the record was accepted, and what has to be raised after it.
///
/// # Safety
/// `logger` is a logger and the GIL is held.
pub(crate) unsafe fn log<'py>(
    py: Python<'py>,
    logger: *mut Logger,
    level: u8,
    said: &Said<'_, 'py>,
) -> (bool, Option<PyErr>) {
    let Said { message, args, named, exception, site } = *said;
    let _inside = leaving::enter();
    // SAFETY: as the caller promises.
    unsafe {
        if (*(*logger).hub).before {
            super::after::prepare((*logger).hub);
        }
    }
    // SAFETY: the hub lives as long as the logger; the reference ends with the statement.
    let most = unsafe { (*(*logger).hub).live.as_ref().map_or(UNTOLD, |live| live.most) };
    let mut gathering = Gathering::new(most);
    let template = template(message, &mut gathering.stop);
    let mut kept = 0;
    let text = if args.is_empty() {
        template
    // SAFETY: the GIL is held.
    } else if args.len() <= MOST_ARGS && args.iter().all(|arg| unsafe { is_simple(arg.as_ptr()) }) {
        args.iter().for_each(|arg| gathering.value(arg));
        kept = args.len();
        template
    } else {
        gathering.flags |= flag::RENDERED;
        rendered(py, &template, args, &mut gathering)
    };
    let special = fields(py, named, &mut gathering, exception);
    // SAFETY: as the caller promises.
    let above = unsafe { described(py, &special, &mut gathering, logger) };
    // SAFETY: as the caller promises.
    let tells = unsafe { (*(*logger).hub).caller };
    let site = match site.map(str::as_bytes) {
        Some(text) if tells => {
            let text = &text[..yarder_core::record::cut(text, SITE)];
            Some((padded(text), text.len()))
        }
        _ => above,
    };
    let pieces = gathering.pieces();
    let cut = yarder_core::record::cut(&text, most);
    let body = Body {
        message: &text[..cut],
        args: kept,
        fields: ((pieces.len() - kept) / 2).min(usize::from(u16::MAX)),
        bytes: pieces.iter().map(|piece| piece.encoded()).sum(),
        pieces: &pieces,
        flags: gathering.flags | if cut < text.len() { flag::TRUNCATED } else { 0 },
    };
    let body = within_count(body, kept);
    // SAFETY: as the caller promises; `gathering` and `text` are kept until it returns.
    let accepted = unsafe { send(logger, level, body, site.as_ref().map(|(text, len)| &text[..*len])) };
    (accepted, gathering.stop.take())
}

/// A record counts its fields with 16 bits.
fn within_count(mut body: Body<'_>, args: usize) -> Body<'_> {
    let most = args + 2 * usize::from(u16::MAX);
    if body.pieces.len() > most {
        body.pieces = &body.pieces[..most];
        body.bytes = body.pieces.iter().map(|piece| piece.encoded()).sum();
        body.flags |= flag::TRUNCATED;
    }
    body
}

/// The message as text: a str as it is, else what `str()` makes of it.
fn template(message: &Bound<'_, PyAny>, stop: &mut Option<PyErr>) -> Vec<u8> {
    if message.is_exact_instance_of::<PyString>() {
        // SAFETY: the GIL is held, as `Bound` proves.
        unsafe { wtf8(message.as_ptr()) }
    } else {
        shown(message, stop)
    }
}

/// Template and arguments, formatted by CPython. What it refuses is told in the message.
fn rendered(py: Python<'_>, template: &[u8], args: &[Bound<'_, PyAny>], gathering: &mut Gathering) -> Vec<u8> {
    let text = super::text::to_str(py, template);
    let mapping = match args {
        [only] if is_mapping(only) => Some(only.clone()),
        _ => None,
    };
    let made = match &mapping {
        Some(mapping) => text.rem(mapping),
        None => PyTuple::new(py, args).and_then(|args| text.rem(args)),
    };
    match made {
        // SAFETY: the GIL is held.
        Ok(text) => unsafe { wtf8(text.as_ptr()) },
        Err(error) => {
            gathering.flags |= flag::FORMAT_ERROR;
            let mut message = template.to_vec();
            let why = error.value(py).str().map_or_else(|_| cause(py, &error), |why| why.to_string());
            message.extend_from_slice(format!(" [{why}: args=(").as_bytes());
            keep_going(py, error, &mut gathering.stop);
            let start = message.len();
            for (index, arg) in args.iter().enumerate() {
                if index > 0 {
                    message.extend_from_slice(b", ");
                }
                message.extend_from_slice(&represented(arg, &mut gathering.stop));
                if message.len() - start > SHOWN {
                    message.truncate(start + yarder_core::record::cut(&message[start..], SHOWN));
                    message.extend_from_slice("…".as_bytes());
                    break;
                }
            }
            if args.len() == 1 {
                message.push(b',');
            }
            message.extend_from_slice(b")]");
            message
        }
    }
}

/// What feeds `%(name)s`, as in stdlib: a single mapping that is not empty.
fn is_mapping(object: &Bound<'_, PyAny>) -> bool {
    static MAPPING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    if object.is_instance_of::<PyDict>() {
        return object.is_truthy().unwrap_or(false);
    }
    // Not by asking `Mapping` first: its answer is Python code.
    // SAFETY: the GIL is held, as `Bound` proves.
    if unsafe { is_simple(object.as_ptr()) || super::value::is_container(object.as_ptr()) } {
        return false;
    }
    let is_one = MAPPING
        .get_or_try_init(py, || Ok::<_, PyErr>(py.import("_collections_abc")?.getattr("Mapping")?.unbind()))
        .and_then(|mapping| object.is_instance(mapping.bind(py)))
        .unwrap_or(false);
    is_one && object.is_truthy().unwrap_or(false)
}

/// Gathers the keyword fields; gives what is none.
fn fields<'py>(
    py: Python<'py>,
    named: &[(Bound<'py, PyAny>, Bound<'py, PyAny>)],
    gathering: &mut Gathering,
    exception: bool,
) -> Special<'py> {
    let mut special = Special::default();
    for (key, value) in named {
        // SAFETY: the GIL is held, as `Bound` proves.
        let name = unsafe { wtf8(key.as_ptr()) };
        if !typed::is_special(&name) {
            gathering.key(&name);
            gathering.value(value);
            continue;
        }
        match name.as_slice() {
            b"exc_info" => special.exc_info = Some(value.clone()),
            b"stack_info" => special.stack_info = Some(value.clone()),
            b"stacklevel" => special.stacklevel = value.extract().ok(),
            _ => special.mappings.push(value.clone()),
        }
    }
    for mapping in &special.mappings {
        of_mapping(mapping, gathering);
    }
    if exception && special.exc_info.is_none() {
        special.exc_info = Some(pyo3::types::PyBool::new(py, true).to_owned().into_any());
    }
    special
}

/// The pairs of `extra=` or `fields=`. What is no mapping is said in a field of its own.
fn of_mapping(mapping: &Bound<'_, PyAny>, gathering: &mut Gathering) {
    if mapping.is_none() {
        return;
    }
    let py = mapping.py();
    let pairs = mapping.call_method0("items").and_then(|items| items.try_iter()?.collect::<PyResult<Vec<_>>>());
    match pairs {
        Ok(pairs) => {
            for pair in pairs {
                let Ok((key, value)) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else { continue };
                let name = shown(&key, &mut gathering.stop);
                gathering.key(&name);
                gathering.value(&value);
            }
        }
        Err(error) => {
            keep_going(py, error, &mut gathering.stop);
            gathering.key(b"extra");
            gathering.value(mapping);
        }
    }
}

/// Exception and stack as fields, and the call site if `stacklevel` asks for another one.
unsafe fn described(
    py: Python<'_>,
    special: &Special<'_>,
    gathering: &mut Gathering,
    logger: *mut Logger,
) -> Option<(Box<[u8]>, usize)> {
    let level = special.stacklevel.unwrap_or(1).max(1);
    if let Some(info) = &special.exc_info {
        // SAFETY: the hub lives as long as the logger; the reference ends with the statement.
        let locals = unsafe { (*(*logger).hub).shows_locals() };
        if let Err(error) = exception_fields(py, info, locals, gathering) {
            keep_going(py, error, &mut gathering.stop);
        }
    }
    if let Some(wanted) = &special.stack_info {
        if wanted.is_truthy().unwrap_or(false) {
            let text = module(py).and_then(|module| module.call_method1("stack", (level - 1,)));
            match text {
                Ok(text) => {
                    gathering.key(b"code.stacktrace");
                    gathering.value(&text);
                }
                Err(error) => keep_going(py, error, &mut gathering.stop),
            }
        }
    }
    // SAFETY: the GIL is held; a hub as above.
    unsafe {
        if level > 1 && (*(*logger).hub).caller {
            return Some(caller::above(ffi::PyThreadState_Get(), level));
        }
    }
    None
}

fn exception_fields(py: Python<'_>, info: &Bound<'_, PyAny>, locals: bool, gathering: &mut Gathering) -> PyResult<()> {
    let module = module(py)?;
    let found = module.call_method1("describe", (info,))?;
    if found.is_none() {
        return Ok(());
    }
    let texts: Vec<Bound<'_, PyAny>> = found.try_iter()?.collect::<PyResult<_>>()?;
    let names: [&[u8]; 3] = [b"exception.type", b"exception.message", b"exception.stacktrace"];
    for (name, text) in names.into_iter().zip(&texts) {
        gathering.key(name);
        gathering.value(text);
    }
    if locals {
        let text = module.call_method1("locals_of", (info,))?;
        gathering.key(b"exception.locals");
        // SAFETY: the GIL is held.
        gathering.text(tag::LOCAL, unsafe { &wtf8(text.as_ptr()) });
    }
    Ok(())
}

fn module(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module =
        MODULE.get_or_try_init(py, || Ok::<_, PyErr>(py.import("yarder.emit.exception")?.into_any().unbind()))?;
    Ok(module.bind(py).clone())
}
