#!/bin/sh
# python-pkcs11 0.10.1 (PyPI), Python 3.11; a small library in C stands where a token's is.
#
# Expected: a PKCS#11 library is entered by one thread at a time, unless it was told that
# threads may come together: C_Initialize(NULL_PTR) means that they don't (PKCS#11 v2.40 base,
# section 5.4; CKF_OS_LOCKING_OK asks it to lock). The documentation of python-pkcs11 says
# under "Concurrency" that the flag is left out since the interpreter's lock lets nobody in
# between during a call.
#
# Seen: the library is begun with NULL_PTR, and the interpreter's lock is released around its
# calls: two threads that ask for slots are in C_GetSlotList together. So a library that takes
# its caller at his word has to be locked by the application, around every call, or be one that
# locks all the same. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check python-pkcs11==0.10.1
cat > hsm.c <<'C'
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* CK_FUNCTION_LIST of PKCS#11 2.40: a version, then 68 functions in the order of its header.
   Here are the first five; the others say CKR_FUNCTION_NOT_SUPPORTED. */
static struct { unsigned char version[2]; void *function[68]; } list = {{2, 40}, {0}};
static atomic_int inside;
int begun_with = -1, most_together = 0;

static unsigned long missing(void) { return 0x54; }
static unsigned long initialize(void *arguments) { begun_with = arguments != 0; return 0; }
static unsigned long finalize(void *reserved) { return 0; }
static unsigned long info(void *made) { memset(made, ' ', 80); return 0; }
static unsigned long slots(unsigned char present, void *found, unsigned long *count) {
  int together = ++inside;
  if (together > most_together) most_together = together;
  nanosleep(&(struct timespec){0, 300000000}, 0);
  --inside;
  *count = 0;
  return 0;
}
unsigned long C_GetFunctionList(void **made) {
  void *first[] = {initialize, finalize, info, C_GetFunctionList, slots};
  for (int i = 0; i < 68; i++) list.function[i] = i < 5 ? first[i] : (void *)missing;
  *made = &list;
  return 0;
}
C
cc -shared -fPIC -o hsm.so hsm.c
cat > run.py <<'PY'
import ctypes
import os
import sys
from threading import Barrier, Thread

import pkcs11

path = os.path.abspath("hsm.so")
token = pkcs11.lib(path)
ready = Barrier(2)


def ask():
    ready.wait(5)
    token.get_slots()


threads = [Thread(target=ask) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(path)
begun_with = ctypes.c_int.in_dll(library, "begun_with").value
together = ctypes.c_int.in_dll(library, "most_together").value
print("C_Initialize with", {0: "NULL_PTR", 1: "arguments"}[begun_with])
print("threads in C_GetSlotList together:", together)
sys.exit((begun_with, together) != (0, 2))
PY
timeout 60 python/bin/python run.py
