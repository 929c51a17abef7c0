// SPDX-License-Identifier: BSD-3-Clause
// Over 300 lines: the ring, the memory it lies in, and the two ways that a stamp may take, which the same calls choose
// from.
#include "interconnect/engine/channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "interconnect/account/stopwatch.hpp"

namespace haloscope::interconnect {

namespace {

constexpr std::uint64_t ring_slots = 1024;

/// One stamp and the turn it belongs to: D. Vyukov, "Bounded MPMC queue", 1024cores.net, 2011. A cache line of 64
/// bytes, 56 of which are the stamp's.
struct Slot {
  Stamp stamp;
  std::atomic<std::uint64_t> turn;
};
static_assert(sizeof(Slot) == 64);

struct Ring {
  alignas(64) std::atomic<std::uint64_t> head;  ///< next slot to write
  alignas(64) std::atomic<std::uint32_t> sleeping;
  std::atomic<std::uint32_t> bell;  ///< the futex
  /// Where its owner stands: how many slots were taken when it began to wait and 1 more, or 0; its logical time.
  alignas(64) std::atomic<std::uint64_t> waits_after;
  std::atomic<Time> computes_since;
  alignas(64) Slot slots[ring_slots];
};

bool push(Ring& ring, const Stamp& stamp) noexcept {
  std::uint64_t at = ring.head.load(std::memory_order_relaxed);
  for (;;) {
    Slot& slot = ring.slots[at % ring_slots];
    const std::uint64_t turn = slot.turn.load(std::memory_order_acquire);
    if (turn == at) {
      if (!ring.head.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) continue;
      slot.stamp = stamp;
      slot.turn.store(at + 1, std::memory_order_release);
      return true;
    }
    if (turn < at) return false;  // full
    at = ring.head.load(std::memory_order_relaxed);
  }
}

bool ready(const Ring& ring, std::uint64_t tail) noexcept {
  return ring.slots[tail % ring_slots].turn.load(std::memory_order_acquire) == tail + 1;
}

bool pop(Ring& ring, std::uint64_t& tail, Stamp& stamp) noexcept {
  if (!ready(ring, tail)) return false;
  Slot& slot = ring.slots[tail % ring_slots];
  stamp = slot.stamp;
  slot.turn.store(tail + ring_slots, std::memory_order_release);
  ++tail;
  return true;
}

/// Either the sleeper sees what was pushed, or this sees that it sleeps: both write, fence, then read.
void wake(Ring& ring) noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (ring.sleeping.load(std::memory_order_relaxed) == 0) return;
  ring.bell.fetch_add(1, std::memory_order_relaxed);
  syscall(SYS_futex, &ring.bell, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void sleep_on(Ring& ring, std::uint64_t tail, int microseconds) noexcept {
  const std::uint32_t seen = ring.bell.load(std::memory_order_relaxed);
  ring.sleeping.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!ready(ring, tail)) {
    const timespec limit{microseconds / 1'000'000, 1000L * (microseconds % 1'000'000)};
    syscall(SYS_futex, &ring.bell, FUTEX_WAIT, seen, &limit, nullptr, 0);
  }
  ring.sleeping.store(0, std::memory_order_relaxed);
}

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "haloscope interconnect: %s: %s\n", what, std::strerror(errno));
  std::fflush(nullptr);
  PMPI_Abort(MPI_COMM_WORLD, 3);
  std::_Exit(3);
}

/// Nobody can guess it, so nobody can take it before or open it after: 128 bits of the kernel's random numbers.
std::string random_name() {
  std::array<std::uint64_t, 2> bits{};
  if (getrandom(bits.data(), sizeof bits, 0) != sizeof bits) fail("no random name for shared memory");
  return fmt::format("/haloscope-{:016x}{:016x}", bits[0], bits[1]);
}

/// The rings of a host, mapped by all its ranks: new memory, which is zero.
///
/// The name is there for a moment only, until all ranks have mapped the memory. PMPI_Win_allocate_shared would spare it
/// here, but not in /dev/shm: Open MPI makes a file of its own there, /dev/shm/osc_sm.HOST.JOB.RANK.CONTEXT, opens it
/// without O_EXCL, and aligns what it hands out to 8 bytes. Containers of one host name that share /dev/shm can meet in
/// that name, and another user can guess it.
Ring* map_rings(MPI_Comm host) {
  int rank = 0, ranks = 1;
  PMPI_Comm_rank(host, &rank);
  PMPI_Comm_size(host, &ranks);
  std::string name = random_name();
  PMPI_Bcast(name.data(), static_cast<int>(name.size()), MPI_CHAR, 0, host);
  const std::size_t size = sizeof(Ring) * static_cast<std::size_t>(ranks);
  int file = -1;
  if (rank == 0) {
    file = shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, static_cast<off_t>(size)) != 0) fail("shared memory cannot be made");
  }
  PMPI_Barrier(host);
  if (rank != 0) file = shm_open(name.c_str(), O_RDWR, 0600);
  if (file < 0) fail("shared memory cannot be opened");
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) fail("shared memory cannot be mapped");
  close(file);
  PMPI_Barrier(host);
  if (rank == 0) shm_unlink(name.c_str());
  return static_cast<Ring*>(memory);
}

int allowed_cores() noexcept {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

struct Channel::Shared {
  Ring* rings = nullptr;
  std::size_t size = 0;
  int own = 0;
  std::uint64_t tail = 0;
  std::vector<int> index;                  ///< of a world rank on this host, or -1
  std::vector<int> others;                 ///< world ranks on this host but this one
  std::deque<std::pair<int, Stamp>> kept;  ///< what found a ring full
  bool cores_enough = false;
  Stopwatch stopwatch;

  Ring& ring(int local) const noexcept { return rings[local]; }
  void flush() {
    for (; !kept.empty() && push(ring(kept.front().first), kept.front().second); kept.pop_front())
      wake(ring(kept.front().first));
  }
};

struct Channel::Remote {
  struct Outgoing {
    Stamp stamp;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  MPI_Comm comm = MPI_COMM_NULL;
  Stamp incoming;
  MPI_Request request = MPI_REQUEST_NULL;
  std::list<Outgoing> outgoing;

  void listen() { PMPI_Irecv(&incoming, sizeof incoming, MPI_BYTE, MPI_ANY_SOURCE, 0, comm, &request); }
  void forget_sent() {
    outgoing.remove_if([](Outgoing& one) {
      int sent = 0;
      PMPI_Test(&one.request, &sent, MPI_STATUS_IGNORE);
      return sent != 0;
    });
  }
};

Channel::Channel() = default;
Channel::~Channel() = default;

void Channel::open(MPI_Comm world, bool by_mpi) {
  int rank = 0, ranks = 1;
  PMPI_Comm_rank(world, &rank);
  PMPI_Comm_size(world, &ranks);

  MPI_Comm host = MPI_COMM_NULL;
  PMPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
  int on_host = 1;
  PMPI_Comm_size(host, &on_host);
  shared_ = std::make_unique<Shared>();
  PMPI_Comm_rank(host, &shared_->own);
  shared_->rings = map_rings(host);
  shared_->size = sizeof(Ring) * static_cast<std::size_t>(on_host);
  Ring& own = shared_->ring(shared_->own);
  for (std::uint64_t i = 0; i < ring_slots; ++i) own.slots[i].turn.store(i, std::memory_order_relaxed);
  std::vector<int> members(static_cast<std::size_t>(on_host));
  PMPI_Allgather(&rank, 1, MPI_INT, members.data(), 1, MPI_INT, host);
  shared_->index.assign(static_cast<std::size_t>(ranks), -1);
  for (int local = 0; local < on_host; ++local)
    if (!by_mpi || local == shared_->own) {
      shared_->index[static_cast<std::size_t>(members[static_cast<std::size_t>(local)])] = local;
      if (local != shared_->own) shared_->others.push_back(members[static_cast<std::size_t>(local)]);
    }
  // Bound ranks see their own core only: the cores of the host are those of all of them together.
  int cores = allowed_cores(), together = 0;
  PMPI_Allreduce(&cores, &together, 1, MPI_INT, cores == 1 ? MPI_SUM : MPI_MAX, host);
  shared_->cores_enough = together >= on_host && sysconf(_SC_NPROCESSORS_ONLN) >= on_host;
  PMPI_Comm_free(&host);

  int elsewhere = on_host < ranks || by_mpi ? 1 : 0;
  PMPI_Allreduce(MPI_IN_PLACE, &elsewhere, 1, MPI_INT, MPI_MAX, world);
  if (elsewhere != 0) {
    remote_ = std::make_unique<Remote>();
    PMPI_Comm_dup(world, &remote_->comm);
    remote_->listen();
  }
  PMPI_Barrier(world);
}

void Channel::close() {
  if (remote_ != nullptr) {
    for (Remote::Outgoing& one : remote_->outgoing) PMPI_Wait(&one.request, MPI_STATUS_IGNORE);
    PMPI_Barrier(remote_->comm);  // whatever was sent has left
    PMPI_Cancel(&remote_->request);
    PMPI_Wait(&remote_->request, MPI_STATUS_IGNORE);
    PMPI_Comm_free(&remote_->comm);
    remote_.reset();
  }
  if (shared_ != nullptr) munmap(shared_->rings, shared_->size);
  shared_.reset();
}

void Channel::post(int to, const Stamp& stamp) {
  const int local = shared_->index[static_cast<std::size_t>(to)];
  if (local < 0) {
    remote_->forget_sent();
    Remote::Outgoing& one = remote_->outgoing.emplace_back();
    one.stamp = stamp;
    PMPI_Isend(&one.stamp, sizeof one.stamp, MPI_BYTE, to, 0, remote_->comm, &one.request);
    return;
  }
  shared_->flush();
  if (!shared_->kept.empty() || !push(shared_->ring(local), stamp))
    shared_->kept.emplace_back(local, stamp);
  else if (local != shared_->own)
    wake(shared_->ring(local));
}

bool Channel::all_left() {
  shared_->flush();
  return shared_->kept.empty();
}

bool Channel::next(Stamp& stamp) {
  if (!shared_->kept.empty()) shared_->flush();
  if (pop(shared_->ring(shared_->own), shared_->tail, stamp)) return true;
  if (remote_ == nullptr) return false;
  int came = 0;
  PMPI_Test(&remote_->request, &came, MPI_STATUS_IGNORE);
  if (came == 0) return false;
  stamp = remote_->incoming;
  remote_->listen();
  return true;
}

void Channel::sleep(int microseconds) {
  Ring& own = shared_->ring(shared_->own);
  if (shared_->cores_enough) {
    constexpr double patience = 20e-6;  // [s]: waking another core costs a few
    const long long begun = shared_->stopwatch.now();
    const double rate = shared_->stopwatch.seconds_per_tick();
    while (static_cast<double>(shared_->stopwatch.now() - begun) * rate < patience) {
      if (ready(own, shared_->tail)) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  } else {
    // The rank whose turn it is may be the one that is waited for: to let it run costs less than to be woken by it.
    sched_yield();
    if (ready(own, shared_->tail)) return;
  }
  // Stamps that come by MPI ring no bell; what is kept back must be tried again.
  if (remote_ != nullptr) microseconds = std::min(microseconds, 50);
  if (!shared_->kept.empty()) microseconds = std::min(microseconds, 200);
  sleep_on(own, shared_->tail, microseconds);
}

bool Channel::cores_enough() const noexcept { return shared_->cores_enough; }

void Channel::computes(Time since) noexcept {
  Ring& own = shared_->ring(shared_->own);
  own.computes_since.store(since, std::memory_order_relaxed);
  own.waits_after.store(0, std::memory_order_release);
}

void Channel::waits() noexcept {
  if (!shared_->kept.empty()) return;  // what it posted has not all come
  Ring& own = shared_->ring(shared_->own);
  own.waits_after.store(shared_->tail + 1, std::memory_order_release);
}

const std::vector<int>& Channel::others() const noexcept { return shared_->others; }

bool Channel::computing(int rank, Time& since) const noexcept {
  const Ring& ring = shared_->ring(shared_->index[static_cast<std::size_t>(rank)]);
  since = ring.computes_since.load(std::memory_order_relaxed);
  const std::uint64_t waits_after = ring.waits_after.load(std::memory_order_acquire);
  return waits_after != ring.head.load(std::memory_order_acquire) + 1;
}

void Channel::nudge(int to) {
  const int local = shared_->index[static_cast<std::size_t>(to)];
  if (local >= 0 && local != shared_->own) wake(shared_->ring(local));
}

}  // namespace haloscope::interconnect
