// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file channel.hpp
/// Carries the times of messages beside the messages: a stamp from the sender to the receiver.
///
/// Ranks of one host share a memory segment: each has a ring that all others write (Vyukov's bounded queue) and sleeps
/// on a futex in it, woken by its sender; it never polls. Other hosts are reached by MPI messages on a communicator of
/// the library's own, and looking for those costs a poll. A full ring keeps nobody waiting: what does not fit stays
/// with its sender until the next call. On request all stamps go by MPI.
#include <mpi.h>

#include <memory>
#include <vector>

#include "interconnect/engine/stamp.hpp"

namespace haloscope::interconnect {

class Channel {
 public:
  Channel();
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Collective over @p world, through PMPI. @p by_mpi: within a host too.
  void open(MPI_Comm world, bool by_mpi);
  void close();  ///< collective, before PMPI_Finalize

  void post(int to, const Stamp& stamp);  ///< to a world rank, this one included; wakes it
  /// Tries again to post what found its ring full; true when nothing is kept back. To be asked before blocking in MPI.
  [[nodiscard]] bool all_left();
  /// Hands every stamp that came to @p take, in order of each sender. Returns whether there was one.
  template <class Take>
  bool drain(Take take) {
    bool any = false;
    for (Stamp stamp; next(stamp); any = true) take(stamp);
    return any;
  }
  /// Sleeps until a stamp or a nudge comes, or @p microseconds have gone. May return early. Where there are cores
  /// enough for all ranks of the host it spins for some microseconds first.
  void sleep(int microseconds);
  /// The host has a core for each of its ranks: waiting may spin.
  [[nodiscard]] bool cores_enough() const noexcept;
  /// For others of this host to see: this rank goes on computing at logical time @p since …
  void computes(Time since) noexcept;
  /// … or waits for stamps, having taken all that came. Called again and again.
  void waits() noexcept;
  /// Calls @p see (world rank, logical time) for each other rank of this host that does not wait: it stands there, or
  /// later. Stamps that it posted before it began to wait have come.
  template <class See>
  void see_computing(See see) const {
    Time since = 0;
    for (const int rank : others())
      if (computing(rank, since)) see(rank, since);
  }
  /// There are ranks that see_computing() knows nothing of.
  [[nodiscard]] bool others_elsewhere() const noexcept { return remote_ != nullptr; }
  /// Wakes a rank of this host, so that it lets MPI progress.
  void nudge(int to);

 private:
  [[nodiscard]] bool next(Stamp& stamp);
  [[nodiscard]] const std::vector<int>& others() const noexcept;
  [[nodiscard]] bool computing(int rank, Time& since) const noexcept;
  struct Shared;
  struct Remote;
  std::unique_ptr<Shared> shared_;
  std::unique_ptr<Remote> remote_;
};

}  // namespace haloscope::interconnect
