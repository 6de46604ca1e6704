#include "native.h"

#include <time.h>

#define POLL_NS INT64_C(50000000)

/*
 * The call that this thread is in. The library asks and tells only on the thread that made the call, so thread-local is the same as
 * per call; calls made from inside a callback save the outer one's state.
 */
static _Thread_local struct {
    int64_t next_poll;
    int64_t next_progress;
    bool stop; /* Ctrl-C was pressed, or a callback raised or returned False */
} current;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool pdm_py_call_begin(void) {
    const bool outer = current.stop;
    current.stop = false;
    current.next_poll = current.next_progress = now_ns() + POLL_NS;
    return outer;
}

void pdm_py_call_end(bool outer) { current.stop = outer; }

bool pdm_py_should_stop(void *user) {
    (void)user;
    if (current.stop) return true;
    const int64_t now = now_ns();
    if (now < current.next_poll) return false;
    const PyGILState_STATE gil = PyGILState_Ensure();
    if (PyErr_CheckSignals() != 0) current.stop = true;
    PyGILState_Release(gil);
    current.next_poll = now_ns() + POLL_NS;
    return current.stop;
}

void pdm_py_progress(void *callable, int64_t done, int64_t total) {
    if (current.stop || (now_ns() < current.next_progress && done != total)) return;
    const PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallFunction(callable, "LL", (long long)done, (long long)total);
    if (answer == NULL || answer == Py_False) current.stop = true;
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    current.next_progress = now_ns() + POLL_NS;
}

int pdm_py_context_options(PyObject *object, pdm_context_options *out) {
    int threads = 0;
    unsigned long long memory_limit = 0;
    PyObject *progress = NULL;
    if (!PyArg_ParseTuple(object, "iKO", &threads, &memory_limit, &progress)) return -1;
    *out = pdm_context_options_default();
    out->threads = threads;
    out->memory_limit = memory_limit;
    out->should_stop = pdm_py_should_stop;
    if (progress != Py_None) {
        out->progress = pdm_py_progress;
        out->progress_user = progress;
    }
    return 0;
}
