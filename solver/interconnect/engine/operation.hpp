// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file operation.hpp
/// A modelled operation behind a request, from its post (or start) to its completion.
#include <mpi.h>

#include "interconnect/account/request_table.hpp"
#include "interconnect/engine/logical_clock.hpp"

namespace haloscope::interconnect {

class Operation : public Modelled {
 public:
  Operation() noexcept { ++in_flight_; }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() override { --in_flight_; }

  /// How many there are now; one of a blocking call among them.
  [[nodiscard]] static int in_flight() noexcept { return in_flight_; }

  /// Goes as far as the stamps that have come allow; true once its completion is known. Never blocks, costs no logical
  /// time. Called again and again until true.
  [[nodiscard]] virtual bool progress() = 0;
  /// When it completes; after progress() was true.
  [[nodiscard]] virtual Moment completion() const = 0;
  /// What completing costs the processor: o of a receive.
  [[nodiscard]] virtual Time cost() const { return 0; }
  /// The program has its result: what that changes, in program order.
  virtual void completed() {}
  /// It may be taken back while it waits.
  [[nodiscard]] virtual bool cancellable() const { return false; }
  void ask_to_cancel() noexcept { asked_to_cancel_ = true; }
  [[nodiscard]] bool asked_to_cancel() const noexcept { return asked_to_cancel_; }
  /// It was taken back and its payload never comes: nothing is left to wait for.
  virtual void cancel() {}

 private:
  inline static int in_flight_ = 0;
  bool asked_to_cancel_ = false;
};

}  // namespace haloscope::interconnect
