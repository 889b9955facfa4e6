"""Every metric that there is; docs/metrics.md is made from here (ADR-0090).

Labels say what kind of thing happened, never to whom: no account, address, client, host
or path of a request is ever in one.
"""

from app.core.metrics.family import DURATIONS, Family

_HASHES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Family(
    "auth_serve_http_requests",
    "counter",
    "Answered requests, by the template of their route.",
    ("method", "route", "status"),
)
REQUEST_SECONDS = Family(
    "auth_serve_http_request_duration_seconds",
    "histogram",
    "From the first byte of a request to the last of its answer.",
    ("method", "route"),
    DURATIONS,
)
REFUSALS = Family(
    "auth_serve_refusals",
    "counter",
    "Refused requests, by the code that docs/errors.md or the protocol has for it.",
    ("code",),
)
EVENTS = Family(
    "auth_serve_events",
    "counter",
    "What requests wrote into the audit trail (docs/events.md).",
    ("event",),
)
SIGN_INS = Family(
    "auth_serve_sign_ins",
    "counter",
    "Sign-ins by what was proven, and what became of it.",
    ("factor", "outcome"),
)
TOKEN_REQUESTS = Family(
    "auth_serve_token_requests",
    "counter",
    "Requests for tokens; the outcome is `issued`, or the code of the refusal.",
    ("grant_type", "outcome"),
)
LIMITER_REFUSALS = Family(
    "auth_serve_limiter_refusals",
    "counter",
    "Refusals by a limit that was reached (docs/operations.md).",
    ("limit",),
)
HASH_SECONDS = Family(
    "auth_serve_password_hash_seconds",
    "histogram",
    "How long a password was hashed or compared, by whose scheme it is.",
    ("pool",),
    _HASHES,
)
HASH_WAIT_SECONDS = Family(
    "auth_serve_password_hash_wait_seconds",
    "histogram",
    "How long a hash waited for a thread.",
    ("pool",),
    DURATIONS,
)
HASHES_WAITING = Family(
    "auth_serve_password_hashes_waiting",
    "gauge",
    "Hashes that no thread has taken up.",
    ("pool",),
)
HASHES_RUNNING = Family(
    "auth_serve_password_hashes_running",
    "gauge",
    "Threads that hash.",
    ("pool",),
)
HASHING_THREADS = Family(
    "auth_serve_password_hashing_threads",
    "gauge",
    "Threads that may hash at once.",
    ("pool",),
)
DATABASE_IN_USE = Family(
    "auth_serve_database_connections_in_use",
    "gauge",
    "Connections that somebody works with.",
)
DATABASE_MOST = Family(
    "auth_serve_database_connections_max",
    "gauge",
    "Connections that there may be at once.",
)
DATABASE_WAITING = Family(
    "auth_serve_database_connections_waiting",
    "gauge",
    "Who waits for a connection.",
)
OUTBOX_PENDING = Family(
    "auth_serve_outbox_pending",
    "gauge",
    "Messages that are to be delivered.",
    ("kind",),
    merged="max",
)
OUTBOX_FAILED = Family(
    "auth_serve_outbox_failed",
    "gauge",
    "Messages that were given up and are kept still.",
    ("kind",),
    merged="max",
)
OUTBOX_OLDEST = Family(
    "auth_serve_outbox_oldest_seconds",
    "gauge",
    "How long ago the oldest message was written that could have left by now.",
    ("kind",),
    merged="max",
)
BREAKERS = Family(
    "auth_serve_circuit_breakers",
    "gauge",
    "Destinations by what their circuit breaker says; the log names them.",
    ("kind", "state"),
)
KEY_AGE = Family(
    "auth_serve_signing_key_age_seconds",
    "gauge",
    "How long the key that signs now has signed.",
    ("algorithm",),
    merged="max",
)
KEY_MOST = Family(
    "auth_serve_signing_key_lifetime_seconds",
    "gauge",
    "How long a key signs before the next one does.",
    merged="max",
)
SECRET_KEYS = Family(
    "auth_serve_secret_keys",
    "gauge",
    "Secret keys that something may be sealed by: 1, and 2 during a rotation.",
    merged="max",
)
SECRET_KEY_AGE = Family(
    "auth_serve_secret_key_age_seconds",
    "gauge",
    "How long ago the first of these keys sealed for the first time.",
    merged="max",
)
SECRET_KEY_LEFT = Family(
    "auth_serve_secret_key_values_left",
    "gauge",
    "Values that may still be sealed by the old key, while `key reseal` is at it.",
    merged="max",
)
LOOP_LAG = Family(
    "auth_serve_event_loop_lag_seconds",
    "histogram",
    "How much later than asked for the event loop came back, sampled each second.",
    (),
    (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
LOG_LOST = Family(
    "auth_serve_log_lines_lost",
    "counter",
    "Lines of the log that its output did not take.",
)
PROCESSES = Family(
    "auth_serve_processes", "gauge", "Processes whose numbers these are."
)
BUILD = Family(
    "auth_serve_build_info",
    "gauge",
    "Always 1; what runs here.",
    ("version", "python"),
    merged="max",
)
CPU = Family(
    "process_cpu_seconds", "counter", "Seconds of CPU time, of the user and the system."
)
MEMORY = Family(
    "process_resident_memory_bytes", "gauge", "Memory that is really there."
)
DESCRIPTORS = Family("process_open_fds", "gauge", "Open files and connections.")
STARTED = Family(
    "process_start_time_seconds",
    "gauge",
    "When the youngest process began, in seconds since 1970.",
    merged="max",
)

FAMILIES = (
    REQUESTS,
    REQUEST_SECONDS,
    REFUSALS,
    EVENTS,
    SIGN_INS,
    TOKEN_REQUESTS,
    LIMITER_REFUSALS,
    HASH_SECONDS,
    HASH_WAIT_SECONDS,
    HASHES_WAITING,
    HASHES_RUNNING,
    HASHING_THREADS,
    DATABASE_IN_USE,
    DATABASE_MOST,
    DATABASE_WAITING,
    OUTBOX_PENDING,
    OUTBOX_FAILED,
    OUTBOX_OLDEST,
    BREAKERS,
    KEY_AGE,
    KEY_MOST,
    SECRET_KEYS,
    SECRET_KEY_AGE,
    SECRET_KEY_LEFT,
    LOOP_LAG,
    LOG_LOST,
    PROCESSES,
    BUILD,
    CPU,
    MEMORY,
    DESCRIPTORS,
    STARTED,
)
