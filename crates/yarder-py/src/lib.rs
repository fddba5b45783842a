//! The native module `yarder._core`, in the order a record meets it: logger, call, hub, queues.
//!
//! Everything a log call needs is here; what it writes into is `yarder-ring`, what reads that is `yarder-core`.

mod call;
mod errors;
mod fields;
mod gil;
mod hub;
mod logger;
mod producer;
mod queue;
mod raw;
mod read;
mod ring;
mod yards;

use pyo3::exceptions::{PyImportError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use yarder_core::format::percent as format;
use yarder_core::record::value::tag;
use yarder_core::record::{Value, HEAD_BYTES};
use yarder_core::trace;
use yarder_ring::layout::{Reason, SLOT};

use call::piece::Piece;
use call::value::Gathering;

/// Render as the writer does: `template % args` for the kinds of value a record carries typed.
#[pyfunction]
#[pyo3(signature = (template, args, /))]
fn percent<'py>(
    py: Python<'py>,
    template: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut gathering = Gathering::new(usize::MAX >> 1);
    args.iter().for_each(|arg| gathering.value(&arg));
    let pieces = gathering.pieces();
    let mut out = Vec::new();
    // SAFETY: the GIL is held, as `py` proves.
    let template = unsafe { call::text::wtf8(template.as_ptr()) };
    let mut values = pieces.iter().map(value_of);
    match format::render(&template, &mut values, &mut out) {
        Ok(()) => Ok(call::text::to_str(py, &out)),
        Err(mismatch) => Err(match mismatch.kind {
            "ValueError" => PyValueError::new_err(mismatch.text),
            "OverflowError" => PyOverflowError::new_err(mismatch.text),
            _ => PyTypeError::new_err(mismatch.text),
        }),
    }
}

fn value_of(piece: &Piece) -> Value<'_> {
    // SAFETY: the gathering behind the pieces is alive.
    let bytes = || unsafe { piece.bytes() };
    match piece.tag as u8 {
        tag::NONE => Value::None,
        tag::FALSE => Value::Bool(false),
        tag::TRUE => Value::Bool(true),
        tag::INT => Value::Int(piece.data as i64),
        tag::FLOAT => Value::Float(f64::from_bits(piece.data)),
        tag::STR => Value::Str(bytes()),
        tag::BYTES => Value::Bytes(bytes()),
        tag::BIGINT => Value::BigInt(bytes()),
        tag::JSON => Value::Json(bytes()),
        _ => Value::Text(bytes()),
    }
}

/// Print one of yarder's own events if YARDER_DEBUG asks for it.
#[pyfunction]
#[pyo3(signature = (room, level, text, /))]
fn event(room: &str, level: &str, text: &str) {
    let number = match level {
        "warning" => trace::WARNING,
        "info" => trace::INFO,
        _ => trace::DEBUG,
    };
    trace::event(room, number, || text.to_owned());
}

#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // SAFETY: the GIL is held; an import is a call from Python code.
    unsafe {
        if !raw::check() {
            let why = "yarder: this build of CPython keeps strings or integers in another layout than 3.11 to 3.13; \
                       install a wheel that was built for it";
            return Err(PyImportError::new_err(why));
        }
        call::caller::check();
    }
    call::leaving::register(py)?;
    call::thread::set_second();
    format::set_python(py.version_info().minor);
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add("SLOT_BYTES", SLOT)?;
    module.add("RECORD_HEAD_BYTES", HEAD_BYTES)?;
    module.add("LOSS_REASONS", PyTuple::new(py, Reason::ALL.map(Reason::name))?)?;
    module.add("CONTEXT_KEYS", PyTuple::new(py, call::typed::SPECIAL)?)?;
    module.add("CONTEXT", call::ambient::make(py)?)?;
    module.add_class::<fields::Fields>()?;
    logger::register(module)?;
    module.add_class::<producer::Producer>()?;
    module.add_class::<queue::HandlerQueue>()?;
    module.add_class::<ring::Ring>()?;
    read::register(module)?;
    yards::register(module)?;
    module.add_function(wrap_pyfunction!(percent, module)?)?;
    module.add_function(wrap_pyfunction!(event, module)?)
}
