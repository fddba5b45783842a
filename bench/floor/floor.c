/* The floor: what CPython itself charges for a native method call, and a clock fine enough to time one call.
 *
 * Empty is a heap type whose methods take (args, nargs, kwnames) as yarder's do and return None; its method names are
 * those of a logger, so that one loop measures both. latency() times single calls with the time-stamp counter where
 * there is one (x86-64), else with CLOCK_MONOTONIC; it makes the calls itself, by vectorcall. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t now_ticks(void) { return __rdtsc(); }
#define CLOCK_NAME "rdtsc"
#else
static inline uint64_t now_ticks(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
#define CLOCK_NAME "clock_gettime"
#endif

static PyObject *empty(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    (void)self; (void)args; (void)nargs; (void)kwnames;
    Py_RETURN_NONE;
}

#define NOTHING(name) {name, (PyCFunction)(void (*)(void))empty, METH_FASTCALL | METH_KEYWORDS, "Does nothing."}
static PyMethodDef empty_methods[] = {NOTHING("call"), NOTHING("debug"), NOTHING("info"), {NULL, NULL, 0, NULL}};

static void empty_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type); /* an instance of a heap type holds its type */
}

static PyType_Slot empty_slots[] = {
    {Py_tp_methods, empty_methods}, {Py_tp_dealloc, empty_dealloc}, {Py_tp_new, PyType_GenericNew}, {0, NULL}};
static PyType_Spec empty_spec = {"_floor.Empty", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, empty_slots};

/* latency(callable, count, args, names): ticks of each of `count` calls as bytes of uint64. `args` is a tuple whose
 * last len(names) items are the keyword values. */
static PyObject *latency(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    if (nargs != 4 || !PyTuple_CheckExact(args[2]) || !PyTuple_CheckExact(args[3]))
        return PyErr_Format(PyExc_TypeError, "latency(callable, count, args tuple, names tuple)");
    Py_ssize_t count = PyLong_AsSsize_t(args[1]);
    if (count == -1 && PyErr_Occurred()) return NULL;
    Py_ssize_t total = PyTuple_GET_SIZE(args[2]), named = PyTuple_GET_SIZE(args[3]);
    if (count < 0 || total > 16 || named > total) return PyErr_Format(PyExc_ValueError, "too many arguments");
    PyObject *stack[17] = {NULL}; /* item 0 is the scratch place that vectorcall may use */
    for (Py_ssize_t i = 0; i < total; i++) stack[i + 1] = PyTuple_GET_ITEM(args[2], i);
    PyObject *names = named ? args[3] : NULL;
    PyObject *out = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(uint64_t));
    if (out == NULL) return NULL;
    uint64_t *ticks = (uint64_t *)(void *)PyBytes_AS_STRING(out);
    memset(ticks, 0, (size_t)count * sizeof(uint64_t)); /* the pages exist before the first call is timed */
    for (Py_ssize_t i = 0; i < count; i++) {
        uint64_t before = now_ticks();
        PyObject *result = PyObject_Vectorcall(
            args[0], stack + 1, (size_t)(total - named) | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
        ticks[i] = now_ticks() - before;
        if (result == NULL) { Py_DECREF(out); return NULL; }
        Py_DECREF(result);
    }
    return out;
}

/* overhead(count): the same loop without a call. */
static PyObject *overhead(PyObject *self, PyObject *arg) {
    (void)self;
    Py_ssize_t count = PyLong_AsSsize_t(arg);
    if (count < 0) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "count is negative");
    PyObject *out = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(uint64_t));
    if (out == NULL) return NULL;
    uint64_t *ticks = (uint64_t *)(void *)PyBytes_AS_STRING(out);
    for (Py_ssize_t i = 0; i < count; i++) {
        uint64_t before = now_ticks();
        ticks[i] = now_ticks() - before;
    }
    return out;
}

static PyObject *ticks(PyObject *self, PyObject *unused) {
    (void)self; (void)unused;
    return PyLong_FromUnsignedLongLong(now_ticks());
}

static PyMethodDef functions[] = {
    {"latency", (PyCFunction)(void (*)(void))latency, METH_FASTCALL, "Ticks of single calls."},
    {"overhead", overhead, METH_O, "Ticks of the timing itself."},
    {"ticks", ticks, METH_NOARGS, "The counter now."},
    {NULL, NULL, 0, NULL}};

static int add_all(PyObject *module) {
    PyObject *type = PyType_FromSpec(&empty_spec);
    if (type == NULL || PyModule_AddObjectRef(module, "Empty", type) < 0) { Py_XDECREF(type); return -1; }
    Py_DECREF(type);
    return PyModule_AddStringConstant(module, "CLOCK", CLOCK_NAME);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)(uintptr_t)add_all}, {0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_floor", "The floor under every figure.", 0, functions, slots, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit__floor(void) { return PyModuleDef_Init(&definition); }
