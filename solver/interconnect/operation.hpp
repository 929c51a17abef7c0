// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file operation.hpp
/// A modelled operation behind a request, from its post (or start) to its completion.
#include <mpi.h>

#include "interconnect/clock.hpp"

namespace haloscope::interconnect {

class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  /// Goes as far as the stamps that have come allow; true once its completion is known. Never blocks, costs no logical
  /// time. Called again and again until true.
  [[nodiscard]] virtual bool progress() = 0;
  /// Tells a wildcard receive what its payload turned out to be. Before that it may not know its completion.
  virtual void matched(const MPI_Status&) {}
  /// When it completes; after progress() was true.
  [[nodiscard]] virtual Moment completion() const = 0;
  /// What completing costs the processor: o of a receive.
  [[nodiscard]] virtual Time cost() const = 0;
  /// Its completion has been waited for: forgets it. The object may be deleted after this.
  virtual void finish() {}
};

}  // namespace haloscope::interconnect
