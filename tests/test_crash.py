"""Death at any instant: by kill -9, by a disk that fails, by the power.

Two ways. A writer with several threads is killed at random moments, again and again in one folder. And a short story is
told once for every system call that changes a file: a small library between the engine and the kernel ends the process
before or after that call, tears the write, fails it, or takes back what no sync has made durable, as a loss of power
does. Whatever happens, what was acknowledged is there, what was not is there as a whole or not at all, and the ledger
opens, checks and goes on.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

pytest.importorskip("counterfoil._core")

from counterfoil import Key, Ledger, Transaction, _core
from counterfoil.audit import audit, import_ledger
from counterfoil.exceptions import HandedOverError, LedgerError, NotALedgerError, OperatorKeyError
from counterfoil.ledger import fsck
from counterfoil.ops import Mint, Pay, Payee, Transfer, asset_id
from counterfoil.verify import Verifier
from counterfoil.wire import Applied, decode_entry

from tests.model.ledger import ModelLedger

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
ORIGIN = "crash.example/club"
PEOPLE = [Key.from_seed(bytes([number]) * 32) for number in range(1, 9)]
OPERATOR, HEIR = Key.from_seed(b"o" * 32), Key.from_seed(b"h" * 32)
COIN = asset_id(PEOPLE[0].account, "COIN")
EACH = 10**12

ROUNDS = 12
"""How often a writer is killed at random in a usual run."""

INSTANTS_APART = 9
"""Of the instants of each story, every so many are died at in a usual run, and all of them in a soak."""


# What both ways share: signed transactions that always succeed, and a note of what was acknowledged.


def create(path: Path) -> None:
    """A ledger in which everybody has plenty."""
    with Ledger.create(path, origin=ORIGIN, operator=OPERATOR) as ledger:
        ledger.create_asset(PEOPLE[0], "COIN")
        mints = [Mint(asset=COIN, to=person.account, amount=EACH) for person in PEOPLE]
        ledger.execute(mints, PEOPLE[0])


class Nonce(NamedTuple):
    """What a nonce says about the batch that its transaction came in."""

    run: int
    batch: int
    position: int
    count: int

    def __bytes__(self) -> bytes:
        return struct.pack(">IIII", *self)


def write_batch(ledger_id: bytes, source: random.Random, run: int, batch: int, count: int) -> list[Any]:
    """Some transfers and payments, signed."""
    made = []
    for position in range(count):
        sender, to = source.sample(PEOPLE, 2)
        operation: Any = Transfer(asset=COIN, sender=sender.account, to=to.account, amount=source.randrange(1, 50))
        if source.randrange(4) == 0:
            payees = [Payee(source.randbytes(1) * 32, source.randrange(1, 9)) for _ in range(3)]
            operation = Pay(asset=COIN, sender=sender.account, payees=payees)
        nonce = bytes(Nonce(run, batch, position, count))
        made.append(Transaction(ledger_id, [operation], nonce=nonce).sign(sender))
    return made


class Acknowledgements:
    """A file that is appended to only after the ledger has answered, in one write each."""

    SIZE = 41

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def opened(self) -> None:
        os.write(self.fd, b"O" + bytes(40))

    def transactions(self, outcomes: Any) -> None:
        assert all(outcome.ok for outcome in outcomes), [outcome.status.name for outcome in outcomes]
        os.write(self.fd, b"".join(b"T" + one.id + one.index.to_bytes(8, "big") for one in outcomes))

    def note(self, note: str, vkey: str) -> None:
        checkpoint = Verifier(vkey).checkpoint(note)
        os.write(self.fd, b"C" + checkpoint.root_hash + checkpoint.tree_size.to_bytes(8, "big"))

    @classmethod
    def read(cls, path: Path) -> list[tuple[str, bytes, int]]:
        data = path.read_bytes() if path.exists() else b""
        rows = [data[at : at + cls.SIZE] for at in range(0, len(data) - cls.SIZE + 1, cls.SIZE)]
        return [(chr(row[0]), row[1:33], int.from_bytes(row[33:], "big")) for row in rows]


class Audit:
    """Looks at a folder after each death, and remembers what it saw, for nothing of that may ever change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model: ModelLedger | None = None
        self.acknowledged = 0

    def after(self, acknowledgements: Path, *, full: bool = False) -> None:
        """All that must hold after a death."""
        fsck(self.path, full=full)
        with open_with_either_key(self.path) as ledger:
            entries = list(ledger.entries())
            self.follow(entries)
            assert self.model is not None
            rows = Acknowledgements.read(acknowledgements)
            check_acknowledged(ledger, rows[self.acknowledged :])
            self.acknowledged = len(rows)
            check_batches(entries)
            verifier = Verifier(ledger.verifier_key)
            assert ledger.last_checkpoint is not None
            try:
                verifier.checkpoint(ledger.last_checkpoint)
            except ValueError:
                # The operator has changed since; nothing newer was signed.
                assert any(entry[0] == 3 for entry in entries)
            for account, (total, _) in self.model.state.records("holders", COIN).items():
                assert ledger.balance(COIN, account) == total
            assert sum(holding.amount for _, holding in ledger.holders(COIN)) == EACH * len(PEOPLE)
            # It goes on, and a retry of what was there before is known.
            again = next((entry for entry in reversed(entries) if entry[0] == 1), None)
            outcome = ledger.transfer(PEOPLE[0], COIN, to=PEOPLE[1].account, amount=1)
            assert outcome.index == len(entries)
            if again is not None:
                applied = decode_entry(again)
                assert isinstance(applied, Applied)
                [retried] = ledger.apply([applied.signed])
                assert retried.duplicate
                assert ledger.index_of(applied.signed.id) == retried.index
            verifier.checkpoint(ledger.checkpoint())
            self.follow(list(ledger.entries()))
            assert ledger.state_root == self.model.commits[-1].state_root
            assert ledger.log_root() == self.model.log_root()
            claim = verifier.balance(bytes(ledger.prove_balance(COIN, PEOPLE[1].account)))
            assert claim.amount == self.model.balance(COIN, PEOPLE[1].account)
            entries = list(ledger.entries())
        # Closing may add a commit.
        with open_with_either_key(self.path) as ledger:
            assert list(ledger.entries(0))[: len(entries)] == entries
            self.follow(list(ledger.entries()))

    def follow(self, entries: list[bytes]) -> None:
        """The model applies what is new, insists on every byte of it, and the old part is as it was."""
        if self.model is None:
            self.model = ModelLedger(entries[0][1:])
        known = self.model.size
        assert entries[:known] == self.model.entries, "what was there once is there as it was"
        for entry in entries[known:]:
            self.model.follow(entry)


def check_acknowledged(ledger: Ledger, rows: list[tuple[str, bytes, int]]) -> None:
    """What was acknowledged is there."""
    size = ledger.size
    for kind, digest, number in rows:
        if kind == "T":
            assert number < size, f"entry {number} was acknowledged and is gone: {size} are left"
            applied = decode_entry(ledger.entry(number))
            assert isinstance(applied, Applied)
            assert applied.signed.id == digest
            assert ledger.index_of(digest) == number
        elif kind == "C":
            assert number <= size, f"a checkpoint of {number} entries was handed out: {size} are left"
            assert ledger.log_root(number) == digest, "a checkpoint that was handed out is of another history"


def check_batches(entries: list[bytes]) -> None:
    """Each batch is there wholly, side by side, or not at all."""
    found: dict[tuple[int, int], list[tuple[int, Nonce]]] = {}
    for index, entry in enumerate(entries):
        applied = decode_entry(entry)
        if isinstance(applied, Applied) and applied.signed.transaction.nonce[:2] == b"\0\0":
            nonce = Nonce(*struct.unpack(">IIII", applied.signed.transaction.nonce))
            found.setdefault((nonce.run, nonce.batch), []).append((index, nonce))
    for batch in found.values():
        count = batch[0][1].count
        assert [nonce.position for _, nonce in batch] == list(range(count)), "a batch is there in part"
        assert batch[-1][0] - batch[0][0] == count - 1, "a batch lies apart"


def open_with_either_key(path: Path) -> Ledger:
    """The operator may have changed, or not, by the time of a death."""
    try:
        return Ledger.open(path, operator=OPERATOR, commit_every_ms=None)
    except OperatorKeyError:
        return Ledger.open(path, operator=HEIR, commit_every_ms=None)


# Killed at random.


def write_for_ever(path: str, acknowledgements: str, seed: str) -> None:
    """In a process of its own: write with several threads until killed."""
    source = random.Random(int(seed))  # noqa: S311 - what the seed says
    acknowledged = Acknowledgements(Path(acknowledgements))
    options = {
        "commit_every_ms": source.choice([0, 1, 5, 20]),
        "flush_records": source.choice([1, 20, 50, 500]),
        "memory_bytes": source.choice([0, 5_000, 500_000, 10**9]),
        "map_bytes": 1 << source.choice([16, 18, 30]),
    }
    ledger = Ledger.open(path, operator=OPERATOR, **options)
    acknowledged.opened()
    numbers = itertools.count()
    run = int(seed) % 50_000

    def apply(own: random.Random) -> None:
        while True:
            made = write_batch(ledger.id, own, run, next(numbers), own.choice([1, 1, 2, 5, 30]))
            acknowledged.transactions(ledger.apply(made))

    def submit(own: random.Random) -> None:
        while True:
            made = [write_batch(ledger.id, own, run, next(numbers), 1)[0] for _ in range(own.choice([1, 3, 40]))]
            for pending in [ledger.submit(each) for each in made]:
                acknowledged.transactions([pending.result(60)])

    def commit(own: random.Random) -> None:
        vkey = ledger.verifier_key
        while True:
            time.sleep(own.random() * 0.02)
            acknowledged.note(ledger.checkpoint(), vkey)
            if own.randrange(3) == 0:
                ledger.flush()

    works: list[Callable[[random.Random], None]] = [apply, apply, submit, commit]
    threads = [
        threading.Thread(target=work, args=(random.Random(source.random()),), daemon=True)  # noqa: S311
        for work in works
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def recover(path: str, *_: str) -> None:
    """In a process of its own: open and close."""
    Ledger.open(path, operator=OPERATOR, memory_bytes=0, map_bytes=1 << 16).close()


def start(
    work: Callable[..., None], *arguments: object, module: str = "tests.test_crash", **environment: str
) -> subprocess.Popen[str]:
    """Start one of the functions of a test module in a process of its own."""
    source = f"import sys; from {module} import {work.__name__}; {work.__name__}(*sys.argv[1:])"
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})


def kill(process: subprocess.Popen[str]) -> None:
    """Kill -9; it must have been alive."""
    ended = process.poll()
    process.kill()
    _, error = process.communicate(timeout=60)
    assert ended is None, f"the writer ended by itself ({ended}): {error}"
    assert process.returncode == -signal.SIGKILL


class Hammer:
    """One folder whose writers are killed, one after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.path, self.acknowledgements = folder / "l", folder / "acknowledged"
        self.source = random.Random(seed)  # noqa: S311 - what the seed says
        self.seed = seed
        self.round_number = 0
        create(self.path)
        self.audit = Audit(self.path)

    def strike(self, seconds_max: float = 0.5) -> None:
        """Write, kill, now and then kill what recovers too, and look at what is left."""
        self.round_number += 1
        had = self.acknowledgements.stat().st_size if self.acknowledgements.exists() else 0
        writer = start(write_for_ever, self.path, self.acknowledgements, self.source.randrange(1, 2**31))
        deadline = time.monotonic() + 60
        while not (self.acknowledgements.exists() and self.acknowledgements.stat().st_size > had):
            assert writer.poll() is None, writer.communicate()[1]
            assert time.monotonic() < deadline, "the writer never opened"
            time.sleep(0.002)
        time.sleep(self.source.random() ** 2 * seconds_max)
        kill(writer)
        for _ in range(self.source.choice([0, 0, 1, 2])):
            opening = start(recover, self.path)
            time.sleep(0.25 + self.source.random() * 0.3)
            opening.kill()
            opening.communicate(timeout=60)
        try:
            self.audit.after(self.acknowledgements)
        except BaseException:
            print(f"seed {self.seed}, round {self.round_number}, folder {self.path}")
            raise


def test_killed_at_random(tmp_path):
    hammer = Hammer(tmp_path, seed=20_261)
    for _ in range(ROUNDS):
        hammer.strike()
    report = fsck(hammer.path, full=True)
    assert report["entries"] == hammer.audit.model.size
    assert hammer.audit.acknowledged > 100


# Killed, torn and failed at every system call.

LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, BEFORE, AFTER, TORN, POWER, FAILED, FAILED_BUT_DONE, FULL, LIES };
struct undo { ino_t inode; int fd; off_t at, size; size_t length; char *old; struct undo *next; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char prefix[4096];
static long calls, at = -1;
static int mode, full;
static unsigned seed;
static struct undo *undos;

void crash_arm(const char *folder, long number, int how) {
    snprintf(prefix, sizeof prefix, "%s/", folder);
    calls = 0; at = number; mode = how; seed = (unsigned)number * 7919u + 1; full = 0;
}
long crash_calls(void) { return calls; }

static int ours(int fd) {
    char link[64], path[4096];
    if (at < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t name = strlen(path);
    if (name > 8 && !strcmp(path + name - 8, "lock.mdb")) return 0;
    return !strncmp(path, prefix, strlen(prefix));
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/* What the kernel still had in memory is lost, in part. */
static void lose(void) {
    for (struct undo *one = undos; one; one = one->next) {
        if (rand_r(&seed) % 4 == 0) continue;
        if (one->length) REAL(pwrite)(one->fd, one->old, one->length, one->at);
        if (one->size >= 0 && rand_r(&seed) % 2) REAL(ftruncate)(one->fd, one->size);
    }
}

static void remember(int fd, off_t offset, size_t length) {
    struct stat now;
    if ((mode != POWER && mode != LIES) || fstat(fd, &now)) return;
    if (mode == POWER && fcntl(fd, F_GETFL) & O_DSYNC) return;
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    struct undo *one = calloc(1, sizeof *one);
    one->inode = now.st_ino; one->fd = open(name, O_RDWR); one->at = offset;
    one->size = offset + (off_t)length > now.st_size ? now.st_size : -1;
    one->old = malloc(length);
    ssize_t got = pread(one->fd, one->old, length, offset);
    one->length = got > 0 ? (size_t)got : 0;
    one->next = undos; undos = one;
}

static void synced(int fd) {
    struct stat now;
    if (mode == LIES || fstat(fd, &now)) return;
    struct undo **place = &undos;
    while (*place) {
        struct undo *one = *place;
        if (one->inode != now.st_ino) { place = &one->next; continue; }
        *place = one->next; close(one->fd); free(one->old); free(one);
    }
}

/* 0: go on; 1: fail without doing; 2: do, then fail; 3: do half, then die; 4: do, then die. */
static int meet(int is_write) {
    long number = ++calls;
    if (full && is_write) { errno = ENOSPC; return 1; }
    if (number != at) return 0;
    switch (mode) {
    case BEFORE: die();
    case POWER: case LIES: lose(); die();
    case AFTER: return 4;
    case TORN: return is_write ? 3 : 4;
    case FAILED: errno = EIO; return 1;
    case FAILED_BUT_DONE: return 2;
    case FULL: full = 1; if (is_write) { errno = ENOSPC; return 1; }
    }
    return 0;
}
#define FINISH(type, result) do { if (todo == 4) die(); if (todo == 2) { errno = EIO; result = -1; } } while (0)

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    if (!ours(fd)) return REAL(pwrite)(fd, data, length, offset);
    pthread_mutex_lock(&lock);
    int todo = meet(1);
    ssize_t done = -1;
    if (todo == 3) { REAL(pwrite)(fd, data, length / 2, offset); die(); }
    if (todo != 1) {
        remember(fd, offset, length);
        done = REAL(pwrite)(fd, data, length, offset);
        FINISH(ssize_t, done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}
ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) { return pwrite(fd, data, length, offset); }

ssize_t write(int fd, const void *data, size_t length) {
    if (!ours(fd)) return REAL(write)(fd, data, length);
    pthread_mutex_lock(&lock);
    int todo = meet(1);
    ssize_t done = -1;
    if (todo == 3) { REAL(write)(fd, data, length / 2); die(); }
    if (todo != 1) {
        remember(fd, lseek(fd, 0, SEEK_CUR), length);
        done = REAL(write)(fd, data, length);
        FINISH(ssize_t, done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!ours(fd)) return REAL(writev)(fd, parts, count);
    pthread_mutex_lock(&lock);
    int todo = meet(1);
    ssize_t done = -1;
    if (todo == 3) { REAL(writev)(fd, parts, (count + 1) / 2); die(); }
    if (todo != 1) {
        size_t length = 0;
        for (int part = 0; part < count; part++) length += parts[part].iov_len;
        remember(fd, lseek(fd, 0, SEEK_CUR), length);
        done = REAL(writev)(fd, parts, count);
        FINISH(ssize_t, done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

#define SYNC(name) \
    int name(int fd) { \
        if (!ours(fd)) return REAL(name)(fd); \
        pthread_mutex_lock(&lock); \
        int todo = meet(0), done = -1; \
        if (todo != 1) { done = REAL(name)(fd); if (done == 0) synced(fd); FINISH(int, done); } \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

int ftruncate(int fd, off_t length) {
    if (!ours(fd)) return REAL(ftruncate)(fd, length);
    pthread_mutex_lock(&lock);
    int todo = meet(1), done = -1;
    if (todo != 1) { done = REAL(ftruncate)(fd, length); FINISH(int, done); }
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

int rename(const char *from, const char *to) {
    if (at < 0 || strncmp(to, prefix, strlen(prefix))) return REAL(rename)(from, to);
    pthread_mutex_lock(&lock);
    int todo = meet(0), done = -1;
    if (todo != 1) { done = REAL(rename)(from, to); FINISH(int, done); }
    pthread_mutex_unlock(&lock);
    return done;
}
"""

MODES = ["count", "before", "after", "torn", "power", "failed", "failed but done", "full", "lies"]
DYING = {"before", "after", "torn", "power", "lies"}


def story_of_writing(path: Path, acknowledged: Acknowledgements) -> None:
    """Open, write, commit, flush, hand over to another operator, write, close."""
    source = random.Random(1)  # noqa: S311 - the same each time
    ledger = Ledger.open(path, operator=OPERATOR, commit_every_ms=None, flush_records=15, map_bytes=1 << 16)
    for batch in range(5):
        made = write_batch(ledger.id, source, 1, batch, 4)
        acknowledged.transactions(ledger.apply(made))
        if batch % 2 == 0:
            acknowledged.note(ledger.checkpoint(), ledger.verifier_key)
        if batch == 1:
            ledger.flush()
        if batch == 3:
            ledger.rotate_operator(HEIR)
            acknowledged.note(ledger.last_checkpoint or "", ledger.verifier_key)
    ledger.close()


def story_of_recovery(path: Path, acknowledged: Acknowledgements) -> None:
    """Open what a killed writer left, write once, close."""
    ledger = open_with_either_key(path)
    acknowledged.transactions(ledger.apply(write_batch(ledger.id, random.Random(2), 2, 0, 3)))  # noqa: S311
    acknowledged.note(ledger.checkpoint(), ledger.verifier_key)
    ledger.close()


def story_of_rebuilding(path: Path, acknowledged: Acknowledgements) -> None:
    """Open a ledger whose state was deleted, write once, close."""
    story_of_recovery(path, acknowledged)


def story_of_creation(path: Path, acknowledged: Acknowledgements) -> None:
    """Create a ledger."""
    ledger = Ledger.create(path, origin=ORIGIN, operator=OPERATOR)
    acknowledged.opened()
    ledger.close()


def story_of_backup(path: Path, acknowledged: Acknowledgements) -> None:
    """Write, and take a backup in between."""
    ledger = open_with_either_key(path)
    for batch in range(2):
        acknowledged.transactions(ledger.apply(write_batch(ledger.id, random.Random(batch), 4, batch, 3)))  # noqa: S311
        if batch == 0:
            acknowledged.note(ledger.checkpoint(), ledger.verifier_key)
            ledger.backup(path / "backup")
    ledger.close()


def story_of_handing_over(path: Path, acknowledged: Acknowledgements) -> None:
    """Write, and hand the ledger over."""
    ledger = Ledger.open(path, operator=OPERATOR, commit_every_ms=None)
    acknowledged.transactions(ledger.apply(write_batch(ledger.id, random.Random(5), 5, 0, 3)))  # noqa: S311
    vkey = ledger.verifier_key
    acknowledged.note(ledger.hand_over(HEIR.account), vkey)


def story_of_feeding(path: Path, acknowledged: Acknowledgements) -> None:
    """Feed a folder with the log, in two parts."""
    del acknowledged
    log = _core.Log.open(str(path))
    entries = [log.frames(index, 1, index + 1)[0][4:] for index in range(log.size())]
    notes = [note for _, note in log.notes()]
    log.close()
    for end in (len(entries) // 2, len(entries)):
        feed = _core.Feed.open(str(path / "replica"), entries[0], {"flush_records": 1, "map_bytes": 1 << 16})
        size = feed.size()
        feed.run(iter([entries[size:end]]), size)
        feed.put_notes([note for note in notes if int(note.split(b"\n")[1]) <= feed.size()])
        feed.close()


def story_of_writing_followed(path: Path, acknowledged: Acknowledgements) -> None:
    """The same with a follower that was there before and stays: LMDB's lock files outlive the writer."""
    story_of_writing(path, acknowledged)


STORIES = [
    story_of_writing,
    story_of_writing_followed,
    story_of_recovery,
    story_of_rebuilding,
    story_of_creation,
    story_of_backup,
    story_of_handing_over,
    story_of_feeding,
]


class Keeper:
    """A forked child that has the ledger open read-only until it is told to end, and then looks once more."""

    def __init__(self, path: Path) -> None:
        ready, self.end = os.pipe(), os.pipe()
        self.child = os.fork()
        if self.child == 0:
            status = 99
            try:
                os.close(self.end[1])
                with Ledger.open(path, read_only=True) as ledger:
                    ledger.balance(COIN, PEOPLE[0].account)
                    os.write(ready[1], b"x")
                    os.read(self.end[0], 1)
                    assert sum(holding.amount for _, holding in ledger.holders(COIN)) == EACH * len(PEOPLE)
                status = 0
            except BaseException:  # noqa: BLE001 - printed for the parent
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        os.close(ready[1])
        os.read(ready[0], 1)
        os.close(ready[0])
        os.close(self.end[0])

    def finish(self) -> int:
        os.close(self.end[1])
        return os.waitpid(self.child, 0)[1]


def prepare(story: Callable[..., None], base: Path) -> None:
    """The folder in which a story begins."""
    if story is story_of_creation:
        return
    create(base)
    if story is story_of_rebuilding:
        shutil.rmtree(base / "state")
    if story is story_of_recovery:
        # A log far beyond the flushed state: the process dies without closing.
        ledger = Ledger.open(base, operator=OPERATOR, commit_every_ms=None)
        for batch in range(6):
            ledger.apply(write_batch(ledger.id, random.Random(batch), 3, batch, 4)).raise_for_status()  # noqa: S311
            if batch in (1, 3):
                ledger.checkpoint()
        os._exit(0)


def in_child(work: Callable[[], None]) -> int:
    """Run something in a forked child of a process that has no threads; its wait status."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - printed for the parent
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitpid(child, 0)[1]


def tell_stories(name: str, modes: str, apart: str, seed: str, folder_name: str) -> None:
    """In a process under the library: tell one story once for each instant, and audit what is left each time."""
    library = ctypes.CDLL(None)
    library.crash_calls.restype = ctypes.c_long
    story = next(each for each in STORIES if each.__name__ == name)
    folder = Path(folder_name)
    base, path, acknowledgements = folder / "base", folder / "l", folder / "acknowledged"
    in_child(lambda: prepare(story, base))

    def reset() -> None:
        shutil.rmtree(path, ignore_errors=True)
        acknowledgements.unlink(missing_ok=True)
        if base.exists():
            shutil.copytree(base, path)
            # The copy is the original here: let it sign.
            in_child(lambda: confirm(path))

    def count() -> None:
        library.crash_arm(str(path).encode(), 1 << 30, MODES.index("count"))
        story(path, Acknowledgements(acknowledgements))
        (folder / "calls").write_text(str(library.crash_calls()))

    reset()
    assert in_child(count) == 0
    calls = int((folder / "calls").read_text())
    failures = []
    told = 0
    for number, mode in enumerate(modes.split(",")):
        if story is story_of_writing_followed and mode == "power":
            # No follower survives that.
            continue
        for instant in range(1 + (int(seed) + number * 2) % int(apart), calls + 1, int(apart)):
            reset()

            def live(mode: str = mode, instant: int = instant) -> None:
                library.crash_arm(str(path).encode(), instant, MODES.index(mode))
                try:
                    story(path, Acknowledgements(acknowledgements))
                except (LedgerError, OSError):
                    assert mode not in DYING

            log = folder / "log"
            keeper = Keeper(path) if story is story_of_writing_followed else None
            status = redirected(log, lambda live=live: in_child(live))
            died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            fine = died if mode in DYING and instant < calls - 3 else (died or status == 0)
            if fine:
                status = redirected(log, lambda: in_child(lambda: audit_story(story, path, acknowledgements)))
                fine = status == 0
            if keeper is not None:
                fine = keeper.finish() == 0 and fine
            told += 1
            if not fine:
                failures.append(f"{name}, {mode} at call {instant} of {calls}: status {status}\n{log.read_text()}")
    (folder / "result").write_text(json.dumps({"calls": calls, "told": told, "failures": failures}))


def redirected(log: Path, work: Callable[[], int]) -> int:
    """Run something whose children say what went wrong into a file."""
    kept = os.dup(2)
    with log.open("w") as file:
        os.dup2(file.fileno(), 2)
        try:
            return work()
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def confirm(path: Path) -> None:
    """Let a copy sign, by what it says itself: nothing was signed since."""
    with Ledger.open(path, operator=OPERATOR, commit_every_ms=None) as ledger:
        if not ledger.is_confirmed:
            ledger.confirm(ledger.last_checkpoint or "")
        # The process ends without closing: the files stay as they are.
        os._exit(0)


def audit_story(story: Callable[..., None], path: Path, acknowledgements: Path) -> None:
    """What must hold after a story that ended early."""
    if story is story_of_creation:
        try:
            Ledger.open(path, operator=OPERATOR).close()
        except NotALedgerError:
            assert not Acknowledgements.read(acknowledgements)
            Ledger.create(path, origin=ORIGIN, operator=OPERATOR).close()
        assert fsck(path, full=True)["entries"] == 2
        with Ledger.open(path, operator=OPERATOR) as ledger:
            Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
        return
    if story is story_of_backup:
        # A backup that was not finished is none; one that was is a prefix.
        try:
            report = fsck(path / "backup", full=True)
        except NotALedgerError:
            pass
        else:
            with Ledger.open(path, read_only=True) as ledger:
                assert ledger.log_root(int(report["entries"])) == report["log_root"]  # type: ignore[call-overload]
            with Ledger.open(path / "backup", operator=OPERATOR) as ledger:
                assert not ledger.is_confirmed
    if story is story_of_feeding:
        # Whatever was kept is what holds, and the rest is fed again.
        if (path / "replica" / "format").exists():
            fsck(path / "replica", full=True)
        history = audit(path, path / "replica").history
        with Ledger.open(path, read_only=True) as ledger:
            assert (history.root_hash, history.state_root) == (ledger.log_root(), ledger.state_root)
    if story is story_of_handing_over and is_handed_over(path):
        # What was acknowledged is there, the log ends with a commit, and the heir goes on with it.
        with Ledger.open(path, read_only=True) as ledger:
            check_acknowledged(ledger, Acknowledgements.read(acknowledgements))
            assert [entry[0] for entry in ledger.entries()][-2:] == [3, 2]
            ledger.export(path / "exported")
        last = import_ledger(path / "exported", path / "heir").signed_size
        with Ledger.open(path, read_only=True) as ledger:
            note = dict(ledger._engine.notes(0, 1_000))[last].decode()
        with Ledger.open(path / "heir", operator=HEIR) as ledger:
            ledger.confirm(note)
            Verifier(ledger.verifier_key).checkpoint(ledger.checkpoint())
        return
    Audit(path).after(acknowledgements, full=True)


def is_handed_over(path: Path) -> bool:
    """Whether the folder takes no more transactions; whoever opens it makes what a death left out."""
    try:
        Ledger.open(path, operator=OPERATOR).close()
    except HandedOverError:
        return True
    return False


@pytest.fixture(scope="session")
def crash_library(tmp_path_factory) -> Path:
    """The library between the engine and the kernel."""
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("library")
    (folder / "crash.c").write_text(LIBRARY)
    built = folder / "crash.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-w", "-o", str(built), str(folder / "crash.c"), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return built


def run_stories(
    library: Path, folder: Path, story: Callable[..., None], modes: list[str], apart: int, seed: int
) -> int:
    """Tell a story under the library; how often it was told."""
    folder.mkdir()
    telling = start(tell_stories, story.__name__, ",".join(modes), apart, seed, folder, LD_PRELOAD=str(library))
    _, error = telling.communicate(timeout=3_600)
    assert telling.returncode == 0, error
    result = json.loads((folder / "result").read_text())
    assert result["calls"] > 5
    assert not result["failures"], f"{len(result['failures'])} failed of {result['told']}:\n" + "\n".join(
        result["failures"][:3]
    )
    return int(result["told"])


CASES = [
    pytest.param(story, modes, id=f"{story.__name__}-{ways}")
    for story in STORIES
    for ways, modes in (("dying", MODES[1:5]), ("failing", MODES[5:8]))
    # A follower changes nothing about a disk that fails: only a soak looks again.
    if (story, ways) != (story_of_writing_followed, "failing")
]


@pytest.mark.parametrize(("story", "modes"), CASES)
def test_at_every_call(crash_library, tmp_path, story, modes):
    assert run_stories(crash_library, tmp_path / "told", story, modes, INSTANTS_APART, 0) > 3


def test_a_disk_that_lies_is_noticed(crash_library, tmp_path):
    """The test of the tests: a sync that does nothing, and then no power. Something acknowledged must be missing."""
    with pytest.raises(AssertionError, match="failed of"):
        run_stories(crash_library, tmp_path / "told", story_of_writing, ["lies"], 30, 0)
